"""Where an argument is not taken its derivative is 0, however large, infinite or undefined it is: in every mode, to third order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.canonical.contract import contract
from exprgraph.graph.node import Node

x = eg.Symbol("x")
v = eg.Symbol("v", 3)
MODES = ("forward", "reverse")
INF, NAN = np.inf, np.nan

#: f, the point, and the first three derivatives
SCALAR: dict[str, tuple[Callable[[Node], Node], float, tuple[float, float, float]]] = {
    "minimum of an overflow": (lambda x: eg.minimum(eg.exp(x), 1), 1000.0, (0, 0, 0)),
    "the other way round": (lambda x: eg.minimum(1, eg.exp(x)), 1000.0, (0, 0, 0)),
    "maximum of an overflow": (lambda x: eg.maximum(-eg.exp(x), x), 1000.0, (1, 0, 0)),
    "clip of an overflow": (lambda x: eg.clip(eg.exp(x), 0, 1), 1000.0, (0, 0, 0)),
    "clip of a power": (lambda x: eg.clip(x**3, -1, 1), 1e200, (0, 0, 0)),
    "clip of a logarithm": (lambda x: eg.clip(eg.log(x), -5, 5), 0.0, (0, 0, 0)),
    "clip of a root": (lambda x: eg.clip(eg.sqrt(x), 1, 2), 0.0, (0, 0, 0)),
    "relu of a logarithm": (lambda x: eg.relu(eg.log(x)), 0.0, (0, 0, 0)),
    "relu of an overflow": (lambda x: eg.relu(-eg.exp(x)), 1000.0, (0, 0, 0)),
    "root of relu": (lambda x: eg.sqrt(eg.relu(x)), -1.0, (0, 0, 0)),
    "root of minimum": (lambda x: eg.sqrt(eg.minimum(x, 0) + 0), 2.0, (0, 0, 0)),
    "logarithm of relu": (lambda x: eg.log(eg.relu(x)), -1.0, (0, 0, 0)),
    "cube root of relu": (lambda x: eg.cbrt(eg.relu(x)), -1.0, (0, 0, 0)),
    "power of maximum": (lambda x: eg.maximum(x, 0) ** -1.5, -1.0, (0, 0, 0)),
    "hypot of relu": (lambda x: eg.sqrt(eg.relu(x) ** 2), -1.0, (0, 0, 0)),
    "asin of clip": (lambda x: eg.asin(eg.clip(x, -1, 1)), 2.0, (0, 0, 0)),
    "a product in a choice in another": (lambda x: eg.where(x < 2000, eg.minimum(eg.exp(x) * (2 + x**2), x), 0), 1000.0, (1, 0, 0)),
    "a product in relu in another": (lambda x: eg.where(x < 2000, x + eg.relu(-eg.exp(x) * (2 + x**2)), 0), 1000.0, (1, 0, 0)),
    "a product in clip in minimum": (lambda x: eg.minimum(eg.clip(eg.exp(x) * x**2, 0, 1), x), 1000.0, (0, 0, 0)),
    "absolute at zero": (lambda x: eg.abs(eg.sqrt(x)), 0.0, (0, 0, 0)),
    "absolute of a cube root": (lambda x: eg.abs(eg.cbrt(x)), 0.0, (0, 0, 0)),
    "root of absolute": (lambda x: eg.sqrt(eg.abs(x)), 0.0, (0, 0, 0)),
    "where in where": (
        lambda x: eg.where(x > 0, eg.where(x > 1, eg.log(x), eg.sqrt(x)), eg.where(x < -1, eg.log(-x), 2 * x)), 0.0, (2, 0, 0)
    ),
    "minimum in maximum": (lambda x: eg.maximum(eg.minimum(eg.exp(x), 1), eg.sqrt(-x) - 9), 1000.0, (NAN, NAN, NAN)),
    "minimum in minimum": (lambda x: eg.minimum(eg.exp(eg.minimum(eg.exp(x), 1000)), 5), 9.0, (0, 0, 0)),
    "a factor above": (lambda x: eg.exp(x) * eg.minimum(eg.exp(2 * x), 0), 1000.0, (NAN, NAN, NAN)),
    "sigmoid above": (lambda x: eg.sigmoid(eg.minimum(eg.exp(x), 0)), 1000.0, (0, 0, 0)),
    "a sum of branches": (lambda x: eg.minimum(eg.exp(x), 1) + eg.minimum(eg.exp(2 * x), 1) + x**2, 1000.0, (2000, 2, 0)),
    "a shared argument": (lambda x: (lambda u: eg.minimum(u, 1) + eg.where(x > 2e3, u, 3 * x))(eg.exp(x)), 1000.0, (3, 0, 0)),
    "floor of an overflow": (lambda x: eg.floor(eg.exp(x)) * 0.0 + x, 1000.0, (1, 0, 0)),
    "sign of an overflow": (lambda x: eg.sign(eg.exp(x)) * x, 1000.0, (1, 0, 0)),
    "comparison of an overflow": (lambda x: (eg.exp(x) > 1) * x, 1000.0, (1, 0, 0)),
    "an infinite argument": (lambda x: eg.minimum(x**2, 1), INF, (0, 0, 0)),
    "maximum of a list": (lambda x: eg.max(eg.stack([-eg.exp(x), eg.log(x - 1000), x])), 1000.0, (1, 0, 0)),
    "minimum of a list": (lambda x: eg.min(eg.stack([eg.exp(x), 1 / (x - 1000), x**2])), 1000.0, (2000, 2, 0)),
    "quotient": (lambda x: eg.where(x > 0, eg.sin(x) / x, 1.0), 0.0, (0, 0, 0)),
    "behind a sum": (lambda x: eg.sqrt(eg.sum(eg.relu(eg.stack([x, 2 * x])))), -1.0, (0, 0, 0)),
    "behind a product": (lambda x: eg.sqrt(eg.relu(x) * eg.relu(x + 0.5)), -1.0, (0, 0, 0)),
}
UNDEFINED_VALUE = ("minimum in maximum", "a factor above")


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", [n for n in SCALAR if n not in UNDEFINED_VALUE])
def test_of_scalars_to_third_order(name: str) -> None:
    make, point, right = SCALAR[name]
    f = make(x)
    for order in (1, 2, 3):
        for modes in product(MODES, repeat=order):
            d = f
            for mode in modes:
                d = eg.jacobian(d, x, mode)  # type: ignore[call-overload]
            assert eg.evaluate(d, {x: point}) == right[order - 1], (modes, d)
    for order in (1, 2):
        d = eg.diff(f, x, order)
        assert eg.evaluate(d, {x: point}) == right[order - 1], order


@pytest.mark.one_in(8)
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("single", [False, True], ids=["float64", "float32"])
def test_compiled_one_and_many(single: bool, part: int) -> None:
    names = [n for n in SCALAR if n not in UNDEFINED_VALUE and not (single and n == "clip of a power")]
    for name in names[part::4]:
        make, point, right = SCALAR[name]
        f = make(x)
        ds = [eg.jacobian(f, x, m) for m in MODES] + [eg.jacobian(eg.jacobian(f, x, "reverse"), x, "reverse")]  # type: ignore[call-overload]
        fn = eg.compile(ds, x)
        kind = np.float32 if single else np.float64
        expected = [right[0], right[0], right[1]]
        for value in (kind(point), np.full(5, point, kind)):
            for got, want in zip(fn(value), expected):
                assert np.asarray(got).dtype in (kind, bool)
                np.testing.assert_array_equal(got, want, err_msg=name)


def test_an_undefined_argument_makes_the_derivative_undefined() -> None:
    for f in (eg.maximum(x, 0.5), eg.minimum(0.5, x), eg.relu(x), eg.abs(x), eg.clip(x, 0, 1), eg.max(eg.stack([x, 1 + 0 * x]))):
        for d in (eg.diff(f, x), eg.jacobian(f, x, "forward"), eg.jacobian(f, x, "reverse")):
            assert np.isnan(eg.evaluate(d, {x: NAN})), f
            assert np.isnan(eg.compile(d, x)(NAN)), f


def test_a_zero_that_no_choice_made_is_a_number() -> None:
    """An infinite derivative of an argument that is taken stays what it is."""
    for f in (eg.maximum(eg.cbrt(x) ** 3, -1), eg.where(x < 1, eg.sqrt(x) ** 2, 1), eg.relu(1 + eg.sqrt(x) ** 2)):
        for mode in MODES:
            assert np.isnan(eg.evaluate(eg.jacobian(f, x, mode), {x: 0.0})), (f, mode)  # type: ignore[call-overload]
    root = eg.where(x < 1, eg.sqrt(x), 1)
    assert all(eg.evaluate(eg.jacobian(root, x, mode), {x: 0.0}) == INF for mode in MODES)  # type: ignore[call-overload]


# ---------------------------------------------------------------- arrays

A = eg.Symbol("A", (3, 3))
P = eg.Symbol("P", 3, per_sample=True)
M = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
A0 = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]])

#: f of v, the point, the expression that is equal where nothing saturates
ARRAYS: dict[str, tuple[Node, list[float], Node]] = {
    "element by element": (eg.maximum(eg.log(v), -1), [0.0, 1e-9, 2.0], eg.stack([-1 + 0 * v[0], -1 + 0 * v[1], eg.log(v[2])])),
    "roots of relu": (eg.sqrt(eg.relu(v)), [-1.0, 4.0, 0.0], eg.stack([0 * v[0], eg.sqrt(v[1]), 0 * v[2]])),
    "minimum with a number of all": (
        eg.minimum(eg.exp(v), eg.sum(v)), [1000.0, 1.0, 2.0], eg.stack([eg.sum(v), eg.exp(v[1]), eg.exp(v[2])])
    ),
    "a number for all": (eg.minimum(v, eg.exp(v[0])), [1000.0, 3.0, 4.0], eg.stack([v[0], v[1], v[2]])),
    "before a product": (
        A0 @ eg.minimum(eg.exp(v), 2), [1000.0, 0.5, 3.0], A0 @ eg.stack([2 + 0 * v[0], eg.exp(v[1]), 2 + 0 * v[2]])
    ),
    "after a product": (eg.minimum(A0 @ eg.exp(v), 2), [1000.0, -1e3, 3.0], 2 + 0 * v),
    "an undefined product": (
        eg.where(np.array([1, 0, 0]), v, A0 @ eg.log(v) * 0 + 1 / (v - 1) * 0)[0] + v, [1.0, 1.0, -1.0], v[0] + v
    ),
    "between products": (
        A0 @ eg.relu(eg.log(v)[[0, 2, 1]]), [0.0, 0.5, 3.0], A0 @ eg.stack([0 * v[0], eg.log(v[2]), 0 * v[1]])
    ),
    "roots of products": (eg.sqrt(A0 @ eg.relu(v)), [-1.0, -2.0, 0.0], 0 * v),
    "maximum": (
        eg.max(v * eg.log(eg.stack([v, v[::-1]])), axis=0), [2.0, 3.0, 4.0], v * eg.log(eg.stack([v[2], v[1], v[2]]))
    ),
    "maximum beside -inf": (eg.max(eg.log(v)), [0.0, 2.0, 1.0], eg.log(v[1])),
    "minimum beside inf": (eg.min(eg.exp(v) + v), [1000.0, 2.0, 1e4], eg.exp(v[1]) + v[1]),
    "maximum of rows": (eg.max(eg.outer(v, eg.log(v)), axis=0), [0.5, 2.0, 3.0], v[np.array([0, 2, 2])] * eg.log(v)),
    "minimum of columns": (eg.min(1 / eg.outer(v, v), axis=1), [1.0, 2.0, 3.0], 1 / (v * v[2])),
    "root of a maximum": (eg.sqrt(eg.max(eg.relu(v))), [-1.0, -2.0, -3.0], 0 * v[0]),
    "where in where": (
        eg.where(v > 1, eg.log(v - 1), eg.where(v > 0, eg.sqrt(v), v**2)),
        [2.0, 1.0, -1.0],
        eg.stack([eg.log(v[0] - 1), eg.sqrt(v[1]), v[2] ** 2]),
    ),
    "pieces": (
        eg.concatenate([eg.minimum(eg.exp(v), 1)[:2], eg.sqrt(eg.relu(v))[1:]]),
        [1000.0, 800.0, -1.0],
        eg.stack([0 * v[0], 0 * v[1], eg.sqrt(v[1]), 0 * v[2]]),
    ),
    "reshaped": (
        eg.reshape(eg.outer(eg.relu(v), eg.minimum(eg.exp(v), 1)), 9)[::4], [1000.0, -5.0, 0.5], eg.stack([v[0], 0 * v[1], v[2]])
    ),
    "prod": (eg.prod(eg.minimum(eg.exp(v), 3)), [1000.0, 0.5, 0.2], 3 * eg.exp(v[1] + v[2])),
    "solve": (
        eg.solve(eg.where(M, 2.0, 0) + np.eye(3) * eg.minimum(eg.exp(v[0]), 1), eg.relu(v)),
        [1000.0, -1.0, 2.0],
        eg.solve(2 * M + np.eye(3), eg.stack([v[0], 0 * v[1], v[2]])),
    ),
}  # fmt: skip


def reference(name: str) -> tuple[Node, dict[Node, Any], Node]:
    f, at, plain = ARRAYS[name]
    return f, {v: np.array(at)}, plain


@pytest.mark.one_in(10)
@pytest.mark.parametrize("name", ARRAYS)
def test_of_arrays_to_second_order(name: str) -> None:
    f, at, plain = reference(name)
    first, second = eg.jacobian(plain, v), eg.hessian(plain, v)
    everything: list[Node] = []
    for mode in MODES:
        d = eg.jacobian(f, v, mode)  # type: ignore[call-overload]
        everything += [d, *(eg.jacobian(d, v, again) for again in MODES)]  # type: ignore[call-overload]
    right = [eg.evaluate(e, at) for e in [first, second, second] * 2]
    numbers = eg.compile(everything, v)(at[v])
    many = eg.compile(everything, v)(np.array([at[v]] * 9))
    for e, want, one, several in zip(everything, right, numbers, many):
        np.testing.assert_allclose(eg.evaluate(e, at), want, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(one, want, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(several[4], want, rtol=1e-12, atol=1e-13)


# ---------------------------------------------------------------- over samples, and what it costs


def test_missing_data_are_left_out() -> None:
    w, q, mask = eg.Symbol("w", 3), eg.Symbol("q", per_sample=True), eg.Symbol("mask", per_sample=True)
    rng = np.random.default_rng(0)
    data, there, target, w0 = rng.normal(size=(70, 3)), rng.random(70) > 0.4, rng.normal(size=70), rng.normal(size=3)
    residual = eg.tanh(P @ (A @ w)) - q
    loss = eg.over_samples.sum(eg.where(mask, residual**2, 0))
    whole = eg.over_samples.sum(residual**2)
    missing = {P: np.where(there[:, None], data, NAN), q: np.where(there, target, INF), mask: there, w: w0, A: A0}
    left = {P: data[there], q: target[there], w: w0, A: A0}
    for s in (w, A):
        gradient, right = eg.gradient(loss, s), eg.evaluate(eg.gradient(whole, s), left)
        hessian = eg.jacobian(gradient, w, "forward")
        for e, want in ((gradient, right), (hessian, eg.evaluate(eg.jacobian(eg.gradient(whole, s), w), left))):
            np.testing.assert_allclose(eg.evaluate(e, missing), want, rtol=1e-11, atol=1e-12)
            np.testing.assert_allclose(eg.compile(e, (P, q, mask, w, A))(*missing.values()), want, rtol=1e-11, atol=1e-12)


def test_a_network_of_activations_that_saturate() -> None:
    """Weights that are exponentials overflow in units that are not active."""
    V, U = eg.Symbol("V", (4, 3)), eg.Symbol("U", (2, 4))
    z = eg.relu(-eg.exp(V) @ P)
    loss = eg.over_samples.sum(eg.sum(eg.minimum(eg.exp(U) @ eg.sqrt(z + 1), 3)))
    value = {V: np.array([[800.0, 0, 0], [0.1, 0.2, 0.3], [0, 900, 0], [0, 0, 1000]]), U: np.array([[800.0, 1, 1, 1], [0.1] * 4])}
    value[P] = np.array([[1.0, -2, 0.5], [-0.1, 0.3, -0.6], [2.0, 1, 1]])
    for s in (V, U):
        gradient = eg.evaluate(eg.gradient(loss, s), value)
        assert np.isfinite(gradient).all() and (gradient[0] == 0).all()
        np.testing.assert_allclose(eg.compile(eg.gradient(loss, s), (V, U, P))(*value.values()), gradient, rtol=1e-12)
        np.testing.assert_allclose(eg.evaluate(eg.jacobian(loss, s, "forward"), value), gradient, rtol=1e-12)


B, C = eg.Symbol("B", (40, 50)), eg.Symbol("C", (50, 60))
MASKS: dict[str, Callable[[Node], Node]] = {
    "where": lambda e: eg.where(np.arange(2400).reshape(40, 60) % 7 > 2, e, 0),
    "maximum": lambda e: eg.maximum(e, 0.1),
    "relu": eg.relu,
    "abs": eg.abs,
    "clip": lambda e: eg.clip(e, -1, 1),
}
PRODUCTS = {
    "of symbols": B @ C,
    "of functions": eg.exp(B) @ eg.log(C),
    "below a function": eg.tanh(B @ C) ** 2,
    "of three": B @ eg.exp(C) @ eg.sqrt(eg.Symbol("D", (60, 60))),
}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("what", PRODUCTS)
def test_a_mask_above_a_product_costs_what_the_product_costs(what: str, mask: str) -> None:
    e = PRODUCTS[what]
    for s in (B, C):
        plain, masked = eg.gradient(eg.sum(eg.sin(e)), s), eg.gradient(eg.sum(eg.sin(MASKS[mask](e))), s)
        assert eg.count_ops(masked) <= 1.2 * eg.count_ops(plain)
        fn = eg.compile(masked, eg.free_symbols(masked))
        shared = eg.inspect(fn, False).shared  # places for intermediate values
        assert shared < 20 * 60 * 60, shared


@pytest.mark.parametrize("activation", ["relu", "abs", "leaky"])
def test_a_network_with_choices_costs_what_it_costs_without(activation: str) -> None:
    act = {"relu": eg.relu, "abs": eg.abs, "leaky": lambda z: eg.where(z > 0, z, 0.01 * z)}[activation]
    weights = [eg.Symbol(f"W{k}", (16, 16)) for k in range(4)]
    q = eg.Symbol("q", 16, per_sample=True)

    def operations(f: Callable[[Node], Node]) -> int:
        z: Node = q
        for w in weights:
            z = f(w @ z)
        loss = eg.over_samples.mean(eg.sum(z**2))
        return eg.count_ops(eg.jacobians(loss, weights))

    assert operations(act) < 1.05 * operations(eg.tanh)
    program = eg.compile(eg.gradient(eg.over_samples.sum(eg.sum(act(weights[1] @ act(weights[0] @ q)))), weights[0]), (*weights[:2], q))
    assert eg.inspect(program, True).rows < 200  # no product of matrices is stored element by element


def test_the_laplacian_of_a_network_of_powers_of_relu_is_collapsed() -> None:
    """A sum over directions moves into a choice that is the same for each, so that no matrix of second derivatives is made."""
    weights = [eg.Symbol("V1", (16, 8)), eg.Symbol("V2", (16, 16)), eg.Symbol("V3", (1, 16))]
    q = eg.Symbol("q", 8, per_sample=True)

    def costs(f: Callable[[Node], Node]) -> tuple[int, int]:
        z: Node = q
        for w in weights[:-1]:
            z = f(w @ z)
        e = eg.laplacian((weights[-1] @ z)[0], q)
        return eg.count_ops(e), eg.count_ops(eg.jacobians(eg.over_samples.mean(e**2), weights))

    for with_choice, without in zip(costs(lambda z: eg.relu(z) ** 3), costs(lambda z: z**3)):
        assert with_choice < 1.1 * without
    assert costs(eg.relu) == costs(lambda z: 0.5 * z)  # no second derivatives


@pytest.mark.parametrize("row", ["gate", "gate_both", "where"])
def test_a_sum_moves_into_a_choice(row: str) -> None:
    s, w, u = eg.Symbol("s", 3), eg.Symbol("w", (3, 4)), eg.Symbol("u", (3, 4))
    wide = contract([(s, "i")], "ij", {"j": 4})
    args = (wide, w, u) if row == "where" else (wide, w)
    e = eg.lookup(row)(*args)
    at = {s: [0.0, 2.0, 0.0], w: np.arange(12.0).reshape(3, 4) - 5, u: np.ones((3, 4))}
    total = eg.sum(e, axis=1)
    assert total.op.name == row
    np.testing.assert_array_equal(eg.evaluate(total, at), np.sum(eg.evaluate(e, at), axis=1))
    np.testing.assert_array_equal(eg.evaluate(eg.sum(e), at), np.sum(eg.evaluate(e, at)))
    np.testing.assert_array_equal(eg.evaluate(eg.sum(e, axis=0), at), np.sum(eg.evaluate(e, at), axis=0))
    scalar = eg.lookup(row)(x, *args[1:])
    np.testing.assert_array_equal(eg.evaluate(eg.sum(scalar, axis=1), {**at, x: 2.0}), np.sum(eg.evaluate(scalar, {**at, x: 2.0}), axis=1))
    numbers = eg.where(s > 1, 2.0, 3.0) if row == "where" else eg.lookup(row)(s, x)
    assert eg.evaluate(eg.sum(numbers), {**at, x: 3.0}) == np.sum(eg.evaluate(numbers, {**at, x: 3.0}))
