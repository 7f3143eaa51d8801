"""Small random expressions over a few arrays, for property tests of printing and of scalar views."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.contract import contract
from exprgraph.indexing import place
from exprgraph.node import Node
from exprgraph.reductions import max as maximum_over
from exprgraph.reductions import min as minimum_over

SYMBOLS = {
    "s": eg.Symbol("s"),
    "x": eg.Symbol("x", (2,)),
    "y": eg.Symbol("y", (3,)),
    "A": eg.Symbol("A", (2, 2)),
    "W": eg.Symbol("W", (3, 2)),
    "p": eg.Symbol("p", (2,), per_sample=True),
}
_RNG = np.random.default_rng(5)
VALUES: dict[Node, Any] = {n: _RNG.uniform(0.3, 1.4, ((4,) if n.per_sample else ()) + n.shape) for n in SYMBOLS.values()}


def _matrix_steps(a: Node) -> list[Any]:
    n, m = a.shape
    steps: list[Any] = [
        lambda: a.T,
        lambda: a[0],
        lambda: a[:, m - 1],
        lambda: a[::-1],
        lambda: a[[n - 1, 0]],
        lambda: eg.sum(a, axis=1),
        lambda: eg.sum(a),
        lambda: maximum_over(a, axis=0),
        lambda: minimum_over(a),
        lambda: a.reshape(-1),
        lambda: a @ SYMBOLS["x"] if m == 2 else a @ SYMBOLS["y"] if m == 3 else a,
        lambda: eg.concatenate([a, 2 * a], axis=1),
    ]
    if n == m and n in (2, 3):
        steps += [lambda: eg.trace(a), lambda: contract([(a, "ii")], "i"), lambda: a @ a]
        steps.append(lambda: eg.solve(a + 3 * np.eye(n), SYMBOLS["xy"[n - 2]]))
    return steps


def _vector_steps(v: Node) -> list[Any]:
    (n,) = v.shape
    return [
        lambda: v[n - 1],
        lambda: v[:, None] * v,
        lambda: v @ v,
        lambda: eg.stack([v, v**2], axis=1),
        lambda: eg.concatenate([v, eg.sin(v)]),
        lambda: contract([(v, "i")], "ij", {"j": 2}),
        lambda: contract([(v, "i"), (np_identity(n), "ij")], "ij"),
        lambda: place(v, (("s", 1, 1, n),), (n + 2,)),
        lambda: place(v, (("t", (0, 2) + (2,) * (n - 2)),), (4,)),
        lambda: eg.sum(v),
        lambda: SYMBOLS["W"] @ v if n == 2 else v,
        lambda: contract([(SYMBOLS["W"], "ij"), (eg.tanh(SYMBOLS["y"]), "i"), (SYMBOLS["A"], "jk")], "ik"),
    ]


def np_identity(n: int) -> Node:
    from exprgraph.leaves import identity

    return identity(n)


def _any_steps(e: Node) -> list[Any]:
    return [
        lambda: eg.tanh(e),
        lambda: eg.diff(eg.tanh(SYMBOLS["s"]), SYMBOLS["s"]) * e,
        lambda: eg.exp(-(e**2)),
        lambda: -e,
        lambda: 2 * e - 3,
        lambda: e**2,
        lambda: e / (2 + e**2),
        lambda: SYMBOLS["s"] / (1 + e**2) ** 2,
        lambda: eg.sqrt(1 + e**2),
        lambda: (1 + e**2) ** -1.5,
        lambda: eg.where(e > 1, e, SYMBOLS["s"]),
        lambda: eg.maximum(e, 0.5),
        lambda: 2.0 ** (e / 5),
        lambda: e * SYMBOLS["s"],
        lambda: eg.sigmoid(e) * 0.25,
    ]


@st.composite
def expressions(draw: st.DrawFn, *, steps: int = 5) -> Node:
    """An expression of at most two axes and few elements, with shared parts."""
    pool = list(SYMBOLS.values())
    e = draw(st.sampled_from(pool))
    for _ in range(draw(st.integers(1, steps))):
        choices = _any_steps(e)
        if e.ndim == 1:
            choices += 2 * _vector_steps(e)
        if e.ndim == 2:
            choices += 2 * _matrix_steps(e)
        same = [q for q in pool if q.shape == e.shape or not q.shape]
        choices += [lambda q=q, e=e: e + q for q in same] + [lambda q=q, e=e: q * e for q in same]
        if e.per_sample:
            choices.append(lambda e=e: eg.over_samples.mean(e))
            choices.append(lambda e=e: eg.over_samples.sum(e))
        new = draw(st.sampled_from(choices))()
        if new.ndim > 2 or new.size > 36:
            continue
        pool.append(new)
        e = new
    return e
