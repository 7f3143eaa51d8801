"""``python -m symnn``: the reference document, or derivatives of a network at points from a file."""

from __future__ import annotations

from .cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
