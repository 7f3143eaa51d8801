"""``python -m symnn``: an example, or derivatives of a network at the points of a file."""

from __future__ import annotations

import sys

from .cli.main import main
from .starting import LINE, STATUS, imported

if __name__ == "__main__":
    try:
        imported()
        status = main()
    except KeyboardInterrupt:  # between what main sees to
        print(LINE, file=sys.stderr)
        status = STATUS
    raise SystemExit(status)
