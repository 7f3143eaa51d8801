"""Special functions as compositions of rows, with the names and arguments of ``scipy.special``."""

from __future__ import annotations

import math

import numpy as np

from ..canonical.operands import as_node
from ..errors import DTypeError
from ..functions import rows as functions
from ..graph.leaves import constant_values
from ..graph.node import Node, Operand
from .operators import multiply, subtract


def polygamma(n: Operand, x: Operand) -> Node:
    """The n-th derivative of :func:`digamma`, elementwise: ``(-1)**(n + 1) * n! * zeta(n + 1, x)``, and digamma for n = 0.

    Args:
        n: the order, a whole number that is not negative, or an array of such numbers.
        x: expression; n and x broadcast.

    Raises:
        DTypeError: n has elements that are no such numbers, or depends on a symbol.
        ShapeError: the shapes do not broadcast together.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.polygamma(1, x), eg.diff(eg.gammaln(x), x, 3)
    (zeta(2, x), -2*zeta(3, x))
    """
    orders = constant_values([as_node(n)])
    given = None if orders is None else np.asarray(orders[0], dtype=float)
    if given is None or not np.all((given >= 0) & (given == np.floor(given)) & (given < 171)):
        raise DTypeError(f"polygamma: the order n is a whole number from 0 to 170, not {n!r}")
    at_least_one = np.maximum(given, 1.0)
    factors = np.vectorize(lambda k: (-1.0) ** (k + 1) * math.factorial(int(k)), otypes=[float])(at_least_one)
    higher = multiply(factors, functions.zeta(at_least_one + 1.0, x))
    if np.all(given > 0):
        return higher
    lowest = functions.digamma(x)
    return lowest if given.ndim == 0 else functions.where((given == 0) * 1.0, lowest, higher)


def loggamma(x: Operand) -> Node:
    """The logarithm of the gamma function, elementwise, of the shape of x: :func:`gammaln` for x >= 0, and NaN below.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.loggamma(x), {x: [3.0, -0.5]})
    array([0.69314718,        nan])
    """
    x = as_node(x)
    return functions.where(functions.less(x, 0.0), math.nan, functions.gammaln(x))


def gammasgn(x: Operand) -> Node:
    """The sign of the gamma function, elementwise, of the shape of x: 1 or -1, and NaN at -1, -2, ...; its derivative is 0.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> eg.evaluate(eg.gammasgn(x), {x: [2.5, -0.5, -1.5]})
    array([ 1., -1.,  1.])
    """
    x = as_node(x)
    down = functions.floor(x)
    odd = functions.mod(down, 2.0)
    left = functions.where(functions.equal(down, x), math.nan, subtract(1.0, multiply(2.0, odd)))
    return functions.where(functions.less(x, 0.0), left, functions.where(functions.equal(x, x), 1.0, math.nan))


def ndtri(p: Operand) -> Node:
    """The x at which the normal distribution function is p, elementwise, of the shape of p: ``-sqrt(2)*erfcinv(2*p)``.

    Infinite at 0 and 1, NaN outside.

    >>> import exprgraph as eg
    >>> p = eg.Symbol("p")
    >>> eg.evaluate(eg.ndtri(p), {p: [0.5, 0.975]})
    array([-0.        ,  1.95996398])
    """
    return multiply(-math.sqrt(2.0), functions.erfcinv(multiply(2.0, p)))


__all__ = ["gammasgn", "loggamma", "ndtri", "polygamma"]
