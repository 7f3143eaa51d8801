"""From nodes to canonical nodes: sums, products, contractions, selections."""
