"""Elementary functions of generated code: their accuracy, their edges, and the subset they are written in."""

from __future__ import annotations

import ast
import inspect
import math
import re
import struct
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from numba import njit

import exprgraph as eg
from exprgraph.functions.elementwise import Function, apply
from exprgraph.graph.primitive import TABLE
from exprgraph.loops import library
from exprgraph.loops.formulas import FORMULAS, WIDTHS, double, elementary, single
from exprgraph.loops.print.python import print_program
from exprgraph.loops.program import Loops
from tests.exprgraph import special_points as special

DOUBLE = elementary()

# largest error allowed, in units in the last place; the docstrings say the same
ULPS = {
    "exp": 1.2,
    "tanh": 2.7,
    "tanh_prime": 2.6,
    "sigmoid": 2.5,
    "sigmoid_prime": 2.6,
    "softplus": 2.2,
    "log": 1.0,
    "sin": 1.6,
    "cos": 1.6,
    "expm1": 2.5,
    "log1p": 1.5,
    "silu": 3.4,
    "erf": 1.7,
    "erfc": 4.8,
    "gelu": 5.8,
    "sinh": 2.5,
    "cosh": 1.8,
    "tan": 3.7,
    "atan": 2.0,
    "asin": 2.4,
    "acos": 1.2,
    "exp2": 1.3,
    "log2": 1.0,
    "log10": 0.9,
    "cbrt": 0.9,
    "asinh": 1.9,
    "acosh": 2.8,
    "atanh": 2.2,
    "atan2": 2.1,
    "pow": 1.5,
    "hypot": 1.3,
    "log_sigmoid": 2.2,
    "normal_cdf": 5.4,
    "xlogy": 1.9,
    "atan_prime": 2.1,
    "acosh_prime": 3.4,
    "coth_acosh": 3.3,
    "direction": 2.5,
    **{name: bounds[0] for name, bounds in special.BOUNDS.items()},
}

# the same for float32
ULPS32 = {
    "exp": 1.1,
    "tanh": 2.6,
    "tanh_prime": 2.5,
    "sigmoid": 2.5,
    "sigmoid_prime": 2.6,
    "softplus": 1.8,
    "log": 1.0,
    "sin": 1.6,
    "cos": 1.6,
    "expm1": 1.6,
    "log1p": 1.5,
    "silu": 3.5,
    "erf": 1.4,
    "erfc": 5.0,
    "gelu": 5.5,
    "sinh": 2.0,
    "cosh": 1.9,
    "tan": 3.6,
    "atan": 2.0,
    "pow": 1.1,
    "asin": 2.4,
    "acos": 1.2,
    "exp2": 1.1,
    "log2": 1.0,
    "log10": 0.9,
    "cbrt": 0.9,
    "asinh": 1.9,
    "acosh": 2.5,
    "atanh": 2.2,
    "atan2": 2.1,
    "hypot": 1.3,
    "log_sigmoid": 1.8,
    "normal_cdf": 5.6,
    "xlogy": 1.9,
    "atan_prime": 2.1,
    "acosh_prime": 3.4,
    "coth_acosh": 3.2,
    "direction": 2.6,
    **{name: bounds[1] for name, bounds in special.BOUNDS.items()},
}


def formulas(m: Any) -> dict[str, Callable[..., Any]]:
    """Functions by those of mpmath, or of NumPy."""
    return {
        "tanh_prime": lambda x: 1 / m.cosh(x) ** 2,
        "sigmoid": lambda x: 1 / (1 + m.exp(-x)),
        "sigmoid_prime": lambda x: 1 / (2 * m.cosh(x / 2)) ** 2,
        "softplus": lambda x: m.log1p(m.exp(x)),
        "silu": lambda x: x / (1 + m.exp(-x)),
        "log_sigmoid": lambda x: -m.log1p(m.exp(-x)),
        "atan_prime": lambda x: 1 / (1 + x * x),
        "acosh_prime": lambda x: 1 / m.sqrt((x - 1) * (x + 1)),
        "coth_acosh": lambda x: x / m.sqrt((x - 1) * (x + 1)),
        "direction": lambda a, b: a / m.hypot(a, b),
        "xlogy": lambda x, y: x * m.log(y),
    }


REFERENCE: dict[str, Callable[..., Any]] = {
    **formulas(mp),
    "erfc": lambda x: mp.erfc(x) if abs(x) < 40 else mp.mpf(0 if x > 0 else 2),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 60 else max(x, mp.mpf(0)),
    "normal_cdf": lambda x: mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 60 else mp.mpf(x > 0),
    "exp2": lambda x: mp.power(2, x),
    "log2": lambda x: mp.log(x, 2),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "pow": mp.power,
    **special.REFERENCE,
}

