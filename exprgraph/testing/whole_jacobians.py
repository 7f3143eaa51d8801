"""Whole Jacobians and Hessians in every mode, dense, sparse and entry by entry, against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..calculus.derivatives import jacobian
from ..calculus.scalar_graphs import nest
from ..calculus.sparse import SparseJacobian
from ..elements import elements
from ..errors import DifferentiationError
from ..indexing import select
from ..leaves import constant
from ..node import Node, Shape
from ..primitive import SAMPLE_SUM
from ..traverse import topological
from .disagreement import Values, allowances, difference
from .precise import evaluate_precisely

#: Jacobians are compared up to so many entries
_ENTRIES = 64

#: the name of a mode and the Jacobian it gives
Mode = tuple[str, Callable[[Node, Node], Node]]


def whole_jacobians(
    e: Node, scalar: Node, at: Values, symbols: Sequence[Node], order: int, known: Callable[[np.ndarray], float], tolerance: float
) -> str | None:
    """What differs between the modes of whole Jacobians of e and whole Hessians of a scalar, or ``None``.

    ``known`` is what two right values may differ by beside their rounding, from one of them; ``tolerance`` as in :func:`check_derivatives`.
    """
    for s in symbols:
        crossing = s.per_sample and any(n.op is SAMPLE_SUM for n in topological([e]))
        if e.size * s.size <= _ENTRIES:
            said = _compared(f"the Jacobian by {s.name}", e, s, crossing, at, known, tolerance)
            if said is not None:
                return said
        if order > 1 and s.size**2 <= _ENTRIES and not s.per_sample:
            said = _compared(f"the Hessian by {s.name}", jacobian(scalar, s, "reverse"), s, False, at, known, tolerance)
            if said is not None:
                return said
    return None


def _compared(
    what: str, e: Node, s: Node, crossing: bool, at: Values, known: Callable[[np.ndarray], float], tolerance: float
) -> str | None:
    modes: list[Mode] = [
        ("reverse" if crossing else "forward", lambda f, x: jacobian(f, x, "reverse" if crossing else "forward")),
        ("reverse", lambda f, x: jacobian(f, x, "reverse")),
        ("auto", jacobian),
        ("sparse", _scattered),
        ("of its elements", lambda f, x: jacobian(nest(list(elements(f).flat), f.shape), x)),
    ]
    made: list[Node] = []
    for mode, by in modes:
        try:
            j = by(e, s)
        except DifferentiationError:
            if crossing and not made:  # one sample's value would depend on those of others
                return None
            raise
        if j.shape != e.shape + s.shape:
            return f"{what} ({mode}) has shape {j.shape}, it should have {e.shape + s.shape}"
        made.append(j)
    rounding = allowances(made, at, tolerance)
    values = [np.asarray(v, dtype=float) for v in evaluate_precisely(made, at)]
    allowed = rounding[0] + np.where(np.isfinite(values[0]), known(values[0]), np.inf)
    for (mode, _), value, own in list(zip(modes, values, rounding))[1:]:
        said = difference(f"{what} ({mode})", value, modes[0][0], values[0], own + allowed)
        if said is not None:
            return said
    return None


def _scattered(f: Node, x: Node) -> Node:
    """The dense Jacobian that a sparse one stands for."""
    return scatter(jacobian(f, x, sparse=True), f.shape + x.shape)


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
