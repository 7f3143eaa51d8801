"""The derivatives of ``x**y`` with a symbol as exponent, as rows that have the limits at 0.

``y*x**(y - 1)`` is 0 times infinity where x and y are 0, and so is ``x**y*log(x)`` where x is 0.  Both orders of the mixed
derivative are ``x**(y - 1)*(1 + y*log(x))``.
"""

from __future__ import annotations

import math

import numpy as np

from ..graph.leaves import array, constant_value
from ..graph.node import Node
from ..support import values
from .elementwise import Elementwise, row

_inf = math.inf


def slope(x: Node, y: Node) -> Node:
    """The derivative of ``x**y`` by x; where y is 0, so is it, whatever x."""
    from .rows import power

    known = constant_value(y)
    if known is None:
        return power_slope(x, y)
    return y * power(x, array(np.where(known == 0, 0.0, known - 1)))


def growth(x: Node, y: Node) -> Node:
    """The derivative of ``x**y`` by y; where the power is 0, so is it."""
    from .rows import log, power

    known = constant_value(x)
    if known is not None and (known > 0).all():
        return power(x, y) * log(x)
    return power_log(x, y)


def _slope_by_x(x: Node, y: Node) -> Node:
    from .rows import gate

    return gate(y, power_slope(x, y - 1))


def _mixed(x: Node, y: Node) -> Node:
    from .rows import gate, power

    return power(x, y - 1) + gate(y, power_log(x, y - 1))


def _growth_by_y(x: Node, y: Node) -> Node:
    from .rows import xlogy

    return xlogy(power_log(x, y), x)


def _power(x: Node, y: Node) -> Node:
    from .rows import power

    return power(x, y)


def _shown_growth(x: Node, y: Node) -> Node:
    from .rows import log, power

    return power(x, y) * log(x)


power_slope: Elementwise = row(
    "power_slope",
    values.power_slope,
    lambda x, y: _slope_by_x(x, y),
    lambda x, y: _mixed(x, y),
    code="({1} * pow({0}, {1} - 1.0) if {1} != 0.0 else 0.0)",
    shown_as=lambda x, y: y * _power(x, y - 1),
    domain=[(0, _inf), (-_inf, _inf)],
    sample=[(0.2, 2), (-2, 2)],
    doc="y*x**(y - 1), and 0 where y is 0.",
)
power_log: Elementwise = row(
    "power_log",
    values.power_log,
    lambda x, y: _mixed(x, y),
    lambda x, y: _growth_by_y(x, y),
    code="(pow({0}, {1}) * log({0}) if pow({0}, {1}) != 0.0 else 0.0)",
    shown_as=lambda x, y: _shown_growth(x, y),
    domain=[(0, _inf), (-_inf, _inf)],
    sample=[(0.2, 2), (-2, 2)],
    doc="x**y*log(x), and 0 where x**y is 0.",
)

__all__ = ["growth", "power_log", "power_slope", "slope"]
