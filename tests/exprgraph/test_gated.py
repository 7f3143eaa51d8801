"""Sums of gates: products of arrays in which a zero of one operand silences what it is multiplied with."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.canonical.contract import contract
from exprgraph.functions import gated
from exprgraph.functions.rows import GATE
from exprgraph.graph.node import Node
from exprgraph.loops import library, runtime
from exprgraph.loops.print.llvm import LLVMTarget, statements
from exprgraph.loops.print.llvm.expressions import Functions
from exprgraph.lowering.native import machine, programs

NAMES = ("product", "product_left", "product_right", "dots", "dots_left")


def summed(strong: Node, ks: str, factor: Node, js: str, out: str) -> Node:
    """The einsum of two operands where zeros of the first silence the second."""
    size = {**dict(zip(ks, strong.shape)), **dict(zip(js, factor.shape))}
    wide = list(size)
    sides = (contract([(a, own)], wide, size) for a, own in ((strong, ks), (factor, js)))
    return contract([(eg.lookup(GATE.name)(*sides), wide)], list(out))


def by_numpy(strong: np.ndarray, ks: str, factor: np.ndarray, js: str, out: str) -> np.ndarray:
    size = {**dict(zip(ks, strong.shape)), **dict(zip(js, factor.shape))}
    total = np.zeros([size[k] for k in out], strong.dtype)
    for at in np.ndindex(*size.values()):
        place = dict(zip(size, at))
        s = strong[tuple(place[k] for k in ks)]
        if s != 0:
            with np.errstate(all="ignore"):
                total[tuple(place[k] for k in out)] += s * factor[tuple(place[k] for k in js)]
    return total


def values(rng: np.random.Generator, *shapes: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Half of the first are zeros; of the others a row, or an element in ten, is not finite."""
    first, *others = (rng.normal(size=s) for s in shapes)
    first[rng.random(first.shape) < 0.5] = 0.0
    for o in others:
        o[rng.random(o.shape) < 0.1] = rng.choice([np.inf, -np.inf, np.nan])
    return first, *others


#: labels of the operand that silences, of the other, of the result; the functions that do it
CASES = {
    "ik,kj->ij": "product",
    "kj,ik->ij": "product",
    "ik,jk->ij": "dots",
    "k,kj->j": "product",
    "ik,k->i": "dots",
    "ki,kj->ij": "product",
    "ijk,jkl->il": "product",
    "k,k->": "",
    "ik,kj->": "",
}


