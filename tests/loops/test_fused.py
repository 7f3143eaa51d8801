"""Products fused with sums: which, and with the same bits wherever a function's code stands."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.loops.fused import Short, fused, fused_expression
from exprgraph.loops.print.llvm import LLVMTarget
from exprgraph.loops.print.llvm.builder import Builder, SSAValue
from exprgraph.loops.program import Call, Expression, Function, Let, Name, operation, real
from exprgraph.testing import temporary_functions

A, B, C, P = (Name(n, "real") for n in "abcp")
FUNCTIONS = [
    Function("product", ("a", "b"), (), operation("mul", A, B)), Function("more", ("a",), (), operation("add", A, real(1.0))),
    Function("exact", ("a", "b"), (), operation("mul", A, B), contract=False), Function("twice", ("a",), (), operation("mul", A, A)),
    Function("p_rarely", ("a", "b"), (), operation("mul", A, B)),
]  # fmt: skip


def times(*args: Expression) -> Expression:
    return operation("mul", *args)


def plus(*args: Expression) -> Expression:
    return operation("add", *args)


def less(x: Expression) -> Expression:
    return operation("neg", x)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (plus(times(A, B), C), "fma(a, b, c)"),
        (plus(C, times(A, B)), "fma(a, b, c)"),
        (plus(C, less(times(A, B))), "fma(-a, b, c)"),
        (plus(less(times(A, real(2.0))), less(C)), "fma(a, -2.0, -c)"),
        (plus(times(A, B, C), C), "fma(a * b, c, c)"),
        (plus(times(A, B), times(B, C)), "fma(a, b, b * c)"),
        (plus(A, B, times(B, C), C), "(fma(b, c, a + b)) + c"),
        (plus(times(A, plus(times(A, B), C)), C), "fma(a, fma(a, b, c), c)"),
        (plus(operation("mul_apart", A, B), C), "(a *! b) + c"),
        (operation("div", plus(operation("sqrt", times(A, B)), C), A), "((sqrt(a * b)) + c) / a"),
    ],
)  # fmt: skip
def test_products_that_are_written_in_a_sum(written: Expression, wanted: str) -> None:
    assert repr(fused_expression(written)) == wanted
    assert repr(fused_expression(fused_expression(written))) == wanted


@pytest.mark.parametrize(
    ("body", "result", "wanted"),
    [
        ([Let("p", times(A, B))], plus(P, C), "fma(a, b, c)"),
        ([Let("p", times(A, B))], times(plus(P, C), P), "(p + c) * p"),
        ([Let("p", times(A, B))], plus(times(B, C), P), "fma(b, c, p)"),
        ([Let("p", times(A, B))], plus(P, times(B, C)), "fma(a, b, b * c)"),
        # functions of few operations count as written where they are called
        ([], plus(Call("product", (A, B)), C), "fma(a, b, c)"),
        ([], Call("more", (Call("product", (A, B)),)), "fma(a, b, 1.0)"),
        ([], plus(Call("twice", (plus(A, B),)), C), "twice(a + b) + c"),  # a sum is not computed twice
        ([], plus(Call("exact", (A, B)), C), "exact(a, b) + c"),
        ([], plus(Call("p_rarely", (A, B)), C), "p_rarely(a, b) + c"),
    ],
)
def test_products_of_a_function(body: list[Let], result: Expression, wanted: str) -> None:
    f = Function("f", ("a", "b", "c"), tuple(body), result)
    made = fused(f, Short({g.name: g for g in FUNCTIONS}))
    assert repr(made.result) == wanted
    assert len(made.body) == ("p" in wanted.replace("p_", ""))
    exact = f._replace(contract=False)
    assert fused(exact, Short({})) is exact


def test_machines_without_an_instruction_round_twice() -> None:
    given = [SSAValue(f"%{n}", "real", False, 0) for n in "abc"]
    builder = Builder(LLVMTarget(1, 64, fuses=False))
    builder.fused(*given)
    assert builder.text().split("\n") == ["  %v0 = fmul double %a, %b", "  %v1 = fadd double %v0, %c"]
    builder = Builder(LLVMTarget(1, 64))
    builder.fused(*given)  # LLVM knows what the machine has, and calls no library for it
    assert "@llvm.fmuladd.f64(double %a, double %b, double %c)" in builder.text()


def test_a_formula_has_its_bits_everywhere() -> None:
    """Alone and in lanes, beside a relative, often enough to be called, and with a number that LLVM computes with."""
    x, v = eg.Symbol("x"), eg.Symbol("v", 13)
    at = np.random.default_rng(0).uniform(0.1, 2.0, size=13)
    with temporary_functions():
        source = "def near(a, b):\n    return (a*b + a) * b + 0.1 / (a * a + b)\n"
        slopes = (lambda a, b: a + b, lambda a, b: a - b)
        near = eg.function("near_a", numpy=lambda a, b: a * b, derivative=slopes, code="near({0}, {1})", source=source)
        for f in (lambda e: near(e, 0.7), lambda e: e**2.3):
            fn = eg.compile(f(x), x)
            alone = np.array([fn(a) for a in at])
            beside = [f(v[k]) for k in range(13)] + [eg.tanh(v[0] * x), eg.exp(x), f(v[1] + x)]
            assert np.array_equal(alone, fn(at))
            assert np.array_equal(alone, eg.compile(beside, (v, x))(at, 0.3)[:13])
