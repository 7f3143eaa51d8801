"""Special functions: signs and poles, SciPy's values and names, arguments without a derivative, and where numbers come from."""

from __future__ import annotations

import inspect
import math
from importlib import import_module

import mpmath as mp
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.gamma import zeta_step
from exprgraph.interop import from_sympy, to_sympy
from exprgraph.testing import check_function
from exprgraph.testing.code_by_mpmath import names
from tests.polynomials import POLYNOMIALS, written

X, S = eg.symbols("x s")
INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("narrow", [False, True])
def test_polynomials_have_the_coefficients_that_they_are_said_to_have(narrow: bool) -> None:
    for family, polynomials in POLYNOMIALS.items():
        module = import_module(f"exprgraph.loops.formulas.{family}_{'single' if narrow else 'double'}")
        for p in polynomials:
            assert inspect.getsource(getattr(module, p.name)) == written(p, narrow)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gamma", "digamma", "zeta", "beta", "betaln", "erfcinv", "kl_div"])
def test_columns_agree(name: str) -> None:
    check_function(name, order=2, points=1)


def left(x: float) -> tuple[float, float]:
    """The values at negative x, and how large the terms are that they are made of."""
    return float(mp.re(mp.loggamma(mp.mpf(x)))), float(mp.digamma(mp.mpf(x)))


def test_negative_arguments() -> None:
    x = -np.concatenate([np.random.default_rng(0).uniform(0, 30, 12), [1e-300, 1e-9, 0.75, 1.0 - 1e-9, 2.457024738220801, 1e5 + 0.25]])
    for kind, eps in ((np.float64, 2.3e-16), (np.float32, 1.2e-7)):
        at = x[np.abs(x) < 1e5].astype(kind) if kind is np.float32 else x
        at = at[(np.abs(at) > 1e-30) & (at != np.floor(at))] if kind is np.float32 else at
        nodes = [eg.gammaln(X), eg.digamma(X)]
        for got in (eg.evaluate(nodes, {X: at}), eg.compile(nodes, X)(at)):
            for t, a, b in zip(at, *got):
                value, slope = left(float(t))
                size = abs(value) + 2 * abs(float(mp.loggamma(1 + abs(float(t))))) + 1
                assert abs(a - value) <= 3 * eps * size, t
                cot = abs(float(mp.pi * mp.cot(mp.pi * mp.mpf(float(t)))))
                assert abs(b - slope) <= 4 * eps * (cot + abs(slope) + abs(float(mp.digamma(1 + abs(float(t)))))), t


def test_sums_of_powers_of_negative_numbers() -> None:
    fn = eg.compile(eg.zeta(S, X), [S, X])
    for s in (2.0, 3.0):
        at = -np.array([1e-9, 0.5, 1.75, 7.2])
        with mp.workdps(30):
            want = [float(names()["zeta"](s, t)) for t in at]
        for got in (eg.evaluate(eg.zeta(s, X), {X: at}), fn(s, at)):
            np.testing.assert_allclose(got, want, rtol=1e-13)


#: s, q, and SciPy's value; for infinite s the limit
ZETA = [
    (1.0, 2.0, INF), (0.5, 2.0, NAN), (2.0, 0.0, INF), (2.0, -0.0, INF), (3.0, -1.0, INF), (2.5, -1.5, NAN), (2.0, INF, 0.0),
    (INF, 1.0, 1.0), (INF, 0.5, INF), (INF, 2.0, 0.0), (INF, -1.5, NAN), (NAN, 1.0, NAN), (2.0, NAN, NAN),
    (3.0, 1e300, 0.0), (1e160, 1e160, 0.0), (2.0, 1e300, 1e-300), (2.0, 1e-200, INF), (2.0, 1e-100, 1e200),
]  # fmt: skip


def test_poles() -> None:
    s, q, want = (np.array(v) for v in zip(*ZETA))
    with np.errstate(all="ignore"):
        for got in (eg.evaluate(eg.zeta(S, X), {S: s, X: q}), eg.compile(eg.zeta(S, X), [S, X])(s, q)):
            np.testing.assert_allclose(got, want, rtol=4e-16)
        big = np.float32([1e20, 1e30, 3e38])  # whose products overflow
        assert not np.any(eg.compile([eg.zeta(S, X), zeta_step(S, X, X)], [S, X])(big, big))
        x = np.array([0.0, -0.0, -1.0, -2.0, INF, -INF, NAN])
        nodes = [eg.gammaln(X), eg.digamma(X), eg.loggamma(X)]
        for got in (eg.evaluate(nodes, {X: x}), eg.compile(nodes, X)(x)):
            np.testing.assert_array_equal(got[0], [INF, INF, INF, INF, INF, -INF, NAN])
            np.testing.assert_array_equal(got[1], [-INF, INF, NAN, NAN, INF, NAN, NAN])
            np.testing.assert_array_equal(got[2], [INF, INF, NAN, NAN, INF, NAN, NAN])


