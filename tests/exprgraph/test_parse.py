"""Reading text: what is an expression, and that nothing else is read, let alone run."""

from __future__ import annotations

import contextlib
import tracemalloc
from typing import Any

import numpy as np
import pytest

import exprgraph as eg

x, y = eg.symbols("x y")
v, A = eg.Symbol("v", 3), eg.Symbol("A", (3, 3))
p = eg.Symbol("p", 2, per_sample=True)
EVERY = [x, y, v, A, p]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + 2*y - 1", x + 2 * y - 1),
        ("-x**2 / (1 + y)", -(x**2) / (1 + y)),
        ("+x", x),
        ("eg.tanh(x)", eg.tanh(x)),
        ("exprgraph.sum(v)", eg.sum(v)),
        ("A @ v", A @ v),
        ("A.T @ v", A.T @ v),
        ("A[0, 1:] * v[::2]", A[0, 1:] * v[::2]),
        ("v[[2, 0]]", v[[2, 0]]),
        ("v[..., None]", None),
        ("v[None, :]", v[None, :]),
        ("A.sum(axis=0).reshape((1, 3))", A.sum(axis=0).reshape((1, 3))),
        ("where(x < y, x, y)", eg.where(x < y, x, y)),
        ("(x >= 2) * y", (x >= 2) * y),
        ("[x, [y][0], 3]", eg.stack([x, y, 3.0])),
        ("max(A, axis=(0, 1))", eg.max(A)),
        ("einsum('ij,j->i', A, v)", A @ v),
        ("over_samples.mean(p)", eg.over_samples.mean(p)),
        ("eg.over_samples.sum(p)", eg.over_samples.sum(p)),
        ("Symbol('x')", x),
        ("Symbol('p', shape=(2,), per_sample=True)", p),
        ("lookup('gate')(x, y)", eg.lookup("gate")(x, y)),
        ("t = x + y\nu = t * t\nsin(u)", eg.sin((x + y) * (x + y))),
        ("import exprgraph as eg\nx = eg.Symbol('other')\ne = x", eg.Symbol("other")),
        ("float('inf') * x", np.inf * x),
        ("sqrt(x)**3", eg.sqrt(x) ** 3),
        ("3", eg.array(3.0)),
    ],
)
def test_what_is_read(text: str, expected: object) -> None:
    if expected is None:
        with pytest.raises(eg.ParseError, match="left out"):
            eg.parse(text, EVERY)
    else:
        assert eg.parse(text, EVERY) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text is empty"),
        ("import exprgraph as eg", "the text is empty"),
        ("x +", "line 1"),
        ("x\n\nx +* y", "line 3"),
        ("z + x", "the name 'z' is unknown; symbols were given for: A, p, v, x, y"),
        ("sin", "sin is a function, not an expression"),
        ("sin + 1", "the function sin where a value is expected"),
        ("sin(sin)", "the function sin where"),
        ("sin(x, y)", "sin takes 1 argument, got 2"),
        ("A @ x", "A @ x: matmul needs vectors or matrices"),
        ("v[7]", "index 7 is out of bounds"),
        ("x + ...", "a part of the text was left out"),
        ("x if y else 1", "cannot hold x if y else 1"),
        ("x == y", "cannot hold x == y"),
        ("x < y < 1", "cannot hold"),
        ("x and y", "cannot hold"),
        ("not x", "cannot hold"),
        ("x // y", "cannot hold"),
        ("'text'", "expected numbers|real numbers"),
        ("x + 'text'", "cannot hold"),
        ("-'text'", "cannot hold"),
        ("1j * x", "cannot hold 1j"),
        ("b'x'", "cannot hold"),
        ("{x: y}", "cannot hold"),
        ("lookup('nonsense')(x)", "no function named 'nonsense'"),
        ("sum(v, **x)", "cannot hold"),
        ("sum(*v)", "cannot hold"),
        ("x = y = 1", "cannot hold"),
        ("x, y = 1, 2", "cannot hold"),
        ("(x := y)", "cannot hold"),
        ("x\x00", "null"),
        ("10**400", None),
    ],
)
def test_what_is_not_read_is_explained(text: str, message: str | None) -> None:
    if message is None:
        assert eg.evaluate(eg.parse(text)) == np.inf
        return
    with pytest.raises(eg.ExprGraphError, match=message):
        eg.parse(text, EVERY)


#: text that would do something if it were run
CODE = [
    "__import__('os').system('touch pwned')", "eval('1')",
    "exec('1')", "open('pwned', 'w')", "(lambda: 1)()", "[x for x in v]",
    "x.__class__", "x.__class__.__mro__[1].__subclasses__()", "sin.__globals__", "eg.sin.__globals__", "eg.__builtins__",
    "eg.compile(x, x)",
    "eg.os", "eg.over_samples.sys", "over_samples.__dict__", "x.T.__init__", "''.join(v)", "'{0.__class__}'.format(x)", "f'{x.__class__}'",
    "import os", "from os import system", "def f(): pass", "class X: pass", "del x", "assert x", "raise x", "while 1: pass",
    "with x: pass",
    "for i in v: pass", "try: x\nexcept: y", "global x", "return x", "yield x", "await x", "x.op", "x.digest", "x.evaluate", "A.dot(v)",
    "getattr(x, 'op')", "print(x)", "eg.function('f', numpy=x, derivative=x, code='1')", "eg.testing.check_values(x)", "@x\ndef f(): pass",
    "float", "float.fromhex('1')", "lookup.__self__", "x[sin]", "exprgraph.graph.node.make", "eg.parse('x')", "type(x)", "x.sum.__func__",
]  # fmt: skip


