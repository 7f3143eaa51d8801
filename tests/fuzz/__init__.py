"""Random expressions against every mode, backend and oracle: ``python -m tests.fuzz --seconds 60``."""
