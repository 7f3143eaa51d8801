"""NumPy's functions of polynomials: coefficients, the highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canonical.joining import reshape
from ..canonical.operands import as_node
from ..errors import ShapeError
from ..functions.elementwise import broadcast_to
from ..graph.leaves import constant
from ..graph.node import Node
from . import dividing, sequences, shapes
from .operators import add, divide, multiply, negative, subtract
from .padding import pad


def _aligned(a1: Any, a2: Any) -> tuple[Node, Node]:
    nodes = [reshape(n, (n.size,)) for n in map(as_node, (a1, a2))]
    size = max(n.size for n in nodes)
    p, q = (pad(n, (size - n.size, 0)) for n in nodes)
    return p, q


def polyadd(a1: Any, a2: Any) -> Node:
    """The sum of polynomials, like np.polyadd."""
    return add(*_aligned(a1, a2))


def polysub(a1: Any, a2: Any) -> Node:
    """The difference of polynomials, like np.polysub."""
    return subtract(*_aligned(a1, a2))


def polymul(a1: Any, a2: Any) -> Node:
    """The product of polynomials, like np.polymul."""
    return sequences.convolve(a1, a2)


def polyder(p: Any, m: int = 1) -> Node:
    """The m-th derivative of a polynomial, like np.polyder."""
    node = dividing.atleast_1d(p)
    for _ in range(sequences.count_of(m, "polyder: the order m")):
        n = max(node.size, 1)
        node = multiply(node[: n - 1], np.arange(n - 1, 0, -1))
    return node


def polyint(p: Any, m: int = 1, k: Any = None) -> Node:
    """The m-th integral of a polynomial, like np.polyint; k are the constants, the first of the first integral."""
    node, order = dividing.atleast_1d(p), sequences.count_of(m, "polyint: the order m")
    constants = broadcast_to(dividing.atleast_1d(0.0 if k is None else k), (order,))
    for i in range(order):
        node = shapes.concatenate([divide(node, np.arange(node.size, 0, -1)), constants[i : i + 1]])
    return node


def poly(seq_of_zeros: Any) -> Node:
    """The polynomial with these zeros, like np.poly: products of ``x - zero``, one after another.

    Raises:
        ShapeError: the zeros are no vector (those of a characteristic polynomial are complex).
    """
    zeros = as_node(seq_of_zeros)
    if zeros.ndim != 1:
        raise ShapeError(f"poly: the zeros are a vector, got shape {zeros.shape}; those of a characteristic polynomial are complex")
    found = constant(1.0, (1,))
    for k in range(zeros.size):
        found = add(pad(found, (0, 1)), negative(pad(multiply(found, zeros[k]), (1, 0))))
    return found


__all__ = ["poly", "polyadd", "polyder", "polyint", "polymul", "polysub"]
