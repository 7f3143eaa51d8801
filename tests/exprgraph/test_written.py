"""What is written is built, and what was written is kept where calculus regroups."""

from __future__ import annotations

import importlib.util
from functools import reduce
from pathlib import Path

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.graph.traverse import REBUILD, topological

x, y, z, w = eg.symbols("x y z w")
v, u = eg.symbols("v u", shape=3)


def both(e: Node, at: dict[Node, object]) -> list[float]:
    """By NumPy, compiled, and compiled without contraction, of one point and of a batch."""
    out = [np.asarray(eg.evaluate(e, at))]
    for contract in (True, False):
        fn = eg.compile(e, list(at), contract=contract)
        out.append(np.asarray(fn(*at.values())))
        out.append(np.asarray(fn(*(np.tile(a, (9,) + (1,) * np.ndim(a)) for a in at.values())))[4])
    return out


@pytest.mark.one_in(9)
@pytest.mark.parametrize(
    ("e", "at", "right"),
    [
        ((x / z) * y, {x: 1e200, z: 1e300, y: 1e200}, 1e100),
        (y * (x / z), {x: 1e200, z: 1e300, y: 1e200}, 1e100),
        ((x / z) * (y / w), {x: 1e200, z: 1e200, y: 1e200, w: 1e200}, 1.0),
        ((x / z) ** 2, {x: 1e200, z: 1e200}, 1.0),
        ((x / z) ** 3, {x: 1e-200, z: 1e-200}, 1.0),
        (x / y / z, {x: 1e250, y: 1e200, z: 1e200}, 1e250 / 1e200 / 1e200),
        (x / (y / z), {x: 1e200, y: 1e-200, z: 1e200}, np.inf),
        (x * y / z, {x: 1e200, y: 1e-200, z: 1e-300}, 1e300),
        (1 / (x / y), {x: 1e-200, y: 1e200}, np.inf),
        ((x - z) + y, {x: 1e17, z: 1e17, y: 1.0}, 1.0),
        (y + (x - z), {x: 1e17, z: 1e17, y: 1.0}, 1.0),
        ((y + x) - z, {x: 1e17, z: 1e17, y: 1.0}, 0.0),
        (x - (z - y), {x: 1e17, z: 1e17, y: 32.0}, 32.0),
        ((1 + x) - 1, {x: 1e-17}, 0.0),
        ((x + 1e17) - 1e17, {x: 1.0}, 0.0),
        (2 * (x - z), {x: 1e308, z: 9.9e307}, 2 * (1e308 - 9.9e307)),
        ((x + y) * 1e-300, {x: 1e308, y: -1e308}, 0.0),
        (1e-200 * (1e200 * x), {x: 1e200}, np.inf),
        ((1e-200 * x) * y, {x: 1e200, y: 1e300}, 1e-200 * 1e200 * 1e300),
        ((1e-200 * x) ** 2, {x: 1e200}, 1.0),
        ((1e-200 * x) / (1e-200 * y), {x: 1e250, y: 1e250}, 1.0),
        (eg.sum((v - u) + 1), {v: np.full(3, 1e17), u: np.full(3, 1e17)}, 3.0),
        (eg.sum(v - u), {v: np.array([1e17, 1.0, -1e17]), u: np.array([1e17, 0.0, -1e17])}, 1.0),
        (eg.mean((v / x) ** 2), {v: np.full(3, 1e200), x: 1e200}, 1.0),
        (eg.dot(v / x, v / x), {v: np.full(3, 1e200), x: 1e200}, 3.0),
        ((1e-200 * v) @ (1e-200 * u), {v: np.full(3, 1e200), u: np.full(3, 1e200)}, 3.0),
        ((1e-200 * v)[:, None] @ u[None, :], {v: np.full(3, 1e250), u: np.full(3, 1e300)}, np.full((3, 3), np.inf)),
        (eg.outer(v / x, u / x), {v: np.full(3, 1e200), u: np.full(3, 1e200), x: 1e200}, np.ones((3, 3))),
        ((v / x)[:, None] * u[None, :], {v: np.full(3, 1e200), u: np.full(3, 1e200), x: 1e300}, np.full((3, 3), 1e100)),
        (v[:, None] / u[None, :], {v: np.full(3, 1e-310), u: np.full(3, 1e-310)}, np.ones((3, 3))),
    ],
)  # fmt: skip
def test_order_and_grouping_stay(e: Node, at: dict[Node, object], right: object) -> None:
    with np.errstate(all="ignore"):
        for got in both(e, at):
            np.testing.assert_allclose(got, right, rtol=4e-16)


