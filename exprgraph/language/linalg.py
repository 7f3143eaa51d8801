"""Products, traces and linear systems."""

from __future__ import annotations

import string
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ..canonical.contract import contract
from ..canonical.joining import reshape
from ..canonical.operands import as_node
from ..canonical.select import select
from ..canonical.solve import solve_node
from ..errors import ShapeError
from ..functions.elementwise import broadcast_shapes, broadcast_to
from ..graph.leaves import identity
from ..graph.node import Node, Operand
from ..graph.views import Entry, Slice
from ..support.integers import whole
from ..support.names import brief
from .axes import axes_listed, normalize_axes, normalize_axis
from .rearranged import rearranged


def matmul(a: Operand, b: Operand) -> Node:
    """The matrix product ``a @ b`` with NumPy's rules for vectors, matrices and stacks of them.

    Shapes ``(..., n, k)`` and ``(..., k, m)`` give ``(..., n, m)``.  A vector counts as a row on the left and as a
    column on the right, and its axis disappears.

    Raises:
        ShapeError: one is a scalar, the inner lengths differ, or the stacks do not broadcast together.

    >>> import exprgraph as eg
    >>> W, x = eg.Symbol("W", shape=(3, 2)), eg.Symbol("x", shape=2)
    >>> (W @ x).shape
    (3,)
    """
    a, b = as_node(a), as_node(b)
    if not a.shape or not b.shape:
        raise ShapeError(f"matmul needs vectors or matrices, got shapes {a.shape} and {b.shape}; use * for scalars")
    inner_b = b.shape[0] if b.ndim == 1 else b.shape[-2]
    if a.shape[-1] != inner_b:
        raise ShapeError(f"matmul of shapes {a.shape} and {b.shape}: {a.shape[-1]} columns meet {inner_b} rows")
    lead_a, lead_b = a.shape[:-2], b.shape[:-2]
    lead = broadcast_shapes(lead_a, lead_b, what=f"matmul of shapes {a.shape} and {b.shape}: the stacks")
    if lead:
        if a.ndim > 1:
            a = broadcast_to(a, lead + a.shape[-2:])
        if b.ndim > 1:
            b = broadcast_to(b, lead + b.shape[-2:])
    left: list[Hashable] = [*range(len(lead)), "i", "k"] if a.ndim > 1 else ["k"]
    right: list[Hashable] = [*range(len(lead)), "k", "j"] if b.ndim > 1 else ["k"]
    out: list[Hashable] = [*range(len(lead))]
    out += ["i"] if a.ndim > 1 else []
    out += ["j"] if b.ndim > 1 else []
    return contract([(a, left), (b, right)], out)


def dot(a: Operand, b: Operand) -> Node:
    """Inner product of vectors, matrix product, or scalar multiple, like np.dot.

    The last axis of a is summed with the last but one of b, or the only one of a vector: shapes ``(..., k)`` and
    ``(..., k, m)`` give all other axes, first those of a.

    Raises:
        ShapeError: these lengths differ.

    >>> import exprgraph as eg
    >>> x, y = eg.Symbol("x", shape=2), eg.Symbol("y", shape=2)
    >>> eg.dot(x, y)
    x[0]*y[0] + x[1]*y[1]
    """
    a, b = as_node(a), as_node(b)
    if not a.shape or not b.shape:
        return a * b
    k = b.ndim - 1 if b.ndim == 1 else b.ndim - 2
    if a.shape[-1] != b.shape[k]:
        raise ShapeError(f"dot of shapes {a.shape} and {b.shape}: {a.shape[-1]} does not meet {b.shape[k]}")
    left: list[Hashable] = [("a", i) for i in range(a.ndim)]
    right: list[Hashable] = [("b", i) for i in range(b.ndim)]
    out = left[:-1] + right[:k] + right[k + 1 :]
    right[k] = left[-1]
    return contract([(a, left), (b, right)], out)


def vecdot(x1: Operand, x2: Operand, axis: int = -1) -> Node:
    """The inner products of vectors along an axis; other axes broadcast, like np.vecdot."""
    product = as_node(x1) * x2
    k = normalize_axis(axis, product.ndim)
    return contract([(product, range(product.ndim))], [i for i in range(product.ndim) if i != k])


