"""Sums over the samples of a batch: exact values and gradients at any batch size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.graph.traverse import topological

S, M = eg.over_samples.sum, eg.over_samples.mean
W, b = eg.Symbol("W", (3, 2)), eg.Symbol("b", (3,))
x, y = eg.Symbol("x", 2, per_sample=True), eg.Symbol("y", 3, per_sample=True)
k = eg.Symbol("k", per_sample=True)
u = eg.tanh(W @ x + b)
BATCHES = [1, 2, 7, 64]


def data(n: int) -> dict[Node, Any]:
    rng = np.random.default_rng(n)
    return {
        W: rng.normal(size=(3, 2)), b: rng.normal(size=3),
        x: rng.normal(size=(n, 2)), y: rng.normal(size=(n, 3)), k: rng.uniform(1, 2, n),
    }  # fmt: skip


def total_norm(e: Node) -> Node:
    return eg.sqrt(S(eg.sum(e**2)))


LOSSES: dict[str, tuple[Node, Callable[[dict[str, np.ndarray]], Any]]] = {
    "mean square": (M(eg.sum((u - y) ** 2)), lambda d: np.mean(np.sum((d["u"] - d["y"]) ** 2, 1))),
    "normalised": (total_norm(u - y) / total_norm(y), lambda d: np.linalg.norm(d["u"] - d["y"]) / np.linalg.norm(d["y"])),
    "normalised by itself": (total_norm(u - y) / total_norm(u), lambda d: np.linalg.norm(d["u"] - d["y"]) / np.linalg.norm(d["u"])),
    "variance": (M(eg.sum((u - M(u)) ** 2)), lambda d: np.mean(np.sum((d["u"] - d["u"].mean(0)) ** 2, 1))),
    "softmax over samples": (
        S(k * eg.exp(u[0]) / S(eg.exp(u[0]))), lambda d: np.sum(d["k"] * np.exp(d["u"][:, 0])) / np.sum(np.exp(d["u"][:, 0])),
    ),
    "three deep": (
        S(u[0] * M(u[1] * S(u[2] * k))), lambda d: np.sum(d["u"][:, 0]) * np.mean(d["u"][:, 1]) * np.sum(d["u"][:, 2] * d["k"]),
    ),
    "whitened": (
        M(eg.tanh(k * (u[0] - M(u[0])) / eg.sqrt(M((u[0] - M(u[0])) ** 2) + 0.1))),
        lambda d: np.mean(np.tanh(d["k"] * (d["u"][:, 0] - d["u"][:, 0].mean()) / np.sqrt(d["u"][:, 0].var() + 0.1))),
    ),
    "a shared factor": (
        eg.sum(b * S(u * k)) + S(b[0]),
        lambda d: np.sum(d["b"] * np.sum(d["u"] * d["k"][:, None], 0)) + len(d["k"]) * d["b"][0],
    ),
    "a gram matrix": (eg.sum(S(eg.outer(u, x)) ** 2), lambda d: np.sum((d["u"].T @ d["x"]) ** 2)),
    "a placement": (
        eg.sum(S(eg.concatenate([u, k * x, eg.stack([k, 1 + k])])) ** 2),
        lambda d: np.sum(np.hstack([d["u"], d["k"][:, None] * d["x"], np.stack([d["k"], 1 + d["k"]], 1)]).sum(0) ** 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("n", BATCHES)
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient(name: str, n: int) -> None:
    loss, reference = LOSSES[name]
    values = data(n)
    assert not loss.per_sample

    def numpy_loss(w: np.ndarray, bias: np.ndarray) -> Any:
        d = {"u": np.tanh(values[x] @ w.T + bias), "x": values[x], "y": values[y], "k": values[k], "b": bias}
        return reference(d)

    np.testing.assert_allclose(eg.evaluate(loss, values), numpy_loss(values[W], values[b]), rtol=1e-12)
    gradients = eg.jacobians(loss, [W, b])
    for at, (p, g) in enumerate(zip((W, b), gradients)):
        assert not g.per_sample
        exact = eg.evaluate(g, values)
        np.testing.assert_allclose(eg.evaluate(eg.jacobian(loss, p, "forward"), values), exact, rtol=1e-10, atol=1e-12)
        numeric = np.zeros(p.shape)
        for i in np.ndindex(*p.shape):
            d = []
            for h in (2e-4, 1e-4):
                ends = []
                for sign in (1, -1):
                    arguments = [values[W].copy(), values[b].copy()]
                    arguments[at][i] += sign * h
                    ends.append(numpy_loss(*arguments))
                d.append((ends[0] - ends[1]) / (2 * h))
            numeric[i] = (4 * d[1] - d[0]) / 3
        np.testing.assert_allclose(exact, numeric, rtol=1e-7, atol=1e-8 * max(1, np.abs(numeric).max()))


@pytest.mark.parametrize("n", [1, 7])
@pytest.mark.parametrize("name", LOSSES)
def test_second_derivatives_by_parameters(name: str, n: int) -> None:
    loss, _ = LOSSES[name]
    values = data(n)
    rr = eg.jacobian(eg.gradient(loss, b), b, "reverse")
    rf = eg.jacobian(eg.gradient(loss, b), b, "forward")
    ff = eg.jacobian(eg.jacobian(loss, b, "forward"), b, "forward")
    v = eg.evaluate([rr, rf, ff], values)
    scale = 1 + np.abs(v[0]).max()
    np.testing.assert_allclose(v[1], v[0], rtol=1e-9, atol=1e-11 * scale)
    np.testing.assert_allclose(v[2], v[0], rtol=1e-9, atol=1e-11 * scale)
    np.testing.assert_allclose(v[0].T, v[0], rtol=1e-9, atol=1e-11 * scale)


@pytest.mark.parametrize("n", [2, 7])
def test_the_gradient_of_a_shared_loss_by_a_per_sample_symbol_is_per_sample(n: int) -> None:
    values = data(n)
    loss = total_norm(u - y) / total_norm(u)
    g = eg.gradient(loss, x)
    assert g.per_sample
    exact = eg.evaluate(g, values)
    assert exact.shape == (n, 2)
    h = 1e-6
    for i in np.ndindex(n, 2):
        ends = []
        for sign in (1, -1):
            moved = values[x].copy()
            moved[i] += sign * h
            ends.append(eg.evaluate(loss, {**values, x: moved}))
        np.testing.assert_allclose(exact[i], (ends[0] - ends[1]) / (2 * h), rtol=1e-6, atol=1e-8)


def test_a_per_sample_expression_with_a_sum_inside() -> None:
    values = data(5)
    e = u / (1 + S(eg.sum(u**2)))
    j = eg.evaluate(eg.jacobian(e, b, "reverse"), values)
    np.testing.assert_allclose(j, eg.evaluate(eg.jacobian(e, b, "forward"), values), rtol=1e-11, atol=1e-13)
    h = 1e-6
    for i in range(3):
        d = [eg.evaluate(e, {**values, b: values[b] + s * h * np.eye(3)[i]}) for s in (1, -1)]
        np.testing.assert_allclose(j[:, :, i], (d[0] - d[1]) / (2 * h), rtol=1e-6, atol=1e-8)


def test_what_is_not_represented_is_refused() -> None:
    e = k + S(k)
    with pytest.raises(eg.DifferentiationError, match="another sample"):
        eg.gradient(e, k)
    with pytest.raises(eg.DifferentiationError, match="another sample"):
        eg.gradient(k * S(k), k)
    with pytest.raises(eg.DifferentiationError, match="per sample and f sums over samples"):
        eg.jacobian(S(k**2), k, "forward")
    # along a direction it is defined: every sample moves
    np.testing.assert_allclose(eg.evaluate(eg.jvp(e, k, 1.0), {k: [1.0, 2.0]}), [3.0, 3.0])


def test_batches_that_broadcast_are_summed_over_the_whole_batch() -> None:
    q = eg.Symbol("q", per_sample=True)
    values = {k: np.ones((4, 1)), q: np.zeros(5)}
    assert eg.evaluate(S(k) + S(q), values) == 20
    assert eg.evaluate(M(k) + S(q), values) == 1
    assert eg.evaluate(S(k) + S(q), {k: np.ones(1), q: np.zeros(3)}) == 3
    assert eg.evaluate(S(k) + S(q), {k: 1.0, q: np.zeros((2, 3))}) == 6


def test_shared_expressions_count_the_samples() -> None:
    values = data(7)
    np.testing.assert_allclose(eg.evaluate(S(b), {b: values[b], k: values[k]}), 7 * values[b])
    assert M(b) is b
    np.testing.assert_allclose(eg.evaluate(S(2 * k + 3), {k: values[k]}), np.sum(2 * values[k] + 3))


def test_the_sum_moves_in_past_what_all_samples_share() -> None:
    a = eg.Symbol("a")
    assert S(a * k) is a * S(k)
    assert S(k * b) is S(k) * b
    assert S(W @ x) is W @ S(x)
    assert S(x[0]) is S(x)[0]
    assert S(eg.trace(eg.outer(x, x) @ eg.Symbol("A", (2, 2)))).per_sample is False


def test_a_count_multiplies_before_a_broadcast_as_any_factor_does() -> None:
    p, w = eg.Symbol("p", (1,), per_sample=True), eg.Symbol("w", (1,))
    a = eg.Symbol("a", (3, 3))
    sums = [eg.over_samples.sum(e) for e in (eg.broadcast_to(w, (2, 1)), -a.T, 2 * eg.broadcast_to(a[0], (3, 3)), -2 * a, 3 * a - a.T)]
    for e in (eg.over_samples.mean(eg.broadcast_to(p, (2, 1))), *sums):
        assert eg.parse(eg.to_python(e)) is e
    assert eg.over_samples.mean(eg.broadcast_to(p, (2, 1))) is eg.broadcast_to(eg.over_samples.mean(p), (2, 1))


def test_a_diagonal_stays_under_the_sum() -> None:
    p = eg.Symbol("P", (2, 2), per_sample=True)
    value = np.arange(12.0).reshape(3, 2, 2)
    for e, reference in [
        (eg.diagonal(S(p)), np.einsum("nii->i", value)),
        (S(eg.diagonal(p)), np.einsum("nii->i", value)),
        (eg.trace(S(p)), np.einsum("nii->", value)),
        (S(eg.outer(eg.diagonal(p), np.ones(2))), np.einsum("nii,j->ij", value, np.ones(2))),
        (eg.einsum("ij,ij->i", S(p), np.eye(2)), np.einsum("nii->i", value)),
    ]:
        np.testing.assert_allclose(eg.evaluate(e, {p: value}), reference)
    assert eg.diagonal(S(p)) is S(eg.diagonal(p))


@pytest.mark.parametrize("reduce", [eg.over_samples.sum, lambda e: eg.over_samples.sum(eg.sin(e)) + eg.over_samples.sum(e * x[0])])
def test_a_batch_for_a_symbol_that_sums_take_as_shared_is_an_error(reduce) -> None:
    p = eg.Symbol("p")
    e = reduce(p)
    bindings = {s: np.ones((2, *s.shape)) for s in eg.free_symbols(e)}
    with pytest.raises(eg.ShapeError, match="symbol p has a value for each sample, .* make it with per_sample=True"):
        eg.evaluate(e, bindings)
    with pytest.raises(eg.ShapeError, match="argument 'p': expected shape|symbol p has a value for each sample"):
        eg.compile(e, list(bindings))(*bindings.values())
    one = {s: np.ones(s.shape) for s in bindings}
    assert eg.evaluate(e, one) == eg.compile(e, list(one))(*one.values())


def test_it_is_an_error_at_every_call() -> None:
    p, q = eg.symbols("p q")
    fn = eg.compile(eg.over_samples.sum(1) * p, (p, q))
    three, out = np.ones(3), np.empty(3)
    for _ in range(3):
        np.testing.assert_array_equal(fn(1.0, three), [3.0, 3.0, 3.0])
        fn(1.0, three, out=out)
        for call in (lambda: fn(three, three), lambda: fn(three, three, out=out), lambda: fn(three, 1.0)):
            with pytest.raises(eg.ShapeError, match="symbol p has a value for each sample"):
                call()
        assert fn(1.0, 1.0) == 1.0


def test_sums_of_what_was_written_are_taken_whole() -> None:
    """The sum of ``q - s`` keeps the digits that the differences have; sums of each alone have lost them."""
    q, v = eg.Symbol("q", per_sample=True), eg.Symbol("v", 3, per_sample=True)
    s, w = eg.Symbol("s"), eg.Symbol("w", 3)
    far, steps = 1e17, 16.0 * np.arange(1, 28)
    rows = steps.reshape(9, 3)
    one: dict[Node, Any] = {q: far + steps[:9], s: far}
    many: dict[Node, Any] = {v: far + rows, s: far, w: np.full(3, far)}
    for e, values, right in (
        (S(q - s), one, steps[:9].sum()),
        (S(s - q), one, -steps[:9].sum()),
        (M(2 * (q - s)), one, 2 * steps[:9].mean()),
        (S((q - s) + 1), one, steps[:9].sum() + 9),
        (S((q - s) / s), one, steps[:9].sum() / far),
        (S(eg.dot(v - s, w)), many, far * rows.sum()),
        (S(eg.stack([v - w, v - s])), many, np.stack([rows.sum(0)] * 2)),
        (S(eg.reshape(v - s, (3, 1))), many, rows.sum(0)[:, None]),
        (eg.gradient(S((q - s) ** 2), s), one, -2 * steps[:9].sum()),
    ):
        np.testing.assert_allclose(eg.evaluate(e, values), right, rtol=1e-14, err_msg=str(e))
        for contract in (True, False):
            np.testing.assert_allclose(eg.compile(e, list(values), contract=contract)(*values.values()), right, rtol=1e-14, err_msg=str(e))


def test_matrices_of_samples_are_added_up_by_themselves() -> None:
    """A sum with outer products in it is opened: no sample has a matrix of its own."""
    v = eg.Symbol("v", 3, per_sample=True)
    total = S(eg.outer(v, v) - W @ W.T + eg.outer(eg.exp(v), v))
    values = {v: np.random.default_rng(0).normal(size=(7, 3)), W: data(1)[W]}
    assert not any(n.op.name == "sample_sum" and n.shape == (3, 3) and n.args[0].op.name == "sum" for n in topological([total]))
    a = values[v]
    np.testing.assert_allclose(eg.evaluate(total, values), a.T @ a - 7 * values[W] @ values[W].T + np.exp(a).T @ a, rtol=1e-12)


def test_machine_code_takes_calls_whose_shared_arguments_have_no_batch_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their shapes say all that Python would check at every call; an argument that may have batch axes is checked."""
    x, w = eg.Symbol("x", 3, per_sample=True), eg.Symbol("w", 3)
    loss = M((x @ w - w[0]) ** 2) + M(w[1])
    point, weights = np.arange(12.0).reshape(4, 3), np.ones(3)
    fn = eg.compile((loss, eg.gradient(loss, w)), (x, w))
    expected = fn(point, weights)
    with monkeypatch.context() as patch:
        patch.setattr(fn, "_bind", None)
        value, slope = fn(point, weights)
    assert value == expected[0] and np.array_equal(slope, expected[1])
    with pytest.raises(eg.ShapeError, match="argument 'w'"):
        fn(point, np.ones((4, 3)))
