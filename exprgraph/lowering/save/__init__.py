"""From functions to files of several formats."""
