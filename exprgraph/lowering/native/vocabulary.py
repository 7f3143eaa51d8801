"""What names of Python, ``math`` and NumPy mean in the code of one number that users write.

A name is an instruction of LLVM, a function of the C library, a constant, or a few lines of Python here, which are
written out where the name is called.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping

#: names that are an instruction, with what LLVM calls it
INSTRUCTIONS = {
    "abs": "fabs", "math.fabs": "fabs", "np.abs": "fabs", "np.absolute": "fabs", "np.fabs": "fabs",
    "math.sqrt": "sqrt", "np.sqrt": "sqrt", "math.copysign": "copysign", "np.copysign": "copysign",
    "math.floor": "floor", "np.floor": "floor", "math.ceil": "ceil", "np.ceil": "ceil", "math.trunc": "trunc", "np.trunc": "trunc",
    "np.rint": "rint", "np.round": "rint", "round": "rint",
}  # fmt: skip
#: of the C library, with the number of arguments
LIBRARY = {
    "exp": 1, "expm1": 1, "log": 1, "log2": 1, "log10": 1, "log1p": 1, "sin": 1, "cos": 1, "tan": 1, "asin": 1, "acos": 1,
    "atan": 1, "atan2": 2, "sinh": 1, "cosh": 1, "tanh": 1, "asinh": 1, "acosh": 1, "atanh": 1, "erf": 1, "erfc": 1,
    "hypot": 2, "pow": 2, "fmod": 2, "lgamma": 1, "cbrt": 1, "exp2": 1, "tgamma": 1,
}  # fmt: skip
#: what the C library calls otherwise than Python or NumPy do
_OTHER_NAMES = {
    "math.gamma": "tgamma", "np.arcsin": "asin", "np.arccos": "acos", "np.arctan": "atan", "np.arctan2": "atan2",
    "np.arcsinh": "asinh", "np.arccosh": "acosh", "np.arctanh": "atanh", "np.power": "pow", "np.float_power": "pow", "pow": "pow",
}  # fmt: skip
#: names that Numba's NumPy has not, so that a saved module could not have them
_NOT_NUMPY = {"asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "erf", "erfc", "lgamma", "pow", "tgamma"}
CONSTANTS = {
    f"{module}.{name}": getattr(math, name)
    for module, names in (("math", ("inf", "nan", "pi", "e", "tau")), ("np", ("inf", "nan", "pi", "e")))
    for name in names
} | {"np.euler_gamma": 0.5772156649015329}

_WRITTEN = """
def min(a, b): return b if b < a else a
def max(a, b): return b if b > a else a
def np_minimum(a, b): return a if a != a or a < b else b
def np_maximum(a, b): return a if a != a or a > b else b
def np_fmin(a, b): return a if b != b or a < b else b
def np_fmax(a, b): return a if b != b or a > b else b
def np_clip(a, low, high): return np.minimum(np.maximum(a, low), high)
def np_sign(a): return a if a != a else (1.0 if a > 0.0 else (-1.0 if a < 0.0 else 0.0))
def np_heaviside(a, b): return a if a != a else (1.0 if a > 0.0 else (0.0 if a < 0.0 else b))
def np_square(a): return a * a
def np_reciprocal(a): return 1.0 / a
def np_negative(a): return -a
def np_positive(a): return a
def np_add(a, b): return a + b
def np_subtract(a, b): return a - b
def np_multiply(a, b): return a * b
def np_divide(a, b): return a / b
def np_true_divide(a, b): return a / b
def np_remainder(a, b): return a % b
def np_mod(a, b): return a % b
def np_where(c, a, b): return a if c else b
def np_less(a, b): return a < b
def np_less_equal(a, b): return a <= b
def np_greater(a, b): return a > b
def np_greater_equal(a, b): return a >= b
def np_equal(a, b): return a == b
def np_not_equal(a, b): return a != b
def np_logical_and(a, b): return a != 0.0 and b != 0.0
def np_logical_or(a, b): return a != 0.0 or b != 0.0
def np_logical_not(a): return a == 0.0
def np_sinc(a): return math.sin(math.pi * a) / (math.pi * a) if a != 0.0 else 1.0
def np_isnan(a): return a != a
def math_isnan(a): return a != a
def np_isinf(a): return abs(a) == math.inf
def math_isinf(a): return abs(a) == math.inf
def np_isfinite(a): return abs(a) < math.inf
def math_isfinite(a): return abs(a) < math.inf
def math_radians(a): return a * (math.pi / 180.0)
def np_radians(a): return a * (math.pi / 180.0)
def np_deg2rad(a): return a * (math.pi / 180.0)
def math_degrees(a): return a * (180.0 / math.pi)
def np_degrees(a): return a * (180.0 / math.pi)
def np_rad2deg(a): return a * (180.0 / math.pi)
"""


def _with_dots(name: str) -> str:
    module, _, rest = name.partition("_")
    return f"{module}.{rest}" if rest else name


#: names that are a few lines of Python
WRITTEN: Mapping[str, ast.FunctionDef] = {_with_dots(d.name): d for d in ast.parse(_WRITTEN).body if isinstance(d, ast.FunctionDef)}


def of_the_library(name: str) -> str | None:
    """What the C library calls a function of ``math`` or of NumPy; ``None``: it has none."""
    module, _, rest = name.partition(".")
    if rest in LIBRARY and (module == "math" or (module == "np" and rest not in _NOT_NUMPY)):
        return rest
    return _OTHER_NAMES.get(name)


__all__ = ["CONSTANTS", "INSTRUCTIONS", "LIBRARY", "WRITTEN", "of_the_library"]
