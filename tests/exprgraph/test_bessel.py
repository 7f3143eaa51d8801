"""Bessel functions: accuracy, values at special points, derivatives, refusals, and the names of SciPy, SymPy and text."""

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

x = eg.Symbol("x")

#: largest errors in float64 and in float32, in units of the value; of oscillating functions beyond the places that their
#: docstrings name, of the modulus
ULPS = {
    "j0": (7.3, 5.8), "j1": (4.8, 5.7), "y0": (7.4, 7.4), "y1": (6.5, 5.1), "i0": (5.1, 4.4), "i1": (4.3, 4.6), "i0e": (3.6, 3.5),
    "i1e": (3.8, 3.6), "k0": (3.8, 3.8), "k1": (4.1, 4.1), "jn": (14.0, 16.0), "yn": (26.0, 26.0), "iv": (10.0, 12.0), "ive": (10.0, 20.0),
    "kn": (26.0, 24.0),
}  # fmt: skip
#: where a search found the largest errors
WORST: dict[str, list[tuple[float, ...]]] = {
    "j0": [(5.828757005091655,), (5.783632944861283,)],
    "j1": [(10.373049314901792,), (5.794366000017063,)],
    "y0": [(4.073413513568498,), (3.735715326362728,)],
    "y1": [(4.949005989290997,), (6.242025435020052,)],
    "i0": [(7.444766769665761,), (6.657875663616976,)],
    "i1": [(6.785484281070108,), (7.47069172811946,)],
}
ORDERED = ("jn", "yn", "iv", "ive", "kn")


def modulus(n: Any, t: Any) -> Any:
    return mp.hypot(mp.besselj(n, t), mp.bessely(n, t))


def exact(name: str, n: int, t: Any) -> Any:
    kinds = {"j": mp.besselj, "y": mp.bessely, "i": mp.besseli, "k": mp.besselk}
    return kinds[name[0]](n, t) * (mp.exp(-abs(t)) if name.endswith("e") else 1)


def size(name: str, n: int, t: Any) -> Any:
    """What an error is measured by, if it is more than the value."""
    if name[0] == "y" or (name == "jn" and t > n):
        return modulus(n, t)
    return mp.sqrt(2 / (mp.pi * t)) if name in ("j0", "j1") and t > 6 else 0


def points(name: str, count: int, single: bool) -> list[np.ndarray]:
    """Orders, for those that have one, and arguments."""
    rng = np.random.default_rng(1)
    far = {"i0": 2.85, "i1": 2.85, "iv": 2.85, "k0": 2.84, "k1": 2.84, "kn": 2.84}.get(name, 7.9)
    if single:
        far = 1.9 if far < 3 else 3.7
    low = -1 if name in ORDERED else -8
    t = np.concatenate([rng.uniform(0.01, 9, 3 * count), rng.uniform(0.01, 30, 2 * count), 10 ** rng.uniform(low, far, count)])
    if name not in ORDERED:
        return [np.concatenate([t, [w for (w,) in WORST.get(name, [])]])]
    n = rng.integers(0, 25 if not single else 12, t.size).astype(float)
    return [n, t]


@cache
def compiled(name: str) -> Callable[..., Any]:
    symbols = eg.symbols(["n", "x"][-row_named(name).arity :])
    return eg.compile(apply(row_named(name), *symbols), symbols)


def worst(name: str, single: bool, function: Callable[..., Any], count: int) -> tuple[float, list[float]]:
    kind = np.float32 if single else np.float64
    given = [a.astype(kind) for a in points(name, count, single)]
    values = function(*given)
    assert values.dtype == kind
    most, where = 0.0, [math.nan]
    with mp.workdps(50):
        for value, *at in zip(values, *given, strict=True):
            n, t = (int(at[0]) if len(at) == 2 else int(name[1])), mp.mpf(float(at[-1]))
            right = exact(name, n, t)
            unit = np.spacing(kind(max(abs(right), size(name, n, t))))
            error = float(abs(mp.mpf(float(value)) - right) / mp.mpf(float(unit)))
            if error > most:
                most, where = error, [float(a) for a in at]
    return most, where


