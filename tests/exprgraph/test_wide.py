"""Many terms and many steps: what is generated stays narrow and shallow, and grows in proportion."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node, make
from exprgraph.graph.primitive import CONTRACT, PRODUCT, SUM
from exprgraph.graph.traverse import topological
from exprgraph.loops.print import python
from exprgraph.loops.print.llvm.expressions import Functions
from exprgraph.loops.program import Expression, Function, Name, operation, real
from exprgraph.lowering.call.module import load_module
from exprgraph.lowering.native import machine
from exprgraph.lowering.plan import nest, rerolled
from exprgraph.lowering.plan.narrow import WIDTH, narrowed

x, y = eg.symbols("x y")
v = eg.Symbol("v", 3)
per = eg.Symbol("per", 2, per_sample=True)


def terms(n: int) -> Node:
    """A sum of different terms."""
    f = 0 * x
    for k in range(n):
        f = f + eg.sin(x * float(k)) / (k + 1)
    return f


def steps(n: int) -> Node:
    """A chain of additions and products that no rule shortens."""
    e = x
    for k in range(n):
        e = 0.5 * e * e + (0.3 + 1e-6 * k) * y if k % 2 else (e + y) * (0.7 - 0.1 * e)
    return e


def close(got: Any, right: Any, rtol: float, atol: float = 0.0) -> None:
    np.testing.assert_allclose(got, right, rtol=rtol, atol=atol)


def depth(source: str) -> int:
    """How deep the syntax of a text is nested."""
    deepest = 0
    pending: list[tuple[ast.AST, int]] = [(ast.parse(source), 0)]
    while pending:
        node, at = pending.pop()
        deepest = max(deepest, at)
        pending += [(child, at + 1) for child in ast.iter_child_nodes(node)]
    return deepest


def test_a_gradient_of_six_hundred_terms() -> None:
    g = eg.gradient(terms(600), x)
    right = sum(k * math.cos(0.3 * k) / (k + 1) for k in range(600))
    for value in (eg.evaluate(g, {x: 0.3}), eg.compile(g, x)(0.3)):
        assert value == pytest.approx(right, rel=1e-9)


def recurrent(n: int) -> None:
    W, X = eg.Symbol("W", (4, 4)), eg.Symbol("X", (n, 4))
    h: Any = np.zeros(4)
    for k in range(n):
        h = eg.tanh(W @ h + X[k])
    g = eg.gradient(eg.sum(h**2), W)
    at = {W: 0.5 * np.eye(4), X: np.ones((n, 4))}
    fn = eg.compile(g, (W, X))
    close(fn(*at.values()), eg.evaluate(g, at), rtol=1e-10)
    assert fn.source.count("\ndef k") < 20  # equal steps have equal kernels


def test_steps_of_a_recurrent_network() -> None:
    recurrent(70)


@pytest.mark.slow
def test_five_hundred_steps_of_a_recurrent_network() -> None:
    recurrent(500)


@pytest.mark.slow
def test_a_polynomial_of_a_thousand_terms() -> None:
    rng = np.random.default_rng(0)
    powers = [(i, j) for i in range(45) for j in range(23)]
    p = sum(float(c) * x**i * y**j for c, (i, j) in zip(rng.normal(size=1035), powers))
    e = [p, eg.diff(p, x), eg.diff(p, x, y)]
    for got, right in zip(eg.compile(e, (x, y))(0.9, 0.8), eg.evaluate(e, {x: 0.9, y: 0.8})):
        close(got, right, rtol=1e-12)


def test_terms_of_a_wide_sum_are_added_in_the_order_they_had() -> None:
    parts = tuple(eg.sin(float(k) * x) for k in range(1, 201))
    node = make(SUM, parts, (0.25, tuple(float(k % 5) - 2.5 for k in range(200))), ())
    chain = narrowed(node)
    assert max(len(n.args) for n in topological([chain])) == WIDTH
    for at in (0.3, -7.1, 1e3):
        assert eg.evaluate(chain, {x: at}) == eg.evaluate(node, {x: at})
    assert narrowed(chain) is chain


def test_a_wide_product_divides_once() -> None:
    parts = tuple(eg.exp(x * float(k % 7 - 3)) for k in range(1, 301))
    parts = tuple(dict.fromkeys((*parts, *(eg.sin(float(k) * x) for k in range(1, 301)))))
    exponents = tuple(float((1, -1, 2, -0.5, 0.5)[k % 5]) for k in range(len(parts)))
    node = make(PRODUCT, parts, exponents, ())
    chain = narrowed(node)
    assert max(len(n.args) for n in topological([chain])) <= WIDTH
    assert sum(n.op is PRODUCT and any(e < 0 for e in n.params) for n in topological([chain])) == 1
    close(eg.evaluate(chain, {x: 1.5}), eg.evaluate(node, {x: 1.5}), rtol=1e-13)
    for only in (1.0, -1.0):
        node = make(PRODUCT, parts, (only,) * len(parts), ())
        close(eg.evaluate(narrowed(node), {x: 1.5}), eg.evaluate(node, {x: 1.5}), rtol=1e-13)


def test_a_wide_product_along_two_axes() -> None:
    u = eg.Symbol("u", 2)
    parts = tuple(eg.sin(float(k) * (v if k % 3 else u)) for k in range(1, 151))
    labels = tuple((1,) if k % 3 else (0,) for k in range(1, 151))
    node = make(CONTRACT, parts, (labels, (2, 3)), (2, 3))
    chain = narrowed(node)
    assert max(len(n.args) for n in topological([chain])) <= WIDTH
    at = {u: [1.5, 0.7], v: [0.4, 1.1, 1.3]}
    close(eg.evaluate(chain, at), _outer(parts, labels, at), rtol=1e-12)


def _outer(parts: tuple[Node, ...], labels: tuple[tuple[int, ...], ...], at: dict[Node, list[float]]) -> Any:
    out: Any = np.ones((2, 3))
    for p, k in zip(eg.evaluate(list(parts), at), labels):
        out = out * (p if k == (1,) else p[:, None])
    return out


def sines(a: Node, n: int = 150) -> list[Node]:
    return [2 + eg.sin(a * float(k)) / 9 for k in range(1, n)]


WIDE: dict[str, Callable[[], tuple[Node, dict[Node, object]]]] = {
    "a sum of numbers": lambda: (sum(sines(x)) * y, {x: 0.3, y: 0.2}),
    "a sum of arrays": lambda: (eg.sum(sum(sines(v))), {v: np.array([0.3, 0.2, 0.1])}),
    "a product": lambda: (eg.sum(make(PRODUCT, tuple(sines(v)), (1.0,) * 149, (3,))), {v: np.array([0.3, 0.2, 0.1])}),
    "a quotient": lambda: (make(PRODUCT, tuple(sines(x, 80)), (1.0, -1.0) * 39 + (1.0,), ()), {x: 0.3}),
    "a sum over samples": lambda: (eg.over_samples.mean(eg.sum(sum(sines(per)))), {per: np.array([[0.3, 0.2], [0.1, 0.4]])}),
    "a chain": lambda: (steps(200), {x: 0.3, y: 0.2}),
    "a stack": lambda: (eg.sum(eg.stack(sines(x)) ** 2), {x: 0.3}),
}


@pytest.mark.one_in(9)
@pytest.mark.parametrize("name", WIDE)
def test_what_is_wide_or_long(name: str) -> None:
    f, at = WIDE[name]()
    core = eg.compile([f, eg.gradient(f, next(iter(at)))], list(at))
    for right, single in zip(eg.evaluate(core.equations, at), core(*at.values())):
        close(single, right, rtol=1e-10)
    assert depth(core.source) < WIDTH + 60


def test_the_text_of_a_wide_sum_is_no_deeper() -> None:
    assert depth(eg.compile(terms(1000), x).source) < WIDTH + 40


def test_the_printer_needs_no_depth_of_its_own() -> None:
    """Of long chains, and of deep nests."""
    a = Name("a", "real")
    deep: Expression = a
    for _ in range(900):
        deep = operation("mul", operation("add", deep, real(2.0)), a)
    terms = operation("add", *[operation("mul", a, real(float(k))) for k in range(900)])
    functions = Functions([Function("total", ("a",), (), operation("add", terms, deep))], machine.target(64))
    limit, used = sys.getrecursionlimit(), 0
    frame = sys._getframe()
    while frame.f_back is not None:
        frame, used = frame.f_back, used + 1
    sys.setrecursionlimit(used + 60)
    try:
        text = functions.define("total", False)
        shown = repr(functions.known("total"))
    finally:
        sys.setrecursionlimit(limit)
    assert functions.called[text].count(" = call double @llvm.fmuladd") == 1799 and shown.count("2.0") >= 900


@pytest.mark.parametrize("per_sample", [False, True])
def test_many_kernels_are_chosen_in_levels(monkeypatch: pytest.MonkeyPatch, per_sample: bool) -> None:
    monkeypatch.setattr(nest, "NEST_LIMIT", 2)
    monkeypatch.setattr(python, "CHOICES", 3)
    a = eg.Symbol("a", per_sample=per_sample)
    e = a
    for k in range(30):
        e = (e * e * 0.3 + y) * (1 - 0.2 * e) if k % 2 else eg.sin(e) * y + 0.01 * k * e**2
    f = [e, eg.diff(e, a)]
    fn = eg.compile(f, (a, y))
    assert fn.source.count("elif code <") > 3
    at = np.array([0.3, -0.4, 0.5]) if per_sample else 0.3
    right = eg.evaluate(f, {a: at, y: 0.4})
    for got, r in zip(fn(at, 0.4), right):
        close(got, r, rtol=1e-12)
    # Python runs the same text
    module = load_module(fn.source)
    assert "kernel" in dir(module)


def test_a_nest_has_so_many_operations_and_little_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nest, "NEST_OPERATIONS", 400)
    monkeypatch.setattr(rerolled, "ENOUGH", 10_000)  # straight-line code
    f = [sum(eg.sin(x * float(k + 100 * j)) * y for k in range(20)) for j in range(30)]
    source = eg.compile(f, (x, y)).source
    bodies = [d for d in ast.parse(source).body if isinstance(d, ast.FunctionDef) and d.name[1:].isdigit()]
    sizes = [sum(isinstance(n, (ast.BinOp, ast.Call)) for n in ast.walk(d)) for d in bodies]
    assert sum(sizes) > 1200 and max(sizes) < 600


@pytest.mark.thorough
@pytest.mark.slow
def test_a_hundred_thousand_terms() -> None:
    f = terms(100_000)
    e = [f, eg.gradient(f, x)]
    k = np.arange(100_000)
    right = [math.fsum(np.sin(0.3 * k) / (k + 1)), math.fsum(k * np.cos(0.3 * k) / (k + 1))]
    for got in (eg.evaluate(e, {x: 0.3}), eg.compile(e, x, immediate=False)(0.3)):
        close(got, right, rtol=1e-6)


@pytest.mark.slow
def test_a_hundred_thousand_steps() -> None:
    f = steps(100_000)
    e = [f, eg.gradient(f, x)]
    at = {x: 0.3, y: 0.4}
    close(eg.compile(e, (x, y), immediate=False)(0.3, 0.4), eg.evaluate(e, at), rtol=1e-9, atol=1e-300)

