"""A call of a compiled function makes no calls of Python functions beyond its own, whatever the function has inside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import exprgraph as eg
from tests.benchmarks import workloads as made
from tests.counting import calls_of

#: what `python -m tests.benchmarks` measures, smaller
SMALL: dict[str, Callable[[], made.Workload]] = {
    "loss and gradient": lambda: made.hamiltonian(16),
    "one point": lambda: made.hessian([4, 8, 8, 1]),
    "residual": lambda: made.burgers(2, 20),
    "Laplacian": lambda: made.laplacian([3, 8, 8, 1], 20),
    "scalars": lambda: made.rosenbrock(20),
    "squares": lambda: made.squares([4, 8, 2], 16),
    "steps": lambda: made.runge_kutta(8, 4),
    "series": lambda: made.lstm(8, 3, 1),
    "batch of series": lambda: made.lstm(8, 3, 16),
}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", SMALL)
def test_a_call_of_what_is_measured_is_one_call_of_python(name: str) -> None:
    workload = SMALL[name]()
    function = workload.ours()
    first = function(*workload.data)
    eg.inspect(function).wait()
    function(*workload.data)  # the first call of machine code
    count, again = calls_of(lambda: function(*workload.data))
    assert count == 2, "the call, and the lambda around it"
    for a, b in zip(first, again):
        np.testing.assert_array_equal(a, b)


def test_bound_calls_and_those_with_out_make_none_beside_themselves() -> None:
    x = eg.Symbol("x", 20)
    function = eg.compile(eg.gradient(eg.sum(eg.sin(x) * x[::-1]), x), x)
    point, out = np.linspace(0.0, 1.0, 20), np.empty(20)
    bound = function.bound(point)
    expected = function(point)
    function(point, out=out)
    assert calls_of(bound)[0] == 0
    assert calls_of(lambda: function(point, out=out))[0] == 2
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(bound(), expected)
