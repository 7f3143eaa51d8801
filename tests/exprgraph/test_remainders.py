"""Remainders and whole quotients: NumPy's values to the bit by every backend, however large the numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.interop import from_sympy, to_sympy

x, y = eg.symbols("x y")
v = eg.Symbol("v", 3)
FUNCTIONS: dict[str, tuple[Callable[..., Node], Any]] = {
    "mod": (eg.mod, np.mod),
    "fmod": (eg.fmod, np.fmod),
    "floor_divide": (eg.floor_divide, np.floor_divide),
}
SPECIAL = np.array([
    0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 3.0, -3.0, 0.1, 7.0, 1e16, 1e16 + 2, -1e16, 1e300, -1e300, 5e-324, 1e-300, 2.0**53, 2.0**52 + 1,
    np.inf, -np.inf, np.nan,
])  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_are_those_of_numpy_to_the_bit(name: str) -> None:
    f, numpy = FUNCTIONS[name]
    rng = np.random.default_rng(0)
    many = rng.normal(size=2000) * 10.0 ** rng.integers(-20, 20, 2000)
    a, b = (g.ravel() for g in np.meshgrid(SPECIAL, SPECIAL))
    a, b = np.concatenate([a, many[:1000], many[:1000]]), np.concatenate([b, many[1000:], many[1000:] * 1e-17])
    fn = eg.compile(f(x, y), (x, y))
    with np.errstate(all="ignore"):
        want = numpy(a, b)
    for got in (eg.evaluate(f(x, y), {x: a, y: b}), fn(a, b), np.array([fn(p, q) for p, q in zip(a[::7], b[::7])])):
        np.testing.assert_array_equal(got, want if len(got) == len(want) else want[::7])
    with np.errstate(all="ignore"):
        single = [s.astype(np.float32) for s in (a[:484], b[:484])]
        np.testing.assert_array_equal(fn(*single), numpy(*single))


def test_remainder_of_a_large_number() -> None:
    sp = pytest.importorskip("sympy")
    e = from_sympy(sp.Mod(sp.Symbol("x"), 3))
    assert e is x % 3
    for value, right in ((1e16, 1.0), (1e300, float(int(1e300) % 3)), (-1e16, 2.0)):
        assert eg.evaluate(e, {x: value}) == eg.compile(e, x)(value) == eg.compile(e, x)(np.full(9, value))[4] == right
    assert from_sympy(to_sympy(x % y)) is x % y
    for e in (x // y, eg.fmod(x, y)):
        back = from_sympy(to_sympy(e))
        for p, q in ((7.5, 2.0), (-7.5, 2.0), (7.5, -2.0)):
            assert eg.evaluate(back, {x: p, y: q}) == eg.evaluate(e, {x: p, y: q})


def test_every_way_to_write_them() -> None:
    assert x % 3 is np.mod(x, 3) is np.remainder(x, 3) is eg.mod(x, 3) is eg.remainder(x, 3) is eg.parse("x % 3", [x])
    assert 3.0 % x is eg.mod(3, x) and np.float64(3) % x is eg.mod(3, x)
    assert x // 3 is np.floor_divide(x, 3) is eg.floor_divide(x, 3) is eg.parse("floor_divide(x, 3)", [x])
    assert 3 // x is eg.floor_divide(3, x)
    assert divmod(x, 3) == (x // 3, x % 3) and divmod(3, x) == (3 // x, 3 % x)
    assert np.fmod(v, x) is eg.fmod(v, x)
    assert eg.parse(str(x % y + x // y), [x, y]) is x % y + x // y


def test_derivatives_are_those_between_the_jumps() -> None:
    at = {x: 1e16, y: 3.0}
    assert eg.diff(x % y, x) is eg.array(1.0)
    assert eg.evaluate(eg.diff(x % y, y), at) == -3333333333333333.0
    for p, q in ((7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (6.0, 2.0)):
        at = {x: p, y: q}
        assert eg.evaluate(eg.diff(x % y, y), at) == -np.floor(p / q)
        assert eg.evaluate(eg.diff(eg.fmod(x, y), y), at) == -np.trunc(p / q)
        assert eg.evaluate([eg.diff(x // y, x), eg.diff(x // y, y), eg.diff(eg.fmod(x, y), y, y)], at) == [0.0, 0.0, 0.0]
