"""Histograms: how many elements, or what sum of weights, lies between edges.

Counts jump, so their derivatives by the elements are 0.  The derivatives by weights are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canonical.joining import reshape
from ..canonical.operands import as_node
from ..errors import ShapeError
from ..functions import rows as functions
from ..graph.node import Node
from ..support.integers import whole
from ..support.names import brief
from . import reductions
from .operators import add, divide, greater_equal, subtract
from .products import linspace
from .shapes import place


def histogram(a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None) -> tuple[Node, Any]:  # noqa: A002
    """The histogram and its edges, like np.histogram; the elements, the edges and the weights may be expressions.

    Raises:
        TypeError: the bins are neither a number of bins nor edges.
        ShapeError: there is another number of weights than of elements.
    """
    edges = edges_of(a, bins, range)
    size = (a if isinstance(a, Node) else np.asarray(a)).size
    w = None if weights is None else as_node(weights)
    if w is not None and w.size != size:
        raise ShapeError(f"histogram: {w.size} weights for {size} elements")
    by_element = None if w is None else reshape(w, (size,))
    if isinstance(a, Node) or isinstance(edges, Node) or by_element is None:
        counts = _compared(as_node(a), as_node(edges), by_element)
    else:
        counts = _placed(np.ravel(a), edges, by_element)
    if density:
        counts = divide(divide(counts, reductions.sum(counts)), _differences(as_node(edges)))
    return counts, edges


def edges_of(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:  # noqa: A002
    """The edges of a histogram, like np.histogram_bin_edges: expressions if they are made of expressions.

    They do not depend on the weights, which NumPy takes too.
    """
    n = whole(bins)
    if isinstance(bins, str):
        raise TypeError(f"histogram: bins are a number of bins or their edges; {brief(bins)} chooses a number by values")
    if n is None:
        edges = bins if isinstance(bins, Node) else np.asarray(bins, dtype=float)
        if edges.ndim != 1 or edges.size < 2 or (not isinstance(edges, Node) and (np.diff(edges) < 0).any()):
            raise ShapeError(f"histogram: edges are a vector of at least two increasing numbers, got {brief(bins)}")
        return edges
    if n < 1:
        raise ValueError(f"histogram: the number of bins is at least 1, got {bins}")
    if range is None and isinstance(a, Node):
        low, high = reductions.min(a), reductions.max(a)
        half = functions.where(functions.equal(low, high), 0.5, 0.0)
        return linspace(subtract(low, half), add(high, half), n + 1)
    if range is not None and any(isinstance(e, Node) for e in range):
        first, last = range
        return linspace(first, last, n + 1)
    return np.histogram_bin_edges(np.zeros(0) if isinstance(a, Node) else a, n, range)


def _differences(edges: Node) -> Node:
    return subtract(edges[1:], edges[:-1])


def _compared(a: Node, edges: Node, weights: Node | None) -> Node:
    """Each element compared with each edge; the last bin has both of its edges."""
    x, low, high = reshape(a, (a.size, 1)), edges[:-1], edges[1:]
    last = functions.logical_and(np.arange(low.size) == low.size - 1, functions.equal(x, high))
    inside = functions.logical_and(greater_equal(x, low), functions.logical_or(functions.less(x, high), last))
    own = 1.0 if weights is None else reshape(weights, (a.size, 1))
    return reductions.sum(functions.where(inside, own, 0.0), 0)


def _placed(values: np.ndarray, edges: np.ndarray, weights: Node) -> Node:
    """The weights of known elements, added where these belong."""
    at = np.searchsorted(edges, values, side="right") - 1
    at[values == edges[-1]] = len(edges) - 2
    known = np.flatnonzero((at >= 0) & (at < len(edges) - 1))
    return place(weights[known.tolist()], [at[known].tolist()], len(edges) - 1)


__all__ = ["edges_of", "histogram"]
