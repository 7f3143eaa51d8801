"""The meaning of names of Python, ``math`` and NumPy in code about numbers.

A name is an operation, a function of this package or of C's library, a constant, or a one-line definition here that is
inlined.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from .operations import LIBRARY

#: names of operations of reals
OPERATORS: Mapping[str, str] = {
    "abs": "abs", "math.fabs": "abs", "np.abs": "abs", "np.absolute": "abs", "np.fabs": "abs",
    "math.sqrt": "sqrt", "np.sqrt": "sqrt", "math.copysign": "copysign", "np.copysign": "copysign",
    "math.floor": "floor", "np.floor": "floor", "math.ceil": "ceil", "np.ceil": "ceil", "math.trunc": "trunc", "np.trunc": "trunc",
    "np.fix": "trunc", "int": "trunc", "np.rint": "rint", "np.round": "rint", "round": "rint",
    "separate_product": "mul_apart",
}  # fmt: skip
#: NumPy's names of Python's operators
SPELLED: Mapping[str, str] = {
    "np.add": "+", "np.subtract": "-", "np.multiply": "*", "np.divide": "/", "np.true_divide": "/", "np.remainder": "%", "np.mod": "%",
    "np.floor_divide": "//", "np.power": "**", "np.float_power": "**", "math.pow": "**", "pow": "**",
    "np.less": "<", "np.less_equal": "<=", "np.greater": ">", "np.greater_equal": ">=", "np.equal": "==", "np.not_equal": "!=",
}  # fmt: skip
#: names that differ in C
_OTHER_NAMES = {
    "math.gamma": "tgamma", "np.arcsin": "asin", "np.arccos": "acos", "np.arctan": "atan", "np.arctan2": "atan2",
    "np.arcsinh": "asinh", "np.arccosh": "acosh", "np.arctanh": "atanh",
}  # fmt: skip
#: functions of C's library that Numba's NumPy lacks
_NOT_NUMPY = {"asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "erf", "erfc", "lgamma", "pow", "tgamma"}
CONSTANTS: Mapping[str, float] = {
    f"{module}.{name}": getattr(math, name)
    for module, names in (("math", ("inf", "nan", "pi", "e", "tau")), ("np", ("inf", "nan", "pi", "e")))
    for name in names
} | {"np.euler_gamma": 0.5772156649015329}
#: one-line definitions: the parameters, and the value
WRITTEN: Mapping[str, tuple[str, str]] = {
    "min": ("a, b", "b if b < a else a"),
    "max": ("a, b", "b if b > a else a"),
    "np.minimum": ("a, b", "a if a != a or a < b else b"),
    "np.maximum": ("a, b", "a if a != a or a > b else b"),
    "np.fmin": ("a, b", "a if b != b or a < b else b"),
    "np.fmax": ("a, b", "a if b != b or a > b else b"),
    "np.clip": ("a, low, high", "np.minimum(np.maximum(a, low), high)"),
    "np.sign": ("a", "a if a != a else (1.0 if a > 0.0 else (-1.0 if a < 0.0 else 0.0))"),
    "np.heaviside": ("a, b", "a if a != a else (1.0 if a > 0.0 else (0.0 if a < 0.0 else b))"),
    "np.square": ("a", "a * a"),
    "np.reciprocal": ("a", "1.0 / a"),
    "np.negative": ("a", "-a"),
    "np.positive": ("a", "+a"),
    "np.where": ("c, a, b", "a if c else b"),
    "np.logical_and": ("a, b", "bool(a) and bool(b)"),
    "np.logical_or": ("a, b", "bool(a) or bool(b)"),
    "np.logical_xor": ("a, b", "bool(a) != bool(b)"),
    "np.logical_not": ("a", "not a"),
    "np.sinc": ("a", "math.sin(math.pi * a) / (math.pi * a) if a != 0.0 else 1.0"),
    "np.isnan": ("a", "a != a"),
    "math.isnan": ("a", "a != a"),
    "np.isinf": ("a", "abs(a) == math.inf"),
    "math.isinf": ("a", "abs(a) == math.inf"),
    "np.isfinite": ("a", "abs(a) < math.inf"),
    "math.isfinite": ("a", "abs(a) < math.inf"),
    "math.radians": ("a", "a * (math.pi / 180.0)"),
    "np.radians": ("a", "a * (math.pi / 180.0)"),
    "np.deg2rad": ("a", "a * (math.pi / 180.0)"),
    "math.degrees": ("a", "a * (180.0 / math.pi)"),
    "np.degrees": ("a", "a * (180.0 / math.pi)"),
    "np.rad2deg": ("a", "a * (180.0 / math.pi)"),
}


def function_of(name: str) -> str | None:
    """The name of a function of ``math`` or of NumPy in this package or in C; ``None`` if neither has it.

    >>> function_of("np.arctan"), function_of("math.gamma"), function_of("np.fft")
    ('atan', 'tgamma', None)
    """
    module, _, rest = name.partition(".")
    if rest == "logaddexp" and module == "np":
        return rest
    if rest in LIBRARY and (module == "math" or (module == "np" and rest not in _NOT_NUMPY)):
        return rest
    return _OTHER_NAMES.get(name)


def known_names() -> Iterator[str]:
    """All names with a meaning, for messages and tests."""
    yield from OPERATORS
    yield from SPELLED
    yield from CONSTANTS
    yield from WRITTEN
    yield from _OTHER_NAMES
    for name in LIBRARY.keys() - {"tgamma"}:  # which is math.gamma
        yield f"math.{name}"
        if name not in _NOT_NUMPY:
            yield f"np.{name}"
    yield "np.logaddexp"


__all__ = ["CONSTANTS", "OPERATORS", "SPELLED", "WRITTEN", "function_of", "known_names"]
