"""Every elementary function's derivatives to the third order against SymPy's own, at points all over its domain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference import DIGITS, MODES, mpmath, sp

import exprgraph as eg
from exprgraph.functions.elementwise import Function, apply
from exprgraph.functions.rows import built_in
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import TABLE

#: each smooth function of one argument as SymPy has it, and where it is looked at
UNARY: dict[str, tuple[Any, list[float]]] = {
    "exp": (sp.exp, [-20.0, -1.0, 0.0, 0.3, 20.0]),
    "exp2": (lambda x: 2**x, [-20.0, -1.0, 0.0, 0.3, 20.0]),
    "expm1": (lambda x: sp.exp(x) - 1, [-20.0, -1e-9, 0.0, 1e-5, 3.0]),
    "log": (sp.log, [1e-8, 0.5, 1.0, 3.0, 1e9]),
    "log2": (lambda x: sp.log(x) / sp.log(2), [1e-8, 0.5, 1.0, 3.0, 1e9]),
    "log10": (lambda x: sp.log(x) / sp.log(10), [1e-8, 0.5, 1.0, 3.0, 1e9]),
    "log1p": (lambda x: sp.log(1 + x), [-0.999, -1e-9, 0.0, 1e-5, 50.0]),
    "cbrt": (lambda x: x ** sp.Rational(1, 3), [1e-6, 0.2, 1.0, 8.0, 1e9]),
    "sin": (sp.sin, [-100.0, -1.0, 0.0, 1e-5, 2.0]),
    "cos": (sp.cos, [-100.0, -1.0, 0.0, 1e-5, 2.0]),
    "tan": (sp.tan, [-1.5, -1.0, 0.0, 1e-5, 2.0]),
    "asin": (sp.asin, [-0.999, -0.5, 0.0, 1e-5, 0.9]),
    "acos": (sp.acos, [-0.999, -0.5, 0.0, 1e-5, 0.9]),
    "atan": (sp.atan, [-1e5, -0.5, 0.0, 1e-5, 3.0]),
    "sinh": (sp.sinh, [-20.0, -1.0, 0.0, 1e-5, 3.0]),
    "cosh": (sp.cosh, [-20.0, -1.0, 0.0, 1e-5, 3.0]),
    "tanh": (sp.tanh, [-40.0, -1.0, 0.0, 1e-5, 20.0]),
    "tanh_prime": (lambda x: 1 - sp.tanh(x) ** 2, [-40.0, -1.0, 0.0, 1e-5, 20.0]),
    "asinh": (sp.asinh, [-1e5, -0.5, 0.0, 1e-5, 3.0]),
    "acosh": (sp.acosh, [1.001, 1.5, 2.0, 10.0, 1e5]),
    "atanh": (sp.atanh, [-0.999, -0.5, 0.0, 1e-5, 0.9]),
    "erf": (sp.erf, [-5.0, -0.5, 0.0, 1e-5, 3.0]),
    "erfc": (sp.erfc, [-5.0, -0.5, 0.0, 1e-5, 8.0]),
    "sigmoid": (lambda x: 1 / (1 + sp.exp(-x)), [-40.0, -1.0, 0.0, 1e-5, 40.0]),
    "sigmoid_prime": (lambda x: sp.exp(-x) / (1 + sp.exp(-x)) ** 2, [-40.0, -1.0, 0.0, 1e-5, 40.0]),
    "softplus": (lambda x: sp.log(1 + sp.exp(x)), [-40.0, -1.0, 0.0, 1e-5, 40.0]),
    "gelu": (lambda x: x * sp.erfc(-x / sp.sqrt(2)) / 2, [-6.0, -1.0, 0.0, 1e-5, 6.0]),
    "silu": (lambda x: x / (1 + sp.exp(-x)), [-40.0, -1.0, 0.0, 1e-5, 40.0]),
    "acosh_prime": (lambda x: 1 / sp.sqrt(x**2 - 1), [1.001, 1.5, 2.0, 10.0, 1e5]),
    "coth_acosh": (lambda x: x / sp.sqrt(x**2 - 1), [1.001, 1.5, 2.0, 10.0, 100.0]),
    "atan_prime": (lambda x: 1 / (1 + x**2), [-1e5, -0.5, 0.0, 1e-5, 3.0]),
    "normal_cdf": (lambda x: sp.erfc(-x / sp.sqrt(2)) / 2, [-6.0, -1.0, 0.0, 1e-5, 6.0]),
    "log_sigmoid": (lambda x: -sp.log(1 + sp.exp(-x)), [-40.0, -1.0, 0.0, 1e-5, 40.0]),
    "rgamma": (lambda x: 1 / sp.gamma(x), [0.01, 0.9, 1.0, 2.0, 3.7, 20.0]),
    "gamma": (sp.gamma, [0.01, 0.9, 1.0, 2.0, 3.7, 20.0]),
    "erfinv": (sp.erfinv, [-0.999, -0.5, 1e-5, 0.3, 0.9]),
    "erfcinv": (lambda x: sp.erfinv(1 - x), [1e-5, 0.3, 0.9999, 1.5, 1.999]),
    "gammaln": (sp.loggamma, [0.01, 0.9, 1.0, 2.0, 3.7, 400.0]),
    "digamma": (sp.digamma, [0.01, 0.9, 1.46, 2.0, 3.7, 400.0]),
    "j0": (lambda x: sp.besselj(0, x), [-3.0, 0.5, 2.4, 7.0, 30.0]),
    "j1": (lambda x: sp.besselj(1, x), [-3.0, 0.5, 3.8, 7.0, 30.0]),
    "y0": (lambda x: sp.bessely(0, x), [0.01, 0.5, 0.9, 7.0, 30.0]),
    "y1": (lambda x: sp.bessely(1, x), [0.01, 0.5, 2.2, 7.0, 30.0]),
    "i0": (lambda x: sp.besseli(0, x), [-3.0, 0.5, 1.0, 9.0, 30.0]),
    "i1": (lambda x: sp.besseli(1, x), [-3.0, 0.5, 1.0, 9.0, 30.0]),
    "i0e": (lambda x: sp.exp(-x) * sp.besseli(0, x), [0.01, 0.5, 1.0, 9.0, 12.0]),
    "i1e": (lambda x: sp.exp(-x) * sp.besseli(1, x), [0.01, 0.5, 1.0, 9.0, 12.0]),
    "k0": (lambda x: sp.besselk(0, x), [0.01, 0.5, 1.0, 9.0, 30.0]),
    "k1": (lambda x: sp.besselk(1, x), [0.01, 0.5, 1.0, 9.0, 30.0]),
    "held": (lambda x: x, [-3.0, -1e-9, 1e-9, 2.0]),
    "root": (sp.sqrt, [1e-6, 0.2, 1.0, 9.0, 1e9]),
    "inverse_root": (lambda x: 1 / sp.sqrt(x), [1e-6, 0.2, 1.0, 9.0, 1e9]),
    "relu": (lambda x: sp.Piecewise((x, x > 0), (0, True)), [-3.0, -1e-9, 1e-9, 2.0]),
    "abs": (lambda x: sp.Piecewise((x, x > 0), (-x, True)), [-3.0, -1e-9, 1e-9, 2.0]),
    "step": (lambda x: sp.Piecewise((1, x > 0), (0, True)), [-3.0, -1e-9, 1e-9, 2.0]),
    "sign": (lambda x: sp.Piecewise((1, x > 0), (-1, True)), [-3.0, -1e-9, 1e-9, 2.0]),
    "floor": (lambda x: sp.Piecewise((0, x > 0), (-1, True)), [-0.5, 0.5]),
    "ceil": (lambda x: sp.Piecewise((1, x > 0), (0, True)), [-0.5, 0.5]),
}
#: of two arguments; derivatives of all orders to the third in all orders of the variables
BINARY: dict[str, tuple[Any, list[tuple[float, float]]]] = {
    "atan2": (sp.atan2, [(0.5, 1.5), (-0.5, 1.5), (0.5, -1.5), (-2.0, -0.1), (1.0, 0.0), (1e-5, 3.0)]),
    "hypot": (lambda a, b: sp.sqrt(a**2 + b**2), [(0.5, 1.5), (-3.0, 0.0), (0.0, 2.0), (1e-5, 3.0)]),
    "direction": (lambda a, b: a / sp.sqrt(a**2 + b**2), [(0.5, 1.5), (-3.0, 0.5), (0.25, 2.0), (1e-5, 3.0)]),
    "share": (lambda a, b: a / b, [(0.5, 1.5), (-3.0, 5.0), (0.0, 2.0), (1e-5, 3.0)]),
    "ratio": (lambda a, b: a / b, [(0.5, 1.5), (-3.0, 5.0), (0.25, -2.0), (1e-5, 3.0)]),
    "excess": (lambda a, b: a - b, [(0.5, 1.5), (-3.0, 5.0), (0.0, 2.0), (1e-5, 3.0)]),
    "logaddexp": (lambda a, b: sp.log(sp.exp(a) + sp.exp(b)), [(0.5, 1.5), (-3.0, 5.0), (1.0, 1.0), (30.0, 3.0)]),
    "xlogy": (lambda a, b: a * sp.log(b), [(0.5, 1.5), (-3.0, 5.0), (1.0, 0.01), (1e-5, 3.0)]),
    "beta": (lambda a, b: sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b), [(0.5, 1.5), (3.0, 5.0), (1.0, 0.01), (0.1, 3.0)]),
    "betaln": (lambda a, b: sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b), [(0.5, 1.5), (3.0, 5.0), (1.0, 0.01), (0.1, 3.0)]),
    "xlog1py": (lambda a, b: a * sp.log(1 + b), [(0.5, 1.5), (-3.0, 5.0), (1.0, 0.01), (1e-5, 3.0)]),
    "kl_slope": (lambda a, b: 1 - a / b, [(0.5, 1.5), (3.0, 5.0), (1e-5, 3.0)]),
    "log_ratio": (lambda a, b: sp.log(a / b), [(0.5, 1.5), (3.0, 5.0), (1.0, 0.9999), (1e-5, 3.0)]),
    "rel_entr": (lambda a, b: a * sp.log(a / b), [(0.5, 1.5), (3.0, 5.0), (1.0, 0.9999), (1e-5, 3.0)]),
    "kl_div": (lambda a, b: a * sp.log(a / b) - a + b, [(0.5, 1.5), (3.0, 5.0), (1.0, 0.9), (1e-5, 3.0)]),
    "gamma_density": (lambda a, x: x ** (a - 1) * sp.exp(-x) / sp.gamma(a), [(0.5, 1.5), (3.0, 5.0), (1.0, 0.1), (12.5, 3.0)]),
    "pow": (lambda a, b: a**b, [(0.5, 1.5), (2.0, -3.0), (1.0, 0.3), (3.0, 0.0), (10.0, 2.0)]),
    "power_slope": (lambda a, b: b * a ** (b - 1), [(0.5, 1.5), (2.0, -3.0), (1.0, 0.3), (3.0, 0.0), (10.0, 2.0)]),
    "power_log": (lambda a, b: a**b * sp.log(a), [(0.5, 1.5), (2.0, -3.0), (1.0, 0.3), (3.0, 0.0), (10.0, 2.0)]),
    "minimum": (lambda a, b: sp.Piecewise((a, a < b), (b, True)), [(0.5, 1.5), (1.5, 0.5)]),
    "maximum": (lambda a, b: sp.Piecewise((a, a > b), (b, True)), [(0.5, 1.5), (1.5, 0.5)]),
    "mod": (lambda a, b: a - 2 * b, [(2.5, 1.1), (-2.9, -1.1)]),
    "fmod": (lambda a, b: a - 2 * b, [(2.5, 1.1), (-2.9, -1.1)]),
    "floor_divide": (lambda a, b: sp.Integer(2), [(2.5, 1.1), (-2.9, -1.1)]),
    "gate": (lambda a, b: a * b, [(0.5, 1.5), (-2.0, 0.1)]),
    "gate_both": (lambda a, b: a * b, [(0.5, 1.5), (-2.0, 0.1)]),
}
#: no derivative but 0: comparisons and choice
CONSTANT = {"less", "less_equal", "equal", "not_equal", "logical_and", "logical_or", "logical_not", "where", "smaller"}
#: with an argument that has no derivative, or three arguments: tests/exprgraph/test_special.py, test_bessel.py, test_incomplete.py
ELSEWHERE = {"zeta", "zeta_step", "jn", "yn", "iv", "ive", "kn", "gammainc", "gammaincc", "betainc", "beta_density"}
ELSEWHERE |= {"gammaincc_by_a", "betainc_by_a", "betainc_by_b"}


def row(name: str, *args: Node) -> Node:
    function = TABLE[name]
    assert isinstance(function, Function)
    return apply(function, *args)


def exact(e: Any, symbols: list[Any], points: list[tuple[float, ...]]) -> np.ndarray:
    f = sp.lambdify(symbols, e, modules="mpmath")
    with mpmath.workdps(2 * DIGITS):
        return np.array([float(f(*map(mpmath.mpf, p))) for p in points])


def test_every_row_is_here() -> None:
    assert set(UNARY) | set(BINARY) | CONSTANT | ELSEWHERE == set(built_in())


@pytest.mark.slow
def test_one_argument() -> None:
    outputs: dict[str, list[Node]] = {}
    values: dict[Node, np.ndarray] = {}
    want: dict[str, list[np.ndarray]] = {}
    t = sp.Symbol("t", real=True)
    for name, (theirs, points) in UNARY.items():
        x = eg.Symbol(f"x_{name}", per_sample=True)
        values[x] = np.resize(np.array(points), 5)
        exprs = [theirs(t)]
        for _ in range(3):
            exprs.append(sp.diff(exprs[-1], t))
        want[name] = [exact(e, [t], [(v,) for v in values[x]]) for e in exprs]
        for mode in MODES:
            nodes = [row(name, x)]
            for _ in range(3):
                nodes.append(eg.jacobian(nodes[-1], x, mode))  # type: ignore[call-overload]
            outputs[f"{name}: {mode}"] = nodes
    with_numpy = eg.evaluate(outputs, values)
    compiled = eg.compile(outputs, tuple(values))(*values.values())
    for what, got in (("NumPy", with_numpy), ("compiled", compiled)):
        for name, results in got.items():
            exact_values = want[name.split(":")[0]]
            for order, result in enumerate(results):
                # entries that are small by cancellation are as exact as the functions they are made of
                scale = np.abs(exact_values[order]) + 1e-3 * np.minimum(1.0, np.max(np.abs(exact_values), axis=0))
                error = np.abs(np.broadcast_to(result, (5,)) - exact_values[order]) / (scale + 1e-300)
                assert np.all(error < 2e-13), (what, name, order, np.asarray(result), exact_values[order], error)


@pytest.mark.slow
def test_two_arguments() -> None:
    a, b = sp.symbols("a b", real=True)
    outputs: dict[str, Node] = {}
    values: dict[Node, np.ndarray] = {}
    want: dict[str, np.ndarray] = {}
    for name, (theirs, points) in BINARY.items():
        xs = eg.Symbol(f"a_{name}", per_sample=True), eg.Symbol(f"b_{name}", per_sample=True)
        points = (points * 6)[:6]
        for x, column in zip(xs, zip(*points)):
            values[x] = np.array(column)
        known: dict[str, tuple[Node, Any]] = {"": (row(name, *xs), theirs(a, b))}
        for order in range(4):
            for by in [k for k in known if len(k) == order]:
                ours, exact_one = known[by]
                outputs[f"{name}: {by}"] = ours
                want[f"{name}: {by}"] = exact(exact_one, [a, b], points)
                if order < 3:
                    for k, letter in enumerate("ab"):
                        known[by + letter] = eg.diff(ours, xs[k]), sp.diff(exact_one, (a, b)[k])
    for what, got in (("NumPy", eg.evaluate(outputs, values)), ("compiled", eg.compile(outputs, tuple(values))(*values.values()))):
        for name, result in got.items():
            np.testing.assert_allclose(np.broadcast_to(result, (6,)), want[name], rtol=1e-12, atol=1e-13, err_msg=f"{what} {name}")
