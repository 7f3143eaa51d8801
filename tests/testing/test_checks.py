"""The checks: they pass for every row of the table, and fail, with a program, for what is planted wrong."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import exprgraph as eg
from exprgraph.calculus import rules
from exprgraph.elementwise import Function
from exprgraph.node import Node
from exprgraph.primitive import SOLVE, TABLE
from exprgraph.simplify import RULES
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
from exprgraph.testing.growing import AtRandom, grow, symbols_for
from exprgraph.traverse import topological

ROWS = sorted(name for name in TABLE if not name.endswith("_doc"))
FUNCTIONS = [name for name in ROWS if isinstance(TABLE[name], Function)]
x, y = eg.symbols("x y")
#: expressions that a rule changes
RULE_EXAMPLES = {
    "cancel": [x / x, eg.sqrt(x) * eg.sqrt(x) * y], "root_of_square": [eg.sqrt(x**2), (y * x) ** 2 ** 0.5],
    "log_exp": [eg.log(eg.exp(x * y))], "exp_log": [eg.exp(eg.log(x + y))],
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


@pytest.mark.parametrize("name", ROWS)
def test_every_row_passes_every_check(name: str) -> None:
    for seed in range(2):
        e = made(name, seed, per_sample=seed % 2 == 0 or name.startswith("sample"))
        check_derivatives(e, 3, compiled=False, seed=seed)
        check_identity(e, eg.parse(eg.to_python(e)), order=1)
        check_identity(e, eg.substitute(e, {}), order=1)
        if e.per_sample and not any(n.op.name.startswith("sample") for n in topological([e])):
            check_reduction(e)
        check_values(e, compiled=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_every_row_passes_every_check_compiled(name: str) -> None:
    for seed in range(10, 14):
        e = made(name, seed, per_sample=seed % 2 == 0 or name.startswith("sample"))
        check_derivatives(e, 3, seed=seed)
        check_values(e)


@pytest.mark.parametrize("name", ["tanh", "where", "atan2"])
def test_some_functions_of_the_package(name: str) -> None:
    check_function(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_the_package(name: str) -> None:
    check_function(name)


def test_every_rule_of_simplification_has_examples() -> None:
    assert set(RULE_EXAMPLES) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_simplification(rule: str) -> None:
    check_simplification(rule, examples=RULE_EXAMPLES[rule], trials=20)


@settings(max_examples=40, deadline=None)
@given(st.data(), expressions(steps=4))
def test_random_expressions(data: st.DataObject, e: Node) -> None:
    try:
        check_derivatives(e, 2, at=data.draw(points(e)), compiled=False)
    except UnsmoothPointError:
        assume(False)


@settings(max_examples=40, deadline=None)
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


def test_a_wrong_rule_in_reverse_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = rules.vjp_rule(SOLVE)

    def wrong(node: Node, ct: Node, extra: tuple[int, ...]) -> list[Node | None]:
        a, b = right(node, ct, extra)
        assert a is not None
        return [2 * a, b]

    monkeypatch.setattr(SOLVE, "vjp", wrong)
    a, b = eg.Symbol("a", (2, 2)), eg.Symbol("b", 2)
    e = eg.sin(eg.solve(a + 3 * np.eye(2), b))
    with pytest.raises(Disagreement, match=r"the first derivative \(reverse\)") as found:
        check_derivatives(e, 1, compiled=False)
    assert "eg.solve(" in found.value.program and "eg.sin(" not in found.value.program


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
    with pytest.raises(ValueError, match="is no elementwise function"):
        check_function("contract")


def test_a_program_with_hostile_names_means_the_same_symbols() -> None:
    for name in ("lambda", "x); import os", "np", 'a"b', "__name__"):
        s = eg.Symbol(name)
        with pytest.raises(Disagreement) as found:
            check_identity(s + 1, 2 * s, at={s: 0.5})
        assert "Disagreement" in runs(found.value.program).stderr, name