# where the interesting part of each function ends
SPAN = {
    "tanh": 25.0,
    "tanh_prime": 375.0,
    "sigmoid": 750.0,
    "sigmoid_prime": 750.0,
    "softplus": 750.0,
    "silu": 755.0,
    "log_sigmoid": 750.0,
    "normal_cdf": 38.0,
    "atan_prime": 50.0,
    "erf": 6.5,
    "erfc": 27.5,
    "gelu": 39.0,
    "sinh": 712.0,
    "cosh": 712.0,
    "atan": 50.0,
    "asinh": 50.0,
    "exp": 746.0,
    "expm1": 710.0,
    "exp2": 1076.0,
}


OF_TWO = [n for n, f in DOUBLE.items() if n in ULPS and len(inspect.signature(f).parameters) == 2]
#: where a search finds the largest errors, contracted and not (python -m tests.accuracy)
WORST: dict[str, list[tuple[float, ...]]] = {
    "exp": [(-4.488194993292211,), (50.270020120966294,)],
    "tanh": [(-0.2052629124095648,), (0.20605710267964716,)],
    "tanh_prime": [(-3.1181273906123534,), (-2.772337173318836,)],
    "sigmoid": [(-4.848164735161682,), (-4.844997099396508,)],
    "sigmoid_prime": [(6.238275452793307,), (4.127347374195912,)],
    "softplus": [(-0.4374334033451444,), (-0.43277725889671115,)],
    "log": [(0.7030045842503406,), (0.7069291330766866,)],
    "sin": [(-107.33690466674226,), (-16.21744960657062,)],
    "cos": [(-151.8466276344421,), (-61.77109111689818,)],
    "expm1": [(0.3613534164741612,), (0.36344521035459515,)],
    "log1p": [(0.4251335333420763,), (0.4254188043857579,)],
    "silu": [(-3.2139781222018065,), (-3.216337678135323,)],
    "erf": [(0.9994201307940191,), (-0.9705217704676985,)],
    "erfc": [(1.709991642186161,), (0.5252982299703074,)],
    "gelu": [(-1.3101436874452423,), (-1.3498621503494752,)],
    "sinh": [(0.3633306896316561,), (0.3655107244889549,)],
    "cosh": [(18.3684144046938,), (18.368615686127338,)],
    "tan": [(-16.48288319281032,), (47.88852817846451,)],
    "atan": [(-0.42749931266220725,), (0.43178949541867023,)],
    "asin": [(-0.5044088789459414,), (0.5083368035286795,)],
    "acos": [(-0.5278772102617472,), (-0.5242595195878844,)],
    "exp2": [(0.5220570364564446,), (-2.4752952112516717,)],
    "log2": [(1.4127040480787085,), (1.4058991715803135,)],
    "log10": [(1.325682676155725,), (1.3330749901748888,)],
    "cbrt": [(-131088.36287518882,), (-32.175336215133086,)],
    "asinh": [(0.35544366853093456,), (0.3573899223376164,)],
    "acosh": [(1.0000303997185618,), (1.0004785347282945,)],
    "atanh": [(-0.17860532577500782,), (0.1725886220951926,)],
    "atan2": [(0.7087499888091667, 1.7096025781988906), (0.011794337481663532, 0.02758013018378305)],
    "pow": [(1.4086642320101472, 2013.8798345717644), (0.7045821815353076, 1950.8231484130092)],
    "log_sigmoid": [(0.4374334033451444,), (0.4335076156416998,)],
    "normal_cdf": [(-1.1620765261116466,), (-1.1581345431129355,)],
    "acosh_prime": [(65.07069067385054,), (3.2,)],
    "coth_acosh": [(1.0081625170885047,), (3.2,)],
    "atan_prime": [(-1.2874604413504574e134,), (3.8771017389499964,)],
    "direction": [(-3.9552764416564155, 256.8801900101372), (16413.81765909215, 281.5565514384405)],
    "xlogy": [(1.9659998349248407, 2.7329405033015792), (-1.934655490402099, 2.799000478464038)],
    "hypot": [(-1.4761025659682012, -11.330612948178453), (0.030855271579470017, -1.421847204725618)],
    **special.WORST,
}


def both_signs(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, -x])


