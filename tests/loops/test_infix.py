"""Parentheses are where the rules of precedence need them, and nowhere else."""

import pytest

from exprgraph.loops.print.infix import ARITHMETIC, ATOM, PLUS, Infix, Sign
from exprgraph.loops.program import Call, Load, Name, index, operation, real

A, B, C, W, K = Name("a", "real"), Name("b", "real"), Name("c", "real"), Name("w", "reals"), Name("k", "index")


SIGNS = {
    **ARITHMETIC,
    "lt": Sign("<", PLUS - 10, chains=False),
    "eq": Sign("==", PLUS - 10, chains=False),
    "and": Sign("and", PLUS - 20),
    "not": Sign("not", PLUS - 15),
    "and_bits": Sign("&", PLUS - 5, mixes=False),
    "sqrt": Sign("sqrt", ATOM),
}


class Small(Infix):
    signs = SIGNS


def add(*args):
    return operation("add", *args)


def mul(*args):
    return operation("mul", *args)


def neg(x):
    return operation("neg", x)


def less(a, b):
    return operation("lt", a, b)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (add(add(A, B), C), "a + b + c"),
        (add(A, add(B, C)), "a + (b + c)"),
        (add(A, neg(B), C), "a - b + c"),
        (add(A, neg(add(B, C))), "a - (b + c)"),
        (add(A, neg(mul(B, C))), "a - b * c"),
        (add(A, neg(neg(B))), "a - -b"),
        (add(neg(A), B), "-a + b"),
        (neg(neg(A)), "-(-a)"),
        (neg(real(-1.0)), "-(-1.0)"),
        (neg(mul(A, B)), "-(a * b)"),
        (mul(neg(A), B), "-a * b"),
        (mul(add(A, B), C), "(a + b) * c"),
        (operation("div", mul(A, B), C), "a * b / c"),
        (operation("div", A, mul(B, C)), "a / (b * c)"),
        (mul(A, operation("div", B, C)), "a * (b / c)"),
        (operation("sqrt", add(A, B)), "sqrt(a + b)"),
        (mul(operation("sqrt", A), Call("f", (add(A, B), C))), "sqrt(a) * f(a + b, c)"),
        (Load(W, add(K, mul(K, index(3)))), "w[k + k * 3]"),
        (less(add(A, B), C), "a + b < c"),
        (operation("and", less(A, B), operation("not", less(B, C))), "a < b and not b < c"),
        (operation("and_bits", add(K, index(1)), index(3)), "(k + 1) & 3"),
    ],
)
def test_parentheses(written, text):
    assert Small().text(written) == text


def test_a_comparison_of_comparisons_is_no_chain():
    assert Small().text(operation("and", less(A, B), operation("and", less(B, C), less(A, C)))) == "a < b and (b < c and a < c)"
    assert Small().text(operation("eq", less(A, B), less(B, C))) == "(a < b) == (b < c)"


def test_what_is_deep_needs_no_stack():
    e = A
    for _ in range(20_000):
        e = add(e, B)
    assert Small().text(e) == "a" + " + b" * 20_000
