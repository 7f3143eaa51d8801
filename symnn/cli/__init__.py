"""The command line: ``python -m symnn``."""
