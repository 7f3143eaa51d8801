"""The checks: they pass for every row of the table, and fail, with a program, for what is planted wrong."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.calculus import entries, rules
from exprgraph.functions.elementwise import ByFormula, Function
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import REDUCE_MAX, SOLVE, TABLE
from exprgraph.graph.traverse import topological
from exprgraph.meaning.elements import ELEMENT
from exprgraph.simplify.rules import RULES
from exprgraph.testing import (
    Disagreement,
    UnsmoothPointError,
    check_derivatives,
    check_function,
    check_identity,
    check_reduction,
    check_simplification,
    check_values,
    edge_points,
    expressions,
    points,
    temporary_functions,
)
from exprgraph.testing.growing import GROW, AtRandom, grow, symbols_for

#: rows that random expressions contain; tests of loops draw loops
ROWS = sorted(name for name, row in TABLE.items() if not name.endswith("_doc") and GROW.reason(row) is None)
FUNCTIONS = [name for name in ROWS if isinstance(TABLE[name], Function)]
x, y = eg.symbols("x y")
#: expressions that a rule changes
RULE_EXAMPLES = {
    "cancel": [x / x, eg.sqrt(x) * eg.sqrt(x) * y], "root_of_square": [eg.sqrt(x**2), (y * x) ** 2 ** 0.5],
    "log_exp": [eg.log(eg.exp(x * y))], "exp_log": [eg.exp(eg.log(x + y))],
    "flatten": [(x + y) - x, 2 * (x + y) - y, (x * y) * x / y], "collect": [x * y + x * eg.sin(y)], "expand": [(x + y) * (x - y)],
    "stabilise": [eg.log(1 + eg.exp(x)), 1 - eg.cos(x) + y, eg.sqrt(x + 1) - eg.sqrt(x), eg.log(eg.exp(x) + eg.exp(y))],
    "pythagoras": [eg.sin(x) ** 2 + eg.cos(x) ** 2, y * eg.cosh(x) ** 2 - y * eg.sinh(x) ** 2],
}  # fmt: skip


def made(name: str, seed: int, per_sample: bool) -> Node:
    """An expression that ends with a row of the table."""
    for k in range(20):
        choice = AtRandom(1000 * seed + k)
        e = grow(choice, symbols_for(choice, 2, per_sample), 3, end=TABLE[name])
        if any(n.op is TABLE[name] for n in topological([e])):
            return e
    raise AssertionError(f"no expression with {name}")


@pytest.mark.slow_one_in(3)
@pytest.mark.one_in(18)
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", ROWS)
def test_every_row_passes_every_check(name: str, seed: int) -> None:
    e = made(name, seed, per_sample=seed % 2 == 0 or name.startswith("sample"))
    check_derivatives(e, 3, compiled=False, seed=seed)
    check_identity(e, eg.parse(eg.to_python(e)), order=1)
    check_identity(e, eg.substitute(e, {}), order=1)
    if e.per_sample and not any(n.op.name.startswith("sample") for n in topological([e])):
        check_reduction(e)
    check_values(e, compiled=False)


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_every_row_passes_every_check_compiled(name: str) -> None:
    checked = 0
    # compiling third derivatives of special functions takes most of a minute a row; uncompiled, they are checked above
    order = 2 if isinstance(getattr(TABLE[name], "numpy", None), ByFormula) else 3
    for seed in range(10, 14):
        e = made(name, seed, per_sample=seed % 2 == 0 or name.startswith("sample"))
        try:
            check_derivatives(e, order, seed=seed)
        except UnsmoothPointError:  # a random point at which the expression has no finite value
            continue
        check_values(e)
        checked += 1
    assert checked > 1


@pytest.mark.parametrize("name", ["tanh", "where", "atan2"])
def test_some_functions_of_the_package(name: str) -> None:
    check_function(name)


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_the_package(name: str) -> None:
    check_function(name)


def test_every_rule_of_simplification_has_examples() -> None:
    assert set(RULE_EXAMPLES) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_simplification(rule: str) -> None:
    check_simplification(rule, examples=RULE_EXAMPLES[rule], trials=20)


# a few: each is differentiated twice to 80 digits; tests.fuzz draws many
@settings(max_examples=12, deadline=None)
@given(st.data(), expressions(steps=4))
def test_random_expressions(data: st.DataObject, e: Node) -> None:
    try:
        check_derivatives(e, 2, at=data.draw(points(e)), compiled=False)
    except UnsmoothPointError:
        assume(False)


@settings(max_examples=20, deadline=None)
@given(st.data(), expressions(steps=3))
def test_random_expressions_at_special_points(data: st.DataObject, e: Node) -> None:
    check_values(e, at=data.draw(edge_points(e)), compiled=False)


# ---------------------------------------------------------------- what they find


def runs(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)


def test_a_wrong_derivative_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    row = TABLE["atan"]
    assert isinstance(row, Function)
    monkeypatch.setattr(row, "partials", (lambda t: 1 / (1 + t**3),))
    v = eg.Symbol("v", 3)
    e = eg.sum(eg.tanh(v) * eg.atan(v * 2)) + eg.exp(v[0])
    with pytest.raises(Disagreement, match=r"the first derivative \(forward\) is .*, by differences of 80 digits") as found:
        check_derivatives(e, 2, compiled=False)
    assert "eg.atan(" in found.value.program
    assert "eg.exp(" not in found.value.program and "eg.tanh(" not in found.value.program
    scope: dict[str, object] = {}
    with pytest.raises(Disagreement, match="the first derivative"):  # the program shows it too
        exec(found.value.program, scope)
    monkeypatch.undo()
    assert runs(found.value.program).returncode == 0  # where atan is right, the program passes


def test_a_wrong_rule_in_reverse_is_found() -> None:
    right = rules.VJP[SOLVE]

    def wrong(node: Node, ct: Node, extra: tuple[int, ...]) -> list[Node | None]:
        a, b = right(node, ct, extra)
        assert a is not None
        return [2 * a, b]

    a, b = eg.Symbol("a", (2, 2)), eg.Symbol("b", 2)
    e = eg.sin(eg.solve(a + 3 * np.eye(2), b))
    with rules.VJP.replaced(wrong, SOLVE), pytest.raises(Disagreement, match=r"the first derivative \(reverse\)") as found:
        check_derivatives(e, 1, compiled=False)
    assert "eg.solve(" in found.value.program and "eg.sin(" not in found.value.program


def test_a_wrong_sparse_derivative_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An element of a linear system taken for one of the symbol, an entry left out, an element of another array."""
    a, b = eg.Symbol("a", (2, 2)), eg.Symbol("b", 2)
    e = eg.sin(eg.solve(a + 3 * np.eye(2), b))
    with monkeypatch.context() as m:
        one = eg.array(1.0)
        m.setattr(entries, "_read", lambda rows, views, *_: [rows.give(n, {v.columns[0]: one}) for n, v in views.items()])
        with pytest.raises(Disagreement, match=r"the Jacobian by [ab] \(sparse\) is") as found:
            check_derivatives(e, 1, compiled=False)
    assert "eg.solve(" in found.value.program and "eg.sin(" not in found.value.program
    assert runs(found.value.program).returncode == 0  # where it is right, the program passes
    right = entries.Rows.nodes
    with monkeypatch.context() as m:
        m.setattr(entries.Rows, "nodes", lambda *args: dict(list(right(*args).items())[1:]))
        with pytest.raises(Disagreement, match=r"\(sparse\) is 0.0"):
            check_derivatives(eg.sin(b) * b[0], 1, compiled=False)
    wrong = ELEMENT.replaced(lambda node, index, get: get(node.args[0], (0,)), REDUCE_MAX)
    with wrong, pytest.raises(Disagreement, match=r"the Jacobian by v1 \((sparse|of its elements)\) is"):
        check_derivatives(eg.max(eg.exp(b)), 1, at={b: [0.0, 1.0]}, compiled=False)


