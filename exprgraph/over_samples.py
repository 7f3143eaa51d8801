"""Sums and means over the samples of a batch: a per-sample expression becomes a shared one.

The sum is linear and is pushed down past everything that does not depend on the sample.  So the gradient of a batch
loss by a weight matrix is one product, accumulated over the samples.
"""

from __future__ import annotations

from typing import Any

from .canonical.operands import as_node
from .canonical.over_samples import sample_mean, sample_sum
from .graph.node import Node, Operand
from .graph.primitive import SAMPLE_COUNT, SAMPLE_SUM
from .graph.traverse import dependents, topological
from .tree import flatten


def sum(e: Operand) -> Node:  # noqa: A001  (used as over_samples.sum)
    """The sum of a per-sample expression over all samples of the call; shape ``e.shape``.

    An expression is per-sample if it depends on a symbol declared ``per_sample=True``.  Any other expression is shared by
    all samples and is multiplied by their number; a batch of values for its symbols is an error.
    ``over_samples.sum(1)`` is the number of samples.

    >>> import exprgraph as eg
    >>> x, w = eg.Symbol("x", per_sample=True), eg.Symbol("w")
    >>> eg.evaluate(eg.over_samples.sum(x**2), {x: [1.0, 2.0, 3.0]})
    np.float64(14.0)
    >>> eg.over_samples.sum(w)
    w*over_samples.sum(1)
    """
    return sample_sum(as_node(e))


def mean(e: Operand) -> Node:
    """The mean of a per-sample expression over all samples of the call; shape ``e.shape``.

    The mean of an expression that is not per-sample is the expression.

    >>> import exprgraph as eg
    >>> x, w = eg.Symbol("x", per_sample=True), eg.Symbol("w")
    >>> eg.evaluate(eg.over_samples.mean(x**2), {x: [1.0, 3.0]})
    np.float64(5.0)
    >>> eg.over_samples.mean(w)
    w
    """
    return sample_mean(as_node(e))


def used_in(e: Any) -> Any:
    """Whether an expression contains a sum or a mean over samples, or their number; for a nesting, of each.

    >>> import exprgraph as eg
    >>> x, w = eg.Symbol("x", per_sample=True), eg.Symbol("w")
    >>> eg.over_samples.used_in([eg.over_samples.mean(w * x) + w, w * x])
    [True, False]
    """
    given, restore = flatten(e)
    roots = [as_node(n) for n in given]
    order = topological(roots)
    found = dependents(order, [n for n in order if n.op in (SAMPLE_SUM, SAMPLE_COUNT)])
    return restore([n in found for n in roots])


__all__ = ["mean", "sum", "used_in"]
