from __future__ import annotations

import ast
import re
import subprocess
import sys
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from small_graphs import SYMBOLS, VALUES, expressions

import exprgraph as eg
from exprgraph.canonical.contract import contract
from exprgraph.canonical.place import place
from exprgraph.functions import rows as functions
from exprgraph.functions.elementwise import Function, apply
from exprgraph.graph.leaves import array, identity
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import TABLE
from exprgraph.graph.traverse import topological
from exprgraph.show import latex, to_dot, to_text
from exprgraph.show.equations import notebook_latex

NAMES: dict[str, Any] = {
    **vars(functions), "array": array, "identity": identity, "place": place, **vars(eg), "broadcast_to": np.broadcast_to,
}  # fmt: skip


def read_back(text: str, **names: Any) -> Any:
    """What printed Python code means."""
    scope = {**NAMES, **SYMBOLS, **names}
    *definitions, last = ast.parse(text).body
    exec(compile(ast.Module(definitions, []), "<printed>", "exec"), scope)
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), "<printed>", "eval"), scope)


# ---------------------------------------------------------------- the reference document

W = eg.Symbol("W_1", (1, 2))
b = eg.Symbol("W_2", (1,))
x = eg.Symbol("sinput", (2,), per_sample=True)


def slope(z: Node) -> Node:
    return functions.tanh_prime(z)


