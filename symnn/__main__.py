"""``python -m symnn``: the reference document, or derivatives of a network at points from a file."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from .cli.main import main

        status = main()
    except KeyboardInterrupt:  # while all is being imported
        print("symnn: interrupted", file=sys.stderr)
        status = 130
    raise SystemExit(status)
