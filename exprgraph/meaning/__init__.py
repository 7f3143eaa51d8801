"""The meaning of an expression: its value, its elements, questions about it."""