def matvec(x1: Operand, x2: Operand) -> Node:
    """Matrices times vectors; leading axes broadcast, like np.matvec."""
    return squeeze(matmul(x1, expand_dims(x2, -1)), -1)


def vecmat(x1: Operand, x2: Operand) -> Node:
    """Vectors times matrices; leading axes broadcast, like np.vecmat."""
    return squeeze(matmul(expand_dims(x1, -2), x2), -2)


def outer(a: Operand, b: Operand) -> Node:
    """The outer product of all elements of a and all elements of b, like np.outer; shape ``(a.size, b.size)``.

    >>> import exprgraph as eg
    >>> x, y = eg.Symbol("x", shape=2), eg.Symbol("y", shape=3)
    >>> eg.outer(x, y).shape, eg.outer(x, y)[1, 2]
    ((2, 3), x[1]*y[2])
    """
    a, b = as_node(a), as_node(b)
    return contract([(reshape(a, (a.size,)), ["i"]), (reshape(b, (b.size,)), ["j"])], ["i", "j"])


def einsum(rule: str | Operand, *operands: Any) -> Node:
    """np.einsum with explicit or implicit output; an ellipsis means leading axes.

    Args:
        rule: the labels of the axes of each operand and of the result, such as ``"ij,j->i"``.
        operands: one expression for each.

    NumPy's other form has numbers as labels: ``einsum(A, [0, 1], x, [1], [0])``.

    Raises:
        ShapeError: the rule has another number of operands or of axes, a label has two sizes, or the output
            has a label twice, or one that no operand has.
        TypeError: there is neither a rule nor lists of labels.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(3, 3))
    >>> eg.einsum("ii", A).shape, eg.einsum("ij->ji", A).shape
    ((), (3, 3))
    """
    if not isinstance(rule, str):
        rule, operands = _spelled_rule((rule, *operands))
    nodes = [as_node(o) for o in operands]
    inputs, arrow, result = rule.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(nodes):
        raise ShapeError(f"einsum {rule!r} describes {len(terms)} operands, got {len(nodes)}")
    labels: list[list[Hashable]] = []
    lead = 0
    for term, node in zip(terms, nodes):
        before, dots, after = term.partition("...")
        named = before + after
        if not all(c.isalpha() for c in named):
            raise ShapeError(f"einsum {rule!r}: {term!r} may hold letters and one '...'")
        extra = node.ndim - len(named)
        if extra < 0 or (extra > 0 and not dots):
            raise ShapeError(f"einsum {rule!r}: {term!r} has {len(named)} labels for an operand of shape {node.shape}")
        lead = max(lead, extra)
        labels.append([*before, *(("...", extra - i) for i in range(extra)), *after])
    ellipsis: list[Hashable] = [("...", lead - i) for i in range(lead)]
    if arrow:
        before, dots, after = result.partition("...")
        out: list[Hashable] = [*before, *(ellipsis if dots else []), *after]
        if lead and not dots:
            raise ShapeError(f"einsum {rule!r}: the output needs '...' because an input has it")
    else:
        every = [k for ks in labels for k in ks]
        out = ellipsis + sorted(k for k in set(every) if isinstance(k, str) and every.count(k) == 1)
    have = {k for ks in labels for k in ks}
    for k in out:
        if k not in have:
            raise ShapeError(f"einsum {rule!r}: output label {k!r} is in no input")
        if out.count(k) > 1:
            raise ShapeError(f"einsum {rule!r}: label {k!r} occurs twice in the output")
    size: dict[Hashable, int] = {}
    for ks, node in zip(labels, nodes):
        own: dict[Hashable, int] = {}
        for k, n in zip(ks, node.shape):
            if own.setdefault(k, n) != n:
                raise ShapeError(f"einsum {rule!r}: label {k!r} has sizes {own[k]} and {n} in an operand of shape {node.shape}")
            if size.get(k, 1) == 1:
                size[k] = n
            elif n != 1 and n != size[k]:
                raise ShapeError(f"einsum {rule!r}: label {k!r} has size {size[k]} in one operand and {n} in another")
    for i, (ks, node) in enumerate(zip(labels, nodes)):  # an axis of length one broadcasts, as in NumPy
        short = [k for k, n in zip(ks, node.shape) if n != size[k]]
        if short:
            nodes[i] = select(node, tuple(0 if k in short else None for k in ks))
            labels[i] = [k for k in ks if k not in short]
    return contract(list(zip(nodes, labels)), out, size)


