"""Backends are what their names say, agree on everything, and are refused by name where there is none."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.call import module
from exprgraph.testing import Disagreement, check_backends
from symnn import Dense, SymbolicNeuralNetwork, build_nn_function
from symnn.errors import ArgumentError
from tests.exprgraph.rule_graphs import SHARED, Symbols, graphs, values

x, y = eg.symbols("x y")


@pytest.mark.one_in(50)
@pytest.mark.parametrize("name", sorted(graphs(SHARED)))
def test_backends_agree(name: str) -> None:
    symbols: Symbols = SHARED
    check_backends(graphs(symbols)[name], at=values(symbols), backends=["native", "numpy", "auto"])


@pytest.mark.slow_one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(graphs(SHARED))[::3])
def test_numba_agrees(name: str) -> None:
    check_backends(graphs(SHARED)[name], at=values(SHARED), backends=["numba"])


def test_numba_is_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    original = module.load_module
    monkeypatch.setattr(module, "load_module", lambda source: loaded.append(source) or original(source))
    for backend, count in (("native", 0), ("numpy", 0), ("numba", 1)):
        assert eg.compile(x * y, (x, y), backend=backend)(2.0, 3.0) == 6.0
        assert len(loaded) == count


@pytest.mark.slow
def test_all_backends_at_special_points() -> None:
    """In one expression: lanes, shared values, a product, a choice, special points."""
    a = eg.Symbol("a", shape=(2, 3))
    v = eg.Symbol("v", shape=3, per_sample=True)
    e = eg.over_samples.mean(eg.sum(eg.tanh(a @ v) ** 2)) + eg.maximum(a[0, 0], a[1, 1]) * eg.sqrt(a[0, 2])
    at = {a: np.array([[0.5, -1.0, -2.0], [2.0, math.inf, 0.25]]), v: np.array([[1.0, 2.0, -0.5], [0.0, -0.0, 3.0]])}
    check_backends(e, at=at)


@pytest.mark.parametrize("backend", ["numb", "", None, 1, ["native"], "Numpy"])
def test_there_is_none_of_another_name(backend: Any) -> None:
    with pytest.raises(ValueError, match="unknown backend .*; expected one of native, numba, numpy, auto"):
        eg.compile(x, x, backend=backend)
    nn = SymbolicNeuralNetwork(Dense(1, 1))
    with pytest.raises(ArgumentError, match="backend is one of 'native', 'numba', 'numpy', 'auto', got"):
        build_nn_function(nn.output, nn, backend=backend)


def test_numba_has_no_address() -> None:
    fn = eg.compile(x * y, (x, y), backend="numba")
    with pytest.raises(eg.CompilationError, match="backend 'numba' has no address; compile with backend='native'"):
        _ = fn.address
    with pytest.raises(eg.CompilationError, match="backend 'numba' has no address"):
        fn.low_level_callable()
    assert "backend 'numba'" in repr(fn)


def test_what_disagrees_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from exprgraph.testing import backends

    original = backends.compile_
    monkeypatch.setattr(backends, "compile_", lambda e, s, backend: original(e + 1e-3 if backend == "auto" else e, s, backend=backend))
    with pytest.raises(Disagreement, match="by backend 'auto'"):
        check_backends(eg.sin(x) + x, at={x: 0.5}, backends=["native", "auto"])


def test_auto_compiles_when_the_first_answer_is_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    x = eg.Symbol("x", shape=3)
    fn = eg.compile(eg.sin(x) * 1.25, x, backend="auto")
    begun: list[int] = []
    evaluated = type(fn.core)._with_numpy

    def recorded(core: Any, *given: Any) -> Any:
        begun.append(len(core._coming))
        return evaluated(core, *given)

    monkeypatch.setattr(type(fn.core), "_with_numpy", recorded)
    first = fn(np.ones(3))
    eg.inspect(fn, batch=False).wait()
    np.testing.assert_allclose(fn(np.ones(3)), first, rtol=1e-15)
    assert begun == [0] and eg.inspect(fn, batch=False).answers == "machine code"


_PROCESS = """
import sys
import numpy as np
import exprgraph as eg
from numba.core import compiler

compiled = []
original = compiler.compile_extra
compiler.compile_extra = lambda *a, **k: compiled.append(1) or original(*a, **k)
x = eg.Symbol("x", shape=3)
fn = eg.compile(eg.sum(eg.tanh(x) ** 2), x, backend="numba")
print(repr(float(fn(np.array([0.5, 1.0, -2.0])))), len(compiled))
"""


@pytest.mark.slow
def test_a_later_process_loads_what_numba_compiled(tmp_path: Path) -> None:
    told = []
    for cache in ("a", "a", ""):
        environment = {**os.environ, "EXPRGRAPH_CACHE_DIR": str(tmp_path / cache) if cache else ""}
        done = subprocess.run([sys.executable, "-c", _PROCESS], env=environment, capture_output=True, text=True, check=True)
        told.append(done.stdout.split())
    assert len({value for value, _ in told}) == 1
    assert int(told[0][1]) > 0 and told[1][1] == "0" and int(told[2][1]) > 0
