"""The check that all backends agree: the same shape and type, and the same value up to rounding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..canonical.operands import as_node
from ..graph.node import Node
from ..graph.traverse import symbols_of
from ..lowering import compile as compile_
from ..lowering.call.backends import backends as all_backends
from ..lowering.call.inspection import inspect
from ..meaning.evaluate import evaluate_nodes, taken_as_shared
from .disagreement import Disagreement, Values, allowances, difference, program, smallest
from .growing import values_for


def check_backends(e: Any, *, at: Values | None = None, backends: Sequence[str] | None = None, seed: int = 0) -> None:
    """Check that the backends agree with ``evaluate``, at one point, at a batch of it, and in float32.

    Args:
        e: an expression.
        at: a value for each symbol, special ones too; random ones by default.
        backends: the backends to check; by default all of :func:`exprgraph.backends`.
        seed: the seed of the random values.

    Raises:
        Disagreement: results differ; the message has a program with the smallest failing expression found.

    >>> import exprgraph as eg
    >>> from exprgraph.testing import check_backends
    >>> x = eg.Symbol("x", shape=2)
    >>> check_backends(eg.tanh(x) / x, at={x: [0.0, -1.0]}, backends=["native", "numpy"])
    """
    node = as_node(e)
    values = dict(at) if at is not None else dict(values_for(np.random.default_rng(seed), symbols_of([node])))
    names = tuple(backends if backends is not None else all_backends())
    said = _disagreement(node, values, names)
    if said is None:
        return
    guilty = [b for b in names if f"backend {b!r}" in said]
    small, there = smallest(node, values, lambda n, v: _disagreement(n, v, guilty) is not None)
    call = f"check_backends(e, at=at, backends={guilty!r})"
    raise Disagreement(_disagreement(small, there, guilty) or said, program([("e", small)], there, call))


def _disagreement(e: Node, at: Values, names: Sequence[str]) -> str | None:
    points: dict[str, Values] = {"": at}
    if at and not any(s.per_sample for s in at) and not taken_as_shared([e]):
        points[" for a batch"] = {s: np.stack([np.asarray(v, float)] * 3) for s, v in at.items()}
    if at:
        with np.errstate(all="ignore"):
            points[" in float32"] = {s: np.asarray(v, np.float32) for s, v in at.items()}
    right = {}
    for where, values in points.items():
        (expected,), (allowed,) = evaluate_nodes([e], values), allowances([e], values)
        right[where] = expected, allowed + (1e-37 if where == " in float32" else 0.0)
    for name in names:
        fn = compile_(e, list(at), backend=name)
        # NumPy or the interpreter answers first, and then machine code
        for code in ("", " with its code") if name == "auto" or fn.core.is_interpreted else ("",):
            if code:
                inspect(fn).wait()
            for where, values in points.items():
                said = _compared(f"the value by backend {name!r}{code}{where}", fn(*values.values()), *right[where])
                if said is not None:
                    return said
    return None


def _compared(what: str, got: Any, expected: Any, allowed: Any) -> str | None:
    a, b = np.asarray(got), np.asarray(expected)
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"{what} is {a.dtype} of shape {a.shape}, by evaluate {b.dtype} of shape {b.shape}"
    return difference(what, got, "by evaluate", expected, allowed)


__all__ = ["check_backends"]