@pytest.mark.one_in(5)
@pytest.mark.parametrize("name", ULPS)
def test_accuracy(name: str) -> None:
    for function in (compiled(name), on_arrays(f"bessel_{name}")):
        most, where = worst(name, False, function, 6)
        assert most <= ULPS[name][0], where


@pytest.mark.one_in(15)
@pytest.mark.parametrize("name", ULPS)
def test_accuracy_of_float32(name: str) -> None:
    for function in (compiled(name), on_arrays(f"bessel_{name}")):
        most, where = worst(name, True, function, 6)
        assert most <= ULPS[name][1], where


@pytest.mark.slow
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("name", ULPS)
def test_accuracy_at_many_points(name: str, single: bool) -> None:
    most, where = worst(name, single, compiled(name), 60)
    assert most <= ULPS[name][single], where


def test_docstrings_state_the_bounds() -> None:
    for name, bounds in ULPS.items():
        found = re.search(r"Within ([\d.]+) ulp; ([\d.]+) in float32", elementary()[f"bessel_{name}"].__doc__ or "")
        assert found and (float(found[1]), float(found[2])) == bounds, name


INF, NAN = math.inf, math.nan
#: values at 0, -0.0, infinity, minus infinity and below 0
SPECIAL = {
    "j0": (1.0, 1.0, 0.0, 0.0), "j1": (0.0, -0.0, 0.0, 0.0), "y0": (-INF, -INF, 0.0, NAN), "y1": (-INF, -INF, 0.0, NAN),
    "i0": (1.0, 1.0, INF, INF), "i1": (0.0, -0.0, INF, -INF), "i0e": (1.0, 1.0, 0.0, 0.0), "i1e": (0.0, -0.0, 0.0, -0.0),
    "k0": (INF, INF, 0.0, NAN), "k1": (INF, INF, 0.0, NAN), "jn": (0.0, 0.0, 0.0, 0.0), "yn": (-INF, -INF, 0.0, NAN),
    "iv": (0.0, 0.0, INF, INF), "ive": (0.0, 0.0, 0.0, 0.0), "kn": (INF, INF, 0.0, NAN),
}  # fmt: skip


def test_special_points() -> None:
    at = np.array([0.0, -0.0, INF, -INF, NAN])
    rows = {name: apply(row_named(name), *([2, x] if name in ORDERED else [x])) for name in SPECIAL}
    by_numpy = eg.evaluate(rows, {x: at})
    few = {name: rows[name] for name in ("j1", "y0", "i1", "k1", "jn", "kn")}  # code of all takes a second
    native = {**by_numpy, **eg.compile(few, x)(at)}
    for name, wanted in SPECIAL.items():
        for got in (by_numpy[name], native[name]):
            np.testing.assert_array_equal(got, [*wanted, NAN], err_msg=name)
            np.testing.assert_array_equal(np.signbit(got[:2]), np.signbit(wanted[:2]), err_msg=name)


def test_orders_and_arguments_below_zero() -> None:
    n, t = (g.ravel() for g in np.meshgrid(np.arange(-3.0, 4.0), [1.5, -1.5]))
    for name, f in (("jn", mp.besselj), ("iv", mp.besseli), ("yn", mp.bessely), ("kn", mp.besselk)):
        wanted = [float(mp.re(f(int(i), a))) if a > 0 or name in ("jn", "iv") else NAN for i, a in zip(n, t)]
        np.testing.assert_allclose(eg.evaluate(getattr(eg, name)(n, t), {}), wanted, rtol=1e-14)
        for i, w in zip(n[:7], wanted):
            assert float(eg.evaluate(getattr(eg, name)(int(i), x), {x: 1.5})) == pytest.approx(w, rel=1e-14)