def points(name: str, n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """About n points of each argument, and some near the worst."""
    worst = [np.array(a) for a in zip(*WORST[name], strict=True)]
    count = 2 + (min(n, 3000) if name in special.SLOW else n) // 50
    near = [np.concatenate([a, (a[:, None] * (1 + 1e-5 * rng.uniform(-1, 1, (a.size, count)))).ravel()]) for a in worst]
    return [np.concatenate(pair) for pair in zip(spread(name, n, rng), near, strict=True)]


def spread(name: str, n: int, rng: np.random.Generator) -> list[np.ndarray]:

    def powers(low: float, high: float, m: int) -> np.ndarray:
        return np.asarray(10.0 ** rng.uniform(low, high, m))

    known = special.spread(name, n, rng)
    if known is not None:
        return known
    m = max(n // 6, 8)
    tiny = np.array([5e-324, 1e-310, 2.2250738585072014e-308])
    if name in ("log", "log2", "log10", "cbrt"):
        near_one = 1 + both_signs(powers(-16, -1, m))
        x = np.concatenate([powers(-307, 308, 2 * m), rng.uniform(0.4, 2.5, m), near_one, 2.0 ** np.arange(-1074, 1024, 31), tiny])
        return [both_signs(x) if name == "cbrt" else x]
    if name in ("sin", "cos", "tan"):
        near = np.arange(1, 40) * (math.pi / 2)
        near = np.concatenate([near, near * 100003, np.nextafter(near, math.inf), np.nextafter(near, 0)])
        return [
            np.concatenate([rng.uniform(-4, 4, m), rng.uniform(-100, 100, m), both_signs(powers(-300, 8, m)), 1e8 * rng.random(m), near])
        ]
    if name in ("asin", "acos", "atanh"):
        return [np.concatenate([rng.uniform(-1, 1, 2 * m), both_signs(powers(-300, 0, m)), both_signs(1 - powers(-16, 0, m))])]
    if name in ("acosh", "acosh_prime", "coth_acosh"):
        return [np.concatenate([1 + powers(-15, 0, 3 * m), powers(0, 308, m), rng.uniform(1, 4, m)])]
    if name == "log1p":
        return [np.concatenate([rng.uniform(-1, 2, 3 * m), both_signs(powers(-300, -0.01, m)), powers(0, 308, m)])]
    if name == "pow":
        a = np.concatenate([powers(-300, 300, 2 * m), rng.uniform(0.2, 5, 2 * m), 1 + both_signs(powers(-12, -1, m))])
        b = np.where(rng.random(a.size) < 0.6, rng.uniform(-745, 709, a.size) / np.log(a), rng.uniform(-5, 5, a.size))
        c = rng.uniform(0.66, 1.5, 2 * m)  # large multiples of logarithms that are far from 0
        return [np.concatenate([a, c]), np.concatenate([b, rng.choice([-1, 1], c.size) * rng.uniform(500, 708, c.size) / np.log(c)])]
    if name == "xlogy":
        y = spread("log", n, rng)[0]
        return [10.0 ** rng.uniform(-100, 100, y.size) * rng.choice([-1, 1], y.size), y]
    if name in ("atan2", "hypot", "direction"):
        scale = rng.choice([0.3, 2.0, 150.0], 5 * m)
        a, b = (10.0 ** (scale * rng.uniform(-1, 1, 5 * m)) * rng.choice([-1, 1], 5 * m) for _ in range(2))
        return [a, b]
    span = SPAN[name]
    x = np.concatenate([*(rng.uniform(-s, s, m) for s in (1, 4, span / 8, span)), both_signs(powers(-300, 0, m // 2)), tiny])
    return [x if name in ("exp", "exp2", "expm1", "sinh", "cosh") else np.concatenate([x, both_signs(powers(0, 300, m // 4))])]


@cache
def compiled() -> dict[str, Any]:
    """The functions under Numba, as a generated module has them."""
    scope: dict[str, Any] = {}
    exec(printed(False), scope)
    return scope


def printed(narrow: bool) -> str:
    """All of them as Python that Numba compiles."""
    return print_program(Loops(narrow, 8, 0, (), tuple(library.needed(elementary(narrow), narrow)[0]), (), (), ()))


@cache
def loop(name: str) -> Any:
    scope = compiled()
    arguments = inspect.signature(DOUBLE[name]).parameters
    given = ", ".join(arguments)
    taken = ", ".join(f"{a}[i]" for a in arguments)
    exec(f"def loop({given}, out):\n    for i in range(out.size):\n        out[i] = {name}({taken})\n", scope)
    return njit(error_model="numpy", fastmath={"contract"})(scope["loop"])


def by_numba(name: str, *x: np.ndarray) -> np.ndarray:
    out = np.empty(x[0].shape)
    loop(name)(*x, out)
    return out


@cache
def machine_code(name: str) -> Any:
    """The function of the package whose code is a call of this one, compiled as any expression is."""
    (row,) = [f for f in TABLE.values() if isinstance(f, Function) and f.code.split("(")[0] == name]
    symbols = [eg.Symbol(f"x{k}") for k in range(row.arity)]
    return eg.compile(apply(row, *symbols), symbols)


def by_machine_code(name: str, *x: np.ndarray) -> np.ndarray:
    return np.asarray(machine_code(name)(*x))


def by_python(name: str, *x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.array([DOUBLE[name](*v) for v in zip(*x, strict=True)], dtype=float)


def worst(name: str, x: list[np.ndarray], values: np.ndarray) -> tuple[float, list[float]]:
    """The largest error in units in the last place, and where."""
    reference = REFERENCE.get(name) or getattr(mp, name)
    most, where = 0.0, [math.nan]
    with mp.workdps(40):
        for *given, value in zip(*x, values, strict=True):
            exact = reference(*(mp.mpf(float(v)) for v in given))
            near = float(exact)
            if near == value:  # an infinity that the exact value rounds to, among others
                error = 0.5 if math.isfinite(near) else 0.0
                if error == 0.5:
                    continue
            elif math.isfinite(value):
                unit = math.ulp(near) if math.isfinite(near) else math.ulp(1.7e308)
                error = float(abs(mp.mpf(float(value)) - exact) / unit)
            else:
                # infinite where the exact value rounds to the largest float
                error = 1.0 if abs(near) == 1.7976931348623157e308 and math.isinf(value) else math.inf
            if error > most:
                most, where = error, [float(v) for v in given]
    return most, where


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", ULPS)
def test_accuracy(name: str) -> None:
    x = points(name, 2000, np.random.default_rng(1))
    most, where = worst(name, x, by_machine_code(name, *x))
    assert most <= ULPS[name], where


@pytest.mark.one_in(5)
@pytest.mark.parametrize("name", ULPS)
def test_accuracy_of_one_number_at_a_time(name: str) -> None:
    x = points(name, 200, np.random.default_rng(5))
    values = np.array([float(machine_code(name)(*map(float, v))) for v in zip(*x, strict=True)])
    most, where = worst(name, x, values)
    assert most <= ULPS[name], where


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("name", ULPS)
def test_accuracy_under_numba(name: str) -> None:
    x = points(name, 500, np.random.default_rng(6))
    most, where = worst(name, x, by_numba(name, *x))
    assert most <= ULPS[name], where


@pytest.mark.parametrize("name", ULPS)
def test_accuracy_without_contraction(name: str) -> None:
    x = points(name, 300, np.random.default_rng(2))
    most, where = worst(name, x, by_python(name, *x))
    assert most <= ULPS[name], where


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("name", ULPS)
def test_accuracy_at_many_points(name: str) -> None:
    x = points(name, 50_000, np.random.default_rng(3))
    most, where = worst(name, x, by_machine_code(name, *x))
    assert most <= ULPS[name], where


def test_docstrings_state_the_bounds() -> None:
    for name, f in DOUBLE.items():
        if name.startswith(("bessel_", "gammainc", "gamma_density", "beta")):  # test_bessel.py, test_incomplete.py
            continue
        found = re.search(r"Within ([\d.]+) ulp; ([\d.]+) in float32", f.__doc__ or "")
        stated = (float(found[1]), float(found[2])) if found else (None, None)
        assert stated == (ULPS.get(name), ULPS32.get(name)), name
    assert ULPS.keys() == ULPS32.keys()


def test_the_twins_have_the_same_names_and_arguments() -> None:
    def signatures(module: Any) -> dict[str, str]:
        return {n: str(inspect.signature(f)) for n, f in vars(module).items() if inspect.isfunction(f)}

    for wide, narrow in zip(*WIDTHS):
        assert signatures(wide) == signatures(narrow)


@pytest.mark.parametrize("narrow", [False, True])
def test_a_name_means_one_function(narrow: bool) -> None:
    """The library finds formulas by name."""
    modules = (*WIDTHS[narrow], *FORMULAS)
    names = [n for m in modules for n, f in vars(m).items() if inspect.isfunction(f) and f.__module__ == m.__name__]
    assert sorted(names) == sorted(elementary(narrow))


@pytest.mark.parametrize(("module", "letter", "whole"), [(double, "d", "q"), (single, "f", "i")])
def test_bits_are_those_of_the_number_format(module: Any, letter: str, whole: str) -> None:
    for x in (0.0, -0.0, 1.0, -2.5, 1e-40, math.inf):
        (i,) = struct.unpack(whole, struct.pack(letter, x))
        assert module.bits(x) == i
        (back,) = struct.unpack(letter, struct.pack(letter, x))
        assert same(float(module.from_bits(i)), back)


INF, NAN = math.inf, math.nan
EDGES = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (710.0, INF), (-746.0, 0.0), (-745.0, 5e-324)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (30.0, 1.0), (5e-324, 5e-324)],
    "tanh_prime": [(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 0.0), (NAN, NAN), (400.0, 0.0)],
    "sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (NAN, NAN), (-745.0, 5e-324)],
    "sigmoid_prime": [(0.0, 0.25), (INF, 0.0), (-INF, 0.0), (NAN, NAN), (800.0, 0.0)],
    "softplus": [(INF, INF), (-INF, 0.0), (NAN, NAN), (1e300, 1e300), (-745.0, 5e-324), (0.0, math.log(2))],
    "log": [(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)],
    "log2": [(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN), (8.0, 3.0), (5e-324, -1074.0)],
    "log10": [(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN), (1000.0, 3.0), (1e22, 22.0)],
    "log1p": [(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (-1.5, NAN), (INF, INF), (-INF, NAN), (NAN, NAN), (5e-324, 5e-324)],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (5e-324, 5e-324), (-1e-310, -1e-310)],
    "sin": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (5e-324, 5e-324), (1e22, math.sin(1e22))],
    "cos": [(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (1e22, math.cos(1e22))],
    "tan": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (1e22, math.tan(1e22))],
    "silu": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -0.0), (NAN, NAN), (-800.0, -0.0)],
    "gelu": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -0.0), (NAN, NAN), (-50.0, -0.0), (50.0, 50.0)],
    "erf": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN)],
    "erfc": [(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 2.0), (NAN, NAN), (30.0, 0.0)],
    "sinh": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN), (-711.0, -INF), (5e-324, 5e-324)],
    "cosh": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (NAN, NAN), (711.0, INF)],
    "atan": [(0.0, 0.0), (-0.0, -0.0), (INF, math.pi / 2), (-INF, -math.pi / 2), (NAN, NAN), (1.0, math.pi / 4)],
    "asin": [(0.0, 0.0), (-0.0, -0.0), (1.0, math.pi / 2), (-1.0, -math.pi / 2), (1.5, NAN), (-INF, NAN), (NAN, NAN)],
    "acos": [(1.0, 0.0), (-1.0, math.pi), (0.0, math.pi / 2), (1.5, NAN), (-INF, NAN), (NAN, NAN)],
    "exp2": [(0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (10.0, 1024.0), (-1074.0, 5e-324), (1024.0, INF), (-1e300, 0.0)],
    "cbrt": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN), (27.0, 3.0), (-8.0, -2.0), (1e-300, 1e-100)],
    "asinh": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN), (5e-324, 5e-324)],
    "acosh": [(1.0, 0.0), (0.5, NAN), (-INF, NAN), (INF, INF), (NAN, NAN)],
    "atanh": [(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (1.5, NAN), (-INF, NAN), (NAN, NAN), (1e-310, 1e-310)],
    "lgamma": [(1.0, 0.0), (2.0, 0.0), (0.0, INF), (-0.0, INF), (-1.0, INF), (INF, INF), (-INF, -INF), (NAN, NAN), (1e306, INF)],
    "tgamma": [(5.0, 24.0), (0.0, INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN), (18.0, 355687428096000.0)],
    "rgamma": [(1.0, 1.0), (0.0, 0.0), (-0.0, -0.0), (-1.0, 0.0), (-7.0, 0.0), (INF, 0.0), (-INF, NAN), (NAN, NAN), (200.0, 0.0)],
    "erfinv": [(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (1.5, NAN), (-INF, NAN), (NAN, NAN)],
    "erfcinv": [(1.0, 0.0), (0.0, INF), (-0.0, INF), (2.0, -INF), (-0.5, NAN), (2.5, NAN), (INF, NAN), (-INF, NAN), (NAN, NAN)],
    "digamma": [(0.0, -INF), (-0.0, INF), (-1.0, NAN), (-1e300, NAN), (1e-310, -INF), (INF, INF), (-INF, NAN), (NAN, NAN)],
}


def same(a: float, b: float) -> bool:
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


@pytest.mark.one_in(200)
@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("evaluate", [by_machine_code, by_numba, by_python])
def test_edges(name: str, evaluate: Callable[..., np.ndarray]) -> None:
    x, expected = (np.array(v) for v in zip(*EDGES[name], strict=True))
    for at, value, wanted in zip(x, evaluate(name, x), expected, strict=True):
        assert same(float(value), float(wanted)), (at, value, wanted)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 2.5, INF, -INF, NAN, 1e300, -1e300, 5e-324, -5e-324, 1e-310]