def test_a_wrong_value_in_compiled_code_is_found() -> None:
    wrong = eg.function("wrong_code", numpy=lambda t: t * t, derivative=lambda t: 2 * t, code="{0} * {0} * {0}")
    with pytest.raises(Disagreement, match="by differences"):
        check_function(wrong)
    with pytest.raises(Disagreement, match="compiled"):
        check_values(wrong(x) + 1)


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (dict(numpy=lambda t: t * t, derivative=lambda t: 2 * t * t, code="{0}*{0}"), r"the first derivative \(forward\)"),
        (dict(numpy=lambda t: t * t, derivative=lambda t: 2 * t, code="{0}*{0} + 1e-9"), "the value by NumPy"),
        (dict(numpy=np.abs, derivative=eg.sign, code="abs({0})", sample=(-1e-30, 1e-30)), "derivative"),
        (dict(numpy=lambda t: t * t, derivative=lambda t: 2 * t, code="{0}*{0} if {0} > 0.0 else 0.0", sample=(0.1, 2)), "compiled"),
    ],
)
def test_rows_that_say_different_things(columns: dict, text: str) -> None:
    different = eg.function("different", **columns)
    with pytest.raises(Disagreement, match=text):
        check_function(different)


def test_functions_that_are_added_for_a_while() -> None:
    with temporary_functions():
        eg.function("passing", numpy=np.sin, derivative=eg.cos, code="math.sin({0})")
        assert "passing" in TABLE
        before = eg.lookup("passing")(x)
    assert "passing" not in TABLE
    with temporary_functions():
        other = eg.function("passing", numpy=np.cos, derivative=lambda t: -eg.sin(t), code="math.cos({0})")
        assert eg.evaluate(eg.exp(other(x)), {x: 0.0}) == np.e
        assert eg.evaluate(before, {x: 0.0}) == 0.0


