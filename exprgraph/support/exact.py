"""Exact numbers of Python and SymPy as the nearest float."""

from __future__ import annotations

import math
import sys
from decimal import Decimal
from numbers import Rational, Real
from typing import Any

import numpy as np

from ..errors import DTypeError

#: the most digits for SymPy; a number that differs from 0 only beyond them is below every float
_DIGITS = (60, 250, 1000, 4000)


def nearest_float(value: object) -> float | None:
    """The float nearest to a number that NumPy has no type for; ``None`` for anything else.

    These are Python's ``Fraction`` and ``Decimal``, numbers of SymPy (such as ``sqrt(2)/3``), and every other
    ``numbers.Real``.

    Raises:
        DTypeError: the number is not real, or too large for a float.
    """
    if isinstance(value, Rational):
        try:
            return int(value.numerator) / int(value.denominator)  # Python rounds the quotient of integers only once
        except OverflowError:
            raise _too_large(value) from None
    if isinstance(value, Decimal):
        if value.is_snan():
            return math.nan
        return _checked(float(value), value, value.is_infinite())
    if is_of_sympy(value):
        return _of_sympy(value)
    if isinstance(value, Real):
        try:
            return float(value)
        except OverflowError:
            raise _too_large(value) from None
    return None


def nearest_floats(values: np.ndarray) -> np.ndarray:
    """An array of such numbers as floats; the array itself if it holds anything else.

    Raises:
        DTypeError: as for :func:`nearest_float`.
    """
    floats = np.empty(values.shape)
    for at, value in np.ndenumerate(values):
        nearest = float(value) if isinstance(value, (float, np.floating)) else nearest_float(value)
        if nearest is None:
            return values
        floats[at] = nearest
    return floats


def is_of_sympy(value: object) -> bool:
    """Whether it is a number of SymPy's: an expression without symbols."""
    sympy = sys.modules.get("sympy")  # the caller has imported SymPy to make such a number
    return sympy is not None and isinstance(value, sympy.Expr) and bool(value.is_number)


def _of_sympy(value: Any) -> float:
    import sympy

    if value.is_Rational:
        try:
            return int(value.p) / int(value.q)
        except OverflowError:
            raise _too_large(value) from None
    if value in (sympy.oo, -sympy.oo, sympy.nan):
        return float(value)
    real = value if value.is_extended_real else _real_part(value)
    number = _evaluated(real)
    if not number.is_Float and not number.is_Integer:
        raise DTypeError(f"expressions are real-valued: the value of {_brief(value)} is not known as a real number")
    return _checked(float(number), value, False)


def _real_part(value: Any) -> Any:
    """The value itself, if SymPy evaluates it to a real number."""
    real, imaginary = value.as_real_imag()
    if float(_evaluated(imaginary)) != 0.0:
        raise DTypeError(f"expressions are real-valued, and {_brief(value)} is not a real number")
    return real


def _evaluated(value: Any) -> Any:
    """A number to more digits than a float has, however much cancels in its evaluation."""
    from sympy.core.evalf import PrecisionExhausted

    for most in _DIGITS:
        try:
            return value.evalf(40, maxn=most, strict=True)
        except PrecisionExhausted:
            continue
    return value.evalf(40, maxn=_DIGITS[0], chop=True)


def _checked(number: float, value: object, is_infinite: bool) -> float:
    if math.isinf(number) and not is_infinite:
        raise _too_large(value)
    return number


def _too_large(value: object) -> DTypeError:
    return DTypeError(f"the number {_brief(value)} is too large for a float")


def _brief(value: object) -> str:
    try:
        text = str(value)
    except ValueError:  # an integer with more digits than Python converts
        return "of many digits"
    return text if len(text) <= 100 else text[:100] + "..."


__all__ = ["is_of_sympy", "nearest_float", "nearest_floats"]