def test_a_careful_logarithm() -> None:
    """Kahan's log1p, and its twin for expm1."""
    one = 1 + x
    e = eg.exp(x)
    for t in (1e-12, 1e-9, 3e-5):
        for got in both(eg.log(one) * x / (one - 1), {x: t}):
            assert abs(got / np.log1p(t) - 1) < 4e-15
        for got in both((e - 1) * x / eg.log(e), {x: t}):
            assert abs(got / np.expm1(t) - 1) < 4e-15


def test_float32_keeps_its_range() -> None:
    a, b, r = eg.symbols("a b r")
    at = [np.float32(q) for q in (6e24, 7e22, 4e8)]
    got = eg.compile(1e-10 * a / r * b / r, (a, b, r))(*at)
    assert abs(got / (np.float32(1e-10) * at[0] / at[2] * at[1] / at[2]) - 1) < 1e-6


limit = eg.Symbol("limit")


@pytest.mark.one_in(20)
@pytest.mark.parametrize("contract", [True, False])
@pytest.mark.parametrize(
    "f",
    [eg.exp, eg.exp2, eg.sinh, eg.cosh, eg.expm1, lambda t: t**2, lambda t: t**3, lambda t: t**5, lambda t: t**y, lambda t: 10.0**t],
)
def test_an_overflowed_function_is_infinite_wherever_it_stands(f, contract: bool) -> None:
    large = (f(x) - limit, limit - f(x) / 2)
    for e in (*large, f(x), f(x) - z, z - f(x), f(x) + w, w - f(x), f(x) * 1 + f(w), f(x) - z / 2, 0.5 * f(x) - z):
        fn = eg.compile(e, (x, y, z, w, limit), contract=contract)
        for argument in (709.9, 710.6, 720.0, 1000.0, 1030.0, 1e103, 1.35e154, 1e300):
            at = {x: argument, y: 300.0, z: 1.7e308, w: 0.0, limit: np.inf}
            with np.errstate(all="ignore"):
                right = eg.evaluate(e, at)
                for got in (fn(*at.values()), fn(*(np.full(9, t) for t in at.values()))[4]):
                    if np.isfinite(eg.evaluate(f(x), at)):
                        continue
                    assert got == right or (np.isnan(got) and np.isnan(right)), (e, argument)


def test_without_contraction_there_are_the_bits_of_numpy() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4, 500))
    programs = [
        lambda a, b, c, d: a * b + c * d,
        lambda a, b, c, d: (a * b - c) / (a + b * d),
        lambda a, b, c, d: a / 3 + b * b - c,
        lambda a, b, c, d: (a - 3 * (a / 3)) + (b / 7 * 7 - b),
        lambda a, b, c, d: (a * a + b * b + c * c) ** 0.5 * d,
        lambda a, b, c, d: ((a * d + b) * d + c) * d - 1,
        lambda a, b, c, d: a * b * c / d - (a + b + c + d),
    ]
    fused = 0
    for f in programs:
        e, right = f(x, y, z, w), f(*values)
        assert (eg.evaluate(e, dict(zip((x, y, z, w), values))) == right).all()
        assert (eg.compile(e, (x, y, z, w), contract=False)(*values) == right).all()
        assert (eg.compile(e, (x, y, z, w), contract=False, threads=2)(*values) == right).all()
        fused += int((eg.compile(e, (x, y, z, w))(*values) != right).any())
    assert fused, "nothing is contracted where it may be"
    import pickle

    fn = pickle.loads(pickle.dumps(eg.compile(x * y + z, (x, y, z), contract=False)))
    assert (fn(*values[:3]) == values[0] * values[1] + values[2]).all()


