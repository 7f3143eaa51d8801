"""Property-based testing of derivatives: random expressions, and checks with reports that can be run.

Strategies for hypothesis are read off the primitive table, so that a function added with
:func:`exprgraph.function` is drawn, and differentiated, like the package's own.  Checks measure how
much rounding allows, compare with values of 50 digits and differences of 80, and where they fail, say
so with the smallest expression they find, as a program.

It needs hypothesis and mpmath (``pip install hypothesis mpmath``, the extra ``testing``), which nothing else of the package does.
"""

try:
    import hypothesis as _hypothesis
    import mpmath as _mpmath
except ImportError as error:
    raise ImportError(f'exprgraph.testing needs hypothesis and mpmath: pip install hypothesis mpmath ({error})') from error
del _hypothesis, _mpmath

from .batches import check_batches
from .bounds import bounds
from .derivatives import check_derivatives
from .differences import directional_derivatives
from .disagreement import Disagreement, UnsmoothPointError, difference
from .functions import check_function
from .identities import check_identity, check_reduction, check_values
from .noise import rounding_errors
from .precise import evaluate_precisely
from .saturation import check_saturation
from .simplification import check_simplification
from .sizes import check_sizes
from .strategies import constants, edge_points, expressions, functions, points, shapes, symbols
from .temporary import temporary_functions
from .texts import check_text

__all__ = [
    "Disagreement",
    "UnsmoothPointError",
    "bounds",
    "check_batches",
    "check_derivatives",
    "check_function",
    "check_identity",
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