MOST = 1.7976931348623157e308


def c_pow(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return math.copysign(INF, a) if b % 2 == 1 else INF
    except ValueError:
        if a == 0.0:
            return math.copysign(INF, a) if b % 2 == 1 else INF
        return NAN


@pytest.mark.one_in(9)
@pytest.mark.parametrize(("name", "expected"), [("pow", c_pow), ("atan2", math.atan2), ("hypot", math.hypot)])
@pytest.mark.parametrize("evaluate", [by_machine_code, by_numba, by_python])
def test_edges_of_two_arguments(name: str, expected: Callable[[float, float], float], evaluate: Callable[..., np.ndarray]) -> None:
    special = [*SPECIAL, MOST, -MOST, 0.1 * MOST, 1e-160, 1e160]
    a, b = (np.ravel(v) for v in np.meshgrid(special, special))
    for x, y, value in zip(a, b, evaluate(name, a, b), strict=True):
        wanted = expected(float(x), float(y))
        close = math.isfinite(wanted) and wanted != 0.0 and abs(value - wanted) <= 2 * math.ulp(wanted)
        assert close or same(float(value), wanted), (x, y, value, wanted)


def test_numbers_in_the_twins_of_float32_are_of_their_type() -> None:
    """Numba would compute in float64 wherever a number is one."""
    tree = ast.parse(printed(True))
    typed = [n.args[0] for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "R"]
    given = {id(n.operand if isinstance(n, ast.UnaryOp) else n) for n in typed}
    numbers = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)]
    assert len(numbers) > 300 and all(id(n) in given for n in numbers)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("narrow", [False, True])
