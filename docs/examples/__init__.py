"""The worked examples.  ``python -m docs.examples.pendulum`` runs one as ``python docs/examples/pendulum.py`` does."""

import sys
from pathlib import Path

# the examples import _picture, which stands beside them
_HERE = str(Path(__file__).parent)
if _HERE not in sys.path:
    sys.path.append(_HERE)