def test_what_was_written_is_kept_in_derivatives() -> None:
    h = (x - z) + y
    at = {x: 1e17, z: 1e17, y: 1.0, w: 2.0}
    for got in both(eg.diff(w * h + w**2, w), at):
        assert got == 5.0  # h + 2*w, with h as it was written
    for got in both(eg.diff(w * h**2, w), at):
        assert got == 1.0
    for got in both(eg.diff(x / y, y), {x: 1e250, y: 1e200}):
        assert abs(got / -1e-150 - 1) < 1e-15
    for got in both(eg.gradient(eg.sum((v / x) ** 2), x), {v: np.full(3, 1e200), x: 1e200}):
        assert abs(got / -6e-200 - 1) < 1e-15
    m = eg.maximum(eg.abs(x), eg.abs(y))
    length = m * eg.sqrt((x / m) ** 2 + (y / m) ** 2)
    for s in (1e200, 1e-200):
        for got in both(eg.stack([eg.diff(length, x), eg.diff(length, y)]), {x: 3 * s, y: 4 * s}):
            np.testing.assert_allclose(got, [0.6, 0.8], rtol=1e-14)


def test_operands_have_no_order_and_equal_ones_are_collected() -> None:
    assert x + y is y + x and x * y is y * x
    assert x + x is 2 * x and x * x is x**2 and x * x * x is x**3 and 2 * x + 3 * x is 5 * x
    assert x - x is eg.zeros(()) and 0 * eg.log(x) is eg.zeros(()) and eg.log(x) - eg.log(x) is eg.zeros(())
    assert (x + y) + z is not x + (y + z) and (x * y) * z is not x * (y * z)
    assert 1.1 * x - x is not 0.1 * x and eg.evaluate(1.1 * x - x, {x: 3.0}) == 1.1 * 3.0 - 3.0


def test_time_stepping_grows_linearly() -> None:
    def steps(n: int) -> tuple[int, int]:
        mu = eg.Symbol("mu")
        s = [1.0 + 0 * mu, 0 * mu]
        for _ in range(n):
            s = [s[0] + 0.01 * s[1], s[1] + 0.01 * (mu * (1 - s[0] ** 2) * s[1] - s[0])]
        return eg.count_ops(s), eg.count_ops(eg.gradient(s[0], mu))

    (value, slope), (twice, slope_twice) = steps(100), steps(200)
    assert value <= 9 * 100 and slope <= 40 * 100
    assert twice <= 2.1 * value and slope_twice <= 2.1 * slope


def test_a_chain_of_mixed_operations_is_built_as_written() -> None:
    e = reduce(lambda a, k: a * y + float(k), range(1000), x)
    right = reduce(lambda a, k: a * 0.5 + float(k), range(1000), 1.25)
    assert eg.evaluate(e, {x: 1.25, y: 0.5}) == right
    assert eg.count_ops(e) == 1999  # nothing is added to it at first


def test_rebuilding_changes_nothing() -> None:
    derivatives = [
        eg.gradient(eg.sum(v * x + u * y + w) / x, v),
        eg.diff(eg.sin(x * y) / z, y, 3),
        eg.hessian(eg.tanh(x * y) / (1 + y**2), x),
    ]
    for e in ((x - z) + y, (x / z) * y, 3 / x, x / 3, (2 * x) * y, *derivatives):
        assert eg.substitute(e, {w: 1.0}) is e
        assert eg.parse(eg.to_python(e)) is e


def test_a_number_times_a_diagonal_ends() -> None:
    from exprgraph.canonical.contract import contract

    a = eg.Symbol("A", (3, 3))
    value = np.arange(9.0).reshape(3, 3)
    for e in (contract([(eg.exp(a / 2), "ii")], "i"), eg.diagonal(eg.exp(a / 2)), 0.5 * eg.diagonal(a) * v, (v / 3) / eg.diagonal(2 * a)):
        assert e.shape == (3,)
    np.testing.assert_allclose(eg.evaluate(eg.diagonal(eg.exp(a / 2)), {a: value}), np.exp(np.diag(value) / 2))


