"""``check_function``: it stays inside the domain, allows a tolerance, and its report is a program that runs alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_checks import runs

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.testing import Disagreement, check_derivatives, check_function, temporary_functions

SCALE = 2.5


def strict(low: float, high: float, f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that must not be asked outside of an interval."""

    def checked(*arrays: Any) -> Any:
        for a in arrays:
            assert np.all((low < a) & (a < high)), a
        return f(*arrays)

    return checked


DOMAINS = [(0.0, 1.0), (1.0, 2.0), (-3.0, -2.9), (5.0, 1e6), (0.9999, 1.0001), (1e-8, 2e-8)]


@pytest.mark.one_in(6)
@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_no_point_lies_outside_of_the_domain(domain: tuple[float, float]) -> None:
    with temporary_functions():
        f = eg.function("inside", numpy=strict(*domain, np.sin), derivative=lambda t: eg.cos(t), code="math.sin({0})", domain=domain)
        check_function(f, points=3)


def test_of_two_arguments_each_has_its_own() -> None:
    def numpy(a: Any, b: Any) -> Any:
        assert np.all(a > 1) and np.all((b > 0) & (b < 0.5)), (a, b)
        return np.log(a - 1) * np.sqrt(b)

    with temporary_functions():
        f = eg.function(
            "inside_both", numpy=numpy, derivative=(lambda a, b: eg.sqrt(b) / (a - 1), lambda a, b: eg.log(a - 1) / (2 * eg.sqrt(b))),
            code="math.log({0} - 1) * math.sqrt({1})", domain=[(1, math.inf), (0, 0.5)],
        )  # fmt: skip
        check_function(f, order=2, points=2)


def test_the_smallest_case_lies_in_the_domain_too() -> None:
    """Rounder numbers, and parts that become symbols, are not looked for outside of it."""
    x = eg.Symbol("x")
    with temporary_functions():
        f = eg.function(
            "inside_small", numpy=strict(0.1, 0.4, np.sin), derivative=lambda t: eg.cos(t) + 1e-3, code="math.sin({0})", domain=(0.1, 0.4)
        )
        with pytest.raises(Disagreement, match="the first derivative"):
            check_derivatives(eg.exp(f(x * 0.5)) + x, 1, at={x: 0.4321}, compiled=False)


def test_a_tolerance_for_approximations() -> None:
    """A series of a few terms, whose derivative is that of the function itself."""
    with temporary_functions():
        f = eg.function(
            "series", numpy=np.sin, derivative=lambda t: eg.cos(t), code="{0} - {0}**3 / 6 + {0}**5 / 120", domain=(0, 0.3)
        )
        with pytest.raises(Disagreement):
            check_function(f)
        check_function(f, order=1, tolerance=1e-5)
        with pytest.raises(Disagreement) as found:
            check_function(f, order=1, tolerance=1e-12)
        assert "tolerance=1e-12" in found.value.program
        check_derivatives(f(eg.Symbol("x")), 1, at={eg.Symbol("x"): 0.1}, tolerance=1e-5)
    for wrong in (-1.0, math.nan, math.inf, "a", True, None):
        with pytest.raises(ValueError, match="check_function: tolerance is a relative error, a finite number of at least 0, got"):
            check_function("tanh", tolerance=wrong)  # type: ignore[arg-type]


def _closure() -> dict[str, Any]:
    k = 3.0
    return dict(numpy=lambda t: np.sin(k * t), derivative=lambda t: k * eg.sin(k * t), code="math.sin(3.0 * {0})")


def _hidden() -> dict[str, Any]:
    """Functions that use what no text can hold."""
    table = {"a": 1.0}
    return dict(numpy=lambda t: t * table["a"], derivative=lambda t: 2.0 * table["a"], code="{0}")


def _names_of_the_package() -> dict[str, Any]:
    table = {"a": 1.5}
    return dict(numpy=lambda t: table["a"] / (1 + np.exp(-t)), derivative=lambda t: 1.0, code="sigmoid({0}) + relu({0} - 50.0)")


def _hidden_value() -> dict[str, Any]:
    table = {"a": 1.5}
    return dict(numpy=lambda t: t * table["a"], derivative=lambda t: 1.0, code="{0}")


