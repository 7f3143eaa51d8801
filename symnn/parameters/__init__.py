"""Containers of parameters: names, one flat vector, files."""
