"""From loop programs to callable compiled functions."""
