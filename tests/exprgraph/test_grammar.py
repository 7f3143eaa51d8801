"""The grammar of text is a part of Python's: the same trees, or a refusal; and it never recurses."""

from __future__ import annotations

import ast
import contextlib
import random
import re
import warnings
from typing import Any

import pytest

import exprgraph as eg
from exprgraph.text.grammar import StackStep, steps

_OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@", ast.USub: "-", ast.UAdd: "+",
    ast.Mod: "%",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip


class Refused(Exception):  # noqa: N818
    """No part of the grammar."""


def by_python(text: str) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            body = ast.parse(text.strip()).body
        except (SyntaxError, ValueError) as e:
            raise Refused from e
    out = []
    for s in body:
        if isinstance(s, ast.Assign) and len(s.targets) == 1 and isinstance(s.targets[0], ast.Name):
            out.append((s.targets[0].id, tree(s.value)))
        elif isinstance(s, ast.Expr):
            out.append(("", tree(s.value)))
        else:
            raise Refused
    return out


def tree(e: ast.expr) -> Any:
    if isinstance(e, ast.Constant) and not isinstance(e.value, (complex, bytes)):
        return "constant", repr(e.value)
    if isinstance(e, ast.Name):
        return "name", e.id
    if isinstance(e, ast.BinOp) and type(e.op) in _OPERATORS:
        return "binary", _OPERATORS[type(e.op)], tree(e.left), tree(e.right)
    if isinstance(e, ast.UnaryOp) and type(e.op) in _OPERATORS:
        return "sign", _OPERATORS[type(e.op)], tree(e.operand)
    if isinstance(e, ast.Compare) and len(e.ops) == 1 and type(e.ops[0]) in _OPERATORS:
        return "binary", _OPERATORS[type(e.ops[0])], tree(e.left), tree(e.comparators[0])
    if isinstance(e, (ast.List, ast.Tuple)):
        return ("list" if isinstance(e, ast.List) else "tuple", None, *map(tree, e.elts))
    if isinstance(e, ast.Slice):
        parts = (e.lower, e.upper, e.step)
        return ("slice", tuple(p is not None for p in parts), *(tree(p) for p in parts if p is not None))
    if isinstance(e, ast.Subscript):
        return "index", None, tree(e.value), tree(e.slice)
    if isinstance(e, ast.Attribute):
        return "attribute", e.attr, tree(e.value)
    if isinstance(e, ast.Call):
        names = tuple(str(k.arg) for k in e.keywords if k.arg)
        if len(set(names)) == len(e.keywords):
            return ("call", names, tree(e.func), *map(tree, e.args), *(tree(k.value) for k in e.keywords))
    raise Refused


def by_steps(text: str) -> list[Any]:
    out: list[Any] = []
    values: list[Any] = []

    def one(s: StackStep) -> Any:
        split = len(values) - s.takes
        given = values[split:]
        del values[split:]
        if s.kind in ("assign", "end"):
            return s.what, *given
        return (s.kind, repr(s.what), *given) if s.kind == "constant" else (s.kind, s.what, *given)

    try:
        for s in steps(text.strip(), 1000):
            (out if s.kind in ("assign", "end") else values).append(one(s))
    except eg.ParseError as e:
        raise Refused from e
    assert not values
    return [(name, t[:2]) if t[0] == "name" else (name, t) for name, t in out]


WORDS = [
    "x", "y", "sin", "1", "2.5", ".5", "1e-3", "0x1f", "1_0", "+", "-", "*", "/", "**", "@", "<", ">=", "(", ")", "[", "]", ",", ":", ".T",
    ".sum", "=", "==", "'a'", '"b\\n"', "None", "True", "...", "axis=", "if", "for", "lambda", "not", "in", "{", "}", "%", "//", "~", ":=",
    "\n", ";", "#c\n", "\\\n", " ", "1j", "b'x'", "f'x'", "r'\\d'", "**x", "*x", "!", "$", "?", "é", "ﬁ", "²", "\t",
]  # fmt: skip
WHOLE = [
    "x + 2*y - 1", "-x**2/(1+y)", "A.T @ v", "A[0, 1:]*v[::2]", "v[[2,0]]", "A.sum(axis=0).reshape((1,3))", "f(x, y, axis=-1, k=(1,),)",
    "[x, [y][0], 3]", "t = x\nu = t*t\nsin(u)", "x**-y**2*3", "-x - -y", "(x, y)[0]", "x[1:2,]", "A[:, None, 0]", "x[::-1, ..., 1:]",
    "(x < y)*3 >= 1", "x*(\n y +\n 1)", "x # c\n", "f(\n x,\n)\n", "x;y", "()", "x,", "x, y", "[]", "f()()[0].T(1)", "2**-1",
    "- + - x", "x = y",
]  # fmt: skip


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_texts_are_read_as_python_reads_them_or_refused(seed: int) -> None:
    choose = random.Random(seed)
    same = 0
    for k in range(3_000 if not seed else 100_000):
        text = choose.choice(WHOLE)
        if k % 3 == 0:
            text = "".join(choose.choice(WORDS) for _ in range(choose.randint(1, 8)))
        for _ in range(choose.randint(0, 3)):
            at = choose.randint(0, len(text))
            text = text[:at] + choose.choice([*WORDS, "", ""]) + text[min(len(text), at + choose.randint(0, 2)) :]
        try:
            expected: Any = by_python(text)
        except Refused:
            expected = None
        try:
            came: Any = by_steps(text)
        except Refused:
            came = None
        side_by_side = re.search(r"""['"](\s|\\\n|#c\n)*[a-z]*['"]""", text)  # two texts, which are one in Python
        assert came == expected or (came is None and side_by_side), (text, came, expected)
        same += came is not None
    assert same > 500