def test_a_wrong_identity_says_both_sides() -> None:
    with pytest.raises(Disagreement, match="the left side is") as found:
        check_identity(eg.sin(2 * x), 2 * eg.sin(x))
    assert "lhs = eg.sin(2*x)\nrhs = 2*eg.sin(x)\n" in found.value.program
    assert "Disagreement" in runs(found.value.program).stderr
    bent = eg.sin(x) + (x - 0.5) ** 2  # value and slope are those of the sine at 0.5
    with pytest.raises(Disagreement, match="derivative of order 2"):
        check_identity(eg.sin(x), bent, at={x: 0.5}, order=2)


def test_wrong_shapes_and_sizes_of_a_rule() -> None:
    v = eg.Symbol("v", 3)

    def grows(n: Node) -> Node | None:
        return eg.sin(n) - eg.sin(n) * 0.5 - eg.sin(n) * eg.exp(n) * 0 + n * 0 + eg.cos(n * 3) if n is v * 2 else None

    def shifts(n: Node) -> Node | None:
        return n.args[0] if n.op is TABLE["abs"] else None

    def sums(n: Node) -> Node | None:
        return eg.sum(n) if n.op is TABLE["abs"] else None

    with pytest.raises(Disagreement, match="makes the graph larger"):
        check_simplification(grows, examples=[v * 2], trials=0)
    with pytest.raises(Disagreement, match="the left side is"):
        check_simplification(shifts, examples=[eg.abs(v)], trials=0, box=(-1.0, 1.0))
    with pytest.raises(Disagreement, match="makes shape"):
        check_simplification(sums, examples=[eg.abs(v)], trials=0)
    with pytest.raises(ValueError, match="changed none of 5 expressions"):
        check_simplification(lambda n: None, trials=5)


def test_a_wrong_batch_is_found() -> None:
    p = eg.Symbol("p", per_sample=True)
    check_reduction(eg.sin(p) * x)
    with pytest.raises(Disagreement, match="the batch"):
        check_reduction(p - eg.over_samples.mean(p))


