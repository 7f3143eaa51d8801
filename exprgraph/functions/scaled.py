"""Rows that keep derivatives in range: roots of sums of squares, and the factors in derivatives.

The parts of a derivative can overflow or vanish where the derivative does not: ``a/(a**2 + b**2)`` at 1e200, or
``x*exp(-x**2)`` at infinity.  So a quotient of two numbers of similar size is a row of its own here, and so is a factor
of a term that decays faster than any power.
"""

from __future__ import annotations

import math

import numpy as np

from ..canonical.arithmetic import power
from ..graph.leaves import number
from ..graph.node import Node
from ..support import values
from .elementwise import Elementwise, row

_half = 0.5
_inf = math.inf


def _over_hypot(a: Node, b: Node) -> Node:
    """1 over the hypotenuse, 0 at the origin."""
    return direction(a, b) if number(a) == 1 else direction(b, a) if number(b) == 1 else share(1, hypot(a, b))


def _shown_direction(a: Node, b: Node) -> Node:
    return a / hypot(a, b) if number(a) is None and number(b) is None else a * power(a**2 + b**2, -0.5)


hypot: Elementwise = row(
    "hypot",
    np.hypot,
    lambda a, b: direction(a, b),
    lambda a, b: direction(b, a),
    squared=lambda a, b: a**2 + b**2,
    latex=r"\sqrt{{{0}^{{2}} + {1}^{{2}}}}",
    sample=[(0.2, 2), (0.2, 2)],
    doc="sqrt(a**2 + b**2), without overflow; its derivative where both are 0 is 0.",
)
# with c = direction(a, b) and s = direction(b, a), c**2 + s**2 = 1: the derivatives of c are s**2/h and -c*s/h,
# without cancellation
direction: Elementwise = row(
    "direction",
    values.direction,
    lambda a, b: direction(b, a) ** 2 * _over_hypot(a, b),
    lambda a, b: -direction(a, b) * direction(b, a) * _over_hypot(a, b),
    shown_as=lambda a, b: _shown_direction(a, b),
    sample=[(0.2, 2), (0.2, 2)],
    doc="a/hypot(a, b), the cosine of the angle of the point (a, b); 0 at the origin.",
    internal=True,
)
share: Elementwise = row(
    "share",
    values.share,
    lambda a, h: share(1, h),
    lambda a, h: -share(a, h) * share(1, h),
    shown_as=lambda a, h: a / h,
    domain=[(-_inf, _inf), (0, _inf)],
    sample=[(-2, 2), (0.1, 3)],
    doc="a/h for the root h of a sum of squares that a is one of: 0 where h is 0, and a's sign where both are infinite.",
    internal=True,
)
# the root of a sum of squares and its reciprocal: 0, not infinite, where all the squares are 0
root: Elementwise = row(
    "root",
    np.sqrt,
    lambda s: _half * inverse_root(s),
    squared=lambda s: s,
    shown_as=lambda s: power(s, 0.5),
    domain=[(0, _inf)],
    sample=[(0.1, 3)],
    doc="The root of a sum of squares; its derivative at 0 is 0.",
    internal=True,
)
inverse_root: Elementwise = row(
    "inverse_root",
    values.inverse_root,
    lambda s: -_half * inverse_root(s) ** 3,
    shown_as=lambda s: power(s, -0.5),
    domain=[(0, _inf)],
    sample=[(0.1, 3)],
    doc="1/sqrt(s), and 0 at 0.",
    internal=True,
)
held: Elementwise = row(
    "held",
    values.held,
    lambda x: 1.0,
    shown_as=lambda x: x,
    doc="x as a factor of a term that is 0 where |x| > 1000: there it stays at 1000, so that the product is 0 at infinity.",
    internal=True,
)
excess: Elementwise = row(
    "excess",
    values.excess,
    lambda a, b: 1.0,
    lambda a, b: -1.0,
    shown_as=lambda a, b: a - b,
    doc="a - b, and 0 where both are the same infinity.",
    internal=True,
)

__all__ = ["direction", "excess", "held", "hypot", "inverse_root", "root", "share"]
