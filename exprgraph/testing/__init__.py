"""Property-based testing of derivatives: random expressions, and checks whose reports are programs.

Strategies for hypothesis draw from the table of primitives, so they use functions added with
:func:`exprgraph.function` like the package's own.  Checks measure the effect of rounding, and compare with values of
50 digits and differences of 80.  A failed check reports the smallest failing expression it finds, as a program.

Needs hypothesis and mpmath (the extra ``testing``).
"""

try:
    import hypothesis as _hypothesis
    import mpmath as _mpmath
except ImportError as error:
    raise ImportError(f"exprgraph.testing needs hypothesis and mpmath: pip install hypothesis mpmath ({error})") from error
del _hypothesis, _mpmath

from . import lines as _lines  # noqa: F401
from . import matrices as _matrices  # noqa: F401
from .backends import check_backends
from .batches import check_batches
from .bounds import bounds
from .derivatives import check_derivatives
from .differences import directional_derivatives
from .disagreement import Disagreement, UnsmoothPointError, difference
from .functions import check_function
from .identities import check_identity, check_reduction, check_values
from .mapping import check_mapping
from .noise import rounding_errors
from .precise import evaluate_precisely
from .saturation import check_saturation
from .scans import grown as _grown
from .simplification import check_simplification
from .sizes import check_sizes
from .strategies import constants, edge_points, expressions, functions, points, shapes, symbols
from .temporary import temporary_functions
from .texts import check_text

del _grown

__all__ = [
    "Disagreement",
    "UnsmoothPointError",
    "bounds",
    "check_backends",
    "check_batches",
    "check_derivatives",
    "check_function",
    "check_identity",
    "check_mapping",
    "check_reduction",
    "check_saturation",
    "check_simplification",
    "check_sizes",
    "check_text",
    "check_values",
    "constants",
    "difference",
    "directional_derivatives",
    "edge_points",
    "evaluate_precisely",
    "expressions",
    "functions",
    "points",
    "rounding_errors",
    "shapes",
    "symbols",
    "temporary_functions",
]
