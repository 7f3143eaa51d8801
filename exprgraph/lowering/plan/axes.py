"""Functions along axes as extrema, elementwise rows and sums.

The largest element scales the others, so that no square and no exponential overflows or underflows before the result.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...canonical.arithmetic import linear, power, product
from ...canonical.contract import contract
from ...canonical.extrema import largest
from ...functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX
from ...functions.elementwise import Function, apply
from ...functions.rows import absolute, equal, exp, log1p, where
from ...functions.scaled import excess
from ...graph.node import Node, Shape

# for generated code only: they have no derivatives, and are not in the table.  The scale is a power of 2
_SCALED = Function("norm_scaled", numpy=np.multiply, partials=(None, None), code="({0} * square_scale({1}, {1}))")
_UNSCALED = Function("norm_unscaled", numpy=np.multiply, partials=(None, None), code="({0} * square_unscale({1}, {1}))")


def written_out(node: Node) -> Node:
    """A function along axes by other primitives, with the same value."""
    (x,) = node.args
    axes = list(range(x.ndim))
    kept = [k for k in axes if k not in node.params]

    def repeated(reduced: Node) -> Node:
        return contract([(reduced, kept)], axes, dict(enumerate(x.shape)))

    def total(elements: Node) -> Node:
        return contract([(elements, axes)], kept)

    if node.op is NORM:
        top = largest(absolute(x), node.params)
        scaled = apply(_SCALED, x, repeated(top))
        return apply(_UNSCALED, power(contract([(scaled, axes), (scaled, axes)], kept), 0.5), top)
    top = largest(x, node.params)
    below = excess(x, repeated(top))  # 0 for the largest, even if it is infinite
    leads = equal(below, 0.0)
    e = exp(below)
    others = total(where(leads, 0.0, e))
    more = excess(total(leads), 1.0)  # as a function: a sum of three terms could begin with the 1
    rest = _add(others, more)
    if node.op is SOFTMAX:
        return product([(e, 1.0), (repeated(linear([(1.0, rest)], 1.0, rest.shape)), -1.0)], 1.0, x.shape)
    logarithm = log1p(rest)
    if node.op is LOG_SOFTMAX:
        return excess(below, repeated(logarithm))
    assert node.op is LOGSUMEXP, node.op
    return _add(top, logarithm)


def _add(a: Node, b: Node) -> Node:
    shape: Shape = a.shape
    terms: Sequence[tuple[float, Node]] = [(1.0, a), (1.0, b)]
    return linear(terms, 0.0, shape)


__all__ = ["written_out"]
