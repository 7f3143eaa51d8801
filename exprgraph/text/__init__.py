"""Text read back."""
