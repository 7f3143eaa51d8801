"""NumPy's functions of neighbouring elements: differences, quadrature, interpolation, convolution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..canonical.contract import contract
from ..canonical.joining import concatenate, reshape
from ..canonical.operands import as_node
from ..canonical.place import place
from ..canonical.select import select
from ..errors import ShapeError
from ..functions import rows as functions
from ..functions.elementwise import broadcast_to
from ..graph.leaves import zeros
from ..graph.node import Axis, Node, Operand
from ..graph.views import Slice
from ..support.integers import whole
from ..support.names import brief
from .axes import normalize_axes, normalize_axis
from .operators import add, divide, multiply, negative, subtract
from .reductions import sum as _sum


def part(node: Node, axis: int, start: int, stop: int, step: int = 1) -> Node:
    """A slice along one axis."""
    count = len(range(start, stop, step))
    return select(node, tuple(Slice(start, step, count) if k == axis else None for k in range(node.ndim)))


def count_of(value: Any, what: str) -> int:
    """A number of times that is not negative."""
    n = whole(value)
    if n is None or n < 0:
        raise ValueError(f"{what} is a whole number that is not negative, got {brief(value)}")
    return n


def differences(a: Operand, n: int = 1, axis: int = -1, prepend: Operand | None = None, append: Operand | None = None) -> Node:
    """The n-th differences of neighbours along an axis, like np.diff: ``a[1:] - a[:-1]``, repeated.

    ``eg.diff`` is the derivative; ``np.diff`` of an expression is this function.

    Args:
        a: an expression with at least one axis.
        n: how often differences are taken; each time the axis gets shorter by one.
        axis: the axis.
        prepend, append: elements joined to a before and after, of the shape of a but for the axis, or numbers.

    Raises:
        ShapeError: a is a scalar.
        AxisError: the axis is out of range.
        ValueError: n is not a whole number, or negative.

    >>> import exprgraph as eg
    >>> eg.differences(eg.Symbol("x", shape=3))
    [-x[0] + x[1], -x[1] + x[2]]
    """
    node, times = as_node(a), count_of(n, "diff: the order n")
    if not node.ndim:
        raise ShapeError("diff needs an expression with at least one axis, got a scalar")
    k = normalize_axis(axis, node.ndim)
    ends = [as_node(e) if e is not None else None for e in (prepend, append)]
    one = (*node.shape[:k], 1, *node.shape[k + 1 :])
    before, after = (e if e is None or e.ndim else broadcast_to(e, one) for e in ends)
    node = concatenate([p for p in (before, node, after) if p is not None], k)
    for _ in range(times):
        size = node.shape[k]
        node = subtract(part(node, k, 1, size), part(node, k, 0, max(size - 1, 0)))
    return node


def ediff1d(ary: Operand, to_end: Operand | None = None, to_begin: Operand | None = None) -> Node:
    """The differences of neighbours in the flat array, with other elements around them, like np.ediff1d.

    >>> import exprgraph as eg
    >>> eg.ediff1d(eg.Symbol("x", shape=2), to_begin=0)
    [0, -x[0] + x[1]]
    """
    node = as_node(ary)
    flat = differences(reshape(node, (node.size,)))
    around = [reshape(e, (e.size,)) for e in (as_node(p) for p in (to_begin, to_end) if p is not None)]
    if not around:
        return flat
    return concatenate(([around[0]] if to_begin is not None else []) + [flat] + ([around[-1]] if to_end is not None else []), 0)


def central_differences(f: Operand, *varargs: Operand, axis: Axis = None, edge_order: int = 1) -> Node | list[Node]:
    """Derivatives of samples on a grid by differences of second order, like np.gradient.

    ``eg.gradient`` is the gradient of an expression; ``np.gradient`` of an expression is this function.

    Args:
        f: the samples, at least ``edge_order + 1`` of them along each axis.
        varargs: the spacing of all axes, or for each axis its spacing or the coordinates of its points.
        axis: the axes, by default all.
        edge_order: 1 or 2, the order of the differences at both ends.

    Returns:
        An expression of the shape of f for one axis, and a list of them for several.

    Raises:
        ShapeError: there are too few samples, f is a scalar, or the coordinates do not fit.
        ValueError: another ``edge_order``.
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> eg.central_differences(eg.Symbol("x", shape=3), 0.5)
    [2*(-x[0] + x[1]), -x[0] + x[2], 2*(-x[1] + x[2])]
    """
    node = as_node(f)
    if not node.ndim:
        raise ShapeError("np.gradient takes differences of samples, got a scalar; exprgraph.gradient(f, x) and diff(f, x) are derivatives")
    axes = list(normalize_axes(axis, node.ndim))
    if isinstance(axis, (tuple, list)):
        axes = [normalize_axis(a, node.ndim) for a in axis]
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: the edge_order is 1 or 2, got {brief(edge_order)}")
    if len(varargs) not in (0, 1, len(axes)):
        raise TypeError(f"gradient: {len(varargs)} spacings for {len(axes)} axes")
    spacings = [as_node(v) for v in varargs] or [as_node(1.0)]
    if len(spacings) < len(axes):
        if spacings[0].ndim:
            raise TypeError(f"gradient: coordinates are given for each of the {len(axes)} axes")
        spacings *= len(axes)
    out = [_derivative(node, k, h, edge_order) for k, h in zip(axes, spacings)]
    return out[0] if len(out) == 1 else out


def _derivative(node: Node, k: int, h: Node, edge_order: int) -> Node:
    n = node.shape[k]
    if n < edge_order + 1:
        raise ShapeError(f"gradient needs {edge_order + 1} samples along an axis, got shape {node.shape}, axis {k}")
    if h.ndim and h.shape != (n,):
        raise ShapeError(f"gradient: coordinates of shape {h.shape} for {n} samples along axis {k}")
    steps = differences(h) if h.ndim else broadcast_to(h, (n - 1,))
    like = [node.shape[i] if i == k else 1 for i in range(node.ndim)]

    def along(values: Node) -> Node:
        like[k] = values.size
        return reshape(values, tuple(like))

    def at(i: int) -> Node:
        return part(node, k, i % n, i % n + 1)

    def step(i: int) -> Node:
        return along(part(steps, 0, i % (n - 1), i % (n - 1) + 1))

    first, second = along(part(steps, 0, 0, n - 2)), along(part(steps, 0, 1, n - 1))
    low, mid, high = part(node, k, 0, n - 2), part(node, k, 1, n - 1), part(node, k, 2, n)
    if h.ndim:  # the parabola through three points
        both = add(first, second)
        inner = add(
            add(
                multiply(divide(negative(second), multiply(first, both)), low),
                multiply(divide(subtract(second, first), multiply(first, second)), mid),
            ),
            multiply(divide(first, multiply(second, both)), high),
        )
    else:
        inner = divide(subtract(high, low), multiply(2.0, h))
    if edge_order == 1:
        ends = [divide(subtract(at(1), at(0)), step(0)), divide(subtract(at(-1), at(-2)), step(-1))]
    else:
        ends = [_end(at(0), at(1), at(2), step(0), step(1)), negative(_end(at(-1), at(-2), at(-3), step(-1), step(-2)))]
    return concatenate([ends[0], inner, ends[1]] if n > 2 else ends, k)


def _end(a: Node, b: Node, c: Node, h: Node, g: Node) -> Node:
    """The derivative at the first of three points with distances h and g, of the parabola through them."""
    both = add(h, g)
    first = multiply(divide(negative(add(add(h, h), g)), multiply(h, both)), a)
    return subtract(add(first, multiply(divide(both, multiply(h, g)), b)), multiply(divide(h, multiply(g, both)), c))


def trapezoid(y: Operand, x: Operand | None = None, dx: Operand = 1.0, axis: int = -1) -> Node:
    """The integral of samples along an axis by the trapezoidal rule, like np.trapezoid (np.trapz); the axis disappears.

    Args:
        y: the samples.
        x: their positions, along the axis or of the shape of y; by default ``dx`` apart.
        dx: the distance of neighbours.
        axis: the axis.

    Raises:
        ShapeError: y is a scalar, or the positions do not fit.
        AxisError: the axis is out of range.

    >>> import exprgraph as eg
    >>> y = eg.Symbol("y", shape=3)
    >>> eg.evaluate(eg.trapezoid(y, dx=0.5), {y: [1.0, 2.0, 3.0]})
    np.float64(2.0)
    """
    node = as_node(y)
    if not node.ndim:
        raise ShapeError("trapezoid needs an expression with at least one axis, got a scalar")
    k = normalize_axis(axis, node.ndim)
    n = node.shape[k]
    steps = as_node(dx)
    if x is not None:
        at = as_node(x)
        steps = differences(at) if at.ndim == 1 else differences(at, axis=k)
        if at.ndim == 1:
            steps = reshape(steps, tuple(steps.size if i == k else 1 for i in range(node.ndim)))
    means = divide(multiply(steps, add(part(node, k, 1, n), part(node, k, 0, max(n - 1, 0)))), 2.0)
    return _sum(means, k)


def interp(
    x: Operand, xp: Operand, fp: Operand, left: Operand | None = None, right: Operand | None = None, period: float | None = None
) -> Node:
    """The piecewise linear function through the points (xp, fp) at x, elementwise, like np.interp; of the shape of x.

    Its derivative at one of the points is that of the line to the right; outside, and at the last point, it is 0.
    n points take n comparisons for each element of x.

    Args:
        x: an expression.
        xp: the positions of the points, which increase: numbers or an expression.
        fp: the values at the points.
        left, right: the values below the first and above the last position, by default the first and the last of fp.
        period: a period of the function; positions, which are numbers then, may have any order.

    Raises:
        ShapeError: xp and fp are not vectors of one length, or empty.
        ValueError: the period is not a number other than 0, or the positions are no numbers.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> f = eg.interp(x, [0.0, 1.0, 3.0], [0.0, 2.0, 0.0])
    >>> eg.evaluate([f, eg.diff(f, x)], {x: 2.0})
    [np.float64(1.0), np.float64(-1.0)]
    """
    node, at, values = as_node(x), as_node(xp), as_node(fp)
    if at.ndim != 1 or at.shape != values.shape or not at.size:
        raise ShapeError(f"interp: positions and values are two vectors of one length, got shapes {at.shape} and {values.shape}")
    if period is not None:
        node, at, values, left, right = _periodic(node, xp, values, period)
    n, lead = at.size, node.ndim
    points = broadcast_to(reshape(node, (*node.shape, 1)), (*node.shape, n))
    last = part(values, 0, n - 1, n)
    rises = divide(differences(values), differences(at)) if n > 1 else zeros((0,))
    slopes = concatenate([rises, zeros((1,))], 0)
    lines = add(multiply(slopes, subtract(functions.where(functions.less(points, math.inf), points, 0.0), at)), values)
    # each point of x lies in one interval: at or above one position, and below the next
    above = functions.less_equal(at, points)
    beyond = concatenate([part(above, lead, 1, n), zeros((*node.shape, 1))], lead)
    inside = _sum(functions.where(functions.logical_and(above, functions.logical_not(beyond)), lines, 0.0), lead)
    first, end = select(at, (0,)), select(at, (n - 1,))
    result = functions.where(functions.less(node, first), select(values, (0,)) if left is None else left, inside)
    result = functions.where(functions.less(end, node), select(last, (0,)) if right is None else right, result)
    return functions.where(functions.not_equal(node, node), node, result)


def _periodic(node: Node, xp: Any, values: Node, period: Any) -> tuple[Node, Node, Node, None, None]:
    """The points of one period, in order, with one more at each end."""
    try:
        width, at = abs(float(period)), np.asarray(xp, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("interp: with a period, the period and the positions are numbers") from None
    if not width:
        raise ValueError("interp: the period is not 0")
    at = np.mod(at, width)
    order = np.argsort(at).tolist()
    around = [order[-1], *order, order[0]]
    moved = at[around]
    moved[0] -= width
    moved[-1] += width
    return functions.mod(node, width), as_node(moved), values[around], None, None


def convolve(a: Operand, v: Operand, mode: str = "full") -> Node:
    """The discrete convolution of two vectors, like np.convolve.

    Args:
        a, v: vectors of n and m elements.
        mode: ``"full"`` (n + m - 1 elements), ``"same"`` (the middle max(n, m)) or ``"valid"`` (where they overlap wholly).

    Raises:
        ShapeError: one of them is empty or no vector.
        ValueError: another mode.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.convolve(x, [1.0, 2.0])
    [x[0], 2*x[0] + x[1], 2*x[1]]
    """
    a, v = (reshape(n, (1,)) if not n.ndim else n for n in (as_node(a), as_node(v)))
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise ShapeError(f"convolve takes two vectors that are not empty, got shapes {a.shape} and {v.shape}")
    if a.size > v.size:
        a, v = v, a
    short, long = a.size, v.size
    products = contract([(a, ["i"]), (v, ["j"])], ["i", "j"])
    # a row for each element of the shorter vector: in rows that are one longer than the sums have places, row i begins i places later
    rows = reshape(place(products, (None, Slice(0, 1, long)), (short, short + long)), (short * (short + long),))
    full = _sum(reshape(part(rows, 0, 0, short * (short + long - 1)), (short, short + long - 1)), 0)
    if mode == "full":
        return full
    if mode == "same":
        return part(full, 0, (short - 1) // 2, (short - 1) // 2 + long)
    if mode == "valid":
        return part(full, 0, short - 1, long)
    raise ValueError(f"convolve: the mode is 'full', 'same' or 'valid', got {mode!r}")


def correlate(a: Operand, v: Operand, mode: str = "valid") -> Node:
    """The cross-correlation of two vectors, like np.correlate: a convolved with v in reverse order; modes as in :func:`convolve`.

    Raises:
        ShapeError: one of them is empty or no vector.
        ValueError: another mode.

    >>> import exprgraph as eg
    >>> eg.correlate(eg.Symbol("x", shape=3), [1.0, 2.0])
    [x[0] + 2*x[1], x[1] + 2*x[2]]
    """
    a, v = as_node(a), as_node(v)
    if v.ndim != 1 or not v.size or not a.size:
        raise ShapeError(f"correlate takes two vectors that are not empty, got shapes {a.shape} and {v.shape}")
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"correlate: the mode is 'full', 'same' or 'valid', got {mode!r}")
    swapped = v.size > a.size  # NumPy exchanges them, and reverses the result
    if swapped:
        a, v = v, a
    out = convolve(a, _reversed(v), mode)
    return _reversed(out) if swapped else out


def _reversed(v: Node) -> Node:
    return select(v, (Slice(v.size - 1, -1, v.size),))


__all__ = [
    "central_differences", "convolve", "correlate", "count_of", "differences", "ediff1d", "interp", "part", "trapezoid",
]  # fmt: skip
