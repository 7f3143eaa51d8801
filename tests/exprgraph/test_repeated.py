"""High derivatives along one direction: as those of the sweeps, and small."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.calculus.repeated import UnknownRuleError, repeated
from exprgraph.graph.node import Node

t, y = eg.symbols("t y")
v = eg.Symbol("v", 3)
W = eg.Symbol("W", (3, 3))

CASES = [
    eg.tanh(t * eg.sin(t)) / (1 + t**2),
    eg.exp(-(t**2)) * eg.cos(3 * t),
    eg.sqrt(1 + t**2) ** 3 / t,
    eg.log(2 + eg.sin(t)) * y,
    eg.sigmoid(t * y) + eg.erf(t) - eg.atan(t / y),
    (t * y) ** 2.5 + 1 / (t * y) + y**t,
    eg.sum(eg.tanh(W @ (v * t)) ** 2),
    eg.sqrt(eg.sum((v * t + 1) ** 2)) * eg.gelu(t),
    (1 + t**2) ** t + (4 + eg.sin(t) - 2 * eg.cos(t * y)) ** (y * t),
    ((v * t) ** 2 + 2) ** eg.sin(v * t),
    eg.norm(eg.stack([t * v, v + eg.sin(t)]) @ W),
    eg.sum(eg.norm(eg.stack([t * v, v + eg.sin(t)]), axis=0) * eg.norm(eg.stack([v / t, t * v]), axis=1)[0]),
    eg.stack([t**2 * y, eg.sin(t)])[1] * eg.concatenate([v * t, v])[1],
]
VALUES = {t: 0.3, y: 1.7, v: np.array([0.5, -0.2, 0.9]), W: np.arange(9.0).reshape(3, 3) / 10 - 0.3}


def by_sweeps(f: Node, order: int) -> Node:
    for _ in range(order):
        f = eg.jvp(f, t, 1.0)
    return f


@pytest.mark.parametrize("f", CASES, ids=range(len(CASES)))
def test_as_the_sweeps(f: Node) -> None:
    for order in (1, 2, 5):
        want = eg.evaluate(by_sweeps(f, order), VALUES)
        got = eg.evaluate(repeated(f, {t: eg.ones(())}, order)[-1], VALUES)
        np.testing.assert_allclose(got, want, rtol=1e-9)
    np.testing.assert_allclose(eg.evaluate(eg.diff(f, t, 5), VALUES), want, rtol=1e-9)


def test_a_choice_is_left_to_the_sweeps() -> None:
    f = eg.relu(t - y) * t**6
    with pytest.raises(UnknownRuleError, match="relu"):
        repeated(f, {t: eg.ones(())}, 3)
    assert eg.evaluate(eg.diff(f, t, 6), {t: 2.0, y: 0.5}) == pytest.approx(7 * 720 * 2.0 - 720 * 0.5)
    with pytest.raises(UnknownRuleError, match="logsumexp"):
        repeated(eg.logsumexp(v * t), {t: eg.ones(())}, 2)


def test_a_norm() -> None:
    assert abs(eg.evaluate(eg.diff(eg.norm(v * t), t, 5), VALUES)) < 1e-9
    assert eg.evaluate(eg.diff(eg.norm(v * t**7), t, 5), {t: 0.0, v: VALUES[v]}) == 0.0
    f = eg.norm(eg.stack([t, t * t, eg.sin(t)]))
    sizes = [eg.count_nodes(eg.diff(f, t, n)) for n in (6, 12)]
    assert sizes[1] < 600
    assert sizes[1] < 5 * sizes[0]


def test_the_size_grows_with_the_square_of_the_order() -> None:
    f = eg.tanh(t * eg.sin(t)) / (1 + t**2)
    sizes = [eg.count_nodes(eg.diff(f, t, n)) for n in (6, 12, 24)]
    assert sizes[1] < 1000
    assert sizes[2] < 5 * sizes[1]
    mpmath.mp.dps = 60
    exact = mpmath.diff(lambda s: mpmath.tanh(s * mpmath.sin(s)) / (1 + s * s), mpmath.mpf(0.3), 12)
    assert eg.evaluate(eg.diff(f, t, 12), {t: 0.3}) == pytest.approx(float(exact), rel=1e-12)
    assert eg.compile(eg.diff(f, t, 12), t)(0.3) == pytest.approx(float(exact), rel=1e-12)


def test_a_power_of_what_is_above_zero() -> None:
    f = (1 + t**2) ** t
    sizes = [eg.count_nodes(eg.diff(f, t, n)) for n in (6, 12)]
    assert sizes[1] < 600
    assert sizes[1] < 5 * sizes[0]
    mpmath.mp.dps = 60
    exact = mpmath.diff(lambda s: (1 + s * s) ** s, mpmath.mpf(0.3), 12)
    assert eg.evaluate(eg.diff(f, t, 12), {t: 0.3}) == pytest.approx(float(exact), rel=1e-11)
    with pytest.raises(UnknownRuleError, match="gate"):  # a base that may be 0 has limits there, and is left to the sweeps
        repeated((1 - eg.cos(t)) ** t, {t: eg.ones(())}, 3)


def test_plain_powers_stay_plain() -> None:
    assert eg.diff(t**7 * y, t, 5) is eg.simplify(2520 * t**2 * y)
    assert str(eg.diff(1 / t, t, 6)) == "720/t**7"
    assert eg.diff(t**4, t, 5) is eg.zeros(())
    assert eg.diff(eg.sin(t), t, 8) is eg.sin(t)


def test_taylor_coefficients_of_high_order() -> None:
    x = eg.Symbol("x", 2)
    f = eg.exp(x[0] * x[1]) * eg.sin(x[0])
    at = {x: np.array([0.4, 0.7])}
    terms = eg.taylor(f, x, [1.0, -0.5], 8)
    h = 0.05
    moved = {x: at[x] + h * np.array([1.0, -0.5])}
    total = sum(eg.evaluate(c, at) * h**k for k, c in enumerate(terms))
    assert total == pytest.approx(float(eg.evaluate(f, moved)), rel=1e-13)


def test_a_deep_chain_needs_no_recursion() -> None:
    f = t
    for _ in range(600):  # each two operations deep: above the recursion limit
        f = eg.sin(f) + 0.001 * t
    assert np.isfinite(eg.evaluate(eg.diff(f, t, 5), {t: 0.5}))