def test_an_argument_without_a_derivative() -> None:
    e = eg.zeta(S, X * S)
    with pytest.raises(eg.DifferentiationError, match="has no derivative by s"):
        eg.diff(e, S)
    for mode in ("forward", "reverse"):
        assert eg.jacobian(eg.zeta(S, X), X, mode=mode) is -S * eg.zeta(S + 1, X)
    hidden = eg.where(X > 0, eg.zeta(S, X), 0)  # behind a choice
    assert eg.evaluate(eg.gradient(hidden, X), {S: 2.0, X: 1.5}) == pytest.approx(-2 * float(mp.zeta(3, 1.5)), rel=1e-15)


def test_polygamma() -> None:
    x = np.array([0.3, 2.0, 7.5])
    orders = np.array([0, 1, 4])
    with mp.workdps(30):
        want = [float(mp.polygamma(int(n), mp.mpf(float(t)))) for n, t in zip(orders, x)]
    np.testing.assert_allclose(eg.evaluate(eg.polygamma(orders, X), {X: x[0]})[0], want[0], rtol=1e-14)
    np.testing.assert_allclose([eg.evaluate(eg.polygamma(n, X), {X: t}) for n, t in zip(orders, x)], want, rtol=1e-14)
    assert eg.polygamma(0, X) is eg.digamma(X) is eg.psi(X)
    assert eg.parse("polygamma(2, x)", symbols=[X]) is eg.diff(eg.digamma(X), X, 2) is eg.polygamma(2, X)
    for wrong in (-1, 0.5, S, 400):
        with pytest.raises(eg.DTypeError, match="the order n is a whole number from 0 to 170"):
            eg.polygamma(wrong, X)


def test_names_of_scipy() -> None:
    special = pytest.importorskip("scipy.special", reason="SciPy's ufuncs are called on expressions")
    for name in ("gammaln", "psi", "digamma", "loggamma"):
        assert getattr(special, name)(X) is getattr(eg, name)(X), name
    assert special.zeta(3.0, X) is eg.zeta(3.0, X)
    x = np.concatenate([np.random.default_rng(1).uniform(-8, 8, 200), [0.0, -0.0, -3.0, INF, -INF, NAN]])
    with np.errstate(all="ignore"):
        for name in ("gammaln", "digamma"):
            np.testing.assert_allclose(eg.evaluate(getattr(eg, name)(X), {X: x}), getattr(special, name)(x), rtol=1e-12, atol=1e-13)


def test_names_of_sympy() -> None:
    sp = pytest.importorskip("sympy", reason="SymPy's functions are read")
    x = sp.Symbol("x", real=True)
    for theirs, ours in (
        (sp.loggamma(x), eg.gammaln(X)), (sp.digamma(x), eg.digamma(X)), (sp.trigamma(x), eg.zeta(2, X)),
        (sp.polygamma(3, x), eg.polygamma(3, X)), (sp.zeta(x, 3), eg.zeta(X, 3)), (sp.zeta(x), eg.zeta(X, 1)),
    ):  # fmt: skip
        assert from_sympy(theirs) is ours
    assert from_sympy(to_sympy(eg.diff(eg.gammaln(X), X, 3))) is eg.diff(eg.gammaln(X), X, 3)


def test_gamma_of_whole_numbers_is_exact() -> None:
    n = np.arange(1.0, 19.0)
    exact = [math.factorial(int(k) - 1) for k in n]
    np.testing.assert_array_equal(eg.compile(eg.gamma(X), X)(n), exact)
    np.testing.assert_array_equal(eg.evaluate(eg.gamma(X), {X: n}), exact)
    np.testing.assert_array_equal(eg.compile(eg.gamma(X), X)(n[:10].astype(np.float32)), exact[:10])
    assert from_sympy(to_sympy(eg.gamma(X))) is eg.gamma(X)
    assert math.isinf(eg.evaluate(eg.gamma(X), {X: 171.7})) and eg.compile(eg.gamma(X), X)(-171.5) == pytest.approx(1.9316265431712e-310)


def test_inverses() -> None:
    p = np.array([1e-300, 1e-30, 1e-3, 0.3, 0.5, 0.99, 1 - 1e-12])
    for got in (eg.evaluate(eg.erfc(eg.erfcinv(X)), {X: p}), eg.compile(eg.ndtr(eg.ndtri(X)), X)(p)):
        np.testing.assert_allclose(got, p, rtol=2e-12)
    y = eg.erfinv(X)
    for order, at in ((1, 0.3), (2, -0.7), (3, 0.9)):
        want = float(mp.diff(mp.erfinv, mp.mpf(at), order))
        assert eg.evaluate(eg.diff(y, X, order), {X: at}) == pytest.approx(want, rel=1e-13)


#: x, y, rel_entr, kl_div
ENTROPIES = [
    (0.0, 0.0, 0.0, 0.0), (0.0, 2.0, 0.0, 2.0), (1.0, 0.0, INF, INF), (-1.0, 2.0, INF, INF), (1.0, -2.0, INF, INF), (NAN, 1.0, NAN, NAN),
    (2.0, 2.0, 0.0, 0.0), (1e-200, 1e200, -9.210340371976183e-198, 1e200), (INF, 1.0, INF, NAN),
]  # fmt: skip


