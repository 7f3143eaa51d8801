"""Checks of derivatives: all modes against each other, and against differences of 80 digits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .. import over_samples
from ..calculus.derivatives import jvp, taylor, vjp
from ..canonical.contract import contract
from ..canonical.operands import as_node
from ..graph.node import Node
from ..graph.primitive import SAMPLE_SUM
from ..graph.traverse import symbols_of, topological
from ..language.reductions import sum as sum_
from ..lowering import compile as compile_
from ..meaning.evaluate import evaluate_nodes, taken_as_shared
from .differences import STEP, directional_derivatives, settled
from .disagreement import Disagreement, UnsmoothPointError, Values, allowances, check_tolerance, difference, program, smallest
from .domains import inside
from .growing import values_for
from .precise import evaluate_precisely
from .whole_jacobians import whole_jacobians

_NAMES = ("the value", "the first derivative", "the second derivative", "the third derivative")


class _Form(NamedTuple):
    """One of several expressions of the same quantity."""

    mode: str
    order: int
    node: Node
    #: the map from the derivative of the expression itself to this form
    weighted: bool


def check_derivatives(
    e: Any,
    order: int = 3,
    *,
    at: Values | None = None,
    by: Node | Iterable[Node] | None = None,
    compiled: bool = True,
    seed: int = 0,
    tolerance: float = 0.0,
) -> None:
    """Check an expression's values and its derivatives up to an order.

    Along a random direction of all symbols together, each derivative is computed forward, in reverse, forward over
    reverse, and by ``taylor``.  Small Jacobians and Hessians are computed whole: in both modes, sparse, and entry by
    entry; Laplacians too.  Their values to 50 digits must agree with differences of ``e`` to 80 digits, and NumPy and
    compiled code (single samples, batches, float32) must agree with them, up to the measured effect of rounding.

    Args:
        e: an expression.
        order: the highest derivative.
        at: a value for each symbol, with one batch axis where it differs by sample; random ones by default.
        by: the symbol or symbols to differentiate by; all by default.
        compiled: whether to compile it.
        seed: the seed of the directions, and of values that are not given.
        tolerance: a relative error that is allowed beside rounding, for functions that are approximations.

    Raises:
        Disagreement: results differ; the message has a program with the smallest failing expression found.
        UnsmoothPointError: ``e`` has no derivative at this point, or no finite value.
        ValueError: a symbol of ``by`` does not occur.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_derivatives
    >>> x = eg.Symbol("x", shape=2)
    >>> check_derivatives(eg.sum(eg.tanh(x)) / (1 + x[0] ** 2), order=2)
    """
    check_tolerance("check_derivatives", tolerance)
    node = as_node(e)
    symbols = symbols_of([node])
    values = dict(at) if at is not None else dict(values_for(np.random.default_rng(seed), symbols))
    wanted = None if by is None else (by,) if isinstance(by, Node) else tuple(by)
    for s in wanted or ():
        if s not in symbols:
            known = ", ".join(map(str, symbols)) or "nothing"
            raise ValueError(f"check_derivatives: by={s} does not occur in the expression; it depends on {known}")
    said = _disagreement(node, order, values, wanted, compiled, seed, tolerance)
    if said is None:
        return
    in_code, kind = "compiled" in said, _kind(said)

    def fails(candidate: Node, at: dict[Node, Any]) -> bool:
        try:
            other = _disagreement(candidate, order, at, wanted, in_code, seed, tolerance)
        except UnsmoothPointError:
            return False
        return other is not None and _kind(other) == kind

    small, there = smallest(node, values, fails)
    what = _disagreement(small, order, there, wanted, in_code, seed, tolerance) or said
    rest = [f", seed={seed}" if seed else "", f", tolerance={tolerance}" if tolerance else ""]
    arguments = "".join([f", {order}", ", at=at", "" if in_code else ", compiled=False", *rest])
    raise Disagreement(what, program([("e", small)], there, f"check_derivatives(e{arguments})"))


def _kind(said: str) -> str:
    """The kind of comparison."""
    return re.split(r" is | has | by ", said)[0]


def _disagreement(
    e: Node, order: int, at: Values, by: tuple[Node, ...] | None, compiled: bool, seed: int, tolerance: float
) -> str | None:
    """The difference in words, or ``None``."""
    symbols = [s for s in symbols_of([e]) if by is None or s in by]
    rng = np.random.default_rng(seed + 1)
    directions = {s: np.round(rng.uniform(-1, 1, s.shape), 3) for s in symbols}
    weights = np.round(rng.uniform(0.5, 1.5, e.shape), 3)
    forms = list(_forms(e, order if symbols else 0, directions, weights))
    nodes = [f.node for f in forms]
    rounding = allowances(nodes, at, tolerance)
    exact = directional_derivatives(e, at, directions, order if symbols else 0)
    if e.size and not any(np.isfinite(_float(v)).all() for v in exact[0].reshape(-1, 1)):
        raise UnsmoothPointError("the expression has no finite value at this point; give another one with at=")
    precise = evaluate_precisely(nodes, at)
    said = _against_differences(forms, precise, exact, rounding, weights, _over_all(e))
    if said is not None:
        finer = STEP * 1e-3
        # of two steps, and to either side: at a kink of x**k those of order k are of the same size with every step
        others = [directional_derivatives(e, at, directions, order if symbols else 0, finer, shift) for shift in (0.0, order, -order)]
        if not all(settled(exact, other) for other in others):
            raise UnsmoothPointError("the expression has no derivative at this point; give another one with at=")
        return said
    said = whole_jacobians(e, _weighted(e, weights), at, symbols, order, _folding, tolerance) if order else None
    if said is not None:
        return said
    by_numpy = evaluate_nodes(nodes, at)
    for f, value, exactly, allowed in zip(forms, by_numpy, precise, rounding):
        said = difference(f"{name_of(f)} by NumPy", value, "to 50 digits", _float(exactly), allowed)
        if said is not None:
            return said
    return _compiled(forms, at, by_numpy, rounding, tolerance) if compiled else None


def name_of(form: _Form) -> str:
    """The quantity and the mode."""
    name = _NAMES[form.order] if form.order < len(_NAMES) else f"the derivative of order {form.order}"
    return name if form.mode == "value" else f"{name} ({form.mode})"


def _float(value: np.ndarray) -> np.ndarray:
    return np.asarray(value, dtype=float)


def _over_all(e: Node) -> bool:
    """Whether samples depend on each other, so that only their sum has derivatives by a sample's values."""
    return e.per_sample and any(n.op is SAMPLE_SUM for n in topological([e]))


