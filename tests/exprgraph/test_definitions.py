"""A function that is defined again: the same definition is the same function, a changed one takes over the name."""

from __future__ import annotations

import functools
import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.testing import check_values, temporary_functions

x, y = eg.symbols("x y")


def cell(slope: float = 1.0, code: str = "math.sin({0})", numpy: Any = np.sin, **columns: Any) -> Callable[..., Node]:
    """What a cell of a notebook says: its lambdas are made anew each time."""
    return eg.function("defined_twice", numpy=numpy, derivative=lambda t: slope * eg.cos(t), code=code, **columns)


def test_the_same_definition_is_the_same_function() -> None:
    f, g = cell(), cell()
    assert f(x) is g(x)
    assert eg.lookup("defined_twice")(x) is f(x)
    assert cell(numpy=lambda t: np.sin(t))(x) is cell(numpy=lambda t: np.sin(t))(x)


CHANGES: dict[str, Callable[[], Callable[..., Node]]] = {
    "another derivative": lambda: cell(slope=2.0),
    "another code": lambda: cell(code="math.sin({0}) + 0.0"),
    "another value": lambda: cell(numpy=lambda t: np.sin(t) + 0.0),
    "a number of it": lambda: cell(numpy=lambda t: np.sin(t) + 1.0),
    "a default": lambda: cell(numpy=lambda t, shift=2.0: np.sin(t) + shift),
    "a partial": lambda: cell(numpy=functools.partial(np.add, 1.0)),
    "another partial": lambda: cell(numpy=functools.partial(np.add, 2.0)),
    "an inner function": lambda: cell(numpy=lambda t: (lambda s: s + 3.0)(np.sin(t))),
    "a helper": lambda: cell(code="helping({0})", source="def helping(a):\n    return math.sin(a)\n"),
    "another helper": lambda: cell(code="helping({0})", source="def helping(a):\n    return math.sin(a) + 0.0\n"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_definition_is_another_function(what: str) -> None:
    f = cell()
    old = f(x)
    g = CHANGES[what]()
    new = g(x)
    assert new is not old and new.digest != old.digest
    assert eg.lookup("defined_twice")(x) is new
    assert g(x) is new and CHANGES[what]()(x) is new
    # the old one is still itself: its value, its derivative, its pickle, its copies
    assert f(x) is old and eg.diff(old, x) is eg.cos(x)
    assert float(eg.evaluate(old, {x: 0.5})) == np.sin(0.5)
    for e in (old, new, old + 2 * new):
        assert pickle.loads(pickle.dumps(e)) is e
    # defined as it was, it is what it was
    assert cell()(x) is old


def test_both_in_one_expression_are_compiled_as_each_was_defined() -> None:
    old = cell(code="helping({0})", source="def helping(a):\n    return a * 2.0\n", numpy=lambda t: t * 2.0)
    new = cell(code="helping({0})", source="def helping(a):\n    return a * 3.0\n", numpy=lambda t: t * 3.0)
    source = "def helping(a):\n    return a * 5.0\n"
    other = eg.function("defined_beside", numpy=lambda t: t * 5.0, derivative=lambda t: 5.0, code="helping({0})", source=source)
    e = eg.stack([old(x), new(x), other(x)])
    np.testing.assert_array_equal(eg.evaluate(e, {x: 1.5}), [3.0, 4.5, 7.5])
    np.testing.assert_array_equal(eg.compile(e, x)(1.5), [3.0, 4.5, 7.5])
    np.testing.assert_array_equal(eg.compile(e, x)(np.full(9, 1.5))[4], [3.0, 4.5, 7.5])


def test_how_a_function_prints_is_no_part_of_its_definition() -> None:
    old = cell()(x)
    new = cell(text="<{0}>", latex=r"\varphi", sample=(0.0, 1.0))(x)
    assert new is old and str(old) == "<x>" and r"\varphi" in eg.latex(old)


def test_a_function_that_uses_itself_and_what_is_around_it() -> None:
    def make(k: float) -> Node:
        f = eg.function("defined_by_itself", numpy=lambda t: np.exp(k * t), derivative=lambda t: k * f(t), code=f"math.exp({k} * {{0}})")
        return f(x)

    assert make(2.0) is make(2.0)
    assert make(3.0) is not make(2.0)
    check_values(make(2.0), at={x: 0.5})
    assert eg.diff(make(2.0), x, 3) is 8 * make(2.0)


def test_names_of_the_package_are_not_given_away() -> None:
    for name in ("tanh", "sum", "symbol"):
        with pytest.raises(ValueError, match="exists already"):
            eg.function(name, numpy=np.tanh, derivative=None, code="tanh({0})")


def test_what_was_redefined_in_a_test_is_as_it_was_before() -> None:
    old = cell()(x)
    with temporary_functions():
        cell(slope=5.0)
    assert eg.lookup("defined_twice")(x) is old


WRITE = """
import pickle, sys, numpy as np, exprgraph as eg
f = eg.function("defined_elsewhere", numpy=lambda t: np.sin(t) + {0}, derivative=lambda t: eg.cos(t), code="math.sin({{0}}) + {0}")
e = f(eg.Symbol("x")) * 2
sys.stdout.write(e.digest.hex() + " " + pickle.dumps(e).hex())
"""


def _elsewhere(number: float, seed: str) -> tuple[str, bytes]:
    code = WRITE.format(number)
    env = {**os.environ, "PYTHONHASHSEED": seed}
    digest, data = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout.split()
    return digest, bytes.fromhex(data)


@pytest.mark.slow
def test_digests_and_pickles_of_other_processes() -> None:
    digest, data = _elsewhere(1.0, "1")
    other, _ = _elsewhere(2.0, "2")
    assert digest != other
    scope: dict[str, Any] = {}
    exec(WRITE.format(1.0).replace("sys.stdout.write", "str"), scope)
    first = scope["e"]
    assert pickle.loads(data) is first and first.digest.hex() == digest
    exec(WRITE.format(2.0).replace("sys.stdout.write", "str"), scope)
    assert scope["e"] is not first
    assert pickle.loads(data) is first  # what still holds its function has it
    del first
    gc.collect()
    with pytest.raises(ValueError, match=r"'defined_elsewhere' was defined otherwise .*define it as it was"):
        pickle.loads(data)
