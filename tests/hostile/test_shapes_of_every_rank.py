"""Arrays without elements, scalars, five axes, batches without samples: through everything that takes an array."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import Chain, Dense, Gradient, Hessian, Jacobian, NeuralNetworkParameters, SymbolicNeuralNetwork, build_nn_function, derivative

SHAPES = [
    (),
    (0,),
    (1,),
    (3,),
    (0, 3),
    (3, 0),
    (1, 1),
    (2, 3),
    (0, 0),
    (2, 1, 3),
    (2, 0, 3),
    (1, 2, 1, 2, 1),
    (2, 1, 2, 1, 2),
    (2, 0, 1, 3, 2),
]
LEADS = [(), (0,), (1,), (5,), (0, 3), (2, 3), (2, 1, 2)]
#: of an array of any shape, and what NumPy says
USES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "itself": (lambda a: a, lambda a: a),
    "elementwise": (lambda a: eg.sin(a) * a + 1, lambda a: np.sin(a) * a + 1),
    "power": (lambda a: a**2, lambda a: a**2),
    "comparison": (lambda a: eg.where(a > 0, a, -a), np.abs),
    "sum": (eg.sum, np.sum),
    "norm": (lambda a: eg.norm(a), lambda a: np.linalg.norm(a.ravel())),
    "product": (lambda a: eg.prod(a), np.prod),
    "transpose": (lambda a: eg.transpose(a), np.transpose),
    "ravel": (lambda a: eg.reshape(a, -1) if a.size else eg.reshape(a, (0,)), np.ravel),
    "reversed": (lambda a: a[::-1] if a.shape else a, lambda a: a[::-1] if a.shape else a),
    "last": (lambda a: a[..., -1:] if a.shape else a, lambda a: a[..., -1:] if a.shape else a),
    "stack": (lambda a: eg.stack([a, 2 * a], axis=-1), lambda a: np.stack([a, 2 * a], axis=-1)),
    "concatenate": (
        lambda a: eg.concatenate([a, a, a * 0 + 1]) if a.shape else a,
        lambda a: np.concatenate([a, a, a * 0 + 1]) if a.shape else a,
    ),
    "outer": (lambda a: eg.outer(a, a), lambda a: np.outer(a, a)),
    "new axes": (lambda a: eg.expand_dims(a, 0) * a, lambda a: np.expand_dims(a, 0) * a),
    "broadcast": (lambda a: eg.broadcast_to(a, (2, *a.shape)), lambda a: np.broadcast_to(a, (2, *a.shape))),
    "sums by axis": (
        lambda a: [eg.sum(a, axis=k) for k in range(len(a.shape))],
        lambda a: [np.sum(a, axis=k) for k in range(a.ndim)],
    ),
    "sums that keep": (lambda a: eg.sum(a, keepdims=True), lambda a: np.sum(a, keepdims=True)),
    "contraction": (lambda a: eg.einsum("...,...->...", a, a + 1), lambda a: a * (a + 1)),
}


def value(shape: tuple[int, ...], lead: tuple[int, ...] = ()) -> np.ndarray:
    n = int(np.prod(lead + shape))
    return np.linspace(-1.25, 0.75, n).reshape(lead + shape) if n else np.zeros(lead + shape)


def same(got: Any, want: Any) -> None:
    if isinstance(want, list):
        assert len(got) == len(want)
        for g, w in zip(got, want):
            same(g, w)
        return
    assert np.shape(got) == np.shape(want)
    np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15)


@pytest.mark.one_in(9)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values(shape: tuple[int, ...]) -> None:
    a, v = eg.Symbol("a", shape), value(shape)
    nodes = {name: f(a) for name, (f, _) in USES.items()}
    wants = {name: g(v) for name, (_, g) in USES.items()}
    for got in (eg.evaluate(nodes, {a: v}), eg.compile(nodes, a, backend="numpy")(v), eg.compile(nodes, a)(v), eg.compile(nodes, a)(v)):
        for name, want in wants.items():
            same(got[name], want)


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (2, 1, 2, 1, 2)], ids=str)
def test_batches(shape: tuple[int, ...]) -> None:
    a = eg.Symbol("a", shape)
    nodes = {name: USES[name][0](a) for name in ("elementwise", "sum", "transpose", "stack", "outer", "sums that keep")}
    fns = [eg.compile(nodes, a, backend=b) for b in ("native", "numpy")]
    fns.append(eg.compile(nodes, a, threads=2))
    for lead in LEADS:
        v = value(shape, lead)
        flat = v.reshape((int(np.prod(lead)), *shape))
        want = {}
        for name in nodes:
            one = USES[name][1]
            rows = [np.asarray(one(row)) for row in flat]
            want[name] = np.stack(rows).reshape(lead + rows[0].shape) if rows else np.zeros(lead + nodes[name].shape)
        for got in (*(fn(v) for fn in fns), eg.evaluate(nodes, {a: v})):
            for name in nodes:
                same(got[name], want[name])


def test_sums_over_no_samples() -> None:
    a = eg.Symbol("a", (2, 3), per_sample=True)
    b = eg.Symbol("b", 3)
    e = {
        "sum": eg.over_samples.sum(a @ b),
        "mean": eg.over_samples.mean(a @ b),
        "each": a @ b,
        "shared": b + 1,
        "count": eg.over_samples.sum(b),
    }
    for lead in ((0,), (0, 4)):
        for got in (
            eg.evaluate(e, {a: np.zeros((*lead, 2, 3)), b: np.ones(3)}),
            eg.compile(e, (a, b))(np.zeros((*lead, 2, 3)), np.ones(3)),
            eg.compile(e, (a, b), backend="numpy")(np.zeros((*lead, 2, 3)), np.ones(3)),
            eg.compile(e, (a, b), threads=3)(np.zeros((*lead, 2, 3)), np.ones(3)),
        ):
            assert got["sum"].tolist() == [0, 0] and np.isnan(got["mean"]).all() and got["mean"].shape == (2,)
            assert got["each"].shape == (*lead, 2) and got["shared"].tolist() == [2, 2, 2] and got["count"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (2, 2), (1, 2, 1, 2, 1), (2, 0, 1, 2, 1)], ids=str)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_derivatives(shape: tuple[int, ...], mode: Any) -> None:
    a, v = eg.Symbol("a", shape), value(shape)
    f = eg.sin(a) * a
    j = eg.jacobian(f, a, mode)
    assert j.shape == shape + shape
    want = np.diag((np.cos(v) * v + np.sin(v)).ravel()).reshape(shape + shape)
    total = eg.sum(f)
    nodes = {
        "j": j, "jvp": eg.jvp(f, a, np.ones(shape)), "vjp": eg.vjp(f, a, np.ones(shape)), "gradient": eg.gradient(total, a),
        "hessian": eg.hessian(total, a),
        "laplacian": eg.laplacian(total, a), "taylor": eg.taylor(f, a, np.ones(shape), 2),
        "mixed": eg.jacobian(eg.jacobian(total, a, mode), a, mode),
    }  # fmt: skip
    first = np.cos(v) * v + np.sin(v)
    second = np.diag((2 * np.cos(v) - np.sin(v) * v).ravel()).reshape(shape + shape)
    for got in (eg.evaluate(nodes, {a: v}), eg.compile(nodes, a)(v), eg.compile(nodes, a, backend="numpy")(v)):
        same(got["j"], want)
        for name in ("jvp", "vjp", "gradient"):
            same(got[name], first)
        same(got["hessian"], second)
        same(got["mixed"], second)
        same(got["laplacian"], np.trace(second.reshape(v.size, v.size)))
        same(got["taylor"][2], (2 * np.cos(v) - np.sin(v) * v) / 2)


def test_jacobians_between_all_pairs_of_shapes() -> None:
    for inner, outer in itertools.product([(), (0,), (2,), (0, 2), (2, 1, 2)], [(), (0,), (3,), (1, 0), (2, 2)]):
        a, b = eg.Symbol("a", inner), eg.Symbol("b", outer)
        f = eg.einsum("...,->...", b, eg.sum(a**2)) if outer else b * eg.sum(a**2)
        assert eg.jacobian(f, a).shape == outer + inner
        va, vb = value(inner), value(outer)
        want = np.multiply.outer(vb, 2 * va)
        for mode in ("forward", "reverse"):
            same(eg.evaluate(eg.jacobian(f, a, mode), {a: va, b: vb}), want)
        same(eg.compile(eg.jacobian(f, a), (a, b))(va, vb), want)


def test_extrema_and_means_of_nothing() -> None:
    a = eg.Symbol("a", (0, 3))
    for call in (eg.max, eg.min, eg.mean, lambda e: eg.max(e, axis=0), lambda e: eg.mean(e, axis=0), eg.var, eg.std):
        with pytest.raises(eg.ShapeError, match=r"\(0, 3\)"):
            call(a)
    same(eg.evaluate(eg.max(a, axis=1), {a: np.zeros((0, 3))}), np.zeros(0))
    with pytest.raises(eg.AxisError, match="out of"):
        a[0]
    assert eg.sum(a) is eg.zeros(())
    assert eg.prod(a) is eg.ones(())


def test_linear_systems_of_every_size() -> None:
    for n in (0, 1, 2, 5):
        A, b, B = eg.Symbol("A", (n, n)), eg.Symbol("b", n), eg.Symbol("B", (n, 2))
        va = np.eye(n) * 3 + value((n, n))
        e = [eg.solve(A, b), eg.solve(A, B), eg.trace(A), eg.inv(A)]
        values = va, value((n,)), value((n, 2))
        wants = [np.linalg.solve(va, values[1][:, None])[:, 0], np.linalg.solve(va, values[2]), np.trace(va), np.linalg.inv(va)]
        for got in (eg.evaluate(e, dict(zip((A, b, B), values))), eg.compile(e, (A, b, B))(*values)):
            for g, w in zip(got, wants):
                assert g.shape == np.shape(w)
                np.testing.assert_allclose(g, w, rtol=1e-10, atol=1e-12)


def test_networks_and_batches_without_samples() -> None:
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 3), Dense(3, 2)))
    e = {"y": nn.output, "J": derivative(Jacobian(nn)), "H": derivative(Hessian(nn)), "g": derivative(Gradient(nn))}
    ps = nn.chain.initial_parameters(0)
    for backend in ("native", "numpy"):
        f = build_nn_function(e, nn, backend=backend)
        for lead in LEADS:
            got = f(np.zeros((*lead, 2)), ps)
            assert got["y"].shape == (*lead, 2) and got["J"].shape == (*lead, 2, 2) and got["H"].shape == (*lead, 2, 2, 2)
            assert got["g"].flat.shape == (*lead, 2, ps.size)
        total = build_nn_function(nn.output, nn, reduce="sum", backend=backend)
        assert total(np.zeros((0, 2)), ps).tolist() == [0, 0]
        average = build_nn_function(nn.output, nn, reduce="mean", backend=backend)
        assert np.isnan(average(np.zeros((0, 2)), ps)).all()


def test_containers_without_numbers() -> None:
    empty = NeuralNetworkParameters({})
    assert empty.size == 0 and list(empty) == [] and empty.flat.shape == (0,)
    ps = NeuralNetworkParameters({"a": np.zeros((0, 3)), "b": 1.0, "c": np.zeros((1, 1, 1, 1, 2))})
    assert ps.size == 3 and ps.like([1, 2, 3])["c"].shape == (1, 1, 1, 1, 2)
    assert (ps + ps)["a"].shape == (0, 3)


def test_more_axes_than_numpy_has() -> None:
    e: Any = eg.Symbol("s")
    for _ in range(70):
        e = eg.stack([e])
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        eg.evaluate(e, {eg.Symbol("s"): 1.0})
    assert "axes" in str(caught.value) or "dimension" in str(caught.value)