def _forms(e: Node, order: int, directions: Mapping[Node, np.ndarray], weights: np.ndarray) -> Iterable[_Form]:
    yield _Form("value", 0, e, False)
    forward, reverse = e, _weighted(e, weights)
    for k in range(1, order + 1):
        mixed = along(reverse, directions)
        forward, reverse = along(forward, directions), _pulled(reverse, directions)
        yield _Form("forward", k, forward, False)
        yield _Form("reverse", k, reverse, True)
        if k > 1:
            yield _Form("forward over reverse", k, mixed, True)
    if len(directions) == 1 and order:
        ((symbol, v),) = directions.items()
        factor = 1.0
        for k, c in enumerate(taylor(e, symbol, v, order)[1:], 1):
            factor *= k
            yield _Form("taylor", k, factor * c, False)


def directional_forms(e: Node, order: int, symbols: Iterable[Node], seed: int) -> list[_Form]:
    """Derivatives along a random direction of these symbols, in every mode, each up to an order."""
    rng = np.random.default_rng(seed + 1)
    directions = {s: np.round(rng.uniform(-1, 1, s.shape), 3) for s in symbols}
    return list(_forms(e, order, directions, np.round(rng.uniform(0.5, 1.5, e.shape), 3)))


def _weighted(e: Node, weights: np.ndarray) -> Node:
    """A scalar of all elements, and of all samples where they depend on each other."""
    axes = list(range(e.ndim))
    scalar = contract([(e, axes), (as_node(weights), axes)], [])
    return over_samples.sum(scalar) if _over_all(e) else scalar


