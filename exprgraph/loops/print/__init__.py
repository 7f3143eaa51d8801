"""Printers of typed loops, one small module per language."""
