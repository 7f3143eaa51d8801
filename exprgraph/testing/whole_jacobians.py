"""Whole Jacobians, Hessians and Laplacians in every mode, dense, sparse and entry by entry, compared with each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..calculus.derivatives import Mode, hessian, jacobian, laplacian
from ..calculus.scalar_graphs import nest
from ..calculus.sparse import SparseJacobian
from ..calculus.sparse_derivatives import sparse_jacobian
from ..canonical.contract import contract
from ..canonical.select import select
from ..errors import DifferentiationError
from ..graph.leaves import constant
from ..graph.node import Node, Shape
from ..graph.primitive import SAMPLE_SUM
from ..graph.traverse import topological
from ..meaning.elements import elements
from .disagreement import Values, allowances, difference
from .precise import evaluate_precisely

#: the most entries of a compared Jacobian
_ENTRIES = 64
#: the most entries of compared second derivatives
_SECOND = 16

#: the name of a mode and its result
Modes = Sequence[tuple[str, Callable[[], Node]]]


def whole_jacobians(
    e: Node, scalar: Node, at: Values, symbols: Sequence[Node], order: int, known: Callable[[np.ndarray], float], tolerance: float
) -> str | None:
    """The difference between modes of whole Jacobians and Laplacians of e and whole Hessians of a scalar, or ``None``.

    ``known`` gives the allowed difference beside rounding, from one value; ``tolerance`` as in :func:`check_derivatives`.
    """
    for s in symbols:
        checks: list[tuple[str, Modes, Shape]] = []
        if e.size * s.size <= _ENTRIES:
            checks.append((f"the Jacobian by {s.name}", _jacobians(e, s), e.shape + s.shape))
        if order > 1 and s.size**2 <= _SECOND:
            gradient = jacobian(scalar, s, "reverse")
            checks.append((f"the Hessian by {s.name}", _jacobians(gradient, s), s.shape + s.shape))
        if order > 1 and e.size * s.size**2 <= _SECOND and not _crossing(e, s):
            checks.append((f"the Laplacian by {s.name}", _laplacians(e, s), e.shape))
        for what, modes, shape in checks:
            said = _compared(what, modes, shape, at, known, tolerance)
            if said is not None:
                return said
    return None


def _crossing(e: Node, s: Node) -> bool:
    """Whether there are sums over the symbol's samples, whose derivatives forward mode would add up."""
    return s.per_sample and any(n.op is SAMPLE_SUM for n in topological([e]))


def _jacobians(e: Node, s: Node) -> Modes:
    first: Mode = "reverse" if _crossing(e, s) else "forward"
    way = e.digest[0] % 8  # sweeps by colours are checked for a part of all expressions, from the one side and from the other
    coloured: Modes = [] if way > 1 else [("by colours", lambda: _by_colours(e, s, "reverse" if way else first))]
    return [
        (first, lambda: jacobian(e, s, first)),
        ("reverse", lambda: jacobian(e, s, "reverse")),
        ("auto", lambda: jacobian(e, s)),
        ("sparse", lambda: scatter(jacobian(e, s, sparse=True), e.shape + s.shape)),
        ("of its elements", lambda: jacobian(_by_elements(e), s)),
        *coloured,
    ]


def _laplacians(e: Node, s: Node) -> Modes:
    n, m = e.ndim, s.ndim
    labels = [*range(n + m), *range(n, n + m)]
    return [
        ("the trace of the Hessian", lambda: contract([(hessian(e, s, "forward"), labels)], range(n))),
        ("whole", lambda: laplacian(e, s)),
        ("of its elements", lambda: laplacian(_by_elements(e), s)),
    ]


def _by_colours(e: Node, s: Node, mode: Mode) -> Node:
    found = sparse_jacobian(e, s, mode)
    rows, columns = tuple(found.rows.tolist()), tuple(found.columns.tolist())
    return scatter(SparseJacobian(rows, columns, found.values, found.shape), e.shape + s.shape)


def _by_elements(e: Node) -> Node:
    """The same array, stacked of its elements as scalars."""
    return nest(list(elements(e).flat), e.shape)


def _compared(what: str, modes: Modes, shape: Shape, at: Values, known: Callable[[np.ndarray], float], tolerance: float) -> str | None:
    made: list[Node] = []
    for mode, by in modes:
        try:
            j = by()
        except DifferentiationError:
            if modes[0][0] == "reverse" and not made:  # one sample's value would depend on those of others
                return None
            raise
        if j.shape != shape:
            return f"{what} ({mode}) has shape {j.shape}, it should have {shape}"
        made.append(j)
    rounding = allowances(made, at, tolerance)
    values = [np.asarray(v, dtype=float) for v in evaluate_precisely(made, at)]
    allowed = rounding[0] + np.where(np.isfinite(values[0]), known(values[0]), np.inf)
    for (mode, _), value, own in list(zip(modes, values, rounding))[1:]:
        said = difference(f"{what} ({mode})", value, modes[0][0], values[0], own + allowed)
        if said is not None:
            return said
    return None


def scatter(sparse: SparseJacobian, shape: Shape) -> Node:
    """The dense array of a sparse Jacobian; positions are in row-major order, none of them twice."""
    positions = list(zip(sparse.rows, sparse.columns))
    assert positions == sorted(set(positions)), f"entries in no order, or twice: {positions}"
    inside = all(0 <= r < sparse.shape[0] and 0 <= c < sparse.shape[1] for r, c in positions)
    assert inside, f"entries outside of {sparse.shape}: {positions}"
    assert sparse.values.shape == (len(positions),), f"{len(positions)} positions and values of shape {sparse.values.shape}"
    there = {p: select(sparse.values, (k,)) for k, p in enumerate(positions)}
    zero = constant(0.0)
    return nest([there.get(p, zero) for p in np.ndindex(*sparse.shape)], shape)


__all__ = ["scatter", "whole_jacobians"]