def test_the_sign_of_a_constant_zero() -> None:
    zero = x - x
    for e, right in (
        (1 / -zero, -np.inf), (1 / zero, np.inf), (1 / (zero + zero), np.inf), (1 / (-zero + -zero), -np.inf), (1 / (zero - zero), np.inf),
        (1 / (-zero - zero), -np.inf), (1 / (-zero + zero), np.inf),
    ):  # fmt: skip
        with np.errstate(all="ignore"):
            assert eg.evaluate(e, {x: 1.0}) == right


@pytest.mark.slow
def test_a_saved_module_contracts_no_product_of_a_function(tmp_path: Path) -> None:
    equations = [eg.exp(x) / 2 - y, eg.cosh(x) - y, eg.sinh(x) - y, eg.exp2(x) - y, eg.power(10.0, x) - y, x**3 - y, eg.expm1(x) - y]
    eg.compile(equations, (x, y)).save(tmp_path / "overflowed.py")
    spec = importlib.util.spec_from_file_location("overflowed", tmp_path / "overflowed.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for at in ((1000.0, np.inf), (709.9, 1.7e308), (710.6, 1.7e308), (1024.0, 1.7e308), (1e103, 1.7e308)):
        got = [float(np.ravel(v)[0]) for v in module.evaluate(*map(np.float64, at))]
        np.testing.assert_allclose(got, eg.evaluate(equations, dict(zip((x, y), at))), rtol=1e-13)


def test_the_derivative_that_a_user_writes_is_kept_as_it_is_written() -> None:
    careful = eg.function(
        "careful_slope", numpy=lambda a: 0 * a, derivative=lambda a: (a + 1e17) - 1e17 + a / 1e200 * 1e200, code="0.0 * {0}"
    )
    e = eg.diff(careful(x) + x**2 * 1e17, x)
    for t in (1.0, 3.0):
        want = np.float64(t + 1e17) - 1e17 + t + 2e17 * t
        assert eg.evaluate(e, {x: t}) == want


@pytest.mark.parametrize(
    "e",
    [x / (x * (x * y)), x / (y * (x * y)), x / ((x * y) * (z * w)), (x / (x * y)) / y, x / (x * (y * z)) / (x * y), 1 / (x * (x * y))],
    ids=str,
)
def test_what_is_built_again_is_the_same(e: Node) -> None:
    """Also where a product of products is below the line, of which nothing else is taken apart."""
    for node in topological([e]):
        if node.args:
            assert REBUILD[node.op](node, node.args) is node


def test_products_of_products_below_the_line_have_the_bits_of_numpy() -> None:
    rng = np.random.default_rng(0)
    a, b, c, d = rng.normal(size=(4, 500))
    at = {x: a, y: b, z: c, w: d}
    for e, right in (
        (x / (x * (x * y)), a / (a * (a * b))),
        (x / ((x * y) * (z * w)), a / ((a * b) * (c * d))),
        (x / y / (x * (z * w)), a / b / (a * (c * d))),
    ):
        assert (eg.evaluate(e, at) == right).all()
        assert (eg.compile(e, list(at), contract=False)(*at.values()) == right).all()


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_second_derivatives_of_scaled_lengths(scale: float) -> None:
    """z*sqrt((x/z)**2 + (y/z)**2) and x*sqrt(1 + (y/x)**2): what is divided by z**2 and multiplied with z is divided by z."""
    at = {x: 3 * scale, y: 4 * scale, z: 5 * scale}
    right = {(x, x): 0.128, (x, y): -0.096, (y, y): 0.072}
    for e in (z * eg.sqrt((x / z) ** 2 + (y / z) ** 2), x * eg.sqrt(1 + (y / x) ** 2)):
        for by, value in right.items():
            for got in both(eg.diff(e, *by), at):
                np.testing.assert_allclose(got, value / scale, rtol=1e-12, err_msg=f"{e} by {by}")
