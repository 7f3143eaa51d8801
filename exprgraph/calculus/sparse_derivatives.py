"""Sparse Jacobians and Hessians for users.

Four ways lead to the entries.  A graph of scalars selected from arrays is differentiated entry by entry
(:mod:`exprgraph.calculus.entries`).  Every other graph stays a graph of arrays: its pattern comes from the graph
(:mod:`exprgraph.calculus.patterns`), its entries are carried through the graph (:mod:`exprgraph.calculus.bands`), or come from a
few sweeps (:mod:`exprgraph.calculus.compressed`) where these compute less.  Small graphs of short arrays that bands do not know
are expanded to scalars (:mod:`exprgraph.calculus.expanded`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Literal

import numpy as np

from ..canonical.arithmetic import linear, product
from ..canonical.contract import contract
from ..canonical.grouping import differentiating
from ..canonical.joining import stack
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import DifferentiationError, ShapeError
from ..functions.elementwise import broadcast_to
from ..graph.leaves import constant, zeros
from ..graph.node import Node, Operand
from ..graph.traverse import dependents, symbols_of, topological
from ..support.collecting import uncollected
from ..support.names import brief
from ..support.patterns import Pattern, stacked, symmetric
from .banded import banded
from .bands import LONGEST, most_bands
from .compressed import Sweeps, best_plan, forward_plan, nonzeros, reverse_plan, symmetric_plan
from .entries import crosses_samples, entry_derivatives
from .expanded import expanded, has_short_arrays
from .patterns import Size, patterns_with_size
from .reverse import pull_back
from .scalar_graphs import ScalarGraph, numbers_of, scalar_graph
from .sparse import SparseJacobian, entries_of_jacobian
from .sparse_matrix import SparseMatrix

SparseMode = Literal["auto", "forward", "reverse"]


@uncollected()
def sparse_jacobian(f: Operand, x: Operand | Sequence[Operand], mode: SparseMode = "auto") -> SparseMatrix:
    """The Jacobian of f by x as a sparse matrix: positions from the graph, and one expression of all entries.

    Args:
        f: an expression, or a nested list of expressions.  Rows count its elements in row-major order.
        x: a symbol, or several: then columns count the elements of one after another.
        mode: "forward" differentiates along columns, of which those without a common row are one direction;
            "reverse" does so along rows.  "auto" carries the entries through the graph of arrays if that makes fewer numbers
            than sweeps do, which have a number an element and direction.  Otherwise it takes the smaller number of
            directions, and may take a few long rows in reverse and the rest forward, or a few long columns forward and the
            rest in reverse; small graphs of arrays of some ten elements it expands to scalars then.  Graphs of scalars it
            differentiates entry by entry, if there are few symbols.

    Returns:
        A :class:`SparseMatrix` of shape ``(f.size, x.size)``.

    Raises:
        DifferentiationError: x is not a symbol, or a symbol is given twice; or the derivative of one sample's value by
            another sample's symbol would be needed, or forward mode would add up the samples' derivatives.
        ValueError: the mode is unknown.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=1000)
    >>> residual = x[2:] - 2 * x[1:-1] + x[:-2] - eg.exp(x[1:-1])
    >>> eg.sparse_jacobian(residual, x)
    <SparseMatrix of shape (998, 1000) with 2994 entries, 0 colours>
    >>> eg.sparse_jacobian(residual, x, mode="forward")
    <SparseMatrix of shape (998, 1000) with 2994 entries, 3 colours>
    """
    f, xs = as_node(f), _symbols(x, "sparse_jacobian")
    if mode not in ("auto", "forward", "reverse"):
        raise ValueError(f'sparse_jacobian: mode must be "auto", "forward" or "reverse", got {mode!r}')
    graph = _scalar_style([f], xs) if mode == "auto" else None
    if graph is not None:
        return _by_entries(graph, xs, False)
    (found,), size = patterns_with_size([f], *_seeds(xs))
    crossing = [s for s in xs if crosses_samples([f], s)]
    if crossing and mode == "forward":
        raise DifferentiationError(
            f"sparse_jacobian: {crossing[0].name!r} is per sample and f sums over samples; forward mode would add up the samples' "
            'derivatives. Use mode="reverse" (or "auto")'
        )
    columns = xs[0].shape if len(xs) == 1 else ()
    if mode == "reverse" or crossing:
        return _by_sweeps([f], xs, found, reverse_plan(found, f.shape))
    if mode == "forward":
        return _by_sweeps([f], xs, found, forward_plan(found, columns))
    return _matrix([f], xs, found, size, False, lambda: best_plan(found, f.shape, columns))


@uncollected()
def sparse_hessian(f: Operand, x: Operand | Sequence[Operand]) -> SparseMatrix:
    """The second derivatives of a scalar f by x as a sparse matrix.

    The entries of the gradient's Jacobian are carried through the graph of arrays, or the gradient is differentiated along
    directions that a star colouring of the symmetric pattern finds: what makes fewer numbers.  All entries are there, those
    below and above the diagonal; those above are the same numbers as those below.

    Args:
        f: a scalar expression.
        x: a symbol, or several: then rows and columns count the elements of one after another.

    Returns:
        A :class:`SparseMatrix` of shape ``(x.size, x.size)``.

    Raises:
        ShapeError: f is not a scalar.
        DifferentiationError: x is not a symbol, or a symbol is given twice.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=1000)
    >>> H = eg.sparse_hessian(eg.sum((x[1:] - x[:-1] ** 2) ** 2), x)
    >>> H
    <SparseMatrix of shape (1000, 1000) with 2998 entries, 0 colours>
    """
    f, xs = as_node(f), _symbols(x, "sparse_hessian")
    if f.shape not in ((), (1,)):
        raise ShapeError(f"sparse_hessian takes a scalar expression, got shape {f.shape}")
    return _hessian(_scalar(f), xs)


def _scalar(f: Node) -> Node:
    """The only element of an array of shape ``(1,)``, such as the output of a network."""
    return select(f, (0,)) if f.shape == (1,) else f


@uncollected()
def sparse_lagrangian_hessian(
    f: Operand, constraints: Operand, x: Operand | Sequence[Operand], multipliers: Operand, factor: Operand = 1.0
) -> SparseMatrix:
    """The second derivatives of ``factor*f + sum(multipliers*constraints)`` by x as a sparse matrix.

    That is what solvers for constrained problems ask for; IPOPT calls the factor sigma.  Multipliers and factor are symbols
    most often: then one pattern serves for all of their values.

    Args:
        f: a scalar expression, the objective.
        constraints: an expression, or a nested list of expressions.
        x: a symbol, or several.
        multipliers: an expression that broadcasts to the shape of the constraints.
        factor: a scalar expression.

    Returns:
        A :class:`SparseMatrix` of shape ``(x.size, x.size)``.

    Raises:
        ShapeError: f or the factor is not a scalar; the multipliers have another shape than the constraints.
        DifferentiationError: x is not a symbol, or a symbol is given twice.

    >>> import exprgraph as eg
    >>> x, y, s = eg.Symbol("x", 3), eg.Symbol("y", 2), eg.Symbol("s")
    >>> H = eg.sparse_lagrangian_hessian(eg.sum(x**4), x[1:] * x[:-1], x, y, s)
    >>> H.to_scipy(eg.evaluate(H.values, {x: [1.0, 0.0, 0.0], y: [5.0, 7.0], s: 2.0})).toarray()
    array([[24.,  5.,  0.],
           [ 5.,  0.,  7.],
           [ 0.,  7.,  0.]])
    """
    what = "sparse_lagrangian_hessian"
    f, g, y, factor = _scalar(as_node(f)), as_node(constraints), as_node(multipliers), as_node(factor)
    for name, node in (("f", f), ("the factor", factor)):
        if node.shape:
            raise ShapeError(f"{what}: {name} is a scalar expression, got shape {node.shape}")
    xs = _symbols(x, what)
    try:
        y = broadcast_to(y, g.shape)
    except ShapeError:
        raise ShapeError(f"{what}: multipliers must have the constraints' shape {g.shape}, got {y.shape}") from None
    with differentiating([f, g]):
        axes = list(range(g.ndim))
        terms = [(1.0, product([(factor, 1.0), (f, 1.0)])), (1.0, contract([(y, axes), (g, axes)], []))]
        return _hessian(linear(terms), xs)


#: graphs with at most this many elements in all are expanded to scalars by ``jacobian(f, x, sparse=True)``
_EXPANDED = 4000


@uncollected()
def jacobian_of_entries(f: Node, x: Node) -> SparseJacobian:
    """The result of ``jacobian(f, x, sparse=True)``: scalars and small arrays entry by entry, large arrays as above."""
    graph = scalar_graph([f], [x])
    if graph is not None or sum(n.size for n in dependents(topological([f]), [x])) <= _EXPANDED:
        return entries_of_jacobian(f, x, graph)
    found = sparse_jacobian(f, x)
    return SparseJacobian(tuple(found.rows.tolist()), tuple(found.columns.tolist()), found.values, found.shape)


# ---------------------------------------------------------------- the ways

#: bands are taken where they have at most this part of the numbers of sweeps, which are fewer operations on larger arrays
_QUICKER = 0.8


def _symbols(x: Operand | Sequence[Operand], what: str) -> list[Node]:
    given = list(x) if isinstance(x, (list, tuple)) else [x]
    nodes = []
    for one in given:
        if not isinstance(one, Node) or symbols_of([one]) != [one]:
            said = brief(one) if isinstance(one, Node) else repr(one)
            raise DifferentiationError(f"{what}: derivatives are taken by a symbol or by several, got {said}")
        if one in nodes:
            raise DifferentiationError(f"{what}: the symbol {one.name!r} is given twice")
        nodes.append(one)
    if not nodes:
        raise DifferentiationError(f"{what}: derivatives are taken by a symbol or by several, got none")
    return nodes


#: derivatives by more symbols than these are not taken symbol by symbol, with a walk over the graph for each
_ONE_BY_ONE = 16


def _scalar_style(outputs: Sequence[Node], xs: Sequence[Node]) -> ScalarGraph | None:
    """The graph of outputs that are scalars of a few symbols, which are differentiated entry by entry."""
    return scalar_graph(outputs, xs) if len(xs) <= _ONE_BY_ONE else None


def _seeds(xs: Sequence[Node]) -> tuple[dict[Node, Pattern], int]:
    """The pattern of each symbol by itself, and the number of columns."""
    starts = np.cumsum([0, *(x.size for x in xs)]).tolist()
    return {x: Pattern.diagonal(x.size, starts[-1], start) for x, start in zip(xs, starts)}, starts[-1]


def _by_entries(graph: ScalarGraph, xs: Sequence[Node], symmetric: bool) -> SparseMatrix:
    """All entries of a Jacobian of scalars; of a symmetric one, those on and below the diagonal twice."""
    parts = graph.parts
    starts = np.cumsum([0, *(x.size for x in xs)]).tolist()
    found: list[tuple[int, int, Node]] = []
    for x, start in zip(xs, starts):
        table = entry_derivatives(parts, x, graph, [r - start for r in range(len(parts))] if symmetric else None)
        for r, row in enumerate(table):
            found += [(r, start + c, value) for c, value in zip(numbers_of(row, x.shape), row.values())]
    if symmetric:
        found += [(c, r, value) for r, c, value in found if c < r]
    found.sort(key=itemgetter(0, 1))
    rows, columns, values = zip(*found) if found else ((), (), ())
    node = stack(values) if values else zeros((0,))
    return SparseMatrix(np.array(rows, int), np.array(columns, int), node, (len(parts), starts[-1]))


def _matrix(
    outputs: Sequence[Node], xs: Sequence[Node], found: Pattern, size: Size, symmetric: bool, plan: Callable[[], Sweeps]
) -> SparseMatrix:
    """By bands, if they have fewer numbers than sweeps, with a direction for each entry of a row; else by scalars, if arrays are short."""
    active = [*xs, *size.entries]
    numbers = sum([n.size for n in active])
    most = int(_QUICKER * numbers * found.nnz / max(*found.shape, 1))
    values = None
    if sum(size.entries.values()) <= most and size.longest <= LONGEST and size.rows <= most_bands(len(active)):
        values = banded(outputs, xs, found, size, symmetric, most)
    if values is None and found.nnz and len(xs) <= _ONE_BY_ONE and has_short_arrays(active, size):
        values = expanded(outputs, xs, found, symmetric)
    if values is None:
        return _by_sweeps(outputs, xs, found, plan())
    return SparseMatrix(found.rows, found.columns, values, found.shape)


def _by_sweeps(outputs: Sequence[Node], xs: Sequence[Node], found: Pattern, plan: Sweeps) -> SparseMatrix:
    return SparseMatrix(found.rows, found.columns, nonzeros(outputs, xs, plan), found.shape, plan.directions)


def _hessian(f: Node, xs: Sequence[Node]) -> SparseMatrix:
    with differentiating([f]):
        gradients = pull_back(f, constant(1.0), xs)
        graph = _scalar_style(gradients, xs)
        if graph is not None:
            return _by_entries(graph, xs, True)
        seeds, width = _seeds(xs)
        parts, size = patterns_with_size(gradients, seeds, width)
        found = symmetric(stacked(parts))
        if any(crosses_samples([f], x) for x in xs):
            return _by_sweeps(gradients, xs, found, reverse_plan(found))
        shape = xs[0].shape if len(xs) == 1 else ()
        return _matrix(gradients, xs, found, size, True, lambda: symmetric_plan(found, shape))


__all__ = ["SparseMode", "jacobian_of_entries", "sparse_hessian", "sparse_jacobian", "sparse_lagrangian_hessian"]
