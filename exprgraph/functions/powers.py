"""Powers and roots, and rows for the derivatives of ``x**y`` with a symbol as exponent, which have the limits at 0.

``y*x**(y - 1)`` is 0 times infinity where x and y are 0, and so is ``x**y*log(x)`` where x is 0.  Both orders of the mixed
derivative are ``x**(y - 1)*(1 + y*log(x))``.
"""

from __future__ import annotations

import math

import numpy as np

from ..canonical.arithmetic import power as constant_power
from ..canonical.most_common import power_of
from ..canonical.operands import as_node
from ..graph.leaves import array, constant_value, number
from ..graph.node import Node, Operand
from ..support import values
from .choices import gate
from .elementwise import Elementwise, apply, broadcast, broadcast_to, row, row_named
from .transcendental import exp, log, xlogy

_inf = math.inf


def slope(x: Node, y: Node) -> Node:
    """The derivative of ``x**y`` by x; 0 where y is 0, for any x."""
    known = constant_value(y)
    if known is None:
        return power_slope(x, y)
    return y * power(x, array(np.where(known == 0, 0.0, known - 1)))


def growth(x: Node, y: Node) -> Node:
    """The derivative of ``x**y`` by y; 0 where the power is 0."""
    known = constant_value(x)
    if known is not None and (known > 0).all():
        return power(x, y) * log(x)
    return power_log(x, y)


def _mixed(x: Node, y: Node) -> Node:
    return power(x, y - 1) + gate(y, power_log(x, y - 1))


power_slope: Elementwise = row(
    "power_slope",
    values.power_slope,
    lambda x, y: gate(y, power_slope(x, y - 1)),
    lambda x, y: _mixed(x, y),
    code="({1} * pow({0}, {1} - 1.0) if {1} != 0.0 else 0.0)",
    shown_as=lambda x, y: y * power(x, y - 1),
    domain=[(0, _inf), (-_inf, _inf)],
    sample=[(0.2, 2), (-2, 2)],
    doc="y*x**(y - 1), and 0 where y is 0.",
    internal=True,
)
power_log: Elementwise = row(
    "power_log",
    values.power_log,
    lambda x, y: _mixed(x, y),
    lambda x, y: xlogy(power_log(x, y), x),
    code="(pow({0}, {1}) * log({0}) if pow({0}, {1}) != 0.0 else 0.0)",
    shown_as=lambda x, y: power(x, y) * log(x),
    domain=[(0, _inf), (-_inf, _inf)],
    sample=[(0.2, 2), (-2, 2)],
    doc="x**y*log(x), and 0 where x**y is 0.",
    internal=True,
)

power_function: Elementwise = row(
    "pow",
    np.power,
    slope,
    growth,
    text="{0}**{1}",
    latex="{{{0}}}^{{{1}}}",
    domain=[(0, _inf), (-_inf, _inf)],
    sample=[(0.2, 2), (-2, 2)],
    build=lambda x, y: power(x, y),
    doc="x**y.",
)
POWER = row_named("pow")


def power(base: Operand, exponent: Operand) -> Node:
    """``base ** exponent``, elementwise: the two broadcast.

    If the exponent is a number, derivatives of any order are exact at base 0, and for integers also below 0.  If the
    exponent is a symbol, the derivatives at base 0 are the limits from above.  By the base: 0, 1 or infinity for an
    exponent above, at or below 1, and 0 for an exponent of 0.  By the exponent: 0 for an exponent above 0, else -inf.  So
    ``x**x`` has the derivative -inf at 0.  For a base below 0 the derivative by the exponent is NaN.

    Raises:
        ShapeError: the shapes do not broadcast together.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.diff(eg.power(x, 2), x, x)
    2
    """
    if (quick := power_of(base, exponent)) is not None:
        return quick
    node, e = as_node(base), as_node(exponent)
    value = number(e)
    if value is not None and math.isfinite(value):
        (node, _), shape = broadcast(node, e, what="base and exponent")
        return constant_power(broadcast_to(node, shape), value)
    if number(node) is not None and not node.shape and number(node) == math.e:
        return exp(e)
    return apply(POWER, node, e)


def sqrt(x: Operand) -> Node:
    """The square root, elementwise, of the shape of x.

    NaN below 0.  At 0 the derivative is infinite; the derivative of :func:`norm` is 0.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate([eg.sqrt(x), eg.diff(eg.sqrt(x), x)], {x: 4.0})
    [np.float64(2.0), np.float64(0.25)]
    """
    return constant_power(as_node(x), 0.5)


def square(x: Operand) -> Node:
    """``x**2``, elementwise, of the shape of x.

    >>> import exprgraph as eg
    >>> eg.square(eg.Symbol("x"))
    x**2
    """
    return constant_power(as_node(x), 2.0)


__all__ = ["growth", "power", "power_function", "power_log", "power_slope", "slope", "sqrt", "square"]
