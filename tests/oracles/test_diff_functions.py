"""The functions that Julia's differentiation packages share as tests (DiffTests.jl), and the classics of optimization.

Each is written twice: with the package's array operations, and element by element for SymPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from reference import Reference, check_function, sp

import exprgraph as eg
from exprgraph.graph.node import Node


class Case(NamedTuple):
    """A function of an array: of expressions, of SymPy's elements; a point."""

    shape: tuple[int, ...]
    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]
    at: Any = None


def lehmer(n: int) -> np.ndarray:
    i = np.arange(1, n + 1)
    return np.minimum.outer(i, i) / np.maximum.outer(i, i)


def exact_lehmer(n: int) -> Any:
    return sp.Matrix(n, n, lambda i, j: sp.Rational(min(i, j) + 1, max(i, j) + 1))


def diagonal(n: int) -> list[Any]:
    return [sp.Rational(1, 100) + (100 - sp.Rational(1, 100)) * sp.Rational(k, n - 1) for k in range(n)]


def chebyquad(x: Any, n: int) -> list[Any]:
    """Means of shifted Chebyshev polynomials over the nodes, less their integrals."""
    out = []
    for k in range(1, n + 1):
        mean = sum(polynomial(2 * v - 1, k) for v in x) / n
        out.append(mean + (sp.Rational(1, k * k - 1) if k % 2 == 0 else 0))
    return out


def polynomial(t: Any, k: int) -> Any:
    before, now = 1, t
    for _ in range(k - 1):
        before, now = now, 2 * t * now - before
    return now


def chebyquad_ours(x: Node) -> Node:
    n, t = x.shape[0], 2 * x - 1
    before, now = eg.ones(n), t
    out = []
    for k in range(1, n + 1):
        out.append(eg.mean(now) + (1 / (k * k - 1) if k % 2 == 0 else 0))
        before, now = now, 2 * t * now - before
    return eg.stack(out)


def rows(x: Any, n: int) -> Any:
    return sp.Matrix(n, n, list(x))


def softmax(x: Any, n: int) -> Any:
    return sum(sp.exp(v) / sum(sp.exp(u) for u in x[i * n : i * n + n]) for i in range(n) for v in x[i * n : i * n + n])


def num2num_1(x: Any, m: Any) -> Any:
    return m.sin(x) ** 2 / m.cos(x) ** 2


def num2num_2(x: Any, m: Any) -> Any:
    return 2 * x + m.sqrt(x * x * x)


def num2num_3(x: Any, m: Any) -> Any:
    return (10.31 if m is eg else sp.Rational(1031, 100)) ** (x + x) - x


def num2arr_1(x: Any, m: Any) -> list[Any]:
    a, b, c = num2num_1(x, m), num2num_2(x, m), num2num_3(x, m)
    return [a, b, c, a - b, b, c, b, c]


def ackley(x: Any, m: Any, n: int, squares: Any, cosines: Any) -> Any:
    e, fifth = (math.e, 0.2) if m is eg else (sp.E, sp.Rational(1, 5))
    return -20 * m.exp(-fifth * m.sqrt(squares / n)) - m.exp(cosines / n) + 20 + e