def named_slope(t: Node) -> Node:
    return eg.cos(SCALE * t)  # SCALE times too little


def _of_itself() -> dict[str, Any]:
    def slope(t: Node) -> Node:
        return 1 + mistaken(t)  # the tangent's is 1 + the square

    mistaken = eg.function("reported", numpy=np.tan, derivative=slope, code="math.tan({0})")
    return {}


def _of_another() -> dict[str, Any]:
    other = eg.function("reported_other", numpy=lambda t: 2.0 * t, derivative=lambda t: 2.0, code="2.0 * {0}")
    return dict(numpy=np.square, derivative=lambda t: 1.1 * other(t), code="{0} * {0}")


def _mixed(q: Node) -> Node:
    return eg.cos(q) + (eg.sum(q) - q if q.shape else 0)


FAULTS: dict[str, Callable[[], dict[str, Any]]] = {
    "the derivative": lambda: dict(numpy=np.sin, derivative=lambda t: 2 * eg.cos(t), code="math.sin({0})"),
    "a function with a name": lambda: dict(numpy=lambda t: np.sin(SCALE * t), derivative=named_slope, code="math.sin(2.5 * {0})"),
    "the derivative, with names of an outer function": _closure,
    "the derivative, with a table": _hidden,
    "the value, with a table": _hidden_value,
    "the value": lambda: dict(numpy=lambda t: np.sin(t) + 1e-9, derivative=np.cos, code="math.sin({0})"),
    "in a part": lambda: dict(numpy=np.sin, derivative=lambda t: eg.cos(t) + eg.floor(t), code="math.sin({0})", sample=(1.1, 1.9)),
    "a function of itself": _of_itself,
    "a function of another one": _of_another,
    "arrays only": lambda: dict(numpy=np.sin, derivative=_mixed, code="math.sin({0})"),
    "a special point": lambda: dict(numpy=np.log, derivative=lambda t: 1 / t, code="math.log(abs({0}))", sample=(0.1, 2)),
    "many points": lambda: dict(numpy=lambda t: np.where(t > 1.99, 0, t), derivative=lambda t: 1.0, code="{0}", sample=(0, 2)),
    "a helper": lambda: dict(numpy=np.square, derivative=lambda t: 3 * t, code="power({0})", source="def power(a):\n    return a * a\n"),
    "names of the package": _names_of_the_package,
    "a kink": lambda: dict(numpy=np.abs, derivative=eg.sign, code="abs({0})", sample=(-1e-30, 1e-30)),
    "a vectorised function": lambda: dict(numpy=np.vectorize(lambda t: t + 1e-9 if t > 0 else t), derivative=lambda t: 1.0, code="{0}"),
}  # fmt: skip


@pytest.mark.one_in(20)
@pytest.mark.parametrize("name", FAULTS)
def test_a_report_runs_by_itself(name: str) -> None:
    """In a process that has nothing of this one: it ends with the disagreement that it reports."""
    with temporary_functions():
        columns = FAULTS[name]()
        if columns:
            eg.function("reported", **columns)
        with pytest.raises(Disagreement) as found:
            check_function("reported", order=2)
    program = found.value.program
    ended = runs(program)
    last = ended.stderr.strip().splitlines()
    assert ended.returncode == 1 and ("Disagreement" in ended.stderr or "UnsmoothPointError" in ended.stderr), f"{program}\n\n{last[-1:]}"
    assert found.value.what.split(" is ")[0] in ended.stderr or "UnsmoothPointError" in ended.stderr


@pytest.mark.one_in(4)
def test_a_report_of_two_arguments_and_of_check_derivatives() -> None:
    x, y = eg.symbols("x y")
    with temporary_functions():
        f = eg.function(
            "reported_two", numpy=np.hypot, derivative=(lambda a, b: a / f(a, b), lambda a, b: a / f(a, b)), code="math.hypot({0}, {1})"
        )
        with pytest.raises(Disagreement) as found:
            check_derivatives(eg.exp(f(x, y)) + eg.sin(x), 1, at={x: 0.3, y: 0.8}, compiled=False)
    assert 'eg.function("reported_two", numpy=np.hypot' in found.value.program
    assert "Disagreement: the first derivative" in runs(found.value.program).stderr