def test_subset(narrow: bool) -> None:
    """What the compiler to vectors reads: names assigned once, one return, and a few operations."""
    allowed = (
        *(ast.Name, ast.Load, ast.Store, ast.Constant, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.BoolOp, ast.Call, ast.Attribute),
        *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub, ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift),
        *(ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.And, ast.Or, ast.Not),
    )
    functions = definitions(narrow)
    names = {f.name for f in functions}
    attributes = {"np.sqrt", "np.floor", "math.copysign", "math.inf", "math.nan", "math.sin", "math.cos", "math.tan"}
    for f in functions:
        assert ast.get_docstring(f), f.name
        if f.name in ("bits", "from_bits"):
            continue
        *assignments, last = f.body[1:]
        assert isinstance(last, ast.Return), f.name
        assert not f.args.defaults and not f.decorator_list
        known = {a.arg for a in f.args.args}
        for statement in [*assignments, last]:
            assert isinstance(statement, (ast.Assign, ast.Return)), f.name
            assert statement.value is not None
            for node in ast.walk(statement.value):
                assert isinstance(node, allowed), (f.name, ast.dump(node))
                if isinstance(node, ast.Constant):
                    assert type(node.value) in (int, float), f.name
                if isinstance(node, ast.Attribute):
                    assert ast.unparse(node) in attributes, f.name
                if isinstance(node, ast.Call):
                    assert isinstance(node.func, ast.Attribute) or node.func.id in names | {"abs"}, f.name
                    assert not node.keywords
                if isinstance(node, ast.Name):
                    assert node.id in known | names | {"abs", "np", "math"}, (f.name, node.id)
            if isinstance(statement, ast.Assign):
                (target,) = statement.targets
                assert isinstance(target, ast.Name) and target.id not in known, f.name
                known.add(target.id)


