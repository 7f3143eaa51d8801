"""Nodes in, canonical nodes out: sums, products, contractions, selections."""