def along(f: Node, directions: Mapping[Node, np.ndarray]) -> Node:
    total: Node | None = None
    for s, v in directions.items():
        term = jvp(f, s, v)
        total = term if total is None else total + term
    assert total is not None
    return total


def _pulled(f: Node, directions: Mapping[Node, np.ndarray]) -> Node:
    total: Node | None = None
    for s, v in directions.items():
        term = sum_(vjp(f, s, 1.0) * v)
        if term.per_sample and s.per_sample and not f.per_sample:
            term = over_samples.sum(term)
        elif s.per_sample and not f.per_sample and not term.per_sample:
            term = over_samples.sum(term)  # the same for every sample
        total = term if total is None else total + term
    assert total is not None
    return total


def _against_differences(
    forms: list[_Form], precise: list[np.ndarray], exact: list[np.ndarray], rounding: list[np.ndarray], weights: np.ndarray, together: bool
) -> str | None:
    size = np.abs(_float(exact[0]))
    error = 1e-25 * (1 + float(np.max(size, initial=0.0, where=np.isfinite(size))))  # of the differences
    for f, value, allowed in zip(forms, precise, rounding):
        wanted = exact[f.order]
        if f.weighted:
            lead = wanted.ndim - weights.ndim
            weighted = np.asarray(wanted * weights, dtype=object)
            wanted = np.asarray(weighted.sum(axis=tuple(range(lead, wanted.ndim))), dtype=object)
            if together:
                wanted = np.asarray(wanted.sum(), dtype=object)
        should = _float(wanted)
        # where the differences are not finite, they say nothing
        known = np.where(np.isfinite(should), _folding(exact[f.order]) + error, np.inf)
        said = difference(name_of(f), _float(value), "by differences of 80 digits", should, allowed + known)
        if said is not None:
            return said
    return None


def _folding(value: np.ndarray) -> float:
    """The error that constants folded in float64, from the direction and the weights, may cause in a derivative."""
    size = np.abs(_float(value))
    return 1e-13 * max(1.0, float(np.max(size, initial=0.0, where=np.isfinite(size))))


def _compiled(forms: list[_Form], at: Values, by_numpy: list[Any], rounding: list[np.ndarray], tolerance: float) -> str | None:
    nodes = [f.node for f in forms]
    symbols = list(at)
    fn = compile_(nodes, symbols, immediate=False)
    for f, value, expected, allowed in zip(forms, fn(*at.values()), by_numpy, rounding):
        said = difference(f"{name_of(f)}, compiled,", value, "by NumPy", expected, allowed)
        if said is not None:
            return said
    if not any(s.per_sample for s in symbols) and not taken_as_shared(nodes):
        # the same point among others: one sample of a batch
        other = {s: np.asarray(v, float) * 0.875 for s, v in at.items()}
        if not inside(nodes, other) and inside(nodes, at):
            other = {s: np.asarray(v, float) for s, v in at.items()}
        batch = {s: np.stack([np.asarray(v, float), other[s], np.asarray(v, float)]) for s, v in at.items()}
        with_batch = evaluate_nodes(nodes, batch)
        more = allowances(nodes, batch, tolerance)
        for f, value, expected, allowed in zip(forms, fn(*batch.values()), with_batch, more):
            said = difference(f"{name_of(f)}, compiled for batches,", value, "by NumPy", expected, allowed)
            if said is not None:
                return said
    single = {s: np.asarray(v, np.float32) for s, v in at.items()}
    if single and (inside(nodes, single) or not inside(nodes, at)):
        narrow = evaluate_nodes(nodes, single)
        allowed32 = allowances(nodes, single, tolerance)
        for f, value, expected, allowed in zip(forms, fn(*single.values()), narrow, allowed32):
            said = difference(f"{name_of(f)}, compiled in float32,", value, "by NumPy", expected, allowed + 1e-37)
            if said is not None:
                return said
    return None


__all__ = ["along", "check_derivatives", "directional_forms", "name_of"]
