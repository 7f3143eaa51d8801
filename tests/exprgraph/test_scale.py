"""Size and depth: what grows with the number of array operations and nothing else."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node

ROOT = str(Path(eg.__file__).parent.parent)
DEPTH = 100_000
s = eg.Symbol("s")
x = eg.Symbol("x", 2)
W = eg.Symbol("W", (2, 2))
p = eg.Symbol("p", 2, per_sample=True)
STEPS: dict[str, tuple[Node, Callable[[Node], Node]]] = {
    "tanh of a scalar": (s, eg.tanh),
    "tanh of a vector": (x, eg.tanh),
    "a line": (s, lambda e: eg.sin(e) * 0.5 + 1),
    "a line that folds": (s, lambda e: e * 0.5 + 1),
    "a matrix": (x, lambda e: W @ e),
    "a layer": (x, lambda e: eg.tanh(W @ e)),
    "a residual": (x, lambda e: e + 0.1 * eg.tanh(e)),
    "a matrix per sample": (p, lambda e: W @ e),
}
VALUES: dict[Node, Any] = {s: 0.5, x: [0.5, -0.3], W: 0.5 * np.eye(2) + 0.1, p: [[0.5, -0.3]] * 3}


def chain(name: str, depth: int) -> Node:
    e, step = STEPS[name]
    for _ in range(depth):
        e = step(e)
    return e


def check_everything(name: str, depth: int) -> None:
    start, _ = STEPS[name]
    e = chain(name, depth)
    f = eg.sum(eg.over_samples.sum(e) if e.per_sample else e)
    assert len(str(e)) < 100_000
    assert len(eg.latex(e)) < 100_000
    assert len(repr(f)) < 100_000
    assert eg.count_nodes(e) >= 1
    assert eg.count_ops(e) >= 0
    g = eg.gradient(f, start)
    t = eg.jvp(f, start, 1.0)
    values = eg.evaluate([e, f, g, t], VALUES)
    assert all(np.isfinite(v).all() for v in values)
    np.testing.assert_allclose(values[3], np.sum(values[2]), rtol=1e-8, atol=1e-300)
    if W in eg.free_symbols(e):
        assert eg.gradient(f, W).shape == (2, 2)
    assert pickle.loads(pickle.dumps(e)) is e
    assert copy.deepcopy(e) is e
    assert copy.copy(e) is e
    assert eg.substitute(e, {start: start}) is e
    other = eg.Symbol("other", start.shape, per_sample=start.per_sample)
    assert eg.substitute(eg.substitute(e, {start: other}), {other: start}) is e
    assert eg.simplify(e, assume="finite").shape == e.shape
    if e.shape:
        assert e[0].shape == ()
        assert eg.elements(e).shape == e.shape


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", STEPS)
def test_a_chain_of_some_thousands(name: str) -> None:
    assert sys.getrecursionlimit() <= 10_000
    check_everything(name, 2_000)


@pytest.mark.slow_one_in(3)
@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in STEPS if n not in ("a residual", "tanh of a vector")])
def test_a_chain_of_a_hundred_thousand(name: str) -> None:
    check_everything(name, DEPTH)


@pytest.mark.slow
def test_the_trace_and_the_sum_move_into_deep_graphs() -> None:
    e = x
    for _ in range(2_000):
        e = W @ e + x
    for mode in ("forward", "reverse"):
        j = eg.jacobian(e, x, mode)  # type: ignore[call-overload]
        traced, dense = eg.evaluate([eg.trace(j), j], VALUES)
        assert traced == pytest.approx(np.trace(dense), rel=1e-10)
    total = eg.over_samples.sum(eg.substitute(e, {x: p}))
    np.testing.assert_allclose(eg.evaluate(total, VALUES), 3 * eg.evaluate(e, VALUES))


MILLION = """
import exprgraph as eg
x = eg.Symbol("x")
e = x
for k in range(500_000):
    e = eg.sin(e) + (k + 1)
assert eg.count_nodes(e) == 1_000_001, eg.count_nodes(e)
# not getrusage: its peak is inherited from the process that started this one
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process's memory is read from Linux's /proc")
@pytest.mark.slow
def test_a_million_nodes_fit_in_one_gigabyte() -> None:
    environment = {**os.environ, "PYTHONPATH": ROOT}
    out = subprocess.run([sys.executable, "-c", MILLION], capture_output=True, check=True, text=True, env=environment).stdout
    assert int(out) < 1_000_000  # kilobytes


# ---------------------------------------------------------------- no swell


def network(widths: list[int], activation: Any = eg.tanh, per_sample: bool = True) -> tuple[Node, Node, list[Node]]:
    z = eg.Symbol("z", widths[0], per_sample=per_sample)
    h: Node = z
    parameters: list[Node] = []
    for i, (n, m) in enumerate(zip(widths, widths[1:])):
        w, b = eg.Symbol(f"W{i}", (m, n)), eg.Symbol(f"b{i}", m)
        parameters += [w, b]
        h = w @ h + b
        if i < len(widths) - 2:
            h = activation(h)
    return h, z, parameters