TWO_PI: float = 2 * math.pi
CASES: dict[str, Case] = {
    # number to number
    "num2num_1": Case((1,), lambda x: num2num_1(x[0], eg), lambda x: num2num_1(x[0], sp)),
    "num2num_2": Case((1,), lambda x: num2num_2(x[0], eg), lambda x: num2num_2(x[0], sp)),
    "num2num_3": Case((1,), lambda x: num2num_3(x[0], eg), lambda x: num2num_3(x[0], sp)),
    "num2num_4": Case((1,), lambda x: 0 * x[0] + 1, lambda x: sp.Integer(1)),
    "num2num_5": Case((1,), lambda x: 1 / (1 + eg.exp(-x[0])), lambda x: 1 / (1 + sp.exp(-x[0]))),
    "identity": Case((1,), lambda x: x, lambda x: x),
    # number to array
    "num2arr_1": Case((1,), lambda x: eg.reshape(eg.stack(num2arr_1(x[0], eg)), (2, 2, 2)), lambda x: num2arr_1(x[0], sp)),
    # vector to number
    "vec2num_1": Case((5,), lambda x: (eg.exp(x[0]) + eg.log(x[2]) * x[3]) / x[4], lambda x: (sp.exp(x[0]) + sp.log(x[2]) * x[3]) / x[4]),
    "vec2num_2": Case((5,), lambda x: x[0] * x[1] + eg.sin(x[0]), lambda x: x[0] * x[1] + sp.sin(x[0])),
    "vec2num_3": Case((5,), lambda x: eg.norm(eg.outer(x, x)), lambda x: sp.sqrt(sum(a**2 * b**2 for a in x for b in x))),
    "vec2num_4": Case((5,), lambda x: 0 * (eg.sum(x) + eg.prod(x)) + 1, lambda x: sp.Integer(1)),
    "vec2num_5": Case((5,), lambda x: eg.sum((-x) ** 3), lambda x: -sum(v**3 for v in x)),
    "vec2num_6": Case((5,), lambda x: eg.sum(eg.where(x > 0, x, 0)), lambda x: x[0] + x[2] + x[4], [0.5, -1.0, 2.0, -0.25, 0.75]),
    "vec2num_7": Case((5,), lambda x: eg.sum(x[0] * x), lambda x: x[0] * sum(x)),
    "prod": Case((5,), eg.prod, lambda x: x[0] * x[1] * x[2] * x[3] * x[4]),
    "rosenbrock_1": Case(
        (5,),
        lambda x: eg.sum((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2),
        lambda x: sum((1 - a) ** 2 + 100 * (b - a**2) ** 2 for a, b in zip(x, x[1:])),
    ),
    "rosenbrock_2": Case(
        (5,),
        lambda x: eg.sum((x[0] - x[:-1]) ** 2 + 100 * x[0] * (x[1:] - x[:-1] ** 2) ** 2),
        lambda x: sum((x[0] - a) ** 2 + 100 * x[0] * (b - a**2) ** 2 for a, b in zip(x, x[1:])),
    ),
    "rosenbrock_4": Case(
        (5,),
        lambda x: eg.sum((1 + x[:-1]) ** 2 + 100 * eg.abs(x[1:] + x[:-1] ** 2) ** 2),
        lambda x: sum((1 + a) ** 2 + 100 * (b + a**2) ** 2 for a, b in zip(x, x[1:])),
    ),
    "ackley": Case(
        (4,),
        lambda x: ackley(x, eg, 4, eg.sum(x**2), eg.sum(eg.cos(TWO_PI * x))),
        lambda x: ackley(x, sp, 4, sum(v**2 for v in x), sum(sp.cos(2 * sp.pi * v) for v in x)),
    ),
    "self_weighted_logit": Case((5,), lambda x: 1 / (1 + eg.exp(-(x @ x))), lambda x: 1 / (1 + sp.exp(-sum(v**2 for v in x)))),
    "nested_array_mul": Case((5,), lambda x: eg.sum(x[0] * eg.stack([[x[1], x[2]]])), lambda x: x[0] * (x[1] + x[2])),
    "first": Case((5,), lambda x: x[0], lambda x: x[0]),
    "log_sum_exp": Case((4,), eg.logsumexp, lambda x: sp.log(sum(sp.exp(v) for v in x))),
    # matrix to number
    "mat2num_1 without det": Case(
        (2, 2),
        lambda x: eg.sum(x[0, 0] * eg.inv(x @ x) + x),
        lambda x: sum(x[0] * rows(x, 2).__pow__(2).inv() + rows(x, 2)),
    ),
    "mat2num_2": Case(
        (2, 2),
        lambda x: eg.trace(eg.log(1 + eg.outer(x.reshape(4), x.reshape(4)) + x.reshape(4)[:, None] - x.reshape(4))),
        lambda x: sum(sp.log(1 + v * v) for v in x),
    ),
    "mat2num_3": Case((2, 2), lambda x: eg.sum(eg.sqrt(eg.abs(x) + x**2) / 2), lambda x: sum(sp.sqrt(v + v**2) / 2 for v in x)),
    "mat2num_4": Case(
        (2, 2), lambda x: eg.mean(eg.sum(eg.sin(x) @ x, axis=1)), lambda x: sum(rows([sp.sin(v) for v in x], 2) * rows(x, 2)) / 2
    ),
    "softmax": Case((2, 2), lambda x: eg.sum(eg.exp(x) / eg.sum(eg.exp(x), axis=1, keepdims=True)), lambda x: softmax(x, 2)),
    "softmax squared": Case(
        (3,), lambda x: (eg.exp(x) / eg.sum(eg.exp(x))) ** 2, lambda x: [(sp.exp(v) / sum(sp.exp(u) for u in x)) ** 2 for v in x]
    ),
    "solve": Case((2, 2), lambda x: eg.solve(x, eg.array([1.0, 2.0])), lambda x: list(rows(x, 2).LUsolve(sp.Matrix([1, 2])))),
    # vector to vector
    "negative": Case((5,), lambda x: -x, lambda x: [-v for v in x]),
    "chebyquad": Case((4,), chebyquad_ours, lambda x: chebyquad(x, 4)),
    "brown_almost_linear": Case(
        (4,),
        lambda x: eg.concatenate([x[:3] + eg.sum(x) - 5, eg.stack([eg.prod(x) - 1])]),
        lambda x: [v + sum(x) - 5 for v in x[:3]] + [x[0] * x[1] * x[2] * x[3] - 1],
    ),
    "trigonometric": Case(
        (4,),
        lambda x: 4 - eg.sum(eg.cos(x)) + eg.array([1.0, 2, 3, 4]) * (1 - eg.cos(x)) - eg.sin(x),
        lambda x: [4 - sum(map(sp.cos, x)) + (k + 1) * (1 - sp.cos(v)) - sp.sin(v) for k, v in enumerate(x)],
    ),
    "mutation_test_1": Case((3,), lambda x: eg.stack([x[0] * x[1], 0 * x[2], x[0] * x[1]]), lambda x: [x[0] * x[1], 0, x[0] * x[1]]),
    "arr2arr_2": Case((2, 2), lambda x: x[0] + x[0] + x[0, 0], lambda x: [3 * x[0], 2 * x[1] + x[0]]),
    "dense_lmul": Case((4,), lambda x: lehmer(4) @ x, lambda x: list(exact_lehmer(4) * sp.Matrix(x))),
    "diag_lmul": Case((4,), lambda x: np.diag(np.linspace(0.01, 100, 4)) @ x, lambda x: [d * v for d, v in zip(diagonal(4), x)]),
    "dense_ldiv": Case((4,), lambda x: eg.solve(lehmer(4), x), lambda x: list(exact_lehmer(4).inv() * sp.Matrix(x))),
    "utriag_ldiv": Case(
        (3,),
        lambda x: eg.solve(np.triu(lehmer(3)), x**2),
        lambda x: list(exact_lehmer(3).upper_triangular().inv() * sp.Matrix([v**2 for v in x])),
    ),
    "inv": Case((2, 2), eg.inv, lambda x: list(rows(x, 2).inv())),
    # three matrices to a number, in one vector: x1 (2), w1 (2, 2), w2 (2)
    "neural_step": Case(
        (8,),
        lambda x: eg.sigmoid(x[6:] @ eg.softplus(eg.reshape(x[2:6], (2, 2)) @ x[:2])),
        lambda x: 1 / (1 + sp.exp(-sum(x[6 + i] * sp.log(1 + sp.exp(x[2 + 2 * i] * x[0] + x[3 + 2 * i] * x[1])) for i in range(2)))),
    ),
    # classics
    "beale": Case(
        (2,),
        lambda x: eg.sum((eg.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** np.array([1.0, 2, 3]))) ** 2),
        lambda x: sum((sp.Rational(c, 8) - x[0] * (1 - x[1] ** k)) ** 2 for k, c in ((1, 12), (2, 18), (3, 21))),
    ),
    "himmelblau": Case(
        (2,),
        lambda x: (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2,
        lambda x: (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2,
    ),
    "powell": Case(
        (4,),
        lambda x: (x[0] + 10 * x[1]) ** 2 + 5 * (x[2] - x[3]) ** 2 + (x[1] - 2 * x[2]) ** 4 + 10 * (x[0] - x[3]) ** 4,
        lambda x: (x[0] + 10 * x[1]) ** 2 + 5 * (x[2] - x[3]) ** 2 + (x[1] - 2 * x[2]) ** 4 + 10 * (x[0] - x[3]) ** 4,
    ),
}
#: in the quick selection; the others take longer to compile
QUICK = [
    "num2num_1", "num2num_2", "num2num_4", "vec2num_1", "vec2num_6", "prod", "rosenbrock_1", "nested_array_mul", "mat2num_3",
    "softmax squared", "solve", "brown_almost_linear", "utriag_ldiv", "dense_lmul", "himmelblau",
]  # fmt: skip


def compare(name: str) -> None:
    case = CASES[name]
    n = math.prod(case.shape)
    x = eg.Symbol("x", case.shape)
    symbols = sp.symbols(f"x:{n}", positive=case.at is None, real=True)
    formulas = case.theirs(list(symbols))
    f = eg.array(0.0) + case.ours(x)
    at = case.at if case.at is not None else np.random.default_rng(7).uniform(0.3, 1.2, n) + np.resize([0.6, 0, 0], n)
    reference = Reference(symbols, [sp.sympify(e) for e in (formulas if isinstance(formulas, list) else [formulas])])
    check_function(name, f, x, reference, [list(at)])


@pytest.mark.one_in(9)
@pytest.mark.parametrize("name", QUICK)
def test_a_function(name: str) -> None:
    compare(name)


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in CASES if n not in QUICK])
def test_another_function(name: str) -> None:
    compare(name)


