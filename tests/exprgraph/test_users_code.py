"""The code of users' functions: spellings that become machine code, and what is said when one is defined."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.elementwise import Function
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import TABLE

x, y = eg.symbols("x y")
_numbers = itertools.count()
LOOP = "def f(a):\n    while a < 1:\n        a += 1\n    return a\n"


def define(code: str, source: str = "", arity: int = 1, numpy: Any = None) -> Callable[..., Node]:
    return eg.function(
        f"spelled_{next(_numbers)}", numpy=numpy or (lambda *a: a[0]), derivative=[lambda *a: 0 * a[0]] * arity, code=code, source=source
    )


@pytest.fixture(autouse=True)
def _forget() -> Any:
    before = set(TABLE)
    yield
    for name in set(TABLE) - before:
        del TABLE[name]


#: spellings of one value each
SPELLINGS = {
    "a root": ("math.sqrt({0})", "np.sqrt({0})", "{0}**0.5", "{0}**(1/2)", "math.pow({0}, 0.5)", "pow({0}, .5)", "np.power({0}, 1/2)"),
    "a half": ("{0}/2", "{0}/2.0", "0.5*{0}", "{0}*(1/2)", "np.divide({0}, 2)", "{0}/(3 - 1)", "{0}*2**-1"),
    "a square": ("{0}**2", "{0}**2.0", "{0}*{0}", "pow({0}, 2)", "np.square({0})", "math.pow({0}, 2)", "np.float_power({0}, 2)"),
    "the larger": ("max({0}, 1)", "np.maximum({0}, 1)", "{0} if {0} > 1 else 1", "np.where({0} > 1, {0}, 1)", "np.fmax(1, {0})"),
    "exp": ("exp({0})", "math.exp({0})", "np.exp({0})", "math.e**{0}", "1/np.exp(-{0})"),
    "tanh": ("tanh({0})", "math.tanh({0})", "np.tanh({0})"),
    "floor": ("floor({0})", "math.floor({0})", "np.floor({0})", "{0}//1", "int({0})"),
    "a step": ("1.0 if {0} > 0.0 else 0.0", "1 if {0} > 0 else 0", "float({0} > 0)", "1*({0} > 0)", "np.heaviside({0}, 0)", "step({0})"),
    "the sign": ("({0} > 0) - ({0} < 0)", "np.sign({0})", "sign({0})", "math.copysign(1, {0}) if {0} else 0"),
    "between": ("1 if 0 < {0} <= 2 else 0", "1 if {0} > 0 and not {0} > 2 else 0", "1 - ({0} <= 0 or {0} > 2)", "({0} > 0) & ({0} <= 2)"),
    "the size": ("abs({0})", "math.fabs({0})", "np.abs({0})", "np.absolute({0})", "max({0}, -{0})", "math.sqrt({0}*{0})"),
}
POINTS = [0.25, 0.5, 1.0, 1.75, 2.0, 3.5]


@pytest.mark.parametrize("what", SPELLINGS)
def test_every_spelling_is_machine_code_of_one_value(what: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = [define(code) for code in SPELLINGS[what]]
    fn = eg.compile([row(x) for row in rows], x)
    assert fn.address
    scope = {"math": math, "np": np}
    plain = eval("lambda a: " + SPELLINGS[what][1].format("a"), scope)
    for v in POINTS:
        np.testing.assert_allclose(fn(v), [float(plain(v))] * len(rows), rtol=1e-14)
    for results in fn(np.array(POINTS)):
        np.testing.assert_allclose(results, [float(plain(v)) for v in POINTS], rtol=1e-14)


def test_an_activation_as_people_write_it_trains_in_machine_code() -> None:
    """Its derivatives too, in both widths and in threads: they have an address."""
    root = eg.function(
        "spelled_activation", numpy=lambda t: t / np.sqrt(1 + t * t), derivative=lambda t: eg.power(1 + t * t, -1.5),
        code="{0} / math.sqrt(1 + {0}*{0})",
    )  # fmt: skip
    w = eg.Symbol("w", shape=(3, 2))
    v = eg.Symbol("v", shape=2, per_sample=True)
    loss = eg.over_samples.mean(eg.sum(root(w @ v) ** 2))
    fn = eg.compile([loss, eg.gradient(loss, w)], (w, v), threads=2)
    assert fn.address
    values = np.random.default_rng(0).normal(size=(3, 2)), np.random.default_rng(1).normal(size=(40, 2))
    for dtype, digits in ((np.float64, 1e-13), (np.float32, 1e-5)):
        given = [a.astype(dtype) for a in values]
        for got, want in zip(fn(*given), eg.evaluate([loss, eg.gradient(loss, w)], dict(zip((w, v), given)))):
            np.testing.assert_allclose(got, want, rtol=digits, atol=digits)


def test_what_only_numba_compiles_is_said_once() -> None:
    said = r"spelled_said: .*one thread.*no address.*a loop in line 2 of source: while a < 1:"
    with pytest.warns(eg.NotNativeWarning, match=said) as told:
        row = eg.function("spelled_said", numpy=np.ceil, derivative=None, code="f({0})", source=LOOP)
    assert len(told) == 1 and told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        eg.function("spelled_said", numpy=np.ceil, derivative=None, code="f({0})", source=LOOP)
    made = TABLE["spelled_said"]
    assert isinstance(made, Function) and made.template.unread is not None and row(x).op is made
    with pytest.warns(eg.NotNativeWarning, match=r"a function that is not known here in line 1 of code: math\.nextafter\(a0, 1\)"):
        define("math.nextafter({0}, 1)")


@pytest.mark.parametrize(
    ("code", "source", "said"),
    [
        ("exp({0}, 1)", "", r"code calls exp\(a0, 1\), which does not work: exp takes 1 argument, got 2"),
        ("f({0})", "def f(a):\n    return relu(a, a)\n", r"source calls relu\(a, a\), which does not work: relu takes 1"),
        ("f({0}, 1, 2)", "def f(a, b=1):\n    return a\n", r"code calls f\(a0, 1, 2\), which does not work: it takes 2"),
        ("max({0})", "", r"code calls max\(a0\), which does not work: max takes 2 arguments or more, got 1"),
        ("expp({0})", "", "do you mean exp1?|do you mean exp"),
        ("math.sqrtt({0})", "", "do you mean math.sqrt?"),
        ("clear({0})", "", "'clear', which is neither"),
        ("sqrt({0}", "", "is not Python"),
        ("+".join(["{0}"] * 25000), "", "deeper than Python can read"),
    ],
)
def test_mistakes_are_errors_of_the_definition(code: str, source: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        define(code, source)


def test_a_sum_of_thousands_of_terms_is_read() -> None:
    row = define("+".join(["{0}"] * 5000))
    made = TABLE[row.__name__]
    assert isinstance(made, Function) and made.template.unread is None
    fn = eg.compile(row(x), x)
    assert fn.address and fn(0.5) == 2500.0


def test_helpers_of_two_functions_keep_apart() -> None:
    one = define("f({0})", "def f(a):\n    return a + 1\n", numpy=lambda a: a + 1)
    two = define("f({0})", "def f(a):\n    return a + 2\n", numpy=lambda a: a + 2)
    own = define("tanh({0})", "def tanh(a):\n    return a + 3\n", numpy=lambda a: a + 3)
    names = {f.name for r in (one, two, own) for f in TABLE[r.__name__].template.helpers}  # type: ignore[attr-defined]
    assert len(names) == 3 and "tanh" not in names
    fn = eg.compile([one(x), two(x), own(x), eg.tanh(x)], x)
    assert fn.address and fn(0.0) == [1.0, 2.0, 3.0, 0.0]


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    "name",
    [
        "k0",
        "kernel",
        "load",
        "product",
        "R",
        "keep_apart",
        "evaluate",
        "exp",
        "solve",
        "bits",
        "powi",
        "min",
        "a0",
        "w",
        "acc",
        "f",
        "BLOCK",
    ],
)
def test_helpers_may_have_any_name(name: str) -> None:
    """Also one that generated code has, or a parameter or a builtin."""
    row = define(f"{name}({{0}})", f"def {name}(a):\n    return 3 * a\n", numpy=lambda a: 3 * a)
    fn = eg.compile([row(x), eg.exp(x), eg.sum(row(eg.Symbol("v", 3)))], (x, eg.Symbol("v", 3)))
    assert fn.address and fn(0.0, [1.0, 2.0, 3.0]) == [0.0, 1.0, 18.0]
    compile(fn.source, "source", "exec")