WITHOUT_BIAS = slope(W @ x)
WITH_BIAS = slope(W @ x + b)
TABLE_OF_TWO = r"\begin{equation} \left[ \begin{array}{cc} %s & %s \\ \end{array} \right] \end{equation}"
TABLE_OF_ONE = r"\begin{equation} \left[ \begin{array}{c} %s \\ \end{array} \right] \end{equation}"
PLAIN = r"\mathtt{W\_1}_{1,1} \mathtt{sinput}_{1} + \mathtt{W\_1}_{1,2} \mathtt{sinput}_{2}"
BIASED = r"\mathtt{W\_2}_{1} + " + PLAIN
REFERENCE = {
    "jacobian": (
        contract([(W, "ij"), (WITHOUT_BIAS, "i")], "ij"),
        TABLE_OF_TWO % tuple(rf"\mathtt{{W\_1}}_{{1,{j}}} \left( 1 - \tanh^{{2}}\left( {PLAIN} \right) \right)" for j in (1, 2)),
    ),
    "gradient": (
        contract([(x, "j"), (WITHOUT_BIAS, "i")], "ij"),
        TABLE_OF_TWO % tuple(rf"\mathtt{{sinput}}_{{{j}}} \left( 1 - \tanh^{{2}}\left( {PLAIN} \right) \right)" for j in (1, 2)),
    ),
    "jacobian with bias": (
        contract([(W, "ij"), (WITH_BIAS, "i")], "ij"),
        TABLE_OF_TWO % tuple(rf"\mathtt{{W\_1}}_{{1,{j}}} \left( 1 - \tanh^{{2}}\left( {BIASED} \right) \right)" for j in (1, 2)),
    ),
    "gradient of the jacobian": (
        -2 * W[0, 0] * eg.tanh(W @ x + b) * WITH_BIAS,
        TABLE_OF_ONE
        % (
            rf"- 2 \mathtt{{W\_1}}_{{1,1}} \tanh\left( {BIASED} \right) "
            rf"\left( 1 - \tanh^{{2}}\left( {BIASED} \right) \right)"
        ),
    ),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_formulas_of_the_reference_document(name: str) -> None:
    e, expected = REFERENCE[name]
    assert "".join(latex(e).split()) == "".join(expected.split())


def test_text_of_the_reference_document() -> None:
    jacobian = contract([(W, "ij"), (WITH_BIAS, "i")], "ij")
    one = "W_1[0, 1]*(1 - tanh(W_2[0] + W_1[0, 0]*sinput[0] + W_1[0, 1]*sinput[1])**2)"
    assert str(jacobian[0, 1]) == one
    assert str(jacobian) == f"[[{one.replace('W_1[0, 1]*(', 'W_1[0, 0]*(')}, {one}]]"


# ---------------------------------------------------------------- text

s, t = eg.symbols("s t")
A, B = eg.Symbol("A", (30, 20)), eg.Symbol("B", (20, 30))
u, v = eg.Symbol("u", (20,)), eg.Symbol("v", (30,))
C = eg.Symbol("C", (20, 20))
T3 = eg.Symbol("T3", (20, 21, 22))

TEXTS: list[tuple[Node, str]] = [
    (s + 0.5, "0.5 + s"),
    (-s, "-s"),
    (t - s, "-s + t"),
    (2 * s, "2*s"),
    (s**2, "s**2"),
    (1 / s, "1/s"),
    (2 / s, "2/s"),
    (-1 / s**2, "-1/s**2"),
    (s / t, "s/t"),
    (s / t / (s + t), "s/t/(s + t)"),
    (eg.sqrt(s), "sqrt(s)"),
    (t / eg.sqrt(s), "t/sqrt(s)"),
    (s**1.5, "s**1.5"),
    (s * (s + t), "s*(s + t)"),
    (-(s + t) * 3, "-3*(s + t)"),
    ((s + t) ** 2, "(s + t)**2"),
    (2 * t * eg.tanh(s), "2*t*tanh(s)"),
    (1 - eg.tanh(s) ** 2, "1 - tanh(s)**2"),
    (slope(s), "1 - tanh(s)**2"),
    (slope(s) * t, "t*(1 - tanh(s)**2)"),
    (slope(s) ** 2 / t, "(1 - tanh(s)**2)**2/t"),
    (-slope(s), "-(1 - tanh(s)**2)"),
    (functions.sigmoid_prime(s) * 3, "3*sigmoid(s)*(1 - sigmoid(s))"),
    (s**t, "s**t"),
    ((s + t) ** (s * t), "(s + t)**(s*t)"),
    (2**s, "2**s"),
    (s < t, "s < t"),
    ((s < t) * s, "s*(s < t)"),
    (eg.where(s < t, s, -t), "where(s < t, s, -t)"),
    (abs(s), "abs(s)"),
    (A[3, 4], "A[3, 4]"),
    (A[3], "A[3]"),
    (A[:, 4], "A[:, 4]"),
    (A[1:5:2, ::-1], "A[1:5:2, ::-1]"),
    (u[[3, 1, 2]], "u[[3, 1, 2]]"),
    (A @ u + v, "A @ u + v"),
    (eg.tanh(A @ u + v), "tanh(A @ u + v)"),
    (1 - eg.tanh(A @ u) ** 2, "1 - tanh(A @ u)**2"),
    (A @ (B @ v), "A @ (B @ v)"),
    (v @ A, "A.T @ v"),
    (A.T, "A.T"),
    (A * v[:, None], "v[:, None]*A"),
    (A * u, "A*u"),
    (u @ u, "u @ u"),
    (contract([(v, "i"), (u, "j")], "ij"), "outer(v, u)"),
    (contract([(v, "i")], "ij", {"j": 20}), "broadcast_to(v[:, None], (30, 20))"),
    (eg.trace(C), "trace(C)"),
    (contract([(C, "ii")], "i"), "diagonal(C)"),
    (contract([(u, "i"), (identity(20), "ij")], "ij"), "diag(u)"),
    (eg.sum(A, axis=0), "sum(A, axis=0)"),
    (eg.sum(eg.tanh(A)), "sum(tanh(A))"),
    (contract([(A, "ij"), (u**2, "j"), (B, "jk")], "ik"), 'einsum("ij,j,jk->ik", A, u**2, B)'),
    (eg.stack([u, u**2]), "stack([u, u**2])"),
    (eg.concatenate([A, A**2], axis=1), "concatenate([A, A**2], axis=1)"),
    ((A + 1).reshape(600), "(1 + A).reshape((600,))"),
    (eg.solve(C, u), "solve(C, u)"),
    (eg.over_samples.mean(eg.tanh(x[0])), "over_samples.mean(tanh(sinput[0]))"),
    (contract([(T3, "ijk")], "kij"), "transpose(T3, (2, 0, 1))"),
    (A.max(axis=1), "A.max(axis=1)"),
]


@pytest.mark.parametrize(("e", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_text(e: Node, text: str) -> None:
    assert str(e) == repr(e) == text


def shown_as_something_else(e: Node) -> bool:
    return any(isinstance(n.op, Function) and n.op.shown_as is not None for n in topological([e]))


@pytest.mark.parametrize(("e", "text"), [p for p in TEXTS if not shown_as_something_else(p[0])])
def test_text_is_the_same_node(e: Node, text: str) -> None:
    symbols = {n.name: n for n in (s, t, A, B, u, v, C, T3, x)}
    assert read_back(text, **symbols) is e


@settings(max_examples=80, deadline=None)
@given(expressions())
def test_text_gives_the_values_back(e: Node) -> None:
    text = str(e)
    ast.parse(text)
    again = read_back(text)
    again = eg.stack(again) if isinstance(again, list) else again + 0 * s
    ours, theirs = eg.evaluate(e, VALUES), eg.evaluate(again, VALUES)
    np.testing.assert_allclose(*np.broadcast_arrays(theirs, ours), rtol=1e-9, atol=1e-11)


def check_array_text_gives_the_values_back(e: Node) -> None:
    wide = eg.Symbol("wide", (40,))  # too many elements to be printed one by one
    e = eg.concatenate([(e * wide[0]).reshape(-1), eg.tanh(wide)])
    text = to_text(e)
    again = read_back(text, wide=wide)
    values = {**VALUES, wide: np.linspace(0.5, 1, 40)}
    np.testing.assert_allclose(eg.evaluate(again, values), eg.evaluate(e, values), rtol=1e-9, atol=1e-11)


@settings(max_examples=50, deadline=None)
@given(expressions())
def test_array_text_gives_the_values_back(e: Node) -> None:
    check_array_text_gives_the_values_back(e)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(expressions())
def test_array_text_gives_the_values_back_often(e: Node) -> None:
    check_array_text_gives_the_values_back(e)


def test_a_comparison_beside_another_is_in_parentheses() -> None:
    """Python reads a < b < c as a chain."""
    a, b, c = eg.symbols("a b c")
    for e, text, formula in (
        (eg.less(eg.less(a, b), c), "(a < b) < c", r"\left( a < b \right) < c"),
        (eg.less(a, eg.less(b, c)), "a < (b < c)", r"a < \left( b < c \right)"),
        (eg.less_equal(eg.less(a, b), eg.less_equal(b, c)), "(a < b) <= (b <= c)", r"\left( a < b \right) \leq \left( b \leq c \right)"),
        (eg.equal(eg.less(a, b), c), "equal(a < b, c)", r"\left( a < b \right) = c"),
        (eg.less(a + b, a * c), "a + b < a*c", "a + b < a c"),
        (eg.sin(eg.less(a, b)) * c, "c*sin(a < b)", r"c \sin\left( a < b \right)"),
    ):
        assert str(e) == text
        assert read_back(str(e), a=a, b=b, c=c) is e
        assert bare(e).split() == formula.split()


def test_selections_along_several_axes_mean_the_same_to_numpy() -> None:
    a, wide = eg.Symbol("a", (3, 4, 5)), eg.Symbol("wide", (40,))
    value = np.arange(60.0).reshape(3, 4, 5)

    def entries(n: int) -> list[Any]:
        return [slice(None), 1, slice(1, None), [0, n - 1, 1], slice(None, None, -1)]

    for index in product(entries(3), entries(4), entries(5)):
        e, want = a, value
        for axis in (2, 1, 0):
            along = (slice(None),) * axis + (index[axis],)
            e, want = e[along], want[along]
        assert eg.parse(eg.to_python(e)) is e
        text = to_text(eg.concatenate([e.reshape(-1), wide]))
        last = text.partition("[")[2].rpartition(", wide")[0]  # what NumPy takes it for
        np.testing.assert_array_equal(eval(last, {"a": value, "broadcast_to": np.broadcast_to}), want.ravel(), err_msg=text)
        again = read_back(text, a=a, wide=wide)
        np.testing.assert_array_equal(eg.evaluate(again, {a: value, wide: np.ones(40)})[:-40], want.ravel())


def test_digits_do_not_run_together() -> None:
    a, b = eg.symbols("a b")
    for e, formula in (
        (3 * 2**a, r"3 \cdot {2}^{a}"),
        (3 * eg.exp2(a), r"3 \cdot 2^{a}"),
        (b - 0.5 * 2**a, r"b - 0.5 \cdot {2}^{a}"),
        (2 * eg.Symbol("1x"), r"2 \cdot \mathtt{1x}"),
        (2 * a * b, "2 a b"),
    ):
        assert bare(e).split() == formula.split()


def test_products_and_contractions_of_very_many() -> None:
    x = [eg.Symbol(f"x{k}") for k in range(70)]
    e = contract([(s, ()) for s in x], ())
    assert str(e).partition("  #")[0].endswith("*...") and str(e).count("*") == 32
    assert bare(e).partition(r"\quad")[0].rstrip().endswith(r"\dots")
    assert "*..." in str(2 * e + eg.Symbol("other")) and "*..." in str(eg.sin(e))
    assert to_text(e, limit=None).count("*") == 69
    m = [eg.Symbol(f"m{k}", (2, 2)) for k in range(66)]
    pairs = list(combinations("abcdefghijkl", 2))
    e = eg.einsum(",".join(map("".join, pairs)) + "->", *m)
    assert all(f"m{k}" in str(e) and f"m{k}" in bare(e).replace("}", "") for k in range(66))


def test_axes_have_names_that_no_symbol_has() -> None:
    a, j = eg.Symbol("A", (30, 20)), eg.Symbol("j")
    assert r"\sum_{k} \left( \sin\left( j A \right) \right)_{i,k}" in bare(eg.sum(eg.sin(a * j), axis=1))
    assert r"\max_{k} \left( j A \right)_{i,k}" in bare(eg.max(a * j, axis=1))
    assert bare(eg.sum(eg.Symbol("i", (30, 20)), axis=1)) == r"\left[ \sum_{k} i_{j,k} \right]_{j}"


def test_graphs_show_every_coefficient_and_exponent() -> None:
    x = eg.symbols([f"x{k}" for k in range(12)])
    for k in range(12):
        total = sum(((2 if i == k else 1) * s for i, s in enumerate(x)), eg.array(0.0))
        times = contract([(s**3 if i == k else s, ()) for i, s in enumerate(x)], ())
        assert 'label="+ (' in to_dot(total) and 'label="* (' in to_dot(times)
    assert 'label="+"' in to_dot(sum(x, eg.array(0.0)))


def test_templates_of_users_have_the_parentheses_they_need() -> None:
    a, b, c = eg.symbols("a b c")
    made = iter(range(100))

    def function(arity: int, **columns: str) -> Any:
        values = (lambda x: x) if arity == 1 else (lambda x, y: x)
        return eg.function(f"template_{next(made)}", numpy=values, derivative=[None] * arity, code="{0}", **columns)

    twice = function(1, text="max({0}, 0) - {0}*2", latex=r"\max\left( {0}, 0 \right) - {0} \cdot 2")
    assert str(twice(a + b)) == "max((a + b), 0) - (a + b)*2"
    assert bare(twice(a + b)).endswith(r"- \left( a + b \right) \cdot 2")
    bars = function(2, latex=r"\left| {0} \right| - \left| {1} \right|")
    assert bare(c * bars(a, b)) == r"c \left( \left| a \right| - \left| b \right| \right)"
    assert bare(bars(a, b) ** 2) == r"\left( \left| a \right| - \left| b \right| \right)^{2}"
    assert bare(3 * function(1, latex=r"{0} \bmod 2")(a)) == r"3 \left( a \bmod 2 \right)"
    ratio = function(2, latex="{0} / {1}")
    assert bare(ratio(ratio(a, b), ratio(b, a))) == r"\left( a / b \right) / \left( b / a \right)"
    factorial = function(1, latex="{0}!")
    assert bare(factorial(factorial(a))) == r"\left( a! \right)!"
    assert bare(3 * function(1, latex=r"\overline{{{0}}} \pm {0}")(a)) == r"3 \left( \overline{a} \pm a \right)"
    assert bare(function(1, latex=r"\left( \frac{{1}}{{2}} {0} \right)")(a + b)) == r"\frac{1}{2} \left( a + b \right)"
    assert bare(function(1, latex=r"f^{-1}")(a) ** 2) == r"\left( f^{-1}\left( a \right) \right)^{2}"
    assert bare(c * function(1, latex=r"\log_{{3}}\left( {0} \right)")(a)) == r"c \log_{3}\left( a \right)"
    assert bare(c * function(2, latex=r"\frac{{{0}}}{{{1}}}")(a + b, c)) == r"c \frac{a + b}{c}"


def test_a_repeated_diagonal_is_shown_repeated() -> None:
    a, wide = SYMBOLS["A"], eg.Symbol("wide", (40,))
    repeated = eg.broadcast_to(eg.einsum("ii->i", a)[:, None], (2, 3))
    e = eg.concatenate([repeated.reshape(-1), eg.tanh(wide)])
    assert to_text(e) == 'concatenate([broadcast_to(einsum("ii->i", A)[:, None], (2, 3)).reshape((6,)), tanh(wide)])'
    values = {**VALUES, wide: np.linspace(0.5, 1, 40)}
    np.testing.assert_array_equal(eg.evaluate(read_back(to_text(e), wide=wide), values), eg.evaluate(e, values))


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 0.1, 1e-7, 1e22, -2.5, 2.0**53])
def test_numbers_read_back(value: float) -> None:
    e = s + value
    assert read_back(str(e), s=s) is e
    assert ".0" not in str(e).replace("e+", "")
    assert read_back(str(eg.stack([value, s])), s=s)[0] in (value, int(value))


def test_infinite_numbers_read_back() -> None:
    for e in (s * np.inf, s - np.inf, eg.where(s > 0, s, np.inf)):
        assert read_back(str(e), s=s) is e
    assert "nan" in str(s + np.nan)


def test_names_that_python_cannot_read() -> None:
    for name in ("a b", "lambda", "1x", "x'; import os", "einsum", "tanh", "\u202ex", "a\nb", "ﬁ"):
        e = eg.tanh(eg.Symbol(name, (2,), per_sample=True)[0])
        assert str(e) == f"tanh(Symbol({ascii(name)}, shape=(2,), per_sample=True)[0])"
        assert read_back(str(e)) is e
    assert str(eg.Symbol("a b")) == "Symbol('a b')"
    assert str(eg.Symbol("α_1")) == "α_1"


def test_arrays_of_numbers() -> None:
    assert str(identity(2)) == "[[1, 0], [0, 1]]"
    assert str(array(np.zeros((1, 2)))) == "[[0, 0]]"
    assert str(array(np.zeros((10, 20)))) == "broadcast_to(0, (10, 20))"
    assert bare(identity(2)).split() == r"\left[ \begin{array}{cc} 1 & 0 \\ 0 & 1 \\ \end{array} \right]".split()
    e = array(np.arange(30.0).reshape(3, 10)) * contract([(u[:10], "j")], "ij", {"i": 3})
    assert "array([[0, 1, 2, 3," in str(e)
    big = array(np.arange(10_000.0)) + eg.Symbol("w", (10_000,))
    assert str(big) == "array([0, 1, 2, ..., 9997, 9998, 9999]) + w"
    assert "9000" in to_text(big, limit=None)


def test_a_print_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "import exprgraph as eg\n"
        "xs = eg.symbols('a b c d e f g h')\n"
        "e = sum((eg.tanh(p) * q for p, q in zip(xs, xs[::-1])), 0)\n"
        "for _ in range(3): e = eg.sin(e) * e + eg.exp(e)\n"
        "print(e); print(eg.latex(e)); print(eg.to_dot(e))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }  # fmt: skip
    assert len(outputs) == 1 and b"t1 =" in outputs.pop()


# ---------------------------------------------------------------- shared parts and elision


def doubling(depth: int) -> Node:
    e = s
    for _ in range(depth):
        e = eg.sin(e) * e + 1
    return e


def test_short_expressions_repeat_their_parts() -> None:
    assert str(doubling(2)) == "1 + sin(1 + s*sin(s))*(1 + s*sin(s))"


def test_shared_parts_are_named_once() -> None:
    e = doubling(12)
    lines = str(e).splitlines()
    names = [line.split(" = ")[0] for line in lines[:-1]]
    assert names == [f"t{i + 1}" for i in range(len(names))] and names
    for i, line in enumerate(lines[:-1]):
        used = set(re.findall(r"\bt\d+\b", line.split(" = ")[1]))
        assert used <= set(names[:i])
    assert sum(map(len, lines)) < 600
    again = read_back(str(e), s=s)
    assert eg.evaluate(again, {s: 0.3}) == pytest.approx(eg.evaluate(e, {s: 0.3}), rel=1e-12)
    assert lines[1] == "t2 = 1 + t1*sin(t1)"
    body = latex(e)
    assert r"\begin{aligned}" in body and "t_{1} &= " in body


def test_names_of_parts_are_not_names_of_symbols() -> None:
    for taken, prefix in (("t1", "s"), ("t", "s"), ("tau", "t")):
        e = doubling(12) + eg.Symbol(taken)
        e = eg.sin(e) * e
        assert str(e).startswith("u1 = " if prefix == "s" else "t1 = ")  # the symbol s is there, too


def test_an_exponential_tree_is_short() -> None:
    e = doubling(150)
    assert len(str(e)) < 20_000
    assert "left out" not in str(e)
    assert eg.evaluate(read_back(str(e), s=s), {s: 0.3}) == pytest.approx(eg.evaluate(e, {s: 0.3}))


@pytest.mark.slow
def test_a_deep_chain_is_elided() -> None:
    e = s
    for _ in range(100_000):
        e = eg.sin(e)
    text = str(e)
    assert text.endswith("# more than 10000 nodes left out") and "..." in text
    assert len(text) < 20_000
    ast.parse(text)
    assert r"\dots" in latex(e) and "more than 10000 nodes left out" in latex(e)
    assert "left out" in to_dot(e)
    assert notebook_latex(e) is None


def test_elision_counts_what_is_left_out() -> None:
    e = s
    for _ in range(1000):
        e = eg.sin(e)
    assert str(e).endswith("# 501 nodes left out")
    assert "left out" not in to_text(e, limit=None)
    assert to_text(e, limit=None).count("sin") == 1000
    assert read_back(to_text(e, limit=None), s=s) is e


def test_wide_sums_and_stacks_are_elided() -> None:
    many = eg.symbols([f"x{i}" for i in range(50_000)])
    e = eg.stack(many)
    assert len(str(e)) < 2_000 and "..." in str(e) and "left out" in str(e)
    ast.parse(str(e))
    assert len(latex(eg.sum(e) + eg.sin(e[0]))) < 5_000
    assert len(to_dot(e)) < 10_000


def test_sums_and_products_of_many_operands_read_back() -> None:
    many = eg.symbols([f"x{i}" for i in range(40)])
    names = {n.name: n for n in many}
    total, times = many[0], many[0]
    for n in many[1:]:
        total, times = total + n, times * n
    assert str(total).startswith("x0 + x1 + x2 + x3")
    assert str(times).startswith("x0*x1*x2*x3*")
    values = {n: 1 + 0.01 * i for i, n in enumerate(many)}
    for e in (total, times):
        assert eg.evaluate(read_back(str(e), **names), values) == pytest.approx(eg.evaluate(e, values))


# ---------------------------------------------------------------- LaTeX

FORMULAS: list[tuple[Node, str]] = [
    (s + 1, "1 + s"),
    (-s, "- s"),
    (t - 2 * s, "- 2 s + t"),
    (s * t, "s t"),
    (s / t, r"\frac{s}{t}"),
    (-2 * s / (t * eg.tanh(s)), r"- \frac{2 s}{t \tanh\left( s \right)}"),
    (1 / s**2, r"\frac{1}{s^{2}}"),
    (eg.sqrt(s), r"\sqrt{s}"),
    (eg.tanh(s) ** 2, r"\tanh^{2}\left( s \right)"),
    ((eg.tanh(s) + 1) ** 2, r"\left( 1 + \tanh\left( s \right) \right)^{2}"),
    (eg.tanh(s**2), r"\tanh\left( s^{2} \right)"),
    (eg.tanh(s) ** 1.5, r"\left( \tanh\left( s \right) \right)^{1.5}"),
    (slope(s) ** 2, r"\left( 1 - \tanh^{2}\left( s \right) \right)^{2}"),
    (abs(s) ** 3, r"\left| s \right|^{3}"),
    (s**t, "{s}^{t}"),
    ((s + t) ** t, r"{\left( s + t \right)}^{t}"),
    (s < t, "s < t"),
    (t * (s < t), r"t \left( s < t \right)"),
    (0.5 * s, "0.5 s"),
    (s + 1e-7, r"1 \cdot 10^{-7} + s"),
    (u[0] ** 2, r"u_{1}^{2}"),
    (A[1:5, 3], "A_{2:5,4}"),
    (A @ u + v, "A u + v"),
    (A @ (B @ v), "A B v"),
    (A @ (u + u**2), r"A \left( u + u^{\odot 2} \right)"),
    (A.T @ v, r"A^{\top} v"),
    (A.T, r"A^{\top}"),
    (v * (A @ u), r"v \odot \left( A u \right)"),
    (2 * v * eg.tanh(A @ u) ** 2, r"2 v \odot \tanh^{2}\left( A u \right)"),
    (s * v, "s v"),
    (u @ u, r"u^{\top} u"),
    (contract([(v, "i"), (u, "j")], "ij"), r"v u^{\top}"),
    (eg.trace(C), r"\operatorname{tr}\left( C \right)"),
    (
        contract([(A, "ij"), (slope(u), "j"), (B, "jk")], "ik"),
        r"A \operatorname{diag}\left( 1 - \tanh^{2}\left( u \right) \right) B",
    ),
    (contract([(A, "ij"), (u**2, "j")], "i"), r"A u^{\odot 2}"),
    (eg.sum(A, axis=1), r"\left[ \sum_{j} A_{i,j} \right]_{i}"),
    (contract([(T3, "ijk"), (u, "i")], "kj"), r"\left[ \sum_{k} u_{k} \mathtt{T3}_{k,j,i} \right]_{i,j}"),
    (eg.solve(C, u), "C^{-1} u"),
    (eg.Symbol("theta") * 2, r"2 \theta"),
]


def bare(e: Node) -> str:
    return latex(e).removeprefix("\\begin{equation}\n").removesuffix("\n\\end{equation}")


@pytest.mark.parametrize(("e", "formula"), FORMULAS, ids=[f for _, f in FORMULAS])
def test_latex(e: Node, formula: str) -> None:
    ours = bare(e)
    if ours != formula and "u_{k}" in formula:  # the order of factors in an indexed sum is free
        assert sorted(ours.split()) == sorted(formula.split())
    else:
        assert ours == formula


def balanced(text: str) -> bool:
    text = text.replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for c in text:
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    begins, ends = re.findall(r"\\begin\{(\w+)\}", text), re.findall(r"\\end\{(\w+)\}", text)
    return depth == 0 and text.count(r"\left") == text.count(r"\right") and sorted(begins) == sorted(ends)


@settings(max_examples=60, deadline=None)
@given(expressions())
def test_latex_is_balanced_and_has_no_double_scripts(e: Node) -> None:
    for text in (latex(e), latex(eg.concatenate([e.reshape(-1), eg.Symbol("wide", (40,))]))):
        assert balanced(text)
        assert not re.search(r"\^\{[^{}]*\}\s*\^|_\{[^{}]*\}_", text)


@pytest.mark.parametrize("name", sorted(n for n, row in TABLE.items() if isinstance(row, Function)))
def test_every_function_prints(name: str) -> None:
    row = TABLE[name]
    assert isinstance(row, Function)
    args = [n + 1 for n in eg.symbols("a b c")[: row.arity]]
    e = eg.tanh(2 * apply(row, *args)) ** 2
    ast.parse(str(e))
    assert balanced(latex(e)) and r"\tanh^{2}" in latex(e)
    scope = {f"{n}": q for n, q in zip("abc", eg.symbols("a b c"))}
    again = read_back(str(e), **scope)
    values = {q: p - 1 for q, p in zip(scope.values(), [sum(i) / 2 for i in row.sample])}
    assert eg.evaluate(again, values) == pytest.approx(eg.evaluate(e, values), rel=1e-9)


def test_a_users_function_prints_by_its_templates() -> None:
    f = eg.function(
        "shown_in_test_show", numpy=lambda p: p, derivative=lambda p: 1.0, code="{0}", text="{0} % 2", latex=r"{0} \bmod 2"
    )
    assert str(f(s + 1)) == "(1 + s) % 2"
    assert str(f(s) * 2) == "2*(s % 2)"
    assert bare(f(s + 1)) == r"\left( 1 + s \right) \bmod 2"


UGLY = ["a_b", "a&b", "50%", "$x$", "#1", "{", "}", "a~b", "a^b", "a\\b", "<b>", "</script>", "&lt;", "a`b", "a\nb"]


@pytest.mark.parametrize("name", UGLY)
def test_names_are_inert_in_latex_and_html(name: str) -> None:
    text = bare(eg.Symbol(name))
    inner = re.fullmatch(r"\\mathtt\{(.*)\}", text)
    assert inner and balanced(text)
    stripped = re.sub(r"\\[_%$#{}& ]|\{\\(sim|wedge|backslash|prime)\}|\{[<>]\}|\{\}", "", inner[1])
    assert not re.search(r"[\\{}$%#&~^_`\n<>]", stripped)
    assert not re.search(r"<[a-zA-Z/!?]|&[a-zA-Z#]", text)


def test_notebooks() -> None:
    assert s.__class__._repr_latex_(s * t) == r"$\displaystyle s t$"
    long = eg.sum(eg.stack([eg.sin(s + i) * eg.Symbol("n" * 200) for i in range(100)]))
    assert notebook_latex(long) is None


def test_latex_of_a_deep_network() -> None:
    z: Node = eg.Symbol("sinput", (5,), per_sample=True)
    n = 1
    for width in (8, 8, 8, 1):
        w, c = eg.Symbol(f"W_{n}", (width, z.shape[0])), eg.Symbol(f"W_{n + 1}", (width,))
        n += 2
        z = eg.tanh(w @ z + c)
    text = latex(z)
    assert balanced(text) and r"\tanh^{2}" not in text
    assert text.count(r"\mathtt{W\_3}") == 1
    assert r"\tanh\left( \mathtt{W\_1} \mathtt{sinput} + \mathtt{W\_2} \right)" in text


# ---------------------------------------------------------------- dot


def test_dot() -> None:
    v3, w3 = eg.Symbol("v", 3), eg.Symbol("w", 3)
    text = to_dot(eg.tanh(s) * 2 + t)
    assert text.startswith("digraph") and text.endswith("}")
    assert text.count("->") == 3 and 'label="tanh"' in text and 'label="s"' in text
    # a shape is no operand
    assert 'label="+, shape 3"' in to_dot(v3 + w3) and 'label="v, shape 3"' in to_dot(v3 + w3)


def test_dot_quotes_names() -> None:
    text = to_dot(eg.tanh(eg.Symbol('a"]; evil [label="\\')))
    assert r'label="a\"]; evil [label=\"\\"' in text


def test_dot_elides() -> None:
    e = s
    for _ in range(1000):
        e = eg.sin(e)
    text = to_dot(e, limit=50)
    assert text.count("sin") == 50 and 'label="951 nodes left out"' in text
    assert to_dot(e, limit=None).count("sin") == 1000