def test_points_without_a_derivative_are_refused() -> None:
    with pytest.raises(UnsmoothPointError, match="no derivative at this point"):
        check_derivatives(eg.abs(x), at={x: 0.0}, compiled=False)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(ValueError, match="is not an elementwise function"):
        check_function("contract")


@pytest.mark.slow
def test_a_program_with_hostile_names_means_the_same_symbols() -> None:
    for name in ("lambda", "x); import os", "np", 'a"b', "__name__"):
        s = eg.Symbol(name)
        with pytest.raises(Disagreement) as found:
            check_identity(s + 1, 2 * s, at={s: 0.5})
        assert "Disagreement" in runs(found.value.program).stderr, name


def test_no_number_is_as_good_as_a_number_nowhere() -> None:
    lg = eg.log(x)
    for lhs, rhs, at in (
        (lg, 5.0, {x: -1.0}), (5.0, lg, {x: -1.0}), (1 / x, x, {x: 0.0}), (1 / x, -1 / x, {x: 0.0}),
        (eg.log(x**2), 2 * lg, {x: -0.5}), (eg.exp(x), eg.sqrt(-x), {x: 1000.0}),
    ):  # fmt: skip
        with pytest.raises(Disagreement):
            check_identity(lhs, rhs, at=at)
    with pytest.raises(Disagreement):
        check_identity(eg.log(x**2), 2 * lg, trials=50)
    check_identity(eg.log(x**2), 2 * lg, box=(0.1, 1.0), trials=50, order=2)
    check_identity(eg.log(-(x**2)), eg.sqrt(-(y**2)), at={x: 1.0, y: 1.0})  # neither has a value
    check_identity(1 / x, eg.exp(1000 * y), at={x: 0.0, y: 1.0})


def test_compiled_code_that_gives_a_number_where_numpy_gives_none_is_found() -> None:
    with temporary_functions():
        f = eg.function("hidden", numpy=np.log, derivative=lambda t: 1 / t, code="math.log(abs({0}))", sample=(0.1, 2))
        with pytest.raises(Disagreement, match="compiled is .* by NumPy nan"):
            check_values(f(x), at={x: -2.0})
        with pytest.raises(Disagreement, match="hidden compiled is"):
            check_function(f)


def test_terms_that_overflow_in_one_order_and_not_in_another_say_nothing() -> None:
    p = eg.Symbol("p", 3)
    big = {p: [1e308, 1e308, -1e308]}
    check_identity(eg.sum(p), p[0] + (p[1] + p[2]), at=big)
    check_identity(eg.prod(p), p[0] * (p[1] / 1e300) * (p[2] * 1e300), at={p: [1e200, 1e200, 1e-300]})
    with pytest.raises(Disagreement):
        check_identity(eg.sqrt(p[0]) * 1e10, eg.sqrt(p[1]), at={p: [-1.0, 1.0, 0.0]})
    with pytest.raises(Disagreement):
        check_identity(p[0] ** -2, p[1], at={p: [0.0, 1.0, 0.0]})


def test_a_check_that_would_check_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="trials must be at least 1, got 0"):
        check_identity(x, y, trials=0)
    with pytest.raises(ValueError, match="by=y does not occur in the expression; it depends on x"):
        check_derivatives(eg.sin(x), by=[x, y])
    with pytest.raises(UnsmoothPointError, match="no finite value at this point"):
        check_derivatives(eg.log(x), at={x: -1.0})
    for e in (x, x * y, [x * y]):
        with pytest.raises(ValueError, match="check_reduction: .* no symbol of it has per_sample=True"):
            check_reduction(e)
    p = eg.Symbol("p", per_sample=True)
    with pytest.raises(ValueError, match="it is a sum over samples already"):
        check_reduction(eg.over_samples.sum(p**2))
    with pytest.raises(ValueError, match="samples is a whole number of at least 1, got 0"):
        check_reduction(p, samples=0)
    for left, right in ((eg.log(-(x**2) - 1), eg.sqrt(-(x**2) - 1)), (eg.exp(1000 + x**2), eg.exp(2000 + x**2))):
        with pytest.raises(ValueError, match="neither side is finite at any of 5 random points"):
            check_identity(left, right)
        check_identity(left, left * 1.0, at={x: 0.5})  # a point that is given
    for arguments, said in (({"order": -1}, "order is a whole number"), ({"order": "a"}, "order is"), ({"box": (1, 0)}, "box is")):
        with pytest.raises(ValueError, match=said):
            check_identity(x, x, **arguments)


