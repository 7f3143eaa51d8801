"""The inverse of the error function and of its complement.

Near 0 a polynomial of x^2; in the tails, where q is the distance to the end, a polynomial of (r - 2) / (r + 1), r the root
of -log(q); far out another one.
"""

from __future__ import annotations

import math

import numpy as np

from .exponential import if_less
from .inverse_double import erfcinv_far_series, erfcinv_series, erfinv_near
from .logarithm import log


def erfcinv_tail(q: float) -> float:
    """erfcinv(q), 0 < q <= 0.4."""
    r = np.sqrt(-log(q))
    far = r > 5.0
    near = r * erfcinv_series((r - 2.0) / (r + 1.0))
    return erfcinv_far_rarely(r) if far else near


def erfcinv_far_rarely(r: float) -> float:
    """erfcinv(exp(-r^2)), r >= 5, as far as there are numbers."""
    return r * erfcinv_far_series((r - 10.0) / (r + 6.0))


def erfinv(x: float) -> float:
    """The y of erf(y) = x.  Within 3.4 ulp; 3.1 in float32; for |x| <= 1, nan beyond, infinite at 1 and -1; -0.0 at -0.0."""
    a = abs(x)
    near = x * erfinv_near(x * x)
    far = math.copysign(erfcinv_tail(1.0 - a), x)
    inner = if_less(a, 0.6, near, far)
    return inner if a < 1.0 else (math.copysign(math.inf, x) if a == 1.0 else math.nan)


def erfcinv(q: float) -> float:
    """The y of erfc(y) = q.  Within 3.3 ulp; 3.6 in float32; for 0 <= q <= 2, nan beyond, infinite at 0 and -infinite at 2."""
    x = 1.0 - q
    p = 2.0 - q if q > 1.0 else q
    near = x * erfinv_near(x * x)
    tail = erfcinv_tail(p)
    inner = if_less(abs(x), 0.6, near, -tail if q > 1.0 else tail)
    return inner if q > 0.0 and q < 2.0 else (math.inf if q == 0.0 else (-math.inf if q == 2.0 else math.nan))