@pytest.mark.one_in(7)
@pytest.mark.parametrize("rule", CASES)
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (3, 5, 2, 4), (9, 17, 6, 13)], ids=str)
def test_of_shared_operands(rule: str, sizes: tuple[int, ...]) -> None:
    (ks, js), out = rule.split("->")[0].split(","), rule.split("->")[1]
    n = dict(zip("ijkl", sizes))
    strong, factor = eg.Symbol("strong", tuple(n[k] for k in ks)), eg.Symbol("factor", tuple(n[k] for k in js))
    e = summed(strong, ks, factor, js, out)
    fn = eg.compile(e, (strong, factor))
    rng = np.random.default_rng(sum(sizes))
    for _ in range(4):
        s, f = values(rng, strong.shape, factor.shape)
        want = by_numpy(s, ks, f, js, out)
        np.testing.assert_allclose(eg.evaluate(e, {strong: s, factor: f}), want, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(fn(s, f), want, rtol=1e-12, atol=1e-13)
        single = fn(s.astype(np.float32), f.astype(np.float32))
        np.testing.assert_allclose(single, want, rtol=2e-4, atol=2e-4)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("which", ["strong", "factor", "both"])
@pytest.mark.parametrize("samples", [1, 7, 150])
def test_over_lanes(which: str, samples: int) -> None:
    strong = eg.Symbol("strong", 5, per_sample=which != "factor")
    factor = eg.Symbol("factor", (5, 6), per_sample=which != "strong")
    row = eg.Symbol("row", 6, per_sample=True)
    product = summed(strong, "k", factor, "kj", "j")
    outer = eg.over_samples.sum(summed(strong, "k", row, "j", "kj"))
    fn = eg.compile([product, outer], (strong, factor, row))
    lead = [(samples,) if s.per_sample else () for s in (strong, factor)]
    s, f, r = values(np.random.default_rng(samples), lead[0] + (5,), lead[1] + (5, 6), (samples, 6))
    got, total = fn(s, f, r)
    every = [(a[at] if a.ndim > n else a) for at in range(samples) for a, n in ((s, 1), (f, 2))]
    want = np.array([by_numpy(a, "k", b, "kj", "j") for a, b in zip(every[::2], every[1::2])])
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    parts = [by_numpy(a, "k", b, "j", "kj") for a, b in zip(every[::2], r)]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(total, np.sum(parts, axis=0), rtol=1e-12, atol=1e-12)
        at = {strong: s, factor: f, row: r}
        np.testing.assert_allclose(eg.evaluate(product, at), want, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(eg.evaluate(outer, at), np.sum(parts, axis=0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rule", [r for r in CASES if CASES[r]])
def test_as_a_product_of_matrices(rule: str) -> None:
    """No place is made for the gate, and the module calls the tiles, of which CPython's twins give the same."""
    (ks, js), out = rule.split("->")[0].split(","), rule.split("->")[1]
    n = dict(zip("ijkl", (8, 9, 10, 11)))
    strong, factor = eg.Symbol("strong", tuple(n[k] for k in ks)), eg.Symbol("factor", tuple(n[k] for k in js))
    e = summed(strong, ks, factor, js, out)
    program = eg.inspect(eg.compile(e, (strong, factor)), False)
    driver = program.source[program.source.index("def k0(") :]
    called = {name for name in NAMES if f" {name}(" in driver}
    assert len(called) == 1 and called.pop().startswith(CASES[rule] + "_")
    assert program.shared <= e.size


@pytest.mark.one_in(2)
@pytest.mark.parametrize("registers", [16, 32])
def test_narrow_vectors_give_the_same(registers: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on a machine with vectors of 256 bits, which have no masks."""
    monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(machine, "target", lambda bits: LLVMTarget(256 // bits, bits, registers))
    monkeypatch.setattr(programs, "_modules", OrderedDict())
    a, b, p = eg.Symbol("a", (17, 33)), eg.Symbol("b", (33, 13)), eg.Symbol("p", 33, per_sample=True)
    es = [summed(a, "ik", b, "kj", "ij"), summed(b, "kj", a, "ik", "ij"), summed(p, "k", a, "ik", "i"), summed(a, "ik", p, "k", "i")]
    rng = np.random.default_rng(0)
    for at in (values(rng, (17, 33), (33, 13), (9, 33)), values(rng, (33, 13), (17, 33), (9, 33))):
        x, y, z = at if at[0].shape == (17, 33) else (at[1], at[0], at[2])
        got = eg.compile(es, (a, b, p))(x, y, z)
        assert "fcmp une" in statements.procedure(Functions((), machine.target(64)), library.procedure("product_right"))
        rows = [by_numpy(q, "k", x, "ik", "i") for q in z], [by_numpy(x, "ik", q, "k", "i") for q in z]
        want = [by_numpy(x, "ik", y, "kj", "ij"), by_numpy(y, "kj", x, "ik", "ij"), *map(np.array, rows)]
        for one, right in zip(got, want):
            np.testing.assert_allclose(one, np.broadcast_to(right, one.shape), rtol=1e-12, atol=1e-13)


def test_the_functions_in_python() -> None:
    rng = np.random.default_rng(0)
    m, k, n = 3, 6, 5
    a, b = values(rng, (m, k), (k, n))
    for left in (True, False):
        x, y = (a, b) if left else values(rng, (k, n), (m, k))[::-1]
        want = by_numpy(x, "ik", y, "kj", "ij") if left else by_numpy(y, "kj", x, "ik", "ij")
        c = np.full((m, n), 7.0)
        f = runtime.product_left if left else runtime.product_right
        with np.errstate(all="ignore"):
            f(c.ravel(), 0, n, x.ravel(), 0, k, 1, y.ravel(), 0, n, m, k, n)
        np.testing.assert_allclose(c, want, rtol=1e-13)
    rows = values(rng, (m, k), (n, k))
    c = np.ones((m, n))
    with np.errstate(all="ignore"):
        runtime.dots_left(c.ravel(), 0, n, 1, rows[0].ravel(), 0, k, rows[1].ravel(), 0, k, m, n, k)
    np.testing.assert_allclose(c, 1 + by_numpy(rows[0], "ik", rows[1], "jk", "ij"), rtol=1e-13)


def test_a_gate_that_is_used_twice_is_stored_once() -> None:
    strong, factor = eg.Symbol("strong", (4, 5)), eg.Symbol("factor", 5)
    wide = eg.lookup(GATE.name)(strong, factor)
    es = [contract([(wide, [0, 1])], [0]), contract([(wide, [0, 1])], [1]), wide]
    s, f = values(np.random.default_rng(1), (4, 5), (5,))
    want = np.where(s == 0, 0, s * f)
    for chosen in (es, es[:2], es[:1], es[1:]):
        right = [{0: want.sum(1), 1: want.sum(0), 2: want}[next(k for k, e in enumerate(es) if e is c)] for c in chosen]
        for got in (eg.compile(chosen, (strong, factor))(s, f), eg.evaluate(chosen, {strong: s, factor: f})):
            for one, r in zip(got, right):
                np.testing.assert_allclose(one, r, rtol=1e-13)


def test_numpy_makes_no_array_of_all_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = eg.Symbol("a", (64, 64)), eg.Symbol("b", (64, 64))
    mask = np.arange(64 * 64).reshape(64, 64) % 3 > 0
    gradient = eg.gradient(eg.sum(eg.where(mask, eg.sin(a @ eg.log(b)), 0)), a)
    rng = np.random.default_rng(0)
    at: dict[Node, Any] = {a: rng.normal(size=a.shape), b: rng.random(b.shape)}
    import tracemalloc

    tracemalloc.start()
    plain = eg.evaluate(gradient, at)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 8 * 64 * 64
    at[b][3, 5] = 0.0
    with_infinity = eg.evaluate(gradient, at)
    monkeypatch.setattr(gated, "_LIMIT", 100)
    in_parts = eg.evaluate(gradient, at)
    np.testing.assert_allclose(in_parts, with_infinity, rtol=1e-12)
    silent = ~mask[:, 5]
    assert np.isfinite(with_infinity[silent]).all() and not np.isfinite(with_infinity[~silent]).all(axis=1).any()
    assert np.isfinite(plain).all()
