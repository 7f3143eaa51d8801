"""Remainders and integer quotients, exact for numbers of any size.

``x - y*floor(x/y)`` has no correct digit if the quotient has more digits than a float.  These functions use ``fmod`` of NumPy
and C, which is exact.  The quotient is constant between its jumps; at a jump the derivatives are those of the formula.
"""

from __future__ import annotations

import numpy as np

from ..graph.node import Node
from .choices import absolute, sign
from .elementwise import Elementwise, row


def _truncated_quotient(x: Node, y: Node) -> Node:
    """The integer part of the quotient; its derivative is 0."""
    return sign(x) * sign(y) * floor_divide(absolute(x), absolute(y))


mod: Elementwise = row(
    "mod",
    np.mod,
    lambda x, y: 1.0,
    lambda x, y: -floor_divide(x, y),
    latex=r"\operatorname{{mod}}\left( {0}, {1} \right)",
    sample=[(2.2, 2.8), (1.02, 1.08)],
    doc="The remainder x - y*floor(x/y), of the sign of y, exact: np.mod, and `x % y`.  Derivatives 1 and -floor(x/y).",
)
floor_divide: Elementwise = row(
    "floor_divide",
    np.floor_divide,
    None,
    None,
    latex=r"\left\lfloor \frac{{{0}}}{{{1}}} \right\rfloor",
    sample=[(2.2, 2.8), (1.02, 1.08)],
    doc="The largest whole number not above x/y: np.floor_divide, and `x // y`; its derivative is 0.",
)
fmod: Elementwise = row(
    "fmod",
    np.fmod,
    lambda x, y: 1.0,
    lambda x, y: -_truncated_quotient(x, y),
    latex=r"\operatorname{{fmod}}\left( {0}, {1} \right)",
    code="np.fmod({0}, {1})",
    sample=[(2.2, 2.8), (1.02, 1.08)],
    doc="The remainder of x/y of the sign of x, exact: np.fmod.  Derivatives 1 and minus the quotient without its fraction.",
)

__all__ = ["floor_divide", "fmod", "mod"]
