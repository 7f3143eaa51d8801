"""The check that every backend gives a batch the same shape, type and values, also an empty batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canonical.operands import as_node
from ..graph.leaves import Symbol
from ..graph.node import Node
from ..graph.traverse import symbols_of
from ..lowering import compile as compile_
from ..meaning.evaluate import evaluate
from .disagreement import Disagreement, Values, allowances, difference, program
from .growing import values_for

#: an argument on which nothing depends
_ANOTHER = "another argument"
#: batch axes: none, one, several, and some without elements
LEADS = ((), (1,), (3,), (0,), (2, 0), (2, 2))


def check_batches(e: Any, *, at: Values | None = None, compiled: bool = True, seed: int = 0) -> None:
    """Check that ``evaluate`` and compiled functions agree on batches: in shape and type exactly, in values to rounding.

    Each symbol's value is repeated over the axes of the batch; if the symbol is not declared per sample, it may also stay single.
    Another symbol, on which the expression does not depend, has these axes too, to check constants.

    Args:
        e: an expression.
        at: a value for each symbol, of the symbol's shape; random ones by default.
        compiled: also check machine code, not only ``backend="numpy"``.
        seed: the seed of random choices.

    Raises:
        Disagreement: results differ; the message has a program.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_batches
    >>> x = eg.Symbol("x", shape=2)
    >>> check_batches(eg.hessian(eg.sum(x**2), x))
    """
    node = as_node(e)
    rng = np.random.default_rng(seed)
    symbols = symbols_of([node])
    single = dict(values_for(rng, symbols, samples=1)) if at is None else dict(at)
    single = {s: np.asarray(v, float)[0] if np.ndim(v) > s.ndim else np.asarray(v, float) for s, v in single.items()}
    declared = any(s.per_sample for s in single)
    single[Symbol(_ANOTHER, per_sample=declared)] = np.asarray(0.5)
    functions = {b: compile_(node, list(single), backend=b, immediate=False) for b in ("numpy", "native")[: 1 + compiled]}
    for lead in LEADS:
        batched = {s: s.per_sample if declared else bool(rng.integers(0, 4)) for s in single}
        values = {s: np.array(np.broadcast_to(v, (lead if batched[s] else ()) + s.shape)) for s, v in single.items()}
        said = _said(node, values, functions)
        if said is not None:
            known = {s: v for s, v in single.items() if s.name != _ANOTHER}
            raise Disagreement(said, program([("e", node)], known, f"check_batches(e, at=at, seed={seed})"))


def _said(e: Node, values: Values, functions: dict[str, Any]) -> str | None:
    wanted = _answer(lambda: evaluate(e, values))
    for backend, fn in functions.items():
        got = _answer(lambda fn=fn: fn(*values.values()))
        if isinstance(wanted, str) or isinstance(got, str):
            if not (isinstance(got, str) and got == wanted):
                return f"{backend}: {got!r:.300}, evaluate: {wanted!r:.300}"
        elif (got.shape, got.dtype) != (wanted.shape, wanted.dtype):
            return f"{backend} gives shape {got.shape} of {got.dtype}, evaluate {wanted.shape} of {wanted.dtype}"
        elif got.size:
            said = difference(f"the batch by {backend}", got, "by evaluate", wanted, allowances([e], values)[0])
            if said is not None:
                return said
    return None


def _answer(call: Any) -> Any:
    """An array, or the type of an error, since messages may name the function."""
    try:
        return np.asarray(call())
    except (ValueError, TypeError) as error:
        return type(error).__name__


__all__ = ["check_batches"]
