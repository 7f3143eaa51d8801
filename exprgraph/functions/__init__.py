"""Elementwise functions and functions along axes."""
