"""Every elementwise row against mpmath: the value and the derivatives to third order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.elementwise import Function, apply
from exprgraph.graph.primitive import TABLE
from exprgraph.testing.code_by_mpmath import names

mp.mp.dps = 50


def _cond(test: Callable[..., bool]) -> Callable[..., Any]:
    return lambda *a: mp.mpf(bool(test(*a)))


REFERENCE: dict[str, Callable[..., Any]] = {
    "exp": mp.exp, "exp2": lambda x: 2**x, "expm1": mp.expm1, "log": mp.log, "log2": lambda x: mp.log(x, 2),
    "log10": mp.log10, "log1p": mp.log1p, "cbrt": mp.cbrt, "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "asin": mp.asin,
    "acos": mp.acos, "atan": mp.atan, "atan2": mp.atan2, "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh,
    "tanh_prime": lambda x: mp.sech(x) ** 2, "asinh": mp.asinh, "acosh": mp.acosh, "atanh": mp.atanh, "erf": mp.erf, "erfc": mp.erfc,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)), "sigmoid_prime": lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2,
    "softplus": lambda x: mp.log1p(mp.exp(x)), "relu": lambda x: max(x, mp.mpf(0)), "step": _cond(lambda x: x > 0),
    "gelu": lambda x: x * mp.ncdf(x), "silu": lambda x: x / (1 + mp.exp(-x)), "abs": abs, "sign": mp.sign,
    "floor": mp.floor, "ceil": mp.ceil, "minimum": min, "maximum": max, "less": _cond(lambda a, b: a < b),
    "less_equal": _cond(lambda a, b: a <= b), "equal": _cond(lambda a, b: a == b), "not_equal": _cond(lambda a, b: a != b),
    "logical_and": _cond(lambda a, b: a and b), "logical_or": _cond(lambda a, b: a or b), "logical_not": _cond(lambda a: not a),
    "where": lambda c, a, b: a if c else b, "gate": lambda c, p: c * p if c else mp.mpf(0), "pow": lambda a, b: a**b,
    "power_slope": lambda a, b: b * a ** (b - 1), "power_log": lambda a, b: a**b * mp.log(a),
    "acosh_prime": lambda x: 1 / mp.sqrt(x * x - 1), "coth_acosh": lambda x: x / mp.sqrt(x * x - 1),
    "atan_prime": lambda x: 1 / (1 + x**2), "normal_cdf": mp.ncdf, "log_sigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "logaddexp": lambda a, b: mp.log(mp.exp(a) + mp.exp(b)), "xlogy": lambda x, y: x * mp.log(y),
    "direction": lambda a, b: a / mp.hypot(a, b), "share": lambda a, h: a / h, "ratio": lambda a, b: a / b,
    "mod": lambda x, y: x - y * mp.floor(x / y), "floor_divide": lambda x, y: mp.floor(x / y),
    "fmod": lambda x, y: x - y * int(x / y),
    "held": lambda x: x, "excess": lambda a, b: a - b, "kl_slope": lambda x, y: 1 - x / y,
    "gate_both": lambda a, b: a * b, "smaller": lambda a, b: mp.mpf((a < b) + (a <= b)) / 2,
    "j0": lambda x: mp.besselj(0, x), "j1": lambda x: mp.besselj(1, x), "y0": lambda x: mp.bessely(0, x),
    "y1": lambda x: mp.bessely(1, x), "i0": lambda x: mp.besseli(0, x), "i1": lambda x: mp.besseli(1, x),
    "i0e": lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), "i1e": lambda x: mp.exp(-abs(x)) * mp.besseli(1, x),
    "ive": lambda n, x: mp.exp(-abs(x)) * mp.besseli(int(n), x), "k0": lambda x: mp.besselk(0, x), "k1": lambda x: mp.besselk(1, x),
    "jn": lambda n, x: mp.besselj(int(n), x), "yn": lambda n, x: mp.bessely(int(n), x), "iv": lambda n, x: mp.besseli(int(n), x),
    "kn": lambda n, x: mp.besselk(int(n), x),
    **{n: names()[n] for n in ("erfinv", "erfcinv", "xlog1py", "log_ratio", "rel_entr", "kl_div")}, "gamma": mp.gamma, "rgamma": mp.rgamma,
    "beta": mp.beta, "betaln": names()["log_beta"],
    "gammaln": mp.loggamma, "digamma": mp.digamma, "zeta": names()["zeta"], "zeta_step": names()["zeta_step"],
    "gammainc": lambda a, x: mp.gammainc(a, 0, x, regularized=True), "gammaincc": lambda a, x: mp.gammainc(a, x, regularized=True),
    "gamma_density": lambda a, x: x ** (a - 1) * mp.exp(-x) * mp.rgamma(a),
    "betainc": lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True),
    "gammaincc_by_a": lambda a, x: mp.diff(lambda p: mp.gammainc(p, x, regularized=True), a),
    "betainc_by_a": lambda a, b, x: mp.diff(lambda p: mp.betainc(p, b, 0, x, regularized=True), a),
    "betainc_by_b": lambda a, b, x: mp.diff(lambda p: mp.betainc(a, p, 0, x, regularized=True), b),
    "beta_density": lambda a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b),
    "root": mp.sqrt, "inverse_root": lambda s: 1 / mp.sqrt(s), "hypot": mp.hypot,
}  # fmt: skip
ROWS = sorted(n for n, r in TABLE.items() if isinstance(r, Function) and n in REFERENCE)


def test_every_row_of_the_package_has_a_reference() -> None:
    from exprgraph.functions import rows as functions

    assert set(functions._table) <= set(REFERENCE)  # rows as the package made them, without users'


#: rows whose values take mpmath long; test_bessel.py, test_incomplete.py and test_special.py have quick tests of their derivatives
LONG = {"j0", "j1", "jn", "y0", "y1", "yn", "i0", "i1", "iv", "i0e", "i1e", "ive", "k0", "k1", "kn", "gammainc", "gammaincc", "betainc"}
LONG |= {"gammaincc_by_a", "betainc_by_a", "betainc_by_b"}
LONG |= {"beta", "betaln", "zeta", "zeta_step", "erfinv", "erfcinv"}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in ROWS])
def test_against_mpmath_to_third_order(name: str) -> None:
    row = TABLE[name]
    assert isinstance(row, Function)
    reference = REFERENCE[name]
    rng = np.random.default_rng(7)
    symbols = eg.symbols([f"a{i}" for i in range(row.arity)])
    f = apply(row, *symbols)
    points = [
        [float(rng.choice(row.fixed[k]) if k in row.fixed else rng.uniform(a, b)) for k, (a, b) in enumerate(row.sample)]
        for _ in range(1 if name in LONG else 6)
    ]
    for k, s in enumerate(symbols):
        if (name in ("where",) and k == 0) or k in row.fixed:
            continue
        derivatives = [f, eg.diff(f, s), eg.diff(f, s, 2), eg.diff(f, s, 3)]
        for point in points:
            at = [mp.mpf(p) for p in point]
            series = mp.taylor(lambda t, at=at, k=k: reference(*at[:k], t, *at[k + 1 :]), at[k], 3)
            exact = [c * mp.factorial(i) for i, c in enumerate(series)]
            for order, d in enumerate(derivatives):
                got = float(eg.evaluate(d, dict(zip(symbols, point))))
                want = float(exact[order])
                scale = max(abs(want), 1e-3 * max(abs(float(e)) for e in exact))
                assert abs(got - want) <= 1e-12 * scale, (name, k, order, point, got, want)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow) if n in LONG else n
        for n in ROWS
        if TABLE[n].arity == 2 and not TABLE[n].fixed  # type: ignore[attr-defined]
    ],
)
def test_mixed_derivatives_against_mpmath(name: str) -> None:
    row = TABLE[name]
    assert isinstance(row, Function)
    a, b = eg.symbols("a b")
    mixed = eg.diff(apply(row, a, b), a, b)
    other = eg.diff(apply(row, a, b), b, a)
    rng = np.random.default_rng(8)
    for _ in range(4):
        p, q = (float(rng.uniform(*s)) for s in row.sample)
        want = float(mp.diff(REFERENCE[name], (mp.mpf(p), mp.mpf(q)), (1, 1)))
        for d in (mixed, other):
            assert float(eg.evaluate(d, {a: p, b: q})) == pytest.approx(want, rel=1e-11, abs=1e-12)


def test_powers_against_mpmath() -> None:
    x = eg.Symbol("x")
    for e in (-2.5, -2, -1, -0.5, 0.5, 1, 1.5, 2, 3, 7):
        d = x**e
        for order in range(4):
            for at in (0.3, 1.7, 25.0):
                want = float(mp.diff(lambda t, e=e: t ** mp.mpf(e), mp.mpf(at), order))
                assert float(eg.evaluate(d, {x: at})) == pytest.approx(want, rel=1e-13, abs=1e-18), (e, order)
            d = eg.diff(d, x)


def test_a_user_defined_row_is_differentiated_like_any_other() -> None:
    sinc = eg.function(
        "sinc_of_test",
        numpy=lambda t: np.sinc(t / np.pi),
        derivative=lambda t: (eg.cos(t) - eg.sin(t) / t) / t,
        code="math.sin({0})/{0}",
        domain=(0.1, 10),
        sample=(0.1, 3),
    )
    x = eg.Symbol("x")
    for order in range(4):
        d = eg.diff(sinc(x), x, order) if order else sinc(x)
        assert float(eg.evaluate(d, {x: 1.3})) == pytest.approx(float(mp.diff(mp.sinc, mp.mpf(1.3), order)), rel=1e-12)
    blend = eg.function(
        "blend_of_test", numpy=lambda a, b: a * a * b, derivative=[lambda a, b: 2 * a * b, lambda a, b: a * a], code="{0}*{0}*{1}"
    )
    y = eg.Symbol("y", 2)
    g = eg.gradient(eg.sum(blend(y, x)), x)
    assert eg.evaluate(g, {x: 3.0, y: [1.0, 2.0]}) == 5
    with pytest.raises(TypeError, match="blend_of_test takes 2 arguments, got 1"):
        blend(x)


def test_a_derivative_of_another_shape_names_the_function() -> None:
    from exprgraph.testing import temporary_functions

    x, v, W = eg.Symbol("x"), eg.Symbol("v", 2), eg.Symbol("W", (3, 2))
    with temporary_functions():
        f = eg.function("shapely", numpy=np.sin, derivative=lambda t: v, code="math.sin({0})")
        for by, e in ((x, f(x)), (v, f(W @ v))):
            for mode in ("forward", "reverse"):
                with pytest.raises(eg.ShapeError, match=r"function shapely: its derivative by argument 0 has shape \(2,\) where"):
                    eg.jacobian(e, by, mode=mode)
        assert eg.jacobian(f(v), v).shape == (2, 2)
