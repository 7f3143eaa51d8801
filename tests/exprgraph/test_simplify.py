"""Simplification by named rules: each with its assumption, none that makes the graph larger."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_graphs import SYMBOLS, VALUES, expressions

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.simplify.rules import ASSUMPTIONS, RULES

x, y = eg.symbols("x y")
v, m = eg.Symbol("v", 3), eg.Symbol("m", (2, 3))

#: for each rule, expressions before and after
EXAMPLES: dict[str, list[tuple[Node, Node]]] = {
    "cancel": [(x / x, eg.ones(())), (x * y / x, y), (eg.sqrt(x) * eg.sqrt(x), x), (v / v, eg.ones(3))],
    "root_of_square": [(eg.sqrt(x**2), eg.abs(x)), (eg.sqrt(v**2), eg.abs(v))],
    "log_exp": [(eg.log(eg.exp(x)), x)],
    "exp_log": [(eg.exp(eg.log(x)), x)],
    "flatten": [
        ((x + y) - x, y),
        (2 * (x + y) - 2 * x, 2 * y),
        ((x * y) * x, eg.product_of_powers([(x, 2.0), (y, 1.0)])),
        ((x**2) ** 3, x**6),
        (eg.sqrt(x) ** 3, x**1.5),
    ],
    "collect": [(x * y + x * eg.sin(y), x * (y + eg.sin(y))), (2 * x**2 + 3 * x, x * (2 * x + 3))],
    "expand": [((x + y) * (x - y), x**2 - y**2), ((x + 1) ** 2, eg.sum_of_terms([(2.0, x), (1.0, x**2)], 1.0))],
    "stabilise": [
        (eg.log(eg.sigmoid(x)), eg.log_sigmoid(x)),
        (eg.log(1 / (1 + eg.exp(-x))), eg.log_sigmoid(x)),
        (1 / (1 + eg.exp(-x)), eg.sigmoid(x)),
        (eg.log(1 + x), eg.log1p(x)),
        (eg.log(1 + eg.exp(x)), eg.softplus(x)),
        (eg.log(eg.exp(x) + eg.exp(y)), eg.logaddexp(*sorted((x, y), key=lambda n: n.digest))),
        (3 * eg.exp(x) - 3, 3 * eg.expm1(x)),
        (1 - eg.cos(x), 2 * eg.sin(0.5 * x) ** 2),
        (eg.sqrt(x + 1) - eg.sqrt(x), 1 / (eg.sqrt(x + 1) + eg.sqrt(x))),
        (eg.log(eg.sum(eg.exp(v))), eg.logsumexp(v)),
        (eg.log1p(eg.exp(x)), eg.softplus(x)),
        (eg.log(eg.softmax(v)), eg.log_softmax(v)),
        (eg.log(eg.softmax(v)[1]), eg.log_softmax(v)[1]),
        (eg.log(eg.exp(v) / eg.sum(eg.exp(v))), eg.log_softmax(v)),
        (eg.exp(m) / eg.sum(eg.exp(m), axis=1, keepdims=True) * v, eg.softmax(m, axis=1) * v),
        (1 - eg.sigmoid(x), eg.sigmoid(-x)),
        (eg.cosh(x) - 1, 2 * eg.sinh(0.5 * x) ** 2),
    ],
    "pythagoras": [
        (eg.sin(x) ** 2 + eg.cos(x) ** 2, eg.ones(())),
        (3 * y * eg.sin(x) ** 2 + 3 * y * eg.cos(x) ** 2 + 1, 3 * y + 1),
        (eg.cosh(x) ** 2 - eg.sinh(x) ** 2, eg.ones(())),
    ],
}


def test_every_rule_has_examples() -> None:
    assert set(EXAMPLES) == set(RULES)
    assert {r for rules in ASSUMPTIONS.values() for r in rules} <= set(RULES)
    assert all(r.assumption for r in RULES.values())


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_rule_by_its_name(name: str) -> None:
    for before, after in EXAMPLES[name]:
        assert eg.simplify(before, assume=name) is eg.simplify(after)
        if name != "flatten":
            assert eg.simplify(before) is not eg.simplify(after)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_rule_keeps_the_value_where_its_assumption_holds(name: str) -> None:
    for before, _ in EXAMPLES[name]:
        bindings = {x: 0.8, y: 1.7, v: [0.4, 1.2, 2.0], m: [[0.1, 0.2, 0.3], [-1.0, 0.5, 2.0]]}
        np.testing.assert_allclose(
            eg.evaluate(eg.simplify(eg.tanh(before) * y, assume=name), bindings), eg.evaluate(eg.tanh(before) * y, bindings), rtol=1e-14
        )


ALMOST = [
    eg.sin(x) ** 2,
    eg.sin(x) ** 2 + 1,
    eg.sin(x) ** 2 + eg.cos(y) ** 2,
    eg.sin(x) ** 2 + 2 * eg.cos(x) ** 2,
    eg.sin(x) ** 2 - eg.cos(x) ** 2,
    eg.sin(x) ** 3 + eg.cos(x) ** 2,
    eg.sin(x) ** 2 + eg.cos(x),
    y * eg.sin(x) ** 2 + eg.cos(x) ** 2,
    eg.cosh(x) ** 2 + eg.sinh(x) ** 2,
    eg.sinh(x) ** 2 - eg.cosh(y) ** 2,
    eg.sqrt(x**3),
    eg.sqrt(x * y),
    eg.sqrt(x**2 * y),
    (x**2 * y**3) ** 1.5,
    eg.sqrt(1 + x**2),
    eg.log(1 + eg.exp(x)),
    eg.exp(2 * eg.log(x)),
    x / y,
]


@pytest.mark.parametrize("e", ALMOST, ids=str)
def test_what_only_looks_alike_stays(e: Node) -> None:
    assert eg.simplify(e, assume=[r for r in RULES if r not in ("cancel", "stabilise")]) is eg.simplify(e)


def test_what_is_needed_elsewhere_is_left_alone() -> None:
    z, w = eg.symbols("z w")
    a, b = x * y * eg.sin(z) ** 2, x * y * eg.cos(z) ** 2
    for e in (x**2 + (x**2) ** 1.5, [x**2, (x**2) ** -0.5], [a + b + w, eg.exp(a), eg.exp(b)]):
        assert eg.count_nodes(eg.simplify(e, "finite")) <= eg.count_nodes(e)
    # one rule that makes the graph larger does not keep another from it
    both = [x**2 + (x**2) ** 1.5, eg.log(eg.exp(y + z + w))]
    assert eg.simplify(both, "finite")[1] is eg.simplify(y + z + w)


def test_logarithms_of_exponentials_do_not_overflow() -> None:
    z = eg.Symbol("z")
    for e, right in (
        (eg.log(eg.exp(x) + 2 * eg.exp(y) + eg.exp(z)), 1000 + np.log(3)),
        (eg.log(1 + eg.exp(x) + eg.exp(y)), 1000 + np.log(2)),
        (eg.log(3 + eg.exp(x)), 1000.0),
        (eg.log(eg.exp(x) + 2 * eg.exp(y)), 1000 + np.log(3)),
        (eg.log(eg.exp(x) * z + 1), np.inf),  # no sum of exponentials
    ):
        stable = eg.simplify(e, "stabilise")
        np.testing.assert_allclose(eg.evaluate(stable, {x: 1000.0, y: 1000.0, z: -1000.0 if right < np.inf else 1.0}), right, rtol=1e-15)
    # along other axes than the exponentials are summed over it is no softmax
    for axis in (0, 1, None):
        stable = eg.simplify(eg.exp(m) / eg.sum(eg.exp(m), axis=axis, keepdims=True), "stabilise")
        assert stable is eg.softmax(m, axis=axis)
    square = eg.Symbol("square", (3, 3))
    odd = eg.exp(square) / eg.sum(eg.exp(square), axis=1)
    assert eg.simplify(odd, "stabilise") is eg.simplify(odd)


def test_terms_beside_a_pair_of_squares_stay() -> None:
    e = 3 * eg.sin(x) ** 2 + 3 * eg.cos(x) ** 2 + 5 * y + eg.sin(y) ** 2 + 7
    assert eg.simplify(e, assume="pythagoras") is eg.simplify(5 * y + eg.sin(y) ** 2 + 10)
    assert eg.simplify(5 * eg.sinh(v) ** 2 - 5 * eg.cosh(v) ** 2 + v, assume="pythagoras") is v - 5


def test_stabilised_forms_have_the_digits() -> None:
    for e, at, right in (
        (eg.log(eg.sigmoid(x)), 50.0, -1.9287498479639178e-22),
        (eg.log(1 + x), 1e-12, 9.999999999995e-13),
        (3 * eg.exp(x) - 3, 1e-12, 3.0000000000015e-12),
        (1 - eg.cos(x), 1e-6, 4.9999999999995833e-13),
        (eg.sqrt(x + 1) - eg.sqrt(x), 1e14, 4.99999999999998750e-08),
        (eg.log(1 + eg.exp(x)), 800.0, 800.0),
    ):
        assert eg.evaluate(eg.simplify(e, "stabilise"), {x: at}) == pytest.approx(right, rel=1e-14, abs=0.0)
        assert eg.evaluate(e, {x: at}) != pytest.approx(right, rel=1e-10, abs=0.0)


def test_powers_of_one_base_are_added_through_powers() -> None:
    assert eg.simplify(eg.sqrt(x) ** 3 * y / x, assume="positive") is eg.sqrt(x) * y
    assert eg.simplify(eg.sqrt(x**2) * x**3, assume="positive") is x**4
    assert eg.simplify((x**4) ** 0.25, assume="positive") is x
    assert eg.simplify(eg.sqrt(x**6), assume="root_of_square") is eg.abs(x) ** 3


def test_rules_apply_again_to_what_rules_have_made() -> None:
    root = eg.sqrt(eg.exp(eg.log(x)) ** 2)
    assert eg.simplify(root, assume=("positive", "root_of_square")) is x
    assert eg.simplify(eg.log(eg.exp(eg.sqrt(y**2))) * x / x, assume=("finite", "positive")) is eg.abs(y)
    assert eg.simplify(eg.exp(eg.log(v)) + eg.log(eg.exp(v)), assume=("exp_log", "log_exp")) is 2 * v


def check_never_larger_and_of_the_same_value(e: Node, assume: object) -> None:
    p = e**2 + 0.1  # what is assumed to be positive is
    f = eg.sqrt(p**2) + eg.exp(eg.log(2 + p)) + eg.sin(e) ** 2 + eg.cos(e) ** 2 + p / p
    for g in (p, f):
        s = eg.simplify(g, assume=assume)  # type: ignore[arg-type]
        assert s.shape == g.shape
        assert assume in ("expand", "stabilise") or eg.count_nodes(s) <= eg.count_nodes(g)
        a, b = np.broadcast_arrays(*eg.evaluate([s, g], VALUES))
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


@settings(max_examples=50, deadline=None)
@given(expressions(), st.sampled_from([(), "finite", "positive", ("finite", "positive"), *RULES]))
def test_never_larger_and_of_the_same_value(e: Node, assume: object) -> None:
    check_never_larger_and_of_the_same_value(e, assume)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(expressions(), st.sampled_from([(), "finite", "positive", ("finite", "positive"), *RULES]))
def test_never_larger_and_of_the_same_value_often(e: Node, assume: object) -> None:
    check_never_larger_and_of_the_same_value(e, assume)


def test_nestings_are_simplified_leaf_by_leaf() -> None:
    got = eg.simplify({"a": x / x, "b": [x, (eg.sqrt(x**2),)]}, assume=("finite", "positive"))
    assert got == {"a": eg.ones(()), "b": [x, (eg.abs(x),)]}


def test_an_unknown_assumption_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown assumption 'nice'; known: finite, positive, cancel"):
        eg.simplify(x, assume="nice")


# ---------------------------------------------------------------- questions about graphs


@settings(max_examples=60, deadline=None)
@given(expressions())
def test_free_symbols_and_counts(e: Node) -> None:
    symbols = eg.free_symbols(e)
    assert list(symbols) == sorted(symbols, key=lambda s: s.name)
    assert set(symbols) <= set(SYMBOLS.values())
    assert eg.count_nodes(e) >= 1
    assert eg.count_ops(e) >= 0
    assert eg.count_nodes([e, e]) == eg.count_nodes(e)
    assert eg.count_ops({"a": e, "b": [e]}) == eg.count_ops(e)


def test_counts_of_a_layer() -> None:
    w, b, z = eg.Symbol("W", (5, 3)), eg.Symbol("b", 5), eg.Symbol("z", 3)
    assert eg.count_nodes(eg.tanh(w @ z + b)) == 6
    assert eg.count_ops(eg.tanh(w @ z + b)) == 2 * 5 * 3 + 5 + 5


def test_substitution_errors() -> None:
    with pytest.raises(TypeError, match="substitute replaces expressions; 'x' is not one"):
        eg.substitute(x, {"x": 1.0})  # type: ignore[dict-item]
    with pytest.raises(eg.ShapeError, match=r"v has shape \(3,\), its replacement has shape \(2,\)"):
        eg.substitute(v, {v: [1.0, 2.0]})
    assert eg.substitute(x + y, {x: y, y: x}) is x + y
    assert eg.substitute(eg.sum(v), {v: 2.0}) is eg.array(6.0)
    assert eg.substitute(eg.sin(x * y) + 1, {x * y: x}) is eg.sin(x) + 1