def test_the_loss_gradient_of_four_layers_of_sixteen() -> None:
    f, _, parameters = network([2, 16, 16, 16, 2])
    assert sum(q.size for q in parameters) == 626
    y = eg.Symbol("y", 2, per_sample=True)
    loss = eg.over_samples.mean(eg.sum((f - y) ** 2))
    assert eg.count_nodes(eg.jacobians(loss, parameters)) < 150


def third(depth: int, width: int) -> int:
    f, z, parameters = network([2, *[width] * depth, 1])
    h = eg.jacobian(eg.jacobian(f, z), z)
    return eg.count_nodes(eg.jacobians(h, parameters))


def test_the_gradient_of_a_second_derivative_grows_with_depth_alone() -> None:
    assert third(5, 64) < 5_000
    assert third(5, 64) == third(5, 3) == third(5, 17)
    steps = [third(d + 1, 8) - third(d, 8) for d in range(3, 8)]
    assert max(steps) <= 1.05 * min(steps)  # linear: each layer adds the same


@pytest.mark.parametrize("activation", [eg.tanh, eg.gelu, eg.softplus])
def test_the_trace_of_the_hessian_never_forms_the_hessian(activation: Any) -> None:
    def cost(dimension: int) -> tuple[int, int, int]:
        f, z, _ = network([dimension, 32, 32, 1], activation)
        traced = eg.trace(eg.hessian(f[0], z))
        from exprgraph.graph.traverse import topological

        largest = max(n.size for n in topological([traced]) if n.op.name not in ("identity", "symbol"))
        return eg.count_ops(traced), eg.count_ops(f), largest

    for dimension in (8, 16, 64, 128):
        ops, forward, largest = cost(dimension)
        assert ops <= 4 * dimension * forward, dimension
        assert largest <= 32 * dimension
        assert largest < dimension * dimension or dimension <= 32
    # of the Laplacian itself, and of a hessian taken in any pair of modes
    f, z, parameters = network([64, 32, 32, 1])
    for a in ("forward", "reverse"):
        h = eg.trace(eg.jacobian(eg.jacobian(f[0], z, a), z, "forward"))  # type: ignore[call-overload]
        assert eg.count_ops(h) <= 4 * 64 * eg.count_ops(f)
    assert eg.count_ops(eg.laplacian(f[0], z)) <= 4 * 64 * eg.count_ops(f)
    assert eg.count_nodes(eg.laplacian(f[0], z)) < 60
    assert eg.count_nodes(eg.jacobians(eg.over_samples.mean(eg.laplacian(f[0], z) ** 2), parameters)) < 400


def test_operations_of_the_laplacian_grow_linearly_with_the_dimension() -> None:
    ops = []
    for dimension in (50, 100, 200):
        f, z, _ = network([dimension, 16, 16, 1])
        ops.append(eg.count_ops(eg.laplacian(f[0], z)))
    assert ops[2] - ops[1] == 2 * (ops[1] - ops[0])


def test_a_squared_laplacian_of_four_layers_stays_small() -> None:
    f, z, _ = network([2, 16, 16, 16, 1])
    assert eg.count_nodes(eg.laplacian(eg.laplacian(f[0], z), z)) < 2_000


# ---------------------------------------------------------------- nothing quadratic


def test_many_terms_added_one_by_one() -> None:
    terms = eg.symbols([f"q{i}" for i in range(10_000)])
    total = reduce(lambda a, b: a + b, terms)
    assert eg.count_nodes(total) < 20_000
    assert eg.count_ops(total) == 9_999
    assert all(d is eg.ones(()) for d in eg.jacobians(total, terms[:100]))


def test_the_gradient_of_many_factors_is_linear_in_their_number() -> None:
    factors = eg.symbols([f"q{i}" for i in range(1_000)])
    f = reduce(lambda a, b: a * b, factors)
    assert eg.count_nodes(eg.jacobians(f, factors)) < 5_000
    v = eg.Symbol("v", 1_000)
    assert eg.count_nodes(eg.gradient(eg.prod(v), v)) < 1_000


@pytest.mark.slow
def test_single_elements_of_a_long_vector() -> None:
    v = eg.Symbol("v", 10_000)
    f = reduce(lambda a, b: a + b, [eg.sin(v[i]) * v[(7 * i + 1) % 10_000] for i in range(10_000)])
    g = eg.gradient(f, v)
    assert eg.count_nodes(g) < 80_000
    value = np.linspace(-1, 1, 10_000)
    i = np.arange(10_000)
    want = np.cos(value) * value[(7 * i + 1) % 10_000]
    np.add.at(want, (7 * i + 1) % 10_000, np.sin(value))
    np.testing.assert_allclose(eg.evaluate(g, {v: value}), want, rtol=1e-12, atol=1e-14)


def test_a_wide_stack() -> None:
    v = eg.Symbol("v", 2_000)
    e = eg.stack([eg.sin(v[i]) for i in range(2_000)])
    assert e[1_234] is eg.sin(v[1_234])
    assert eg.count_nodes(eg.gradient(eg.sum(e**2), v)) < 12_000
    assert eg.stack([v[i] for i in range(2_000)]) is v


def test_a_sum_of_many_arrays_that_all_take_the_sum_in() -> None:
    parts = [eg.Symbol(f"W{i}", (2, 2)) @ eg.tanh(x) for i in range(2_000)]
    assert eg.count_nodes(eg.sum(reduce(lambda a, b: a + b, parts))) < 9_000
