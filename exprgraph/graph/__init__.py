"""The node, the table of primitives, leaves, and walks."""