def test_any_characters_are_read_or_refused() -> None:
    choose = random.Random(0)
    odd = "\x0b\x0c\x1c\x85\xa0\u2028\u3000\ufeff\ud800\u0661\u00b2\u212b\U0001f600\0\r\n\t '\"\\#([{)]},:;.=+-*/@%<>!&|^~$?`_0aEx"
    for _ in range(3_000):
        text = "".join(choose.choice(odd) for _ in range(choose.randint(1, 12)))
        for whole in (text, f"x{text}+1", f"f({text})", f"x\n{text}"):
            with contextlib.suppress(eg.ParseError):
                list(steps(whole, 100))
    with pytest.raises(eg.ParseError, match=re.escape(r"'\x0b\x0b\x0b")):
        list(steps("x" + "\x0b" * 30 + "y", 10))


def test_places_of_steps() -> None:
    text = "t = sin( x*y )[0].T\n(-t) + f(t, k=[1, 2])"
    found = {(s.kind, text[s.start : s.stop]) for s in steps(text, 100)}
    assert {
        ("name", "sin"), ("binary", "x*y"), ("call", "sin( x*y )"), ("index", "sin( x*y )[0]"), ("attribute", "sin( x*y )[0].T"),
        ("list", "[1, 2]"), ("call", "f(t, k=[1, 2])"), ("binary", "(-t) + f(t, k=[1, 2])"), ("assign", "t = sin( x*y )[0].T"),
    } <= found  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["x" + "+x" * 20_000, "x" + "*x+1" * 10_000, "x" + ".T" * 20_000, "x" + "[0]" * 20_000, "x" + "()" * 20_000,
     "f(" + "x," * 20_000 + ")", "x\n" * 20_000],
    ids=["sum", "both", "attributes", "indices", "calls", "arguments", "lines"],
)  # fmt: skip
def test_what_is_long_is_not_deep(text: str) -> None:
    assert sum(s.takes for s in steps(text, 2)) >= 19_000


@pytest.mark.parametrize("open_", ["(", "[", "-", "f(", "x[", "x**", "x+(", "[x,", "f(k="])
def test_what_is_deep_is_refused_at_the_limit(open_: str) -> None:
    for n in (10, 1_000, 100_000):
        with pytest.raises(eg.ParseError, match=r"nested more than 7 deep; parse\(..., max_depth=...\) allows more"):
            list(steps(open_ * n + "x", 7))
    closed = {"-": "", "x**": "", "(": ")", "[": "]", "f(": ")", "x[": "]", "x+(": ")", "[x,": "]", "f(k=": ")"}[open_]
    assert list(steps(open_ * 5 + "x" + closed * 5, 10))[-1].kind == "end"
    if closed:
        with pytest.raises(eg.ParseError, match=f"{re.escape(open_[-1] if open_[-1] in '([' else '')}.* is never closed"):
            list(steps(open_ * 5 + "x", 10))


@pytest.mark.parametrize(
    "text",
    [
        "9" * 10**5 + "x", "9" * 10**5, "0x" + "f" * 10**5, "." * 10**5, "'" * 10**5, '"' * 10**5, "'''" + "a" * 10**5, "'" + "\\'" * 10**5,
        "1" + "_" * 10**5 + "x", "1e" * 10**5, "x" + " " * 10**5 + "+", "x\\\n" * 10**5 + "+", "f(" + "a" * 10**5 + "#\n" * 10**5 + "b",
        "\u0661" * 10**5, "é" * 10**5 + "+",
    ],
    ids=lambda t: ascii(t[:6]),
)  # fmt: skip
def test_no_token_takes_time_that_grows_with_the_square(text: str) -> None:
    """Each of these would take minutes."""
    with pytest.raises(eg.ParseError):
        eg.parse(text, [])