def test_entropies() -> None:
    x, y = eg.symbols("x y")
    a, b, first, second = (np.array(v) for v in zip(*ENTROPIES))
    nodes = [eg.rel_entr(x, y), eg.kl_div(x, y)]
    with np.errstate(all="ignore"):
        for got in (eg.evaluate(nodes, {x: a, y: b}), eg.compile(nodes, [x, y])(a, b)):
            np.testing.assert_allclose(got, [first, second], rtol=1e-15)
    close = 1.0 + 1e-9
    with mp.workdps(40):
        p = mp.mpf(close)
        want = [float(p * mp.log(p)), float(p * mp.log(p) - p + 1)]
    np.testing.assert_allclose(eg.evaluate(nodes, {x: close, y: 1.0}), want, rtol=1e-14)
    assert eg.evaluate(eg.diff(eg.entr(X), X), {X: 0.25}) == pytest.approx(math.log(4) - 1, rel=1e-15)


#: a, b, beta, betaln
BETAS = [
    (1.0, 1.0, 1.0, 0.0), (0.0, 2.0, INF, INF), (-0.0, 2.0, INF, INF), (-1.0, 2.0, INF, INF), (-1.0, 1.0, -1.0, 0.0),
    (-3.0, 2.0, 1 / 6, -math.log(6)), (3.0, -3.0, -1 / 3, -math.log(3)), (-2.0, 2.5, INF, INF), (-0.5, 2.0, -4.0, math.log(4)),
    (-0.5, -0.5, 0.0, -INF), (INF, 2.0, 0.0, -INF), (INF, INF, NAN, NAN), (NAN, 1.0, NAN, NAN), (1e-300, 1e-300, 2e300, 691.4686750787737),
]  # fmt: skip


def test_beta() -> None:
    a, b = eg.symbols("a b")
    p, q, first, second = (np.array(v) for v in zip(*BETAS))
    nodes = [eg.beta(a, b), eg.betaln(a, b)]
    fn = eg.compile(nodes, [a, b])
    with np.errstate(all="ignore"):
        for got in (eg.evaluate(nodes, {a: p, b: q}), fn(p, q)):
            np.testing.assert_allclose(got, [first, second], rtol=5e-15, atol=1e-15)
    rng = np.random.default_rng(2)
    p, q = 10.0 ** rng.uniform(-3, 1.3, 20), 10.0 ** rng.uniform(-3, 6, 20)
    for kind, eps in ((np.float64, 1.2e-16), (np.float32, 6e-8)):
        x, y = p.astype(kind), q.astype(kind)
        for s, t, got in zip(x, y, fn(x, y)[1]):
            with mp.workdps(30):
                want = names()["log_beta"](mp.mpf(float(s)), mp.mpf(float(t)))
            assert abs(got - float(want)) <= 8 * eps * max(1.0, abs(float(want))), (s, t)
    # all three gammas overflow, and their logarithms cancel
    with mp.workdps(40):
        want = [float(mp.beta(400, 600)), float(mp.log(mp.beta(mp.mpf(10) ** 12, 1.5)))]
    np.testing.assert_allclose(fn(400.0, 600.0)[0], want[0], rtol=2e-15)
    np.testing.assert_allclose(fn(1e12, 1.5)[1], want[1], rtol=1e-15)
    assert str(eg.diff(eg.betaln(a, b), a)) == "digamma(a) - digamma(a + b)"


@pytest.mark.slow
def test_derivatives_of_beta_far_out() -> None:
    a, b = eg.symbols("a b")
    nodes = [eg.diff(eg.betaln(a, b), a), eg.diff(eg.betaln(a, b), a, a), eg.diff(eg.betaln(a, b), a, b), eg.diff(eg.beta(a, b), a, a)]
    fn = eg.compile(nodes, [a, b])
    for p, q in ((1e8, 0.5), (3.0, 1e-9), (0.01, 1e6), (7.5, 2.25)):
        with mp.workdps(60):
            x, y = mp.mpf(p), mp.mpf(q)
            step = mp.digamma(x) - mp.digamma(x + y)
            second = mp.psi(1, x) - mp.psi(1, x + y)
            want = [float(v) for v in (step, second, -mp.psi(1, x + y), mp.beta(x, y) * (step**2 + second))]
        for got in (eg.evaluate(nodes, {a: p, b: q}), fn(p, q)):
            np.testing.assert_allclose(got, want, rtol=2e-14)


def test_more_names_of_scipy() -> None:
    special = pytest.importorskip("scipy.special", reason="SciPy's ufuncs are called on expressions")
    y = eg.Symbol("y")
    for name in ("gamma", "rgamma", "gammasgn", "erfinv", "erfcinv", "ndtr", "ndtri", "expit", "log_expit", "logit", "entr"):
        assert getattr(special, name)(X) is getattr(eg, name)(X), name
    for name in ("beta", "betaln", "xlogy", "xlog1py", "rel_entr", "kl_div"):
        assert getattr(special, name)(X, y) is getattr(eg, name)(X, y), name
