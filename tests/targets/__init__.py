"""Object files of other processors, linked and run: ``python -m tests.targets``."""
