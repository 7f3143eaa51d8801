"""What derivatives are where a function has none, and where formulas lose their digits."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.testing import check_values
from exprgraph.testing.precise import evaluate_precisely

x = eg.Symbol("x")
v = eg.Symbol("v", 3)
ZERO = np.zeros(3)
MODES = ["forward", "reverse"]


@pytest.mark.parametrize("second", MODES)
@pytest.mark.parametrize("first", MODES)
def test_norm_at_zero(first: str, second: str) -> None:
    f = eg.norm(v)
    g = eg.jacobian(f, v, first)  # type: ignore[call-overload]
    h = eg.jacobian(g, v, second)  # type: ignore[call-overload]
    assert eg.evaluate(f, {v: ZERO}) == 0
    np.testing.assert_array_equal(eg.evaluate(g, {v: ZERO}), ZERO)
    np.testing.assert_array_equal(eg.evaluate(h, {v: ZERO}), np.zeros((3, 3)))
    at = np.array([3.0, 0.0, -4.0])
    np.testing.assert_allclose(eg.evaluate(g, {v: at}), at / 5, rtol=1e-15)
    np.testing.assert_allclose(eg.evaluate(h, {v: at}), np.eye(3) / 5 - np.outer(at, at) / 125, rtol=1e-14, atol=1e-16)


def test_norms_of_parts_that_are_zero() -> None:
    a = eg.Symbol("A", (2, 3))
    g = eg.gradient(eg.sum(eg.norm(a, axis=1)), a)
    np.testing.assert_allclose(eg.evaluate(g, {a: [[0.0, 0, 0], [3.0, 4.0, 0]]}), [[0, 0, 0], [0.6, 0.8, 0]])
    s = eg.Symbol("s", per_sample=True)
    total = eg.norm(eg.over_samples.sum(s) * v)
    np.testing.assert_array_equal(eg.evaluate(eg.gradient(total, v), {v: [1.0, 2, 3], s: [1.0, -1.0]}), ZERO)


@pytest.mark.parametrize("f", [eg.norm, eg.std, lambda e: eg.hypot(e[0], e[1])])
def test_the_roots_of_sums_of_squares_have_derivative_zero_at_zero(f: object) -> None:
    e = f(v)  # type: ignore[operator]
    for d in (eg.gradient(e, v), eg.hessian(e, v)):
        assert np.isfinite(eg.evaluate(d, {v: ZERO})).all()
        assert (eg.evaluate(d, {v: ZERO}) == 0).all()


def test_kinks() -> None:
    at = {x: 0.0}
    for f in (eg.abs, eg.relu, eg.sign, eg.step, eg.floor, eg.ceil):
        assert eg.evaluate(eg.diff(f(x), x), at) == 0
        assert eg.evaluate(eg.diff(f(x), x, 2), at) == 0
    assert eg.evaluate(eg.diff(eg.abs(x), x), {x: -2.0}) == -1
    assert eg.evaluate(eg.diff(eg.relu(x), x), {x: 1e-300}) == 1
    assert eg.evaluate(eg.diff(eg.maximum(x, 0.0), x), at) == 0.5
    assert eg.evaluate(eg.diff(eg.minimum(x, 0.0), x), at) == 0.5
    assert eg.evaluate(eg.diff(eg.maximum(x, x), x), at) == 1
    assert eg.evaluate(eg.diff(eg.clip(x, -1, 1), x), {x: 2.0}) == 0


@pytest.mark.parametrize("mode", MODES)
def test_ties_of_an_extremum_share_the_derivative(mode: str) -> None:
    for f in (eg.max, eg.min):
        j = eg.jacobian(f(v), v, mode)  # type: ignore[call-overload]
        np.testing.assert_array_equal(eg.evaluate(j, {v: [2.0, 2.0, 2.0]}), np.full(3, 1 / 3))
        np.testing.assert_array_equal(eg.evaluate(eg.hessian(f(v), v), {v: [2.0, 2.0, 2.0]}), np.zeros((3, 3)))
    np.testing.assert_array_equal(eg.evaluate(eg.gradient(eg.max(v), v), {v: [2.0, 1.0, 2.0]}), [0.5, 0, 0.5])
    np.testing.assert_array_equal(eg.evaluate(eg.gradient(eg.norm(v, float("inf")), v), {v: [-2.0, 1.0, 0.0]}), [-1, 0, 0])


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0, 5.0])
def test_whole_powers_are_exact_at_zero_to_any_order(exponent: float) -> None:
    for f in (x**exponent, eg.power(x, exponent), eg.sum(eg.reshape(x, 1) ** np.array([exponent]))):
        d = f
        for order in range(8):
            want = math.prod(range(int(exponent) - order + 1, int(exponent) + 1)) if order == exponent else 0
            assert eg.evaluate(d, {x: 0.0}) == want, (f, order)
            assert eg.evaluate(d, {x: -0.0}) == want
            d = eg.diff(d, x)


def test_an_array_of_exponents_is_exact_at_zero() -> None:
    f = eg.sum(v ** np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(eg.evaluate(eg.gradient(f, v), {v: ZERO}), [1, 0, 0])
    np.testing.assert_array_equal(eg.evaluate(eg.hessian(f, v), {v: ZERO}), np.diag([0, 2.0, 0]))
    third = eg.evaluate(eg.jacobian(eg.hessian(f, v), v), {v: ZERO})
    assert third[2, 2, 2] == 6
    assert np.count_nonzero(third) == 1
    assert (v ** np.array([2.0, 2.0, 2.0])) is v**2


@pytest.mark.one_in(3)
@pytest.mark.parametrize("e", [k / 2 for k in range(-17, 18) if k])
def test_every_way_to_a_power_gives_the_same(e: float) -> None:
    """By NumPy, compiled, and with the number put in before: NaN below 0 and at -inf, where the exponent is 1/2, 3/2, ..."""
    t, v = eg.Symbol("t"), eg.Symbol("v", 2)
    compiled = eg.compile(t**e, t)
    for at in (-np.inf, -2.0, -0.0, 0.0, 0.25, 3.0, np.inf):
        with np.errstate(all="ignore"):
            ways = [eg.evaluate(t**e, {t: at}), compiled(at), compiled(np.array([1.0, at]))[1]]
            ways += [eg.evaluate(eg.substitute(f, {s: at}), {}) for f, s in ((t**e, t), (v[0] ** e, v)) if s is t]
            ways.append(eg.evaluate(eg.substitute(v**e, {v: [at, 1.0]}), {})[0])
        np.testing.assert_allclose([float(w) for w in ways], float(ways[0]), rtol=4e-16 * abs(e) + 4e-16, err_msg=str(at))
        if at == -np.inf and e != int(e) and abs(e) < 8:
            assert np.isnan(ways[0])


def test_beside_the_diagonal_there_are_zeros() -> None:
    v, a = eg.Symbol("v", 3), eg.Symbol("a", (3, 3))
    at = np.array([0.0, 1.0, np.inf])
    with np.errstate(all="ignore"):
        for f, slopes in ((eg.sqrt, 0.5 / np.sqrt(at)), (eg.log, 1 / at), (lambda e: 1 / e, -1 / at**2)):
            for mode in ("forward", "reverse", "auto"):
                j = eg.jacobian(f(v), v, mode=mode)
                np.testing.assert_array_equal(eg.evaluate(j, {v: at}), np.diag(slopes))
                np.testing.assert_array_equal(eg.compile(j, v)(at), np.diag(slopes))
        odd = np.array([[np.nan, np.inf, 1.0]])
        np.testing.assert_array_equal(eg.evaluate(eg.diag(v), {v: odd}), np.diag(odd[0])[None])
        values = np.arange(9.0).reshape(3, 3)
        values[0, 1] = np.inf
        for e in (eg.einsum("ij,ij,k->ijk", eg.identity(3), a, v), eg.einsum("ij,jk,il->ijkl", eg.identity(3), a, a)):
            by_numpy, compiled = eg.evaluate(e, {a: values, v: at}), eg.compile(e, [a, v])(values, at)
            np.testing.assert_array_equal(by_numpy, compiled)
            assert not np.any(by_numpy[0, 1])
    check_values(eg.diag(1 / v), at={v: at})
    exact = evaluate_precisely(eg.diag(1 / v), {v: [*at[:2].tolist(), 4.0]})
    np.testing.assert_array_equal(exact.astype(float), np.diag([np.inf, 1.0, 0.25]))


def test_a_symbolic_exponent() -> None:
    n = eg.Symbol("n")
    f = x**n
    at = {x: 0.0, n: 2.0}
    assert eg.evaluate(f, at) == 0
    assert eg.evaluate(eg.diff(f, x), at) == 0
    assert eg.evaluate(eg.diff(f, x, 2), at) == 2
    assert eg.evaluate(eg.diff(f, n), at) == 0
    assert eg.evaluate(eg.diff(f, n, 2), at) == 0
    assert eg.evaluate(eg.diff(f, x, n), at) == 0
    assert eg.evaluate(eg.diff(f, x, n), {x: 2.0, n: 0.0}) == pytest.approx(0.5)
    for order in (3, 4, 5):  # a factor that is 0, times an infinite power
        assert eg.evaluate(eg.diff(f, x, order), at) == 0
        assert eg.compile(eg.diff(f, x, order), [x, n])(0.0, 2.0) == 0


INF, NAN = np.inf, np.nan
#: of x**y, at (x, y): the derivatives by x, by y, and by both
POWERS: dict[tuple[float, float], tuple[float, float, float]] = {
    (0.0, 3.0): (0.0, 0.0, 0.0), (0.0, 2.0): (0.0, 0.0, 0.0), (0.0, 1.5): (0.0, 0.0, 0.0), (0.0, 1.0): (1.0, 0.0, -INF),
    (0.0, 0.0): (0.0, -INF, INF), (0.0, -1.0): (-INF, -INF, INF), (INF, -1.0): (0.0, 0.0, 0.0),
    (-2.0, 2.0): (-4.0, NAN, NAN), (-2.0, 1.0): (1.0, NAN, NAN), (-2.0, 0.0): (0.0, NAN, -0.5),
    (0.0, 0.5): (INF, 0.0, NAN),  # infinity less infinity
}  # fmt: skip


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_derivatives_of_a_power_at_zero_are_the_limits(mode: Any) -> None:
    y = eg.Symbol("y")
    f = x**y
    by_x, by_y = eg.jacobian(f, x, mode), eg.jacobian(f, y, mode)
    forms = [by_x, by_y, eg.jacobian(by_x, y, mode), eg.jacobian(by_y, x, mode)]
    assert forms[2] is forms[3]
    fn = eg.compile(forms, (x, y))
    for (a, b), (dx, dy, mixed) in POWERS.items():
        for got in (eg.evaluate(forms, {x: a, y: b}), fn(a, b)):
            np.testing.assert_array_equal(got, [dx, dy, mixed, mixed], err_msg=f"{a}**{b}")
    itself = eg.substitute(f, {y: x})
    assert eg.evaluate([eg.diff(itself, x), eg.diff(itself, x, 2)], {x: 0.0}) == [-INF, INF]


def test_domains_are_kept() -> None:
    for e in (x / x, eg.sqrt(x) ** 2, eg.log(x) - eg.log(x) + eg.sqrt(x) * eg.sqrt(x), eg.exp(eg.log(x))):
        assert np.isnan(eg.evaluate(e, {x: -1.0})) or e is x / x
    assert np.isnan(eg.evaluate(x / x, {x: 0.0}))
    assert eg.evaluate(eg.sqrt(x**2), {x: -3.0}) == 3
    assert eg.evaluate((x**2) ** 1.5, {x: -2.0}) == 8
    assert eg.evaluate(1 / (1 / x), {x: 0.0}) == 0
    assert eg.sqrt(x) * eg.sqrt(x) is eg.sqrt(x) ** 2


def test_coefficients_are_not_joined_where_they_would_overflow_or_vanish() -> None:
    y = eg.Symbol("y")
    twice = 1e308 * x + 1e308 * x
    assert eg.evaluate(twice, {x: 0.25}) == 5e307
    assert eg.evaluate(twice + twice, {x: 0.125}) == 5e307
    assert eg.substitute(twice, {}) is twice
    assert eg.evaluate((1e200 * x) * (1e200 * y), {x: 1e-200, y: 1e-200}) == pytest.approx(1)
    assert eg.evaluate((1e-200 * x) * (1e-200 * y), {x: 1e200, y: 1e200}) == pytest.approx(1)
    assert eg.evaluate(1e200 * (1e200 * x + y), {x: 1e-300, y: 0.0}) == pytest.approx(1e100)
    assert eg.evaluate(1e-200 * (1e-200 * x), {x: 1e300}) == pytest.approx(1e-100)


# ---------------------------------------------------------------- digits


@pytest.mark.one_in(5)
@pytest.mark.parametrize("point", [0.0, 0.3, 1.0, 2.5, 5.0, 12.0, 19.5, 30.0, 200.0, 354.0])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "erf", "gelu", "silu"])
def test_saturated_activations_keep_their_digits_to_fifth_order(name: str, point: float) -> None:
    mpmath.mp.dps = 50
    reference = {
        "tanh": mpmath.tanh,
        "sigmoid": lambda t: 1 / (1 + mpmath.exp(-t)),
        "softplus": lambda t: mpmath.log1p(mpmath.exp(t)),
        "erf": mpmath.erf,
        "gelu": lambda t: t * mpmath.ncdf(t),
        "silu": lambda t: t / (1 + mpmath.exp(-t)),
    }[name]
    f = getattr(eg, name)
    for sign in (1, -1):
        at = sign * point
        d = f(x)
        limit = 13.0 if name in ("erf", "gelu") else 40.0  # beyond, all orders underflow
        with mpmath.workdps(60 + int(point * point / 2 if name in ("erf", "gelu") and point < limit else 2 * point)):
            series = mpmath.taylor(reference, mpmath.mpf(at), 5) if point < limit else None
        for order in range(6):
            got = float(eg.evaluate(d, {x: at}))
            if series is None:
                assert math.isfinite(got)
                want = float(reference(mpmath.mpf(at))) if order == 0 else None
            else:
                want = float(series[order] * mpmath.factorial(order))
            if want is not None:
                # relative to the size of the terms that cancel at a root of the derivative
                scale = max(abs(want), 1e-3 * max(float(abs(c)) for c in series) if series is not None and point < 4 else 0.0)
                tolerance = 1e-12 * (1 + (at * at if name in ("erf", "gelu") else 0))
                assert abs(got - want) <= max(tolerance * scale, 1e-300), (order, at, got, want)
            d = eg.diff(d, x)


def test_large_arguments_and_infinities() -> None:
    inf = math.inf
    for f, low, high in [
        (eg.tanh, -1, 1),
        (eg.sigmoid, 0, 1),
        (eg.erf, -1, 1),
        (eg.softplus, 0, inf),
        (eg.silu, 0, inf),
        (eg.gelu, 0, inf),
    ]:
        for at, want in ((inf, high), (-inf, low)):
            assert eg.evaluate(f(x), {x: at}) == want, f
        assert np.isnan(eg.evaluate(f(x), {x: math.nan}))
        assert np.isnan(eg.evaluate(eg.diff(f(x), x), {x: math.nan}))
        for at in (500.0, -500.0, 1e300, -1e300):
            assert math.isfinite(eg.evaluate(eg.diff(f(x), x), {x: at})), (f, at)
    assert eg.evaluate(eg.tanh(x), {x: 500.0}) == 1
    assert eg.evaluate(eg.diff(eg.tanh(x), x), {x: inf}) == 0
    assert eg.evaluate(eg.diff(eg.sigmoid(x), x), {x: -inf}) == 0


def test_signed_zeros_and_denormals() -> None:
    tiny = 5e-324
    for f in (eg.tanh, eg.sin, eg.asin, eg.atan, eg.sinh, eg.asinh, eg.expm1, eg.log1p, eg.erf):
        assert math.copysign(1, eg.evaluate(f(x), {x: -0.0})) == -1, f
        assert eg.evaluate(f(x), {x: tiny}) in (tiny, 2 * tiny), f
        assert eg.evaluate(eg.diff(f(x), x), {x: tiny}) == pytest.approx(2 / math.sqrt(math.pi) if f is eg.erf else 1)
    assert eg.evaluate(-x, {x: 0.0}) == 0 and math.copysign(1, eg.evaluate(-x, {x: 0.0})) == -1


def test_logsumexp_of_infinities() -> None:
    inf = math.inf
    f = eg.logsumexp(v)
    assert eg.evaluate(f, {v: [-inf, -inf, -inf]}) == -inf
    assert eg.evaluate(f, {v: [inf, 0.0, 1.0]}) == inf
    assert eg.evaluate(f, {v: [1000.0, 1000.0, -inf]}) == pytest.approx(1000 + math.log(2))
    np.testing.assert_allclose(eg.evaluate(eg.gradient(f, v), {v: [-inf, 0.0, 1.0]}), [0, 1 / (1 + math.e), math.e / (1 + math.e)])
    np.testing.assert_allclose(eg.evaluate(eg.logsumexp(v, keepdims=True), {v: [0.0, 0.0, 0.0]}), [math.log(3)])


def test_hypot_neither_overflows_nor_divides_by_zero() -> None:
    x, y = eg.symbols("x y")
    h = eg.hypot(x, y)
    outputs = [h, eg.diff(h, x), eg.diff(h, y)]
    for backend in ("numpy", "native"):
        fn = eg.compile(outputs, (x, y), backend=backend)
        np.testing.assert_allclose(fn(3e200, 4e200), [5e200, 0.6, 0.8], rtol=1e-15)
        np.testing.assert_allclose(fn(3e-200, 4e-200), [5e-200, 0.6, 0.8], rtol=1e-15)
        np.testing.assert_array_equal(fn(0.0, 0.0), [0.0, 0.0, 0.0])
    assert eg.evaluate(eg.diff(h, x, y), {x: 0.0, y: 0.0}) == 0.0
