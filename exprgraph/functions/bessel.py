"""Rows of Bessel functions of whole orders.

Orders are numbers: no derivative by an order is computed.  At infinity values are limits: 0 of the oscillating functions,
infinite of ``i0``, ``i1`` and ``iv``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ..canonical.operands import as_node
from ..graph.leaves import constant_value
from ..graph.node import Node, Operand
from .choices import sign
from .elementwise import ByFormula, Elementwise, NoDerivative, apply, row, row_named

_half = 0.5
_inf = math.inf
_POSITIVE = [(0.0, _inf)]
#: the highest order that formulas compute
_HIGHEST = 24


def _row(name: str, derivative: Callable[[Node], Node], **columns: Any) -> Elementwise:
    """A row of one argument."""
    return row(name, ByFormula(f"bessel_{name}"), derivative, code=f"bessel_{name}({{0}})", **columns)


def _of_orders(
    name: str, derivative: Callable[[Node, Node], Node], letter: str, sample: tuple[float, float], **columns: Any
) -> Elementwise:
    """A row whose first argument is the order."""
    refused = NoDerivative(f"{name} has no derivative by its order here; differentiate by other symbols", 0.0, 1.0, 2.0, 5.0)
    return row(
        name,
        ByFormula(f"bessel_{name}"),
        refused,
        derivative,
        code=f"bessel_{name}({{0}}, {{1}})",
        latex=f"{letter}_{{{{{{0}}}}}}\\left( {{1}} \\right)",
        sample=[(0.0, 6.0), sample],
        **columns,
    )


def _built(name: str, zero: Elementwise | None, one: Elementwise | None, reflected: int, n: Operand, x: Operand) -> Node:
    """The function of a known order as that of order 0 or 1, or of a positive one, where it is; other orders are checked.

    Raises:
        ValueError: an order is no whole number, or above 24.
    """
    order, argument = as_node(n), as_node(x)
    known = constant_value(order)
    if known is not None:
        odd = known[known != known.round()] if known.size else known
        if odd.size:
            raise ValueError(f"{name} is computed for whole orders, got the order {odd.ravel()[0]:g}")
        if known.size and abs(known).max() > _HIGHEST:
            raise ValueError(
                f"{name} is computed up to the order {_HIGHEST}, got {known.ravel()[abs(known).argmax()]:g}; the k-th derivative of the "
                "function of order n has functions up to the order n + k"
            )
    number = float(known) if known is not None and not order.shape else None
    if number is not None and number < 0:
        return as_node(reflected ** int(number % 2) * row_named(name).build(-number, argument))
    if number == 0 and zero is not None:
        return zero(argument)
    if number == 1 and one is not None:
        return one(argument)
    return apply(row_named(name), order, argument)


j0: Elementwise = _row("j0", lambda x: -j1(x), latex="J_0", doc="The Bessel function of the first kind of order 0: scipy.special.j0.")
j1: Elementwise = _row(
    "j1", lambda x: _half * (j0(x) - jn(2, x)), latex="J_1", doc="The Bessel function of the first kind of order 1: scipy.special.j1."
)
jn: Elementwise = _of_orders(
    "jn",
    lambda n, x: _half * (jn(n - 1, x) - jn(n + 1, x)),
    "J",
    (-3.0, 3.0),
    build=partial(_built, "jn", j0, j1, -1),
    doc="The Bessel function of the first kind of a whole order n, |n| <= 24, jn(n, x): scipy.special.jn, and jv for whole orders.",
)
y0: Elementwise = _row(
    "y0",
    lambda x: -y1(x),
    latex="Y_0",
    domain=_POSITIVE,
    sample=[(0.3, 3.0)],
    doc="The Bessel function of the second kind of order 0: scipy.special.y0.  NaN below 0, and -inf at 0.",
)
y1: Elementwise = _row(
    "y1",
    lambda x: y0(x) - y1(x) / x,
    latex="Y_1",
    domain=_POSITIVE,
    sample=[(0.3, 3.0)],
    doc="The Bessel function of the second kind of order 1: scipy.special.y1.  NaN below 0, and -inf at 0.",
)
yn: Elementwise = _of_orders(
    "yn",
    lambda n, x: yn(n - 1, x) - n * yn(n, x) / x,
    "Y",
    (0.5, 3.0),
    domain=[(-_inf, _inf), *_POSITIVE],
    build=partial(_built, "yn", y0, y1, -1),
    doc="The Bessel function of the second kind of a whole order n, |n| <= 24, yn(n, x): scipy.special.yn.  NaN below 0.",
)
i0: Elementwise = _row("i0", lambda x: i1(x), latex="I_0", doc="The modified Bessel function of order 0: scipy.special.i0, and np.i0.")
i1: Elementwise = _row(
    "i1", lambda x: _half * (i0(x) + iv(2, x)), latex="I_1", doc="The modified Bessel function of order 1: scipy.special.i1."
)
iv: Elementwise = _of_orders(
    "iv",
    lambda n, x: _half * (iv(n - 1, x) + iv(n + 1, x)),
    "I",
    (-3.0, 3.0),
    build=partial(_built, "iv", i0, i1, 1),
    doc="The modified Bessel function of a whole order n, |n| <= 24, iv(n, x): scipy.special.iv for whole orders.",
)
i0e: Elementwise = _row(
    "i0e",
    lambda x: i1e(x) - sign(x) * i0e(x),
    latex=r"e^{{-\left| {0} \right|}} I_0\left( {0} \right)",
    sample=[(0.1, 3.0)],
    doc="exp(-|x|) I0(x), without overflow: scipy.special.i0e; its derivative at 0 is 0.",
)
i1e: Elementwise = _row(
    "i1e",
    lambda x: _half * (i0e(x) + ive(2, x)) - sign(x) * i1e(x),
    latex=r"e^{{-\left| {0} \right|}} I_1\left( {0} \right)",
    sample=[(0.1, 3.0)],
    doc="exp(-|x|) I1(x), without overflow: scipy.special.i1e.",
)
ive: Elementwise = _of_orders(
    "ive",
    lambda n, x: _half * (ive(n - 1, x) + ive(n + 1, x)) - sign(x) * ive(n, x),
    r"\widetilde{{I}}",
    (0.1, 3.0),
    build=partial(_built, "ive", i0e, i1e, 1),
    doc="exp(-|x|) times the modified Bessel function of a whole order n, |n| <= 24, ive(n, x): scipy.special.ive for whole orders.",
)
k0: Elementwise = _row(
    "k0",
    lambda x: -k1(x),
    latex="K_0",
    domain=_POSITIVE,
    sample=[(0.3, 3.0)],
    doc="The modified Bessel function of the second kind of order 0: scipy.special.k0.  Infinite at 0, and NaN below.",
)
k1: Elementwise = _row(
    "k1",
    lambda x: -k0(x) - k1(x) / x,
    latex="K_1",
    domain=_POSITIVE,
    sample=[(0.3, 3.0)],
    doc="The modified Bessel function of the second kind of order 1: scipy.special.k1.  Infinite at 0, and NaN below.",
)
kn: Elementwise = _of_orders(
    "kn",
    lambda n, x: -kn(n - 1, x) - n * kn(n, x) / x,
    "K",
    (0.5, 3.0),
    domain=[(-_inf, _inf), *_POSITIVE],
    build=partial(_built, "kn", k0, k1, 1),
    doc="The modified Bessel function of the second kind of a whole order n, |n| <= 24, kn(n, x): scipy.special.kn.  NaN below 0.",
)

__all__ = ["i0", "i0e", "i1", "i1e", "iv", "ive", "j0", "j1", "jn", "k0", "k1", "kn", "y0", "y1", "yn"]
