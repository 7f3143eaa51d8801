"""Every row at the ends of the range, far out, close to 0 and at infinity: the value, the first and the second derivative."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from test_elementwise_derivatives import REFERENCE

import exprgraph as eg
from exprgraph.functions.elementwise import Function, apply
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import TABLE

INF = math.inf
#: rows without a derivative other than 0; what is `held` is not what it is called with
WITHOUT = {"floor", "ceil", "step", "sign", "held", "where", "gate", "minimum", "maximum", "smaller", "mod", "fmod", "floor_divide"}
#: oscillating and scaled functions, whose ends are in test_bessel.py and test_special.py
ELSEWHERE = {"j0", "j1", "jn", "y0", "y1", "yn", "i0", "i1", "iv", "i0e", "i1e", "ive", "k0", "k1", "kn"}
ELSEWHERE |= {"beta", "betaln", "erfcinv", "erfinv", "gamma", "rgamma", "zeta", "zeta_step"}
ELSEWHERE |= {"gammainc", "gammaincc", "gamma_density", "betainc", "beta_density"}
ELSEWHERE |= {"gammaincc_by_a", "betainc_by_a", "betainc_by_b"}
ROWS = {n: TABLE[n] for n in sorted(REFERENCE) if n not in WITHOUT | ELSEWHERE and not TABLE[n].boolean}  # type: ignore[attr-defined]
#: rows with exponentials in them: beyond these arguments they are at their limits
DECAYING = {
    "sigmoid": 740.0, "sigmoid_prime": 740.0, "softplus": 740.0, "log_sigmoid": 740.0, "silu": 740.0, "tanh": 370.0, "tanh_prime": 370.0,
    "erf": 26.0, "erfc": 26.0, "gelu": 38.0, "normal_cdf": 37.5, "exp": 700.0, "exp2": 1000.0, "expm1": 700.0, "sinh": 700.0, "cosh": 700.0,
    "sin": 1e8, "cos": 1e8, "tan": 1e8,
}  # fmt: skip


def arguments(row: Function, single: bool) -> list[tuple[float, ...]]:
    """Far out and close to 0, and next to the ends of a domain that is bounded."""
    powers = (1e20, 1e10, 1e-10, 1e-20) if single else (1e200, 1e100, 1e-100, 1e-200)
    most = DECAYING.get(row.name, INF) * (0.11 if single else 1.0)
    close = 1e-6 if single else 1e-14
    if row.arity == 2:
        sides = [(p, q) for p in powers for q in (p, -p, 2 * p, p / 4, 1.0)]
        if row.name in ("pow", "power_slope", "power_log"):
            sides = [(1e20, 0.5), (1e-20, 1.5)]
            if not single:
                sides = [(1e200, 0.75), (1e-200, 1.25), (1e-200, -1.0), (1e100, -2.0), (1e-100, 2.5)]
        if row.name == "logaddexp":
            sides = [(80.0, -80.0), (-1e10, -1e10)] if single else [(700.0, -700.0), (-1000.0, -1000.0), (1e100, 1e100), (0.5, -30.0)]
        if row.name == "share":
            sides = [s for s in sides if abs(s[0]) <= s[1]]
    else:
        sides = [(s * p,) for p in powers for s in (1, -1) if p <= most]
        sides += [(s * most * f,) for s in (1, -1) for f in (1.0, 0.5) if most < INF]
        low, high = row.domain[0]
        sides += [(end + (close if end == low else -close),) for end in (low, high) if 0.0 < abs(end) < INF]
    return [p for p in sides if all(low <= v <= high for v, (low, high) in zip(p, row.domain))]


def exact(name: str, at: Sequence[float], order: tuple[int, ...]) -> Any:
    """A derivative by differences of 1,000 digits, whose steps follow the size of the argument."""
    with mp.workdps(1000):
        point = tuple(mp.mpf(v) for v in at)
        if len(at) == 1:
            return mp.re(mp.diff(REFERENCE[name], point[0], order[0], relative=True))
        # two arguments: differences of each, in steps that are a part of it
        steps = [abs(v) * mp.mpf(10) ** -200 for v in point]
        grids = {0: [(0, 1)], 1: [(-1, -1 / mp.mpf(2)), (1, 1 / mp.mpf(2))], 2: [(-1, 1), (0, -2), (1, 1)]}
        total = mp.mpf(0)
        for i, a in grids[order[0]]:
            for j, b in grids[order[1]]:
                total += a * b * REFERENCE[name](point[0] + i * steps[0], point[1] + j * steps[1])
        return total / (steps[0] ** order[0] * steps[1] ** order[1])


def derivatives(row: Function, symbols: Sequence[Node]) -> dict[tuple[int, ...], Node]:
    """The value, the first and the second derivatives, by how often each argument."""
    f = apply(row, *symbols)
    out: dict[tuple[int, ...], Node] = {(0,) * row.arity: f}
    for i, s in enumerate(symbols):
        first = tuple(int(k == i) for k in range(row.arity))
        out[first] = eg.diff(f, s)
        for j, t in enumerate(symbols[i:], i):
            out[tuple(int(k == i) + int(k == j) for k in range(row.arity))] = eg.diff(f, s, t)
    return out


def agree(got: Any, want: Any, error: Any, tiny: float, largest: float) -> bool:
    """Whether a result is right within an error, or as small as nothing, or infinite where the right one does not fit."""
    if abs(want) > largest:
        return bool(np.isinf(got)) and (got > 0) == (want > 0)
    return bool(abs(float(got) - want) <= max(error, tiny))


@pytest.mark.slow_one_in(3)
@pytest.mark.one_in(20)
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("name", ROWS)
def test_far_out_and_close_to_zero(name: str, single: bool) -> None:
    row = TABLE[name]
    assert isinstance(row, Function)
    symbols = eg.symbols([f"a{i}" for i in range(row.arity)])
    nodes = derivatives(row, symbols)
    compiled = eg.compile(list(nodes.values()), symbols)
    kind = np.float32 if single else np.float64
    limits = np.finfo(kind)
    for at in arguments(row, single):
        given = [kind(v) for v in at]
        with np.errstate(all="ignore"):
            ways = [
                eg.evaluate(list(nodes.values()), dict(zip(symbols, given))),
                compiled(*given),
                [np.asarray(v)[4] for v in compiled(*(np.full(9, g) for g in given))],
            ]
        for k, order in enumerate(nodes):
            want = exact(name, [float(g) for g in given], order)
            size = abs(want)
            if order == (1, 1):  # a difference of what the pure second derivatives are the size of
                size = max(size, mp.sqrt(abs(exact(name, at, (2, 0)) * exact(name, at, (0, 2)))))
            if size > limits.max and row.arity == 2 and sum(order) == 2:
                continue  # made of infinities of both signs, perhaps
            for way in ways:
                assert agree(way[k], want, size * 200 * limits.eps, limits.tiny, limits.max), (at, order, way[k], float(want))


#: the value, the first and the second derivative at infinity and at minus infinity
AT_INFINITY: dict[str, tuple[tuple[float, float, float], tuple[float, float, float] | None]] = {
    "exp": ((INF, INF, INF), (0, 0, 0)),
    "exp2": ((INF, INF, INF), (0, 0, 0)),
    "expm1": ((INF, INF, INF), (-1, 0, 0)),
    "log": ((INF, 0, 0), None),
    "log2": ((INF, 0, 0), None),
    "log10": ((INF, 0, 0), None),
    "log1p": ((INF, 0, 0), None),
    "cbrt": ((INF, 0, 0), (-INF, 0, 0)),
    "atan": ((math.pi / 2, 0, 0), (-math.pi / 2, 0, 0)),
    "atan_prime": ((0, 0, 0), (0, 0, 0)),
    "sinh": ((INF, INF, INF), (-INF, INF, -INF)),
    "cosh": ((INF, INF, INF), (INF, -INF, INF)),
    "tanh": ((1, 0, 0), (-1, 0, 0)),
    "tanh_prime": ((0, 0, 0), (0, 0, 0)),
    "asinh": ((INF, 0, 0), (-INF, 0, 0)),
    "acosh": ((INF, 0, 0), None),
    "acosh_prime": ((0, 0, 0), None),
    "coth_acosh": ((1, 0, 0), None),
    "erf": ((1, 0, 0), (-1, 0, 0)),
    "erfc": ((0, 0, 0), (2, 0, 0)),
    "normal_cdf": ((1, 0, 0), (0, 0, 0)),
    "sigmoid": ((1, 0, 0), (0, 0, 0)),
    "sigmoid_prime": ((0, 0, 0), (0, 0, 0)),
    "softplus": ((INF, 1, 0), (0, 0, 0)),
    "log_sigmoid": ((0, 0, 0), (-INF, 1, 0)),
    "silu": ((INF, 1, 0), (0, 0, 0)),
    "gelu": ((INF, 1, 0), (0, 0, 0)),
    "relu": ((INF, 1, 0), (0, 0, 0)),
    "abs": ((INF, 1, 0), (INF, -1, 0)),
    "gammaln": ((INF, INF, 0), None),
    "digamma": ((INF, 0, 0), None),
    "root": ((INF, 0, 0), None),
    "inverse_root": ((0, 0, 0), None),
}
#: no value there, or not of all numbers
WITHOUT_LIMITS = {"sin", "cos", "tan", "asin", "acos", "atanh"}
#: decaying rows that grow as their argument does
UNBOUNDED = {"softplus", "log_sigmoid", "silu", "gelu"}
X, Y = eg.symbols("x y")
#: of two arguments: value, derivative by x, by y, the second ones by x, x and y, y
TWO_AT_INFINITY: list[tuple[Node, tuple[float, float], tuple[float, ...]]] = [
    (eg.hypot(X, Y), (INF, 1.0), (INF, 1, 0, 0, 0, 0)),
    (eg.hypot(X, Y), (-INF, 1.0), (INF, -1, 0, 0, 0, 0)),
    (eg.hypot(X, Y), (2.0, -INF), (INF, 0, -1, 0, 0, 0)),
    (eg.atan2(Y, X), (INF, 1.0), (0, 0, 0, 0, 0, 0)),
    (eg.atan2(Y, X), (1.0, INF), (math.pi / 2, 0, 0, 0, 0, 0)),
    (eg.logaddexp(X, Y), (-INF, -INF), (-INF, 0.5, 0.5, 0.25, -0.25, 0.25)),
    (eg.logaddexp(X, Y), (INF, INF), (INF, 0.5, 0.5, 0.25, -0.25, 0.25)),
    (eg.logaddexp(X, Y), (-INF, 3.0), (3, 0, 1, 0, 0, 0)),
    (eg.logaddexp(X, Y), (INF, -INF), (INF, 1, 0, 0, 0, 0)),
    (eg.xlogy(X, Y), (0.0, 0.0), (0, -INF, 0, 0, INF, 0)),
    (eg.xlogy(X, Y), (2.0, INF), (INF, INF, 0, 0, 0, 0)),
]


def test_every_row_has_limits() -> None:
    one = {n for n, row in ROWS.items() if row.arity == 1}  # type: ignore[attr-defined]
    assert one == set(AT_INFINITY) | WITHOUT_LIMITS


@pytest.mark.one_in(2)
@pytest.mark.parametrize("single", [False, True])
def test_limits_at_infinity(single: bool) -> None:
    kind = np.float32 if single else np.float64
    outputs = {}
    for name in AT_INFINITY:
        f = apply(TABLE[name], X)  # type: ignore[arg-type]
        outputs[name] = [f, eg.diff(f, X), eg.diff(f, X, 2)]
    compiled = eg.compile(outputs, X)
    far = 1e20 if single else 1e200  # nearly there, where exponentials have decayed
    for k, end in enumerate((INF, -INF, far, -far)):
        at = kind(end)
        batch = {n: [np.asarray(v)[4] for v in vs] for n, vs in compiled(np.full(9, at)).items()}
        ways = [eg.evaluate(outputs, {X: at}), compiled(at), batch]
        for name, sides in AT_INFINITY.items():
            wanted = sides[k % 2]
            if k > 1 and name not in DECAYING:
                continue
            if wanted is not None:
                if k > 1 and name in UNBOUNDED:
                    wanted = (end, *wanted[1:]) if abs(wanted[0]) == INF else wanted
                for got in ways:
                    np.testing.assert_allclose(got[name], wanted, rtol=2 * np.finfo(kind).eps, err_msg=f"{name} at {end}")


@pytest.mark.one_in(2)
@pytest.mark.parametrize("single", [False, True])
def test_limits_at_infinity_of_two_arguments(single: bool) -> None:
    kind = np.float32 if single else np.float64
    for f, at, wanted in TWO_AT_INFINITY:
        nodes = [f, eg.diff(f, X), eg.diff(f, Y), eg.diff(f, X, 2), eg.diff(f, X, Y), eg.diff(f, Y, 2)]
        x, y = (kind(v) for v in at)
        compiled = eg.compile(nodes, (X, Y))
        batch = [np.asarray(v)[4] for v in compiled(np.full(9, x), np.full(9, y))]
        for got in (eg.evaluate(nodes, {X: x, Y: y}), compiled(x, y), batch):
            np.testing.assert_allclose(np.array(got, float), wanted, rtol=4 * np.finfo(kind).eps, err_msg=f"{f} at {at}")


def test_tails() -> None:
    """Where the naive forms have no digit left."""
    for at in (-800.0, -5.0, 0.3, 40.0, 700.0):
        f = eg.log_sigmoid(X)
        with mp.workdps(60):
            right = [-mp.log1p(mp.exp(-mp.mpf(at))), 1 / (1 + mp.exp(mp.mpf(at))), -mp.exp(mp.mpf(at)) / (1 + mp.exp(mp.mpf(at))) ** 2]
        nodes = [f, eg.diff(f, X), eg.diff(f, X, 2)]
        for got in (eg.evaluate(nodes, {X: at}), eg.compile(nodes, X)(at)):
            np.testing.assert_allclose(got, [float(v) for v in right], rtol=2e-15, atol=5e-324)
    f = eg.logaddexp(X, Y)
    for a, b in ((0.0, -40.0), (-40.0, 0.0), (1000.0, 999.0), (-1e300, 5.0), (1e-20, -50.0)):
        with mp.workdps(60):
            p, q = mp.mpf(a), mp.mpf(b)
            value = max(p, q) + mp.log1p(mp.exp(min(p, q) - max(p, q)))
            right = [value, 1 / (1 + mp.exp(q - p)), 1 / (1 + mp.exp(p - q))]
        nodes = [f, eg.diff(f, X), eg.diff(f, Y)]
        for got in (eg.evaluate(nodes, {X: a, Y: b}), eg.compile(nodes, (X, Y))(a, b)):
            np.testing.assert_allclose(got, [float(v) for v in right], rtol=2e-15, atol=5e-324)
    assert np.logaddexp(X, Y) is f


def test_chains_of_large_and_small_factors() -> None:
    """Derivatives by an argument that is large itself."""
    for f, at, right in (
        (eg.asinh(eg.exp(X)), 400.0, 1.0),
        (eg.atan2(eg.exp(X), eg.exp(X)), 400.0, 0.0),
        (eg.hypot(eg.exp(X), eg.exp(X)), 400.0, math.sqrt(2) * math.exp(400.0)),
        (eg.gelu(eg.exp(X)), 6.0, math.exp(6.0)),
    ):
        d = eg.diff(f, X)
        for got in (eg.evaluate(d, {X: at}), eg.compile(d, X)(at)):
            np.testing.assert_allclose(got, right, rtol=1e-14)
