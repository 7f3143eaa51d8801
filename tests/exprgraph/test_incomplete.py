"""Incomplete gamma and beta functions: accuracy, special points, derivatives, refusals, and the names of SciPy, SymPy and text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.elementwise import apply, row_named
from exprgraph.loops.formulas import elementary
from exprgraph.loops.on_arrays import on_arrays
from exprgraph.testing.code_by_mpmath import scalar

a, b, x = eg.symbols("a b x")
#: largest errors in float64 and in float32, in units of the value times 2 + |log(value)|
ULPS = {
    "gammainc": (4.8, 5.5), "gammaincc": (5.8, 5.0), "gamma_density": (5.0, 5.0), "betainc": (4.6, 4.6), "beta_density": (10.0, 18.0),
    "gammaincc_by_a": (7.0, 7.0), "betainc_by_a": (20.0, 26.0), "betainc_by_b": (20.0, 26.0),
}  # fmt: skip
#: mpmath takes long for derivatives
SLOPES = ("gammaincc_by_a", "betainc_by_a", "betainc_by_b")


def points(name: str, count: int, single: bool, seed: int = 1) -> list[np.ndarray]:
    """Parameters of all sizes, and arguments near the mean and far from it."""
    rng = np.random.default_rng(seed)
    if "gamma" in name:
        sizes = ((-3, 0), (0, 1.8), (1.8, 2.3), (2.3, 3 if name in SLOPES else 4))
        p = np.concatenate([10 ** rng.uniform(low, high, count) for low, high in sizes])
        near = p * np.abs(1 + np.minimum(4 / np.sqrt(p), 1) * rng.normal(size=p.size))
        return [p, np.where(rng.random(p.size) < 0.6, near, p * 10 ** rng.uniform(-1, 0.5, p.size))]
    sizes = ((-1, 0.5), (0, 1.0), (0, 1.5)) if name in SLOPES else ((0, 1.5), (0, 3), (0, 4))
    p, q = (np.concatenate([10 ** rng.uniform(low, high, count) for low, high in sizes]) for _ in range(2))
    if name == "beta_density":
        p[: count // 2] **= -1
    mean = p / (p + q)
    t = np.where(rng.random(p.size) < 0.6, mean + 3 * np.sqrt(mean * (1 - mean) / (p + q)) * rng.normal(size=p.size), rng.random(p.size))
    return [p, q, np.where((t <= 0) | (t >= 1), rng.random(p.size), t)]


@cache
def compiled(name: str) -> Callable[..., Any]:
    symbols = (a, b, x)[-row_named(name).arity :] if name.startswith("beta") else (a, x)
    return eg.compile(apply(row_named(name), *symbols), symbols)


def worst(name: str, single: bool, function: Callable[..., Any], count: int, seed: int = 1) -> tuple[float, list[float]]:
    kind = np.float32 if single else np.float64
    given = [v.astype(kind) for v in points(name, count, single, seed)]
    values = function(*given)
    assert values.dtype == kind
    most, where = 0.0, [math.nan]
    with mp.workdps(50):
        for value, *at in zip(values, *given, strict=True):
            right = scalar(row_named(name))(*map(float, at))
            if not np.finfo(kind).tiny < abs(right) < np.finfo(kind).max:
                continue
            unit = mp.mpf(float(np.spacing(kind(abs(right))))) * (2 + abs(mp.log(abs(right))))
            error = float(abs(mp.mpf(float(value)) - right) / unit)
            if not error <= most:
                most, where = error, [float(v) for v in at]
    return most, where


@pytest.mark.slow
@pytest.mark.parametrize("name", ULPS)
def test_accuracy(name: str) -> None:
    for function in (compiled(name), on_arrays(name)):
        most, where = worst(name, False, function, 3)
        assert most <= ULPS[name][0], where
    most, where = worst(name, True, compiled(name), 3)
    assert most <= ULPS[name][1], where


@pytest.mark.slow
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("name", ULPS)
def test_accuracy_at_many_points(name: str, single: bool) -> None:
    most, where = worst(name, single, compiled(name), 100, 2)
    assert most <= ULPS[name][single], where


def test_docstrings_state_the_bounds() -> None:
    for name, bounds in ULPS.items():
        found = re.search(r"Within ([\d.]+) ulp; ([\d.]+) in float32", elementary()[name].__doc__ or "")
        assert found and (float(found[1]), float(found[2])) == bounds, name


INF, NAN = math.inf, math.nan
ONES = {a: 1.0, b: 1.0, x: 0.5}


def test_special_points() -> None:
    """Those of SciPy."""
    outside = [eg.gammaincc_by_a(-1.0, x), eg.betainc_by_a(0.0, b, x), eg.betainc_by_b(a, b, 2.0)]
    assert np.isnan(eg.evaluate(outside, ONES)).all()
    ends = [0.0, 1.0, INF, -1.0, NAN]
    p, t = (g.ravel() for g in np.meshgrid([0.0, 1.0, INF, -1.0], ends, indexing="ij"))
    lower = [NAN, 1, 1, NAN, NAN, 0, 1 - math.exp(-1), 1, NAN, NAN, 0, 0, NAN, NAN, NAN, *[NAN] * 5]
    nodes = [eg.gammainc(a, x), eg.gammaincc(a, x)]
    for below, above in (eg.evaluate(nodes, {a: p, x: t}), eg.compile(nodes, (a, x))(p, t)):
        np.testing.assert_allclose(below, lower, rtol=1e-15)
        np.testing.assert_allclose(above, 1 - np.array(lower), rtol=1e-15)
    table = {
        (0.0, 0.0, 0.5): NAN, (0.0, 1.0, 0.5): 1, (0.0, 1.0, 0.0): 0, (1.0, 0.0, 0.5): 0, (1.0, 0.0, 1.0): 1, (1.0, INF, 0.5): 1,
        (INF, 1.0, 0.5): 0, (INF, INF, 0.5): NAN, (-1.0, 1.0, 0.5): NAN, (1.0, 1.0, -0.5): NAN, (1.0, 1.0, 1.5): NAN, (1.0, 1.0, NAN): NAN,
        (1.0, 1.0, 0.25): 0.25,
    }  # fmt: skip
    columns = dict(zip((a, b, x), np.array(list(table)).T))
    for got in (eg.evaluate(eg.betainc(a, b, x), columns), eg.compile(eg.betainc(a, b, x), (a, b, x))(*columns.values())):
        np.testing.assert_allclose(got, list(table.values()), rtol=1e-15)


def test_derivatives_by_parameters() -> None:
    """The first by each, and all by x of them."""
    at = {a: 2.5, b: 1.75, x: 0.4}
    p, q, t = (mp.mpf(v) for v in at.values())
    lower = lambda r, s: mp.gammainc(r, 0, s, regularized=True)  # noqa: E731
    whole = lambda r, s, v: mp.betainc(r, s, 0, v, regularized=True)  # noqa: E731
    wanted = [
        mp.diff(lower, (p, t), (1, 0)), -mp.diff(lower, (p, t), (1, 0)), mp.diff(whole, (p, q, t), (1, 0, 0)),
        mp.diff(whole, (p, q, t), (0, 1, 0)), mp.diff(lower, (p, t), (1, 2)), mp.diff(whole, (p, q, t), (0, 1, 1)),
    ]  # fmt: skip
    lower_of, whole_of = eg.gammainc(a, x), eg.betainc(a, b, x)
    for mode in ("forward", "reverse"):
        by_a, by_b = eg.jacobian(whole_of, a, mode=mode), eg.jacobian(whole_of, b, mode=mode)  # type: ignore[arg-type]
        slopes = [eg.jacobian(f, a, mode=mode) for f in (lower_of, eg.gammaincc(a, x))]  # type: ignore[arg-type]
        nodes = [*slopes, by_a, by_b, eg.diff(slopes[0], x, 2), eg.diff(by_b, x)]
        np.testing.assert_allclose(np.array(eg.evaluate(nodes, at)), np.array(wanted, float), rtol=1e-13)


def test_derivatives() -> None:
    """By x to any order, and of the densities by everything."""
    at = {a: 2.5, b: 1.75, x: 0.4}
    p, q, t = (mp.mpf(v) for v in at.values())
    for order in (1, 2, 4):
        got = eg.evaluate([eg.diff(f(a, x), x, order) for f in (eg.gammainc, eg.gammaincc)], at)
        wanted = float(mp.diff(lambda s: mp.gammainc(p, 0, s, regularized=True), t, order))
        np.testing.assert_allclose(np.array(got), [wanted, -wanted], rtol=1e-13)
        wanted = float(mp.diff(lambda s: mp.betainc(p, q, 0, s, regularized=True), t, order))
        assert float(eg.evaluate(eg.diff(eg.betainc(a, b, x), x, order), at)) == pytest.approx(wanted, rel=1e-13)
    wanted = float(mp.diff(lambda r, s: mp.betainc(p, r, 0, s, regularized=True), (q, t), (1, 1)))
    assert float(eg.evaluate(eg.diff(eg.diff(eg.betainc(a, b, x), x), b), at)) == pytest.approx(wanted, rel=1e-13)


def test_the_density_of_a_large_parameter_keeps_its_digits() -> None:
    with mp.workdps(40):
        wanted = float(mp.exp(9999 * mp.log(10100) - 10100 - mp.loggamma(10000)))
    assert float(eg.evaluate(eg.diff(eg.gammainc(a, x), x), {a: 1e4, x: 10100.0})) == pytest.approx(wanted, rel=1e-14)


def test_large_parameters_of_the_beta_distribution() -> None:
    e, at = eg.betainc(a, b, x), {a: 3e4, b: 2.5e4, x: 0.546}
    assert float(eg.evaluate(e, at)) == pytest.approx(float(eg.testing.evaluate_precisely(e, at)), rel=1e-8)
    for p, q in ((5e6, 2e5), (3e4, 1e8), (1e9, 1e9)):
        mean, size = p / (p + q), (p * q) ** 0.5 / (p + q) ** 1.5
        points = mean + size * np.linspace(-3.0, 3.0, 61)
        values, density, mirrored, slope = (
            eg.evaluate(g, {a: p, b: q, x: points}) for g in (e, eg.diff(e, x), eg.betainc(b, a, 1.0 - x), eg.betainc_by_a(a, b, x))
        )
        assert (np.diff(values) > 0.0).all() and values[0] < 0.002 and values[-1] > 0.998
        np.testing.assert_allclose((values[2:] - values[:-2]) / (points[2:] - points[:-2]), density[1:-1], rtol=0.02)
        np.testing.assert_allclose(values, 1.0 - mirrored, rtol=1e-6)
        assert np.isnan(slope).all() == (min(p, q) > 1e5)
    assert eg.evaluate(eg.betainc(1e15, 1e15, x), {x: 0.5}) == 0.5


def test_refusals() -> None:
    for f, by in ((eg.gammainc(a, x), a), (eg.gammaincc(a, x), a), (eg.betainc(a, b, x), a), (eg.betainc(a, b, x), b)):
        for mode in ("forward", "reverse"):
            with pytest.raises(eg.DifferentiationError, match="no second derivative by a parameter here; .*_by_. is the first"):
                eg.jacobian(eg.diff(f, by), by, mode=mode)  # type: ignore[arg-type]
    with pytest.raises(eg.DifferentiationError, match="no second derivative by a parameter"):
        eg.diff(eg.betainc(a, b, x), a, b)


def test_text() -> None:
    assert str(eg.diff(eg.gammainc(a, x), x)) == "exp(-x - gammaln(a))*x**(-1 + a)"
    for e in (eg.gammainc(a, x) + eg.gammaincc(2.5, x), eg.betainc(a, b, x), eg.diff(eg.betainc(a, b, x), b)):
        assert eg.parse(str(e), {"a": a, "b": b, "x": x}) is e and eg.parse(eg.to_python(e)) is e
    assert eg.latex(eg.betainc(2, b, x)).split("\n")[1] == r"I_{x}\left( 2, b \right)"


def test_scipy() -> None:
    special = pytest.importorskip("scipy.special", reason="its ufuncs take expressions; it comes with the test extras")
    at = np.array([0.1, 0.5, 0.95])
    for name in ("gammainc", "gammaincc"):
        f = getattr(special, name)
        assert f(2.5, x) is getattr(eg, name)(2.5, x)
        np.testing.assert_allclose(eg.evaluate(f(2.5, x), {x: at}), f(2.5, at), rtol=1e-13)
    assert special.betainc(2, b, x) is eg.betainc(2, b, x)
    np.testing.assert_allclose(eg.evaluate(special.betainc(2, b, x), {b: 0.75, x: at}), special.betainc(2, 0.75, at), rtol=1e-13)


def test_sympy() -> None:
    sp = pytest.importorskip("sympy", reason="SymPy is what is converted; it comes with the test extras")
    from exprgraph.interop import from_sympy, to_sympy

    s, t = sp.symbols("a x", real=True)
    assert to_sympy(eg.gammainc(a, x)) == sp.lowergamma(s, t) / sp.gamma(s)
    for e in (sp.lowergamma(s, t), sp.uppergamma(s, t), sp.betainc_regularized(s, 2, 0, t)):
        value = float(eg.evaluate(from_sympy(e), {a: 1.5, x: 0.4}))
        assert value == pytest.approx(float(e.subs({s: 1.5, t: 0.4})), rel=1e-14)