def definitions(narrow: bool) -> list[ast.FunctionDef]:
    """The functions as syntax trees, with the lines they have in their files."""
    found = []
    for f in elementary(narrow).values():
        text, line = inspect.getsourcelines(f)
        (tree,) = ast.parse("".join(text)).body
        assert isinstance(tree, ast.FunctionDef)
        found.append(ast.increment_lineno(tree, line - 1))
    return found


class OnArrays(ast.NodeTransformer):
    """Literals become float32 and conditional expressions np.where: a function of float32 arrays."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.parse(f"np.float32({node.value!r})", mode="eval").body if isinstance(node.value, float) else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return ast.Call(ast.parse("np.where", mode="eval").body, [node.test, node.body, node.orelse], [])

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        joined = "np.logical_and" if isinstance(node.op, ast.And) else "np.logical_or"
        whole = node.values[0]
        for value in node.values[1:]:
            whole = ast.Call(ast.parse(joined, mode="eval").body, [whole, value], [])
        return whole

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        name = ast.unparse(node)
        if name in ("math.inf", "math.nan"):
            return ast.parse(f"np.float32({name})", mode="eval").body
        return ast.parse(name.replace("math.", "np."), mode="eval").body


@cache
def on_arrays() -> dict[str, Any]:
    scope: dict[str, Any] = {
        "np": np,
        "math": math,
        "bits": lambda x: np.asarray(x).view(np.int32),
        "from_bits": lambda i: np.asarray(i).view(np.float32),
    }
    for f in definitions(True):
        if f.name not in ("bits", "from_bits"):
            tree = ast.fix_missing_locations(OnArrays().visit(ast.Module([f], [])))
            # under the name of its file, so that its lines count as run
            exec(compile(tree, inspect.getfile(elementary(True)[f.name]), "exec"), scope)
    return scope


SPAN32 = {
    **{"exp": 104.0, "tanh": 10.0, "tanh_prime": 52.0, "sigmoid": 104.0, "sigmoid_prime": 104.0, "softplus": 104.0, "expm1": 88.0},
    **{"exp2": 150.0, "cbrt": 50.0, "asinh": 50.0},
    **{"silu": 105.0, "erf": 4.0, "erfc": 10.3, "gelu": 14.6, "sinh": 89.0, "cosh": 89.0, "atan": 50.0},
    **{"log_sigmoid": 104.0, "normal_cdf": 13.0, "atan_prime": 50.0},
}


def points32(name: str, n: int, rng: np.random.Generator) -> list[np.ndarray]:
    def powers(low: float, high: float, m: int) -> np.ndarray:
        return np.asarray(10.0 ** rng.uniform(low, high, m))

    known = special.spread(name, n, rng, single=True)
    if known is not None:
        return [a.astype(np.float32) for a in known]
    m = n // 5
    positive = np.concatenate([powers(-37, 38, 2 * m), rng.uniform(0.4, 2.5, m), 1 + both_signs(powers(-7, -1, m)), [1e-45, 1e-40]])
    if name in ("log", "log2", "log10"):
        x = [positive]
    elif name in ("asin", "acos", "atanh"):
        edge = 1 - powers(-7, -1, m)
        x = [np.concatenate([rng.uniform(-1, 1, 2 * m), both_signs(edge), both_signs(powers(-40, 0, m))])]
    elif name in ("acosh", "acosh_prime", "coth_acosh"):
        x = [1 + np.concatenate([powers(-7, 2, 3 * m), powers(0, 38, m)])]
    elif name == "xlogy":
        x = [both_signs(powers(-3, 3, positive.size))[: positive.size], positive]
    elif name in ("atan2", "hypot", "direction"):
        x = [both_signs(powers(-18, 18, 2 * m)), rng.permutation(both_signs(powers(-18, 18, 2 * m)))]
        x = [np.concatenate([v, both_signs(rng.uniform(0.1, 3, m))]) for v in x]
        if name != "atan2":
            scale = np.concatenate([np.ones(4 * m), np.repeat([1e-30, 1e30], m)])
            x = [v * scale for v in x]
    elif name == "log1p":
        x = [np.concatenate([rng.uniform(-1, 2, 3 * m), both_signs(powers(-40, -0.1, m)), powers(0, 38, m)])]
    elif name in ("sin", "cos", "tan"):
        near = np.arange(1, m) * (math.pi / 2)
        x = [np.concatenate([rng.uniform(-4, 4, m), rng.uniform(-6000, 6000, m), powers(-40, 0, m), near[near < 6000]])]
    elif name == "pow":
        positive = positive[positive.astype(np.float32) != 1]
        b = np.where(
            rng.random(positive.size) < 0.6, rng.uniform(-104, 88.7, positive.size) / np.log(positive), rng.uniform(-5, 5, positive.size)
        )
        c = rng.uniform(0.66, 1.5, n)  # large multiples of logarithms that are far from 0
        x = [np.concatenate([positive, c]), np.concatenate([b, rng.choice([-1, 1], n) * rng.uniform(60, 87, n) / np.log(c)])]
    else:
        x = [np.concatenate([*(rng.uniform(-s, s, m) for s in (1, 4, SPAN32[name] / 4, SPAN32[name])), both_signs(powers(-40, 0, m // 2))])]
    return [a.astype(np.float32) for a in x]


@pytest.mark.one_in(21)
@pytest.mark.parametrize("name", ULPS32)
@pytest.mark.parametrize("without_contraction", [False, True])
def test_accuracy_of_float32(name: str, without_contraction: bool) -> None:
    x = points32(name, 1500, np.random.default_rng(4))
    with np.errstate(all="ignore"):
        values = on_arrays()[name](*x) if without_contraction else by_machine_code(name, *x)
    within_float32(name, x, values)


def near_constants(single: bool) -> dict[str, list[list[np.ndarray]]]:
    """Arguments whose result is a small angle away from a multiple of pi/4."""
    d = 10.0 ** np.random.default_rng(9).uniform(-4.5, -3, 400) if single else 10.0 ** np.random.default_rng(9).uniform(-10, -6, 200)
    one = np.ones_like(d)
    points = {
        "atan": [[both_signs(1 / d)], [both_signs(1 + d)], [both_signs(1 - d)]],
        "asin": [[both_signs(1 - d * d)]],
        "acos": [[d * d - 1], [both_signs(d)]],
        "atan2": [[both_signs(one), np.tile(k * d, 2)] for k in (-1, 1)]
        + [[both_signs(d), np.tile(-one, 2)]]
        + [[both_signs(one + k * d), np.tile(x * one, 2)] for k in (-1, 1) for x in (-1, 1)],
    }
    return {name: [[a.astype(np.float32 if single else np.float64) for a in x] for x in sets] for name, sets in points.items()}


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("name", ["atan", "asin", "acos", "atan2"])
def test_constants_in_two_parts(name: str, single: bool) -> None:
    """Where nearly all of a result is a multiple of pi/4, it is rounded once: the constants' low parts are right."""
    for x in near_constants(single)[name]:
        values = by_machine_code(name, *x)
        with mp.workdps(40):
            for *given, value in zip(*x, values, strict=True):
                exact = getattr(mp, name)(*(mp.mpf(float(v)) for v in given))
                unit = float(np.spacing(abs(values.dtype.type(exact))))
                assert abs(mp.mpf(float(value)) - exact) <= 0.51 * unit, given


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_hypot_where_its_squares_begin_to_be_scaled(dtype: Any) -> None:
    """Each side of the bounds beyond which squares are scaled, and their scale is taken back."""
    bounds = (1e150, 1e-140) if dtype is np.float64 else (1e18, 1e-16)
    factors = np.concatenate([np.linspace(0.2, 5.0, 97), [1.0, np.nextafter(1.0, 0), np.nextafter(1.0, 2)]])
    for bound in bounds:
        p, q = (v.ravel().astype(dtype) for v in np.meshgrid(bound * factors, bound * factors))
        values = by_machine_code("hypot", p, q)
        unit = float(np.finfo(dtype).eps)
        scaled = np.hypot(p.astype(np.longdouble) / bound, q.astype(np.longdouble) / bound)  # of numbers near 1
        error = np.abs(values.astype(np.longdouble) / bound / scaled - 1.0)
        assert error.max() <= 2 * unit, (p[error.argmax()], q[error.argmax()])


