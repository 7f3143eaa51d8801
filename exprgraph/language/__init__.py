"""What users write: operands in, nodes out."""
