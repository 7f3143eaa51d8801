"""Samples one by one, with vectors of neighbours: when they are, and that results are the same as in blocks."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.loops.target import Target
from exprgraph.lowering.plan import emit

RNG = np.random.default_rng(2)
A, B = eg.Symbol("A", (9, 9)), eg.Symbol("b", 9)
LARGE = eg.Symbol("C", (600, 600))


def block_of(f: eg.Node, x: eg.Node) -> int:
    shared = [s for s in (A, B, LARGE) if eg.contains(f, s)]
    return eg.compile((f, eg.over_samples.sum(f)), [x, *shared], shared=shared).core.program().block


def attention(x: eg.Node) -> eg.Node:
    return eg.softmax(x @ x.T / 9.0) @ x


@pytest.mark.parametrize(
    ("shape", "function", "together"),
    [
        ((64, 64), attention, False),
        ((4, 8), attention, True),  # a block of them stays in the cache
        ((4000, 9), lambda x: eg.tanh(x @ A), False),
        ((9, 2000), lambda x: eg.sin(x) * eg.exp(-x), False),
        ((9000, 2), lambda x: eg.sin(x) * eg.exp(-x), True),  # rows of two neighbours fill no vector
        ((2000, 9), lambda x: eg.scan(lambda c, v: (eg.tanh(A @ c + v), eg.tanh(A @ c + v)), B, x)[1], True),  # matrices times vectors
        ((9, 2000), lambda x: eg.solve(A, x), True),
        ((50, 600), lambda x: eg.tanh(x @ LARGE), True),  # a block reads the matrix once
    ],
)
def test_when_samples_are_computed_one_by_one(shape: tuple[int, ...], function: object, together: bool) -> None:
    x = eg.Symbol("x", shape, per_sample=True)
    block = block_of(function(x), x)  # type: ignore[operator]
    assert block > 1 if together else block == 1


def test_a_matrix_of_all_samples_is_turned_once() -> None:
    """``x @ A.T`` has no rows of neighbours in A: it is copied before the pass over the samples."""
    x = eg.Symbol("x", (4000, 9), per_sample=True)
    programs = [eg.compile(f, (x, A), shared=[A]).core.program() for f in (x @ A, x @ A.T, eg.tanh(x @ A.T) @ A.T)]
    assert [p.shared for p in programs] == [0, 81, 81] and all(p.block == 1 for p in programs)
    assert all("product" in p.called and "dots" not in p.called for p in programs)


def mixture() -> tuple[list[eg.Node], list[eg.Node]]:
    """Elements, products, systems, loops, sums over samples and what comes after them."""
    x, v, w = eg.Symbol("x", (5, 9), per_sample=True), eg.Symbol("v", 9, per_sample=True), eg.Symbol("w", (9, 9))
    y = eg.tanh(x @ w + v) * eg.sin(x @ w.T)
    last, states = eg.scan(lambda c, e: (eg.sin(w @ c + e), c), v, y)
    mean = eg.over_samples.mean(y)
    solved = eg.solve(w + 9.0 * eg.identity(9), eg.sum(y, 0)) + eg.solve(eg.einsum("ij,ik->jk", x, x) + 9.0 * eg.identity(9), v)
    loss = eg.over_samples.sum(eg.sum((y - mean) ** 2) + eg.dot(last, solved))
    outputs = [y, y[0, 0], states, eg.max(x, axis=0), loss, eg.gradient(loss, w), eg.gradient(eg.sum(eg.sort(x) * y[:, :9]), x), mean]
    return outputs, [x, v, w]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["float64", "float32", "threads"])
def test_results_are_those_of_blocks(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, symbols = mixture()
    monkeypatch.setitem(emit.emit.__kwdefaults__, "target", Target(blocks=(1,)))
    f = eg.compile(outputs, symbols, shared=[symbols[2]], threads=2 if kind == "threads" else 1)
    assert f.core.program().block == 1
    dtype = np.float32 if kind == "float32" else np.float64
    for samples in (0, 1, 37):
        given = [RNG.normal(size=(samples, 5, 9)), RNG.normal(size=(samples, 9)), 0.3 * RNG.normal(size=(9, 9))]
        at = dict(zip(symbols, (g.astype(dtype) for g in given)))
        with np.errstate(all="ignore"):
            want = eg.evaluate(outputs, {s: v.astype(float) for s, v in at.items()})
        for got, expected in zip(f(*at.values()), want):
            scale = np.nanmax(np.abs(expected), initial=1e-300)
            assert got.dtype == dtype and got.shape == expected.shape
            np.testing.assert_allclose(got, expected, rtol=0, atol=float(scale) * (2e-5 if dtype == np.float32 else 1e-12))