def test_kinks_are_found_at_the_order_at_which_they_appear() -> None:
    for e, order in ((eg.relu(x), 1), (eg.where(x > 0, x, 0), 1), (eg.relu(x) ** 2, 2), (eg.abs(x), 2)):
        with pytest.raises(UnsmoothPointError):
            check_derivatives(e, order, at={x: 0.0})
    check_derivatives(eg.relu(x) ** 2, 1, at={x: 0.0})


def test_a_function_that_is_not_elementwise_is_found() -> None:
    with temporary_functions():
        total = eg.function("total_slope", numpy=np.sin, derivative=lambda q: eg.sum(eg.cos(q)), code="math.sin({0})")
        with pytest.raises(eg.errors.ShapeError, match="total_slope: its derivative by argument 0 is a number that depends on all"):
            check_function(total)
        with pytest.raises(eg.errors.ShapeError, match="it must be elementwise"):
            eg.gradient(eg.sum(total(eg.Symbol("v", 3))), eg.Symbol("v", 3))

        def slope(q: Node) -> Node:
            return eg.cos(q) + (eg.sum(q) - q if q.shape else 0)

        mixed = eg.function("mixed_slope", numpy=np.sin, derivative=slope, code="math.sin({0})")
        with pytest.raises(Disagreement, match="the derivative of mixed_slope by argument 0 of an array is .* element by element"):
            check_function(mixed)
        half = eg.function("half_of_it", numpy=lambda q: 0.5, derivative=None, code="0.5")
        check_function(half)
        w = eg.Symbol("w", 3)
        np.testing.assert_array_equal(eg.evaluate(half(x), {x: [1.0, 2.0]}), [0.5, 0.5])
        np.testing.assert_array_equal(eg.evaluate(half(w)[1:], {w: [1.0, 2.0, 3.0]}), [0.5, 0.5])
        for value, error, said in (
            ("a", eg.errors.DTypeError, "its numpy gave 'a'; it gives real numbers"),
            (np.zeros((7, 9)), eg.errors.ShapeError, r"gave an array of shape \(7, 9\) for arrays of shape \(3,\)"),
            (np.zeros(3) * 1j, eg.errors.DTypeError, "it gives real numbers"),
        ):
            odd = eg.function(f"odd_{np.shape(value)}_{type(value).__name__}".translate(str.maketrans("(), ", "____")),
                              numpy=lambda q, value=value: value, derivative=None, code="{0}")  # fmt: skip
            with pytest.raises(error, match=said):
                eg.evaluate(odd(w), {w: [1.0, 2.0, 3.0]})
            with pytest.raises(error, match=said):
                odd(np.array([1.0, 2.0, 3.0]))
        with pytest.warns(eg.NotNativeWarning):
            unknown = eg.function("unknown_name", numpy=np.sin, derivative=eg.cos, code="np.nextafter({0}, 1.0)")
        with pytest.raises(ValueError, match="function unknown_name: its code .* cannot be computed: .*'nextafter'"):
            check_function(unknown)


def test_names_that_functions_cannot_have() -> None:
    for name in ("square", "norm", "sqrt", "mean", "clip", "tanh"):
        with pytest.raises(ValueError, match=f"{name}.*choose another name"):
            eg.function(name, numpy=np.square, derivative=None, code="{0}")


def test_points_may_be_numbers_of_numpy() -> None:
    for value in (np.float32(0.5), np.float64(0.5), np.int64(1), np.bool_(True), 1, True):
        check_derivatives(eg.exp(x) * x, 2, at={x: value}, by=x, compiled=False)