def _spelled_rule(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The rule and the operands of a call with lists of numbers as labels."""
    if len(given) < 2 or not all(isinstance(ks, (list, tuple)) for ks in given[1::2]):
        raise TypeError(
            f"einsum takes its rule as a string such as 'ij,j->i', or each operand with a list of labels, got {type(given[0]).__name__}"
        )
    letters: dict[Any, str] = {Ellipsis: "..."}
    for k in (k for ks in [*given[1::2], *given[2 * (len(given) // 2) :]] for k in ks):
        if k is not Ellipsis and (not isinstance(k, int) or not 0 <= k < len(string.ascii_letters)):
            raise ShapeError(f"einsum: labels are whole numbers from 0 to {len(string.ascii_letters) - 1} or ..., got {k!r}")
        letters.setdefault(k, string.ascii_letters[k] if k is not Ellipsis else "...")
    terms = ["".join(letters[k] for k in ks) for ks in given[1::2]]
    out = ["->" + "".join(letters[k] for k in given[-1])] if len(given) % 2 else []
    return ",".join(terms) + "".join(out), given[0 : 2 * len(terms) : 2]


def transpose(x: Operand, axes: Sequence[int] | None = None) -> Node:
    """Permute the axes, by default in reverse order, like np.transpose.

    Raises:
        ShapeError: ``axes`` is not a permutation of the axes.
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 3, 4))
    >>> eg.transpose(A).shape, eg.transpose(A, (1, 0, 2)).shape
    ((4, 3, 2), (3, 2, 4))
    """
    node = as_node(x)
    if axes is None:
        order = list(range(node.ndim))[::-1]
    else:
        order = [normalize_axis(a, node.ndim, "transpose: axis") for a in axes_listed(axes, "transpose")]
    if sorted(order) != list(range(node.ndim)):
        raise ShapeError(f"transpose: axes {tuple(order)} are not a permutation of the {node.ndim} axes of shape {node.shape}")
    return contract([(node, range(node.ndim))], order)


def moveaxis(x: Operand, source: int | Sequence[int], destination: int | Sequence[int]) -> Node:
    """Move one axis or several to other positions, like np.moveaxis; the others keep their order.

    Raises:
        AxisError: an axis is out of range.
        ValueError: the numbers of axes and of positions differ, or one is named twice.

    >>> import exprgraph as eg
    >>> eg.moveaxis(eg.Symbol("A", shape=(2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    node = as_node(x)
    moved = [normalize_axis(a, node.ndim) for a in axes_listed(source, "moveaxis")]
    to = [normalize_axis(a, node.ndim) for a in axes_listed(destination, "moveaxis")]
    if len(moved) != len(to) or len(set(moved)) < len(moved) or len(set(to)) < len(to):
        raise ValueError(f"moveaxis: axes {moved} to positions {to}; as many of both, and each once")
    order = [k for k in range(node.ndim) if k not in moved]
    for d, s in sorted(zip(to, moved)):
        order.insert(d, s)
    return transpose(node, order)


def swapaxes(x: Operand, a: int, b: int) -> Node:
    """Exchange two axes, like np.swapaxes.

    Raises:
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> eg.swapaxes(eg.Symbol("A", shape=(2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    node = as_node(x)
    a, b = normalize_axis(a, node.ndim), normalize_axis(b, node.ndim)
    order = list(range(node.ndim))
    order[a], order[b] = order[b], order[a]
    return transpose(node, order)


def expand_dims(x: Operand, axis: int | tuple[int, ...]) -> Node:
    """Insert an axis of length one at a position of the result, or several at several, like np.expand_dims.

    Raises:
        AxisError: the position is out of range.

    >>> import exprgraph as eg
    >>> eg.expand_dims(eg.Symbol("x", shape=3), 1).shape
    (3, 1)
    """
    node = as_node(x)
    ndim = node.ndim + (len(axis) if isinstance(axis, (tuple, list)) else 1)
    new = normalize_axes(axis if isinstance(axis, (tuple, list)) else (axis,), ndim)
    return contract([(node, [i for i in range(ndim) if i not in new])], range(ndim), dict.fromkeys(new, 1))


def squeeze(x: Operand, axis: int | tuple[int, ...] | None = None) -> Node:
    """Remove axes of length one (by default all of them), like np.squeeze.

    Raises:
        ShapeError: a named axis has another length.
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(1, 3, 1))
    >>> eg.squeeze(A).shape, eg.squeeze(A, 0).shape
    ((3,), (3, 1))
    """
    node = as_node(x)
    if axis is None:
        axes = {k for k, n in enumerate(node.shape) if n == 1}
    else:
        axes = {normalize_axis(a, node.ndim) for a in (axis if isinstance(axis, tuple) else (axis,))}
        for k in axes:
            if node.shape[k] != 1:
                raise ShapeError(f"squeeze: axis {k} of shape {node.shape} has length {node.shape[k]}, not 1")
    return select(node, tuple(0 if k in axes else None for k in range(node.ndim)))


def trace(x: Operand, axis1: int = 0, axis2: int = 1, *, offset: int = 0) -> Node:
    """The sum of a diagonal of two axes (by default the main one of the first two), like np.trace; the other axes stay.

    The trace is pushed down: ``trace(hessian(f, x))`` never forms the Hessian.

    Raises:
        ShapeError: there are no two axes, or they are the same.
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=3)
    >>> eg.trace(eg.hessian(eg.dot(x, x), x))
    6
    """
    node, a, b = _with_diagonal(x, axis1, axis2, offset)
    labels = [a if k == b else k for k in range(node.ndim)]
    return contract([(node, labels)], [k for k in labels if k != a])


def diagonal(x: Operand, axis1: int = 0, axis2: int = 1, *, offset: int = 0) -> Node:
    """A diagonal of two axes (by default the main one of the first two) as the last axis, like np.diagonal.

    Raises:
        ShapeError: there are no two axes, or they are the same.
        AxisError: an axis is out of range.

    >>> import exprgraph as eg
    >>> eg.diagonal(eg.Symbol("A", shape=(3, 3, 2))).shape
    (2, 3)
    """
    node, a, b = _with_diagonal(x, axis1, axis2, offset)
    labels = [a if k == b else k for k in range(node.ndim)]
    return contract([(node, labels)], [*(k for k in labels if k != a), a])


def _with_diagonal(x: Operand, axis1: int, axis2: int, offset: int) -> tuple[Node, int, int]:
    """The largest part that has a diagonal as its main one, and the two axes."""
    node = as_node(x)
    if node.ndim < 2:
        raise ShapeError(f"a diagonal needs two axes, got shape {node.shape}")
    a, b = normalize_axis(axis1, node.ndim), normalize_axis(axis2, node.ndim)
    if a == b:
        raise ShapeError(f"a diagonal needs two different axes, got {axis1} twice")
    k = _offset(offset)
    first, second = max(-k, 0), max(k, 0)
    n = max(min(node.shape[a] - first, node.shape[b] - second), 0)
    entries: list[Entry] = [Slice(first, 1, n) if i == a else Slice(second, 1, n) if i == b else None for i in range(node.ndim)]
    return select(node, entries), a, b


def _offset(offset: int) -> int:
    k = whole(offset)
    if k is None:
        raise TypeError(f"the offset of a diagonal is a whole number, got {brief(offset)}")
    return k


def diag(x: Operand, k: int = 0) -> Node:
    """The matrix with a vector on its diagonal k, and zeros elsewhere, or the diagonal k of a matrix, like np.diag.

    Raises:
        ShapeError: x is neither a vector nor a matrix.

    >>> import exprgraph as eg
    >>> eg.diag(eg.Symbol("x", shape=2))
    [[x[0], 0], [0, x[1]]]
    """
    node = as_node(x)
    if node.ndim == 2:
        return diagonal(node, offset=k)
    if node.ndim != 1:
        raise ShapeError(f"diag takes a vector or a matrix, got shape {node.shape}")
    square, k = contract([(node, ["i"]), (identity(node.size), ["i", "j"])], ["i", "j"]), _offset(k)
    return square if k == 0 else rearranged("diag", np.pad, square, [(max(-k, 0), max(k, 0)), (max(k, 0), max(-k, 0))])


def solve(a: Operand, b: Operand) -> Node:
    """The solution x of ``a @ x = b``; ``a`` is (n, n), ``b`` is (n,) or (n, m), and so is the solution.

    Stacks ``(..., n, n)`` of matrices are solved with a vector, or with stacks ``(..., n, m)``, as by ``np.linalg.solve``.
    Systems of one matrix, its determinant and their derivatives share its factors in compiled code.

    Differentiable by both.  A singular matrix gives NaN (a 1 by 1 matrix of 0 gives quotients by 0), in every backend,
    and no error; in a batch, only for that sample.  A matrix counts as singular if elimination leaves a pivot of 0, or
    one no larger than its rounding error.  A matrix with NaN gives NaN.  The result for a matrix with infinities is not
    specified.  If the right-hand side is zero by construction, so is the solution.

    Raises:
        ShapeError: the matrix is not square, the right-hand side does not have n rows, or stacks do not broadcast together.

    >>> import exprgraph as eg
    >>> A, b = eg.Symbol("A", shape=(2, 2)), eg.Symbol("b", shape=2)
    >>> eg.evaluate(eg.solve(A, b), {A: [[2.0, 0.0], [0.0, 4.0]], b: [2.0, 2.0]})
    array([1. , 0.5])
    """
    a, b = as_node(a), as_node(b)
    if a.ndim < 2 or a.shape[-2] != a.shape[-1]:
        raise ShapeError(f"solve: the matrix must be square, got shape {a.shape}")
    if a.ndim == 2:
        if b.ndim == 0 or b.shape[0] != a.shape[0]:
            raise ShapeError(f"solve: the right-hand side must have {a.shape[0]} rows, got shape {b.shape}")
        return solve_node(a, b)
    return solve_node(*stacked("solve", a, b))


def stacked(what: str, a: Node, b: Node) -> tuple[Node, Node]:
    """Matrices and right-hand sides, a vector for all or matrices, with the same axes in front.

    Raises:
        ShapeError: the right-hand sides do not have n rows, or the axes in front do not broadcast together.
    """
    n, columns = a.shape[-1], b.shape[-1:] if b.ndim > 1 else ()
    if b.ndim == 0 or b.shape[-1 - len(columns)] != n:
        raise ShapeError(f"{what}: the right-hand side must have {n} rows, got shape {b.shape}")
    lead = broadcast_shapes(a.shape[:-2], b.shape[:-2], what=f"{what}: the stacks of shapes {a.shape} and {b.shape}")
    return broadcast_to(a, (*lead, n, n)), broadcast_to(b, (*lead, n, *columns))


def inv(a: Operand) -> Node:
    """The inverse of a square matrix, or of each of a stack; prefer ``solve``, which needs fewer operations.

    A singular matrix gives NaN (1 by 1: infinity), as in :func:`solve`.

    Raises:
        ShapeError: the matrix is not square.

    >>> import exprgraph as eg
    >>> A = eg.Symbol("A", shape=(2, 2))
    >>> eg.evaluate(eg.inv(A), {A: [[2.0, 0.0], [0.0, 4.0]]})
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    node = as_node(a)
    if node.ndim < 2 or node.shape[-2] != node.shape[-1]:
        raise ShapeError(f"inv: the matrix must be square, got shape {node.shape}")
    return solve_node(node, broadcast_to(identity(node.shape[-1]), node.shape))