def all_floats(name: str, stride: int) -> Iterator[np.ndarray]:
    """Every stride-th float32, in pieces."""
    for start in range(0, 1 << 32, stride << 20):
        x = np.arange(start, min(1 << 32, start + (stride << 20)), stride, dtype=np.uint64).astype(np.uint32).view(np.float32)
        yield x[np.abs(x) <= 6000] if name in ("sin", "cos", "tan") else x[x > 0] if name in special.POSITIVE else x


@pytest.mark.slow_one_in(3)
@pytest.mark.one_in(9)
@pytest.mark.parametrize("name", [n for n in ULPS32 if n not in OF_TWO])
@pytest.mark.parametrize("stride", [4093, pytest.param(67, marks=pytest.mark.slow)])
def test_accuracy_of_float32_over_all_floats(name: str, stride: int) -> None:
    """Against the form in float64, which is held against mpmath above; the bounds held for every fifth of all floats."""
    for x in all_floats(name, stride):
        with np.errstate(all="ignore"):
            values, exact = by_machine_code(name, x), by_machine_code(name, x.astype(np.float64))
            near = exact.astype(np.float32)
            error = np.abs(values.astype(np.float64) - exact) / np.spacing(np.abs(near)).astype(np.float64)
        error[(values == near) | (np.isnan(values) & np.isnan(near))] = 0.0
        assert not np.any(np.isnan(error)), x[np.isnan(error)]
        assert error.max(initial=0.0) <= ULPS32[name], (error.max(), x[error.argmax()])


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_TWO)
def test_accuracy_of_float32_at_many_points(name: str) -> None:
    x = points32(name, 20_000, np.random.default_rng(7))
    within_float32(name, x, by_machine_code(name, *x))


