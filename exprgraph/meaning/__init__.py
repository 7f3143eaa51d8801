"""What an expression means: its value, its elements, questions about it."""
