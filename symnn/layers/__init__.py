"""Layers, and chains of them."""