def within_float32(name: str, x: list[np.ndarray], values: np.ndarray) -> None:
    assert values.dtype == np.float32
    reference = REFERENCE.get(name) or getattr(mp, name)
    with mp.workdps(25), np.errstate(over="ignore"):
        for *given, value in zip(*x, values, strict=True):
            exact = reference(*(mp.mpf(float(v)) for v in given))
            near = np.float32(float(exact))
            if near != value:
                assert np.isfinite(value) and np.isfinite(near), (given, value, near)
                assert abs(mp.mpf(float(value)) - exact) <= ULPS32[name] * mp.mpf(float(np.spacing(abs(near)))), (given, value)


@pytest.mark.parametrize("name", [n for n in ULPS32 if n in EDGES])
def test_edges_of_float32(name: str) -> None:
    """Zeros, infinities and nan; the float64 table's other arguments mean something else in float32."""
    rows = [(x, v) for x, v in EDGES[name] if x == 0.0 or not math.isfinite(x)]
    x, expected = (np.array(v, np.float32) for v in zip(*rows, strict=True))
    with np.errstate(all="ignore"):
        values = on_arrays()[name](x)
    for at, value, wanted in zip(x, values, expected, strict=True):
        assert same(float(value), float(wanted)), (at, value, wanted)


def test_edges_of_float32_pow() -> None:
    a, b = (np.ravel(v) for v in np.meshgrid(*[np.array([v for v in SPECIAL if not 0 < abs(v) < 0.1 and not 10 < abs(v) < INF])] * 2))
    with np.errstate(all="ignore"):
        values = on_arrays()["pow"](a.astype(np.float32), b.astype(np.float32))
    for x, y, value in zip(a, b, values, strict=True):
        wanted = float(np.float32(c_pow(float(x), float(y))))
        assert same(float(value), wanted) or abs(value - wanted) <= 2e-7 * abs(wanted), (x, y, value, wanted)