@pytest.mark.parametrize("n", [2, 40])
def test_rosenbrock_in_closed_form(n: int) -> None:
    x = eg.Symbol("x", n)
    f = eg.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    at = np.random.default_rng(n).normal(size=n)
    u = at[:-1]
    gradient = np.zeros(n)
    gradient[:-1] += -400 * u * (at[1:] - u**2) - 2 * (1 - u)
    gradient[1:] += 200 * (at[1:] - u**2)
    hessian = np.zeros((n, n))
    i = np.arange(n - 1)
    hessian[i, i] += 1200 * u**2 - 400 * at[1:] + 2
    hessian[i + 1, i + 1] += 200
    hessian[i, i + 1] = hessian[i + 1, i] = -400 * u
    third = np.zeros((n, n, n))
    third[i, i, i] = 2400 * u
    for j, k, m in ((i, i, i + 1), (i, i + 1, i), (i + 1, i, i)):
        third[j, k, m] = -400
    outputs = {"f": f, "g": eg.gradient(f, x), "gf": eg.jacobian(f, x, "forward"), "h": eg.hessian(f, x), "hr": eg.hessian(f, x, "reverse")}
    outputs["hv"] = eg.jvp(eg.gradient(f, x), x, at)
    outputs["third"] = eg.jvp(eg.hessian(f, x), x, at)
    for got in (eg.evaluate(outputs, {x: at}), eg.compile(outputs, x)(at)):
        for key, want in {"g": gradient, "gf": gradient, "h": hessian, "hr": hessian, "hv": hessian @ at, "third": third @ at}.items():
            np.testing.assert_allclose(got[key], want, rtol=1e-12, atol=1e-12 * np.abs(want).max(), err_msg=key)
