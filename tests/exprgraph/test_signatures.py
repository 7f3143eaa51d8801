"""Functions of users with a mistake in one column: refused when they are defined, by an error that names the column."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.functions.signatures import usual_sample
from exprgraph.testing import temporary_functions

ONE: dict[str, Any] = dict(numpy=np.sin, derivative=lambda t: eg.cos(t), code="math.sin({0})")
TWO: dict[str, Any] = dict(numpy=np.hypot, derivative=(lambda a, b: a, lambda a, b: b), code="math.hypot({0}, {1})")
HELPER = "def helper(a):\n    return a * a\n"


def _takes_two(a: Any, b: Any) -> Any:
    return a


WRONG: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    # code
    "a name written wrongly": (dict(code="math.sinn({0})"), ValueError, r"code has math\.sinn, .*; do you mean math\.sin\?"),
    "of NumPy": (dict(code="np.arctn({0})"), ValueError, r"code has np\.arctn, .*; do you mean np\.arctan\?"),
    "no such function": (dict(code="sinn({0})"), ValueError, "code has the name 'sinn', .* nor a helper in source; do you mean sin?"),
    "a module that is not there": (dict(code="scipy.special.j0({0})"), ValueError, "code has the name 'scipy'"),
    "NumPy by its whole name": (dict(code="numpy.sin({0})"), ValueError, "code has the name 'numpy', .*; do you mean np\\?"),
    "a number of math": (dict(code="pi * {0}"), ValueError, "code has the name 'pi', .*; do you mean math.pi\\?"),
    "the argument by a name": (dict(code="math.sin(x)"), ValueError, r"code has the name 'x', .*; do you mean the argument \{0\}\?"),
    "a place that is not there": (dict(code="{0} + {1}"), ValueError, r"code is an expression of {0}, .*give a derivative for each"),
    "a place by name": (dict(code="math.sin({x})"), ValueError, r"code is an expression of {0}, .*there is no argument 'x'"),
    "a format": (dict(code="{0:.3f}"), ValueError, r"code is an expression of {0}, .*{0} stands alone in its braces"),
    "a conversion": (dict(code="{0!r}"), ValueError, "code .*stands alone in its braces"),
    "too many arguments": (dict(code="math.sin({0}, {0})"), ValueError, r"code calls math\.sin\(a0, a0\), which does not work"),
    "too few": (dict(code="np.hypot({0})"), ValueError, r"code calls np\.hypot\(a0\), which does not work: it takes 2"),
    "of a helper": (dict(code="helper({0}, 1)", source=HELPER), ValueError, r"code calls helper\(a0, 1\).*it takes 1"),
    "of Python's, too few": (dict(code="abs()"), ValueError, r"code calls abs\(\), which does not work: missing"),
    "of Python's, too many": (dict(code="abs({0}, 1)"), ValueError, r"code calls abs\(a0, 1\), which does not work: too many"),
    "a module for a value": (dict(code="math"), ValueError, "code is an expression whose value is a number, got 'math'"),
    "the name of a function": (dict(code="exp"), ValueError, "code is an expression whose value is a number, got 'exp'"),
    "a function of NumPy": (dict(code="np.exp"), ValueError, "code is an expression whose value is a number, got 'np.exp'"),
    "a statement": (dict(code="return {0}"), ValueError, "code is not Python"),
    "text for a value": (dict(code="'{0}'"), ValueError, "code is an expression whose value is a number, got"),
    "nothing for a value": (dict(code="None"), ValueError, "code is an expression whose value is a number, got 'None'"),
    "two values": (dict(code="({0}, {0})"), ValueError, "code is an expression whose value is a number, got"),
    "a list": (dict(code="[math.sin({0})]"), ValueError, "code is an expression whose value is a number, got"),
    "a function as the value": (dict(code="lambda: {0}"), ValueError, "code is an expression whose value is a number, got"),
    "a complex number": (dict(code="1j"), ValueError, "code is an expression whose value is a number, got '1j'"),
    "a function for code": (dict(code=math.sin), TypeError, "code and source are strings, got builtin"),
    # source
    "a name in a helper": (dict(source="def h(a):\n    return a + b\n"), ValueError, "source has the name 'b'"),
    "an attribute in a helper": (dict(source="def h(a):\n    return math.sinn(a)\n"), ValueError, r"source has math\.sinn"),
    "a call in a helper": (dict(source="def h(a):\n    return math.sin()\n"), ValueError, r"source calls math\.sin\(\)"),
    "another decorator": (dict(source="@numba.njit\n" + HELPER), ValueError, r"source has the decorator @numba\.njit; helpers need none"),
    "a helper with a module's name": (dict(source="def math(a):\n    return a\n"), ValueError, "source defines math, the name of a module"),
    "no text": (dict(source=HELPER.encode()), TypeError, "code and source are strings, got str and bytes"),
    # numpy
    "a value for numpy": (dict(numpy=3.0), TypeError, "numpy is a function of arrays, got 3.0"),
    "numpy of two": (dict(numpy=_takes_two), TypeError, "numpy does not take 1 argument .*derivative has one entry for each argument"),
    "a ufunc of two": (dict(numpy=np.hypot), TypeError, r"numpy does not take 1 argument \(it takes 2\)"),
    # derivative
    "a number": (dict(derivative=1.0), TypeError, "derivative is a function of the arguments' .* or None where it is 0; got 1.0"),
    "an expression": (dict(derivative=eg.cos(eg.Symbol("x"))), TypeError, r"derivative is a function .*got cos\(x\)"),
    "text": (dict(derivative="cos"), TypeError, "derivative is a function .*got 'cos'"),
    "of two arguments": (dict(derivative=_takes_two), TypeError, "derivative does not take 1 argument .*missing a required argument: 'b'"),
    "none at all": (dict(derivative=()), ValueError, "derivative is empty"),
    "a number among functions": (dict(TWO, derivative=(1.0, None)), TypeError, "derivative 0 is a function"),
    "of one argument": (dict(TWO, derivative=(lambda a: a, None)), TypeError, "derivative 0 does not take 2 arguments"),
    # printing
    "a template without a place": (dict(text="sinc"), ValueError, "text is a template of {0}, and has no place for an argument"),
    "a place too many": (dict(text="f({0}, {1})"), ValueError, "text is a template of {0}, with other braces doubled"),
    "a fraction": (dict(latex=r"\frac{1}{2} {0}"), ValueError, "latex is a template of {0}, with other braces doubled"),
    "an argument in braces": (dict(latex=r"\sqrt{{0}}"), ValueError, "latex .* has no place .*inside of braces it is {{{0}}}"),
    "a number for text": (dict(text=3), TypeError, "text is a string, got 3"),
    "a number for latex": (dict(latex=3), TypeError, "latex is a string, got 3"),
    "a number for doc": (dict(doc=3), TypeError, "doc is a string, got 3"),
    # intervals
    "a number for domain": (dict(domain=3), ValueError, r"domain is an interval \(low, high\) with low < high; got 3"),
    "reversed": (dict(domain=(1, 0)), ValueError, "domain is an interval"),
    "an interval too many": (dict(domain=[(0, 1), (0, 1)]), ValueError, "domain is an interval"),
    "three numbers": (dict(domain=(0, 1, 2)), ValueError, "domain is an interval"),
    "not a number": (dict(domain=(0, math.nan)), ValueError, "domain is an interval"),
    "names": (dict(domain=("low", "high")), ValueError, "domain is an interval"),
    "text for domain": (dict(domain="01"), ValueError, "domain is an interval"),
    "an empty domain": (dict(domain=()), ValueError, "domain is an interval"),
    "a number for sample": (dict(sample=0.5), ValueError, "sample is an interval"),
    "points without an end": (dict(sample=(0, math.inf)), ValueError, r"sample is where tests take points, and has finite ends"),
    "points outside": (dict(domain=(0, 1), sample=(0.5, 2)), ValueError, r"sample \(0\.5, 2\.0\) is not inside of the domain, "),
    "for two arguments": (dict(TWO, domain=3), ValueError, "domain is an interval .*, one for all 2 arguments or one for each; got 3"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_in_a_column_is_named(name: str) -> None:
    columns, error, said = WRONG[name]
    with temporary_functions():
        with pytest.raises(error, match="function mistaken: " + re.sub(r"\{(\d)\}", r"\\{\1\\}", said)):
            eg.function("mistaken", **{**ONE, **columns})
        with pytest.raises(ValueError, match="there is no function named 'mistaken'"):
            eg.lookup("mistaken")


RIGHT: dict[str, dict[str, Any]] = {
    "NumPy's numbers": dict(domain=(np.float32(0), np.int64(3))),
    "an array": dict(domain=np.array([[0, 1]]), sample=np.array([0.2, 0.4])),
    "infinite": dict(domain=(-math.inf, math.inf)),
    "a helper": dict(code="helper({0})", source=HELPER),
    "helpers in any order": dict(code="first({0})", source="@njit\ndef first(a):\n    return helper(a)\n" + HELPER),
    "names of their own": dict(code="(lambda q: q + 1)({0})", source="def h(a):\n    b = [c for c in range(3)]\n    return a + b[0]\n"),
    "a default": dict(code="h({0})", source="def h(a, b=2.0):\n    return a + b\n"),
    "the package's functions": dict(code="sigmoid({0}) + relu({0})"),
    "a logarithm to a base": dict(code="math.log({0}, 2)"),
    "a command": dict(latex=r"\operatorname{sinc}"),
    "an argument in braces": dict(latex=r"\sqrt{{{0}}}"),
    "nothing": dict(derivative=None),
    "a ufunc": dict(derivative=np.cos),
    "a builtin": dict(derivative=[np.cos], numpy=abs),
}


@pytest.mark.filterwarnings("ignore::exprgraph.NotNativeWarning")  # one of them has a comprehension
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_meant_is_taken(name: str) -> None:
    with temporary_functions():
        eg.function("taken", **{**ONE, **RIGHT[name]})(eg.Symbol("x"))


def test_points_for_tests_lie_in_the_domain() -> None:
    for domain, right in (
        ((-math.inf, math.inf), (-2, 2)), ((0, math.inf), (0, 2)), ((5, math.inf), (5, 10)), ((5, 6), (5, 6)), ((2, 3), (2, 3)),
        ((-math.inf, -4), (-8, -4)), ((-5, -4), (-5, -4)), ((1.5, 9), (1.5, 2)),
    ):  # fmt: skip
        assert usual_sample(domain) == right


@pytest.mark.parametrize(
    ("numpy", "said"),
    [(math.sin, "its numpy cannot be computed for arrays: .*np.vectorize"), (lambda t: t if t > 0 else 0, "np.where chooses by element")],
)
def test_a_function_of_numbers_where_arrays_are_given(numpy: Any, said: str) -> None:
    x = eg.Symbol("x", 3)
    with temporary_functions():
        f = eg.function("of_numbers", **{**ONE, "numpy": numpy})
        for call in (lambda: eg.evaluate(f(x), {x: [1.0, 2.0, 3.0]}), lambda: f([1.0, 2.0, 3.0])):
            with pytest.raises((TypeError, ValueError), match="function of_numbers: .*" + said):
                call()


@pytest.mark.parametrize("gives", [None, "text", [1.0, [2.0]], 1j])
def test_a_derivative_that_gives_something_else(gives: Any) -> None:
    x = eg.Symbol("x")
    with temporary_functions():
        f = eg.function("gives_odd", **{**ONE, "derivative": lambda t: gives})
        with pytest.raises((eg.DTypeError, eg.ShapeError), match="function gives_odd: its derivative by argument 0: "):
            eg.diff(f(x), x)
