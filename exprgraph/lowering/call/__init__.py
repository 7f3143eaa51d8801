"""From loop programs to functions that people call."""