def test_derivatives_at_zero_to_high_order() -> None:
    """j0 is the sum of (-x**2/4)**k/k!**2, and i0 that of (x**2/4)**k/k!**2."""
    for f, sign in ((eg.j0, -1), (eg.i0, 1)):
        for order in (1, 2, 3, 4, 6, 9):
            k = order // 2
            wanted = 0.0 if order % 2 else sign**k * math.factorial(order) / (4**k * math.factorial(k) ** 2)
            assert float(eg.evaluate(eg.diff(f(x), x, order), {x: 0.0})) == pytest.approx(wanted, rel=1e-14, abs=1e-16)


def test_orders_of_a_table() -> None:
    """An array of orders is one node, with a derivative."""
    e = eg.jn(np.arange(4.0), x)
    assert e.shape == (4,)
    wanted = [float(mp.diff(lambda t, n=n: mp.besselj(n, t), 2)) for n in range(4)]
    np.testing.assert_allclose(eg.evaluate(eg.jacobian(e, x), {x: 2.0}), wanted)


def test_refusals() -> None:
    n = eg.Symbol("n")
    with pytest.raises(eg.DifferentiationError, match="jn has no derivative by its order"):
        eg.diff(eg.jn(n, x), n)
    for mode in ("forward", "reverse"):
        assert float(eg.evaluate(eg.jacobian(eg.jn(n, x), x, mode=mode), {n: 2.0, x: 1.0})) == pytest.approx(0.21024361588113)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"iv is computed for whole orders, got the order 2\.5"):
        eg.iv(2.5, x)
    with pytest.raises(ValueError, match="yn is computed up to the order 24, got 30"):
        eg.yn([1, 30], x)
    assert math.isnan(eg.evaluate(eg.kn(n, x), {n: 1.5, x: 1.0}))


def test_text() -> None:
    assert str(eg.diff(eg.j0(x) + eg.i0(x), x)) == "i1(x) - j1(x)"
    assert str(eg.diff(eg.j1(x), x)) == "0.5*j0(x) - 0.5*jn(2, x)"
    assert eg.jn(0, x) is eg.j0(x) and eg.jn(-1, x) is -eg.j1(x) and eg.iv(-2, x) is eg.iv(2, x)
    for e in (eg.jn(3, x), eg.ive(2, x) * eg.k1(x)):
        assert eg.parse(str(e), {"x": x}) is e and eg.parse(eg.to_python(e)) is e
    assert eg.latex(eg.jn(3, x)).split("\n")[1] == r"J_{3}\left( x \right)"


def test_scipy() -> None:
    special = pytest.importorskip("scipy.special", reason="its ufuncs take expressions; it comes with the test extras")
    at = np.array([0.3, 2.0, 17.0])
    for name in ("j0", "j1", "y0", "y1", "i0", "i1", "i0e", "i1e", "k0", "k1"):
        f = getattr(special, name)
        assert f(x) is getattr(eg, name)(x)
        np.testing.assert_allclose(eg.evaluate(f(x), {x: at}), f(at), rtol=1e-13)
    for theirs, ours in (("jn", "jn"), ("jv", "jn"), ("yn", "yn"), ("yv", "yn"), ("iv", "iv"), ("ive", "ive"), ("kn", "kn"), ("kv", "kn")):
        f = getattr(special, theirs)
        assert f(3, x) is getattr(eg, ours)(3, x)
        np.testing.assert_allclose(eg.evaluate(f(3, x), {x: at}), f(3, at), rtol=1e-12)
    assert np.i0(x) is eg.i0(x)


def test_sympy() -> None:
    sp = pytest.importorskip("sympy", reason="SymPy is what is converted; it comes with the test extras")
    from exprgraph.interop import from_sympy, to_sympy

    t = sp.Symbol("x", real=True)
    e = from_sympy(sp.diff(sp.besselj(2, t) * sp.besselk(1, t), t))
    assert float(eg.evaluate(e, {x: 0.7})) == pytest.approx(float(sp.diff(sp.besselj(2, t) * sp.besselk(1, t), t).subs(t, 0.7)), rel=1e-14)
    assert to_sympy(eg.yn(2, x)) == sp.bessely(2, t)
    with pytest.raises(eg.ExprGraphError, match="jn is computed for whole orders"):
        from_sympy(sp.besselj(sp.Rational(1, 2), t))