@pytest.mark.parametrize("text", CODE)
def test_nothing_else_is_read(text: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(eg.ParseError):
        eg.parse(text, EVERY)
    assert not list(tmp_path.iterdir())


def test_long_text_is_read() -> None:
    assert eg.parse("+".join(["x"] * 1000), [x]) is 1000 * x
    for deep in ("(" * 900 + "x" + ")" * 900, "-" * 900 + "x", "sin(" * 900 + "x" + ")" * 900, "x" + "**1.5" * 900):
        assert eg.parse(deep, [x]).shape == ()
    a, b = eg.parse("sin(x*2)" + "+sin(x*3)*y" * 1_000, [x, y]), eg.sin(2 * x)
    for _ in range(1_000):
        b = b + eg.sin(3 * x) * y
    assert a is b


@pytest.mark.slow
def test_very_long_text_is_read() -> None:
    assert eg.parse("x" + "+x" * 100_000, [x]).shape == ()
    assert eg.parse("x" + "-x*y" * 100_000, [x, y]).shape == ()
    lines = "\n".join(f"n{k} = sin(n{k - 1} * 2)" for k in range(1, 20_000))
    assert len(eg.free_symbols(eg.parse("n0 = x\n" + lines, [x]))) == 1


#: what a line makes of the line before; each of them doubles something
DOUBLING = [
    "[$, $]", "($, $)", "[$, [$, 1]]", "[[$, $], [$, $]]", "stack([$, $])", "stack([$, sin($)])", "concatenate([$, $])", "outer($, $)",
    "broadcast_to($, (2, 2, 2))", "$[:, None] * $", "diag($)", "einsum('i,j->ij', $, $)", "concatenate([$, 2*$])", "$*$", "$ + $*$",
    "$ @ $",
    "sin($)*$", "$**$", "sum(stack([$, sin($)]), axis=0)", "solve(outer($, $), $)", "prod(stack([$, $, $]), axis=0)", "zeros(($, $))",
    "ones(1000000000)", "Symbol('s', shape=(10**10,))", "array($)", "reshape(array([$, $]), -1)", "$[[0, 1, 0, 1, 0, 1]]",
]  # fmt: skip


@pytest.mark.one_in(4)
@pytest.mark.parametrize("first", ["x", "v", "A", "[x, x]", "[1, 2]", "(1, 2)", "array([0.5, 2])", "identity(3)"])
def test_short_text_is_read_in_short_time(first: str) -> None:
    """What lines of doubling build is bounded: an error comes before the memory, and what is no error is small."""
    for line in DOUBLING:
        text = f"a0 = {first}\n" + "".join(f"a{k} = {line}\n".replace("$", f"a{k - 1}") for k in range(1, 41))
        tracemalloc.start()
        with contextlib.suppress(eg.ParseError):
            assert eg.count_nodes(eg.parse(text, EVERY, max_elements=100_000)) < 10_000, line
        assert tracemalloc.get_traced_memory()[1] < 50_000_000, line
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zeros((10**9,))", "shape"), ("zeros((1000000000,))", "zeros..1000000000,..: an expression of 1000000000 elements"),
        ("ones((100000, 100000))", "elements"), ("identity(10000)", "elements"), ("Symbol('s', (20000000,))", "elements"),
        ("zeros((99999999999999999999999999, 99999999999999999999999999))", "very many elements"),
        ("broadcast_to(x, (9999, 9999))", "elements"),
        ("outer(zeros(99999), v)*x\nouter(zeros(9999), zeros(9999))", "line 2: outer.*: an expression of 99980001 elements"),
        ("place(x, (0,), (10000001,))", "elements"), ("expand_dims(ones(20000000), 0)", "elements"), ("diag(ones(9999))", "elements"),
        ("a = [1, 1]\n" + "".join(f"a = [{', '.join('a' * 9)}]\n" for _ in range(9)), "lists of .* entries in all"),
        ("a = [x, 1]\n" + "".join(f"a = [{', '.join('a' * 9)}]\n" for _ in range(9)), "elements"),
        pytest.param("a = array([1.5, 2])\n" + "a = concatenate([a, a])\n" * 30, "elements|numbers", marks=pytest.mark.slow),
        ("a = array([1.5, 2])\n" + "a = concatenate([a, a])\n" * 15 + "b = 2*a\n" * 200, "arrays of .* numbers in all"),
        ("0x" + "f" * 5000, "a number of 5002 characters"), ("9" * 4000 + "*x", "too large"), ("x**" + "9" * 4000, "too large"),
        ("v[" + "9" * 4000 + "]", "index 999"), ("zeros(" + "9" * 4000 + ")", "very many elements"),
        ("(" * 2000, "nested more than 1000 deep"), ("-" * 2000 + "x", "nested more than 1000 deep"),
        ("[" * 900 + "1" + "]" * 900, "nested too deeply"),
        ("x +" * 7_000_000, "the text has 21000000 characters, more than max_characters=20000000"),
    ],
    ids=lambda t: ascii(t)[:40],
)  # fmt: skip
def test_limits(text: str, message: str) -> None:
    with pytest.raises(eg.ParseError, match=message) as caught:
        eg.parse(text, EVERY)
    assert len(str(caught.value)) < 2_000


