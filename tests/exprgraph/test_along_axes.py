"""Norms, logarithms of sums of exponentials and probabilities: far out, in their tails, at infinity, along any axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.testing import check_values

v = eg.Symbol("v", 3)
w = eg.Symbol("w", 2)
A = eg.Symbol("A", (2, 3, 4))
INF = np.inf
MODES = ["forward", "reverse"]


def ways(e: Any, symbol: Node, at: Any) -> list[Any]:
    """By NumPy, compiled for one sample, and the fifth of a batch of nine."""
    compiled = eg.compile(e, symbol)
    with np.errstate(all="ignore"):
        batch = compiled(np.stack([at] * 9))
    single = [eg.evaluate(e, {symbol: at}), compiled(at)]
    return [*single, [b[4] for b in batch] if isinstance(e, list) else batch[4]]


@pytest.mark.one_in(15)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e-20, 1.0, 1e20, 1e200, 1e300])
def test_norms_far_out(size: float, mode: str) -> None:
    u = np.array([0.6, 0.0, -0.8])
    for kind in (np.float64, np.float32):
        if kind is np.float32 and not 1e-30 < size < 1e30:
            continue
        at = (5.0 * size * u).astype(kind)
        exact = at.astype(np.float64) / (5.0 * size)
        rtol = 20 * float(np.finfo(kind).eps)
        for f, value, slope in (
            (eg.norm(v), 5 * size, exact),
            (2 * eg.norm(v * 3), 30 * size, 6 * exact),
            (eg.std(v), float(np.std(exact) * 5 * size), (exact - exact.mean()) / (3 * np.std(exact))),
        ):
            g = eg.jacobian(f, v, mode)  # type: ignore[call-overload]
            h = eg.jacobian(g, v, mode)  # type: ignore[call-overload]
            factor = 36.0 * 5 / 30 if f is not eg.norm(v) and f is not eg.std(v) else 1.0
            if f is eg.std(v):
                curvature = (np.eye(3) - 1 / 3) / (3 * np.std(exact)) - np.outer(slope, slope) / np.std(exact)
            else:
                curvature = factor * (np.eye(3) - np.outer(u, u))
            for got in ways([f, g, h], v, at):
                np.testing.assert_allclose(got[0], value, rtol=rtol)
                np.testing.assert_allclose(got[1], slope, rtol=rtol, atol=rtol * abs(slope).max())
                np.testing.assert_allclose(got[2] * kind(5 * size), curvature, rtol=rtol, atol=rtol * abs(curvature).max())


@pytest.mark.parametrize("mode", MODES)
def test_norms_at_zero_and_of_subnormal_numbers(mode: str) -> None:
    for f in (eg.norm(v), eg.std(v)):
        g = eg.jacobian(f, v, mode)  # type: ignore[call-overload]
        for got in ways([f, g, eg.jacobian(g, v, mode)], v, np.zeros(3)):  # type: ignore[call-overload]
            assert all(not np.any(part) for part in got)
    for got in ways([eg.norm(v), eg.jacobian(eg.norm(v), v, mode)], v, np.array([3e-320, 0.0, 4e-320])):  # type: ignore[call-overload]
        np.testing.assert_allclose(got[0], 5e-320, rtol=2e-4)
        np.testing.assert_allclose(got[1], [0.6, 0.0, 0.8], rtol=2e-4)


def probabilities(x: Sequence[float], order: int) -> list[Any]:
    """softmax of x and its derivatives, from its powers in 60 digits: of order 2 the array d2 p_i / dx_j dx_k."""
    with mp.workdps(60):
        e = [mp.exp(mp.mpf(t)) for t in x]
        total = mp.fsum(e)
        p = [a / total for a in e]
        others = [mp.fsum(b for k, b in enumerate(e) if k != i) / total for i in range(len(x))]
        n = range(len(x))
        first = [[p[i] * (others[i] if i == j else -p[j]) for j in n] for i in n]
        out: list[Any] = [p, first]
        if order > 1:
            d = [[int(i == j) - p[j] if i != j else others[i] for j in n] for i in n]
            out.append([[[first[i][k] * d[i][j] - p[i] * first[j][k] for k in n] for j in n] for i in n])
        return [np.array(a, dtype=object) for a in out]


POINTS = [[40.0, 0.0, -3.0], [0.0, 700.0, 660.0], [0.1, 0.2, 0.3], [1.0, 1.0, -50.0], [-2.0, -2.0, -2.0], [0.7, 0.0, -30.0]]


@pytest.mark.one_in(15)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at", POINTS)
def test_tails_of_probabilities(at: list[float], mode: str) -> None:
    exact = probabilities(at, 2)
    p, first, second = (a.astype(float) for a in exact)
    # where two are equal, second derivatives are differences of equal numbers
    noise = 1e-16 if len(set(at)) < 3 else 1e-15 * abs(second).max()
    f = eg.softmax(v)
    g = eg.jacobian(f, v, mode)  # type: ignore[call-overload]
    h = eg.jacobian(g, v, mode)  # type: ignore[call-overload]
    for got in ways([f, g, h], v, np.array(at)):
        np.testing.assert_allclose(got[0], p, rtol=1e-14)
        np.testing.assert_allclose(got[1], first, rtol=1e-13)
        np.testing.assert_allclose(got[2], second, rtol=1e-12, atol=noise)
    for k in range(3):
        rows = [eg.gradient(f[k], v), eg.gradient(eg.log_softmax(v)[k], v), eg.hessian(eg.log_softmax(v)[k], v)]
        with mp.workdps(60):
            value = -mp.log1p(mp.fsum(mp.exp(mp.mpf(t) - mp.mpf(at[k])) for i, t in enumerate(at) if i != k))
        for got in ways([eg.log_softmax(v)[k], *rows], v, np.array(at)):
            np.testing.assert_allclose(got[0], float(value), rtol=1e-14)
            np.testing.assert_allclose(got[1], first[k], rtol=1e-13)
            np.testing.assert_allclose(got[2], (exact[1][k] / exact[0][k]).astype(float), rtol=1e-13)
            np.testing.assert_allclose(got[3], -first, rtol=1e-13)
    lse = eg.logsumexp(v)
    for got in ways([eg.jacobian(lse, v, mode), eg.hessian(lse, v)], v, np.array(at)):  # type: ignore[call-overload]
        np.testing.assert_allclose(got[0], p, rtol=1e-14)
        np.testing.assert_allclose(got[1], first, rtol=1e-13)


def test_tails_in_float32() -> None:
    e = [eg.gradient(eg.softmax(w)[0], w), eg.gradient(eg.log_softmax(w)[0], w), eg.log_softmax(w)]
    for got in ways(e, w, np.array([30.0, 0.0], np.float32)):
        tail = np.exp(-30.0)
        np.testing.assert_allclose(got[0], [tail, -tail], rtol=2e-6)
        np.testing.assert_allclose(got[1], [tail, -tail], rtol=2e-6)
        np.testing.assert_allclose(got[2], [-tail, -30.0], rtol=2e-6)


def test_a_loss_of_many_classes() -> None:
    """The gradient of a cross-entropy is exact where the right class is nearly certain, and takes O(n) operations."""
    for n in (10, 1000):
        x = eg.Symbol("x", n)
        target = np.zeros(n)
        target[3] = 1.0
        g = eg.gradient(-(eg.log_softmax(x) @ eg.array(target)), x)
        assert eg.count_ops(g) < 40 * n
        at = np.zeros(n)
        at[3] = 45.0
        rest = np.exp(-45.0) / (1 + (n - 1) * np.exp(-45.0))
        right = np.full(n, rest)
        right[3] = -(n - 1) * rest
        for got in (eg.evaluate(g, {x: at}), eg.compile(g, x)(at)):
            np.testing.assert_allclose(got, right, rtol=1e-12)


def test_infinite_elements() -> None:
    lse, g, h = eg.logsumexp(v), eg.gradient(eg.logsumexp(v), v), eg.hessian(eg.logsumexp(v), v)
    for at, value, slope in (
        ([-INF, -INF, -INF], -INF, [1 / 3, 1 / 3, 1 / 3]),
        ([INF, 0.0, -INF], INF, [1, 0, 0]),
        ([-INF, 2.0, -INF], 2.0, [0, 1, 0]),
        ([INF, INF, 3.0], INF, [0.5, 0.5, 0]),
    ):
        p = np.array(slope)
        for got in ways([lse, g, h, eg.softmax(v)], v, np.array(at)):
            assert got[0] == value
            np.testing.assert_allclose(got[1], p, rtol=1e-15)
            np.testing.assert_allclose(got[2], np.diag(p) - np.outer(p, p), atol=1e-16)
            np.testing.assert_allclose(got[3], p, rtol=1e-15)
    for got in ways(eg.log_softmax(v), v, np.array([0.0, -INF, 0.0])):
        np.testing.assert_allclose(got, [-np.log(2), -INF, -np.log(2)], rtol=1e-15)
    for got in ways([eg.norm(v), eg.gradient(eg.norm(v), v), eg.hessian(eg.norm(v), v)], v, np.array([-INF, 5.0, 0.0])):
        assert got[0] == INF
        np.testing.assert_array_equal(got[1], [-1, 0, 0])
        np.testing.assert_array_equal(got[2], np.zeros((3, 3)))
    for f in (eg.norm, eg.logsumexp, eg.softmax, eg.log_softmax):
        for got in ways(f(v), v, np.array([np.nan, 0.0, INF])):
            assert np.isnan(got).all(), f


def by_numpy(f: str) -> Callable[[np.ndarray, Any], np.ndarray]:
    def lse(a: np.ndarray, axis: Any) -> np.ndarray:
        return np.asarray(np.log(np.sum(np.exp(a), axis=axis, keepdims=True)))

    formulas: dict[str, Callable[[np.ndarray, Any], Any]] = {
        "norm": lambda a, axis: np.sqrt(np.sum(a * a, axis=axis)),
        "logsumexp": lambda a, axis: np.squeeze(lse(a, axis), axis=axis),
        "softmax": lambda a, axis: np.exp(a - lse(a, axis)),
        "log_softmax": lambda a, axis: a - lse(a, axis),
    }
    return formulas[f]


@pytest.mark.one_in(5)
@pytest.mark.parametrize("axis", [0, 1, -1, (0, 2), (1, 2), None])
@pytest.mark.parametrize("name", ["norm", "logsumexp", "softmax", "log_softmax"])
def test_along_any_axes(name: str, axis: Any) -> None:
    at = np.random.default_rng(0).normal(size=(5, *A.shape))
    f = getattr(eg, name)(A, axis=axis)
    own = (-3, -2, -1) if axis is None else axis
    own = own if isinstance(own, tuple) else (own if own < 0 else own - 3,)
    own = tuple(k if k < 0 else k - 3 for k in own)
    right = by_numpy(name)(at, own)
    for got in (eg.evaluate(f, {A: at}), eg.compile(f, A)(at)):
        np.testing.assert_allclose(got, right, rtol=1e-13)
    if name in ("norm", "logsumexp"):
        kept = getattr(eg, name)(A, axis=axis, keepdims=True)
        np.testing.assert_allclose(eg.evaluate(kept, {A: at}), np.expand_dims(right, own), rtol=1e-13)
    assert eg.parse(str(f), [A]) is f
    assert eg.parse(eg.to_python(f), [A]) is f
    j = [eg.jacobian(eg.sum(f * f), A, mode) for mode in ("forward", "reverse")]
    np.testing.assert_allclose(eg.evaluate(j[0], {A: at[0]}), eg.evaluate(j[1], {A: at[0]}), rtol=1e-10, atol=1e-12)


@pytest.mark.one_in(7)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("f", [eg.norm, eg.logsumexp, lambda e: eg.softmax(e)[0], lambda e: eg.log_softmax(e)[0]])
def test_where_the_branch_is_not_taken(f: Any, mode: Any) -> None:
    """No infinity and no NaN of a function along axes leaves the branch that is not taken."""
    x = eg.Symbol("x", 2)
    e = eg.where(x[0] > 0, f(eg.log(x)), x[1] ** 2)
    g = eg.jacobian(e, x, mode)
    h = eg.jacobian(g, x, mode)
    for got in ways([g, h], x, np.array([-1.0, 3.0])):
        np.testing.assert_array_equal(got[0], [0, 6])
        np.testing.assert_array_equal(got[1], [[0, 0], [0, 2]])


def test_elements_and_prints() -> None:
    assert str(eg.gradient(eg.norm(v), v)) == "[v[0]/norm(v), v[1]/norm(v), v[2]/norm(v)]"
    assert str(eg.gradient(eg.logsumexp(v), v)) == "softmax(v)"
    assert str(eg.norm(A, axis=(0, 2))) == "norm(A, axis=(0, 2))"
    assert str(eg.softmax(A, axis=0)) == "softmax(A, axis=0)"
    assert r"\left\lVert v \right\rVert" in eg.latex(eg.norm(v))
    assert r"\operatorname{softmax}\left( v \right)" in eg.latex(eg.softmax(v))
    assert eg.norm(v[:1]) is abs(v[0])
    assert eg.logsumexp(v[:1]) is v[0]
    with pytest.raises(eg.AxisError):
        eg.softmax(v, axis=1)
    with pytest.raises(eg.ShapeError, match="logsumexp over an axis of length 0"):
        eg.logsumexp(eg.zeros((0, 2)), axis=0)
    check_values(eg.softmax(A, axis=1) * eg.norm(A), at={A: np.linspace(-1, 1, 24).reshape(A.shape)})
