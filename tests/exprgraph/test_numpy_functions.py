"""What NumPy's functions do with expressions: the values of NumPy, and the derivatives of differences."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node

_ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("make_numpy", _ROOT / "docs" / "make_numpy.py")
assert _SPEC is not None and _SPEC.loader is not None
make_numpy: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make_numpy)

CALLS = [call for name in make_numpy.CALLS if name in make_numpy.names() for call in make_numpy.CALLS[name]]
#: without those that answer with text
OF_EXPRESSIONS = [call for call in CALLS if "einsum_path" not in call]
NUMPY_2 = int(np.__version__.split(".")[0]) >= 2


def test_values_and_shapes_are_those_of_numpy() -> None:
    assert len(CALLS) > 200
    wrong = [call for call in CALLS if not make_numpy.agrees(call)]
    assert not wrong, wrong


@pytest.mark.skipif(not NUMPY_2, reason="the page lists the functions of NumPy 2")
def test_the_page_is_made_of_what_works() -> None:
    assert (_ROOT / "docs" / "numpy.md").read_text() == make_numpy.page(), "run python docs/make_numpy.py"


def check_derivatives(call: str) -> None:
    """First derivatives against differences of NumPy's own values; second ones in two ways, and against differences of first ones."""
    used = {name: pair for name, pair in make_numpy.OPERANDS.items() if name in call}
    result = eval(call, {"np": np, **{name: node for name, (node, _) in used.items()}})
    nodes = make_numpy.expressions_in(result)
    f = eg.concatenate([n.ravel() for n in nodes])
    rng = np.random.default_rng(0)
    at = dict(used.values())
    weights = rng.normal(size=f.size)
    total = eg.sum(eg.sin(f) * weights)
    for node, value in at.items():
        slope = rng.normal(size=np.shape(value))
        both = [eg.evaluate(eg.jvp(total, node, slope), at), eg.evaluate(eg.sum(eg.vjp(total, node, 1.0) * slope), at)]
        np.testing.assert_allclose(*both, rtol=1e-10, atol=1e-12)
        h = 1e-5

        def along(e: Node, k: float, node: Node = node, value: Any = value, slope: Any = slope) -> Any:
            return eg.evaluate(e, {**at, node: value + k * slope})

        by_differences = (8 * (along(total, h) - along(total, -h)) - along(total, 2 * h) + along(total, -2 * h)) / (12 * h)
        np.testing.assert_allclose(both[0], by_differences, rtol=1e-6, atol=1e-7, err_msg=call)
        first = eg.jvp(total, node, slope)
        second = eg.jvp(first, node, slope)
        by_differences = (8 * (along(first, h) - along(first, -h)) - along(first, 2 * h) + along(first, -2 * h)) / (12 * h)
        np.testing.assert_allclose(eg.evaluate(second, at), by_differences, rtol=1e-6, atol=1e-6, err_msg=call)


@pytest.mark.one_in(16)
@pytest.mark.parametrize("call", OF_EXPRESSIONS)
def test_derivatives(call: str) -> None:
    check_derivatives(call)


@pytest.mark.one_in(40)
@pytest.mark.parametrize("call", OF_EXPRESSIONS)
def test_compiled_code_has_the_same_values(call: str) -> None:
    nodes = make_numpy.expressions_in(make_numpy.results(call)[0])
    symbols = [node for node, _ in make_numpy.OPERANDS.values()]
    values = [value for _, value in make_numpy.OPERANDS.values()]
    got = eg.compile(nodes, symbols)(*values)
    for a, b in zip(got, eg.evaluate(nodes, dict(zip(symbols, values)))):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)