def test_limits_can_be_chosen() -> None:
    assert eg.parse("zeros((100000, 1000))", max_elements=10**8).shape == (100_000, 1_000)
    assert eg.parse("-" * 5_000 + "x", [x], max_depth=5_001) is x
    assert eg.parse("v + 1", [v], max_elements=2) is v + 1  # the caller has as much
    for text, more in (
        ("x + x", {"max_characters": 4}),
        ("((x))", {"max_depth": 1}),
        ("stack([A, A])", {"max_elements": 5}),
        ("[1, 2, 3][0]", {"max_elements": 2}),
    ):
        with pytest.raises(eg.ParseError, match=next(iter(more))):
            eg.parse(text, EVERY, **more)


def test_names_and_what_they_mean() -> None:
    assert eg.parse("a * b", {"a": x, "b": y}) is x * y
    with pytest.raises(ValueError, match="two symbols are named 'x'"):
        eg.parse("x", [x, eg.Symbol("x", 2)])
    with pytest.raises(TypeError, match="symbols are expressions made with Symbol"):
        eg.parse("x", ["x"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="takes a string"):
        eg.parse(x)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["lambda", "x y", "a'b\"c", "\n", "eg", "e", "n1", "sum", "ﬁ", "__class__", "match", "s"])
def test_code_of_any_name_is_read_back(name: str) -> None:
    s, t = eg.Symbol(name), eg.Symbol("s")
    e = eg.sin(s) * eg.exp(t * s) + s
    code = eg.to_python(e)
    assert eg.parse(code) is e
    scope: dict[str, object] = {}
    exec(code, scope)
    assert scope["e"] is e


def test_code_of_several_expressions() -> None:
    both = [x * y, eg.sum(v) + x * y, eg.array(2.0)]
    scope: dict[str, object] = {}
    exec(eg.to_python(both, "parts"), scope)
    assert all(a is b for a, b in zip(scope["parts"], both))  # type: ignore[call-overload]
    assert "import" not in eg.to_python(both, "parts").splitlines()[-1]


def test_code_of_a_deep_graph() -> None:
    e = x
    for k in range(5000):
        e = eg.sin(e) + k
    assert eg.parse(eg.to_python(e)) is e


def test_a_symbol_named_like_a_function_is_no_function() -> None:
    s, w, c = (eg.Symbol(n) for n in ("sin", "where", "stack"))
    for e in (s * eg.sin(s), eg.where(w < s, w, eg.exp(s)), eg.stack([c, eg.sin(s)])):
        assert eg.parse(str(e), [s, w, c]) is e
    assert eg.parse("sin*sin(sin)", [s]) is s * eg.sin(s)
    with pytest.raises(eg.ParseError, match="the name 'q' is unknown"):
        eg.parse("q(1)", {"r": s})
    with pytest.raises(eg.ParseError, match="line 1: the name 'q' is unknown"):
        eg.parse("q(1)", {"q": s})


def test_text_that_is_no_expression_is_a_parse_error() -> None:
    s = eg.Symbol("s")
    for text in ("'abc'", "1" + "0" * 400, "[s, [s]]", "None", "1j"):
        with pytest.raises(eg.errors.ParseError):
            eg.parse(text, [s])
    with pytest.raises(eg.errors.ParseError, match="the text is empty"):
        eg.parse("  ")


@pytest.mark.parametrize("name", ["eg", "exprgraph", "float"])
def test_symbols_with_the_names_that_printed_code_uses(name: str) -> None:
    e = eg.Symbol(name, (20, 20))
    for f in (e.T, e.max(axis=1), e[0, 0] * np.inf, eg.tanh(e) @ e):
        assert eg.parse(str(f)) is f and eg.parse(eg.to_python(f)) is f
        scope: dict[str, Any] = {}
        exec(eg.to_python(f), scope)
        assert scope["e"] is f


@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_products_of_powers_are_read_in_every_shape(shape: tuple[int, ...]) -> None:
    """Factors with their exponents are pairs, and no arrays."""
    v = eg.Symbol("v", shape)
    for e in (eg.sqrt(v) / v, eg.product_of_powers([(v, 2.0), (eg.tanh(v), -1)])):
        assert eg.parse(eg.to_python(e)) is e
