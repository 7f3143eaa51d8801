"""Functions of networks in programs of other kinds: a saved module, C, Numba; arguments in order, the flat parameters last."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from symnn import Chain, Dense, Gradient, Jacobian, Laplacian, SymbolicNeuralNetwork, build_nn_function, derivative

sys.path.append(str(Path(__file__).parent.parent / "loops"))

from c_compiler import function as compiled
from c_compiler import library, needs_a_compiler

NN = SymbolicNeuralNetwork(Chain(Dense(2, 3), Dense(3, 2)))
K = eg.Symbol("k", 2)
EQUATIONS = {"slope": derivative(Jacobian(NN)), "more": [Laplacian(NN), Gradient(K @ NN.output, NN)], "bias": NN.params.L1.b}
X = np.linspace(-1, 1, 14).reshape(7, 2)
KV = np.array([0.5, -2.0])
PS = NN.params.like(np.linspace(-0.7, 0.9, NN.params.size))


def function(**more: Any) -> Any:
    return build_nn_function(EQUATIONS, NN, K, shared=K, **more)


def parts(result: Any) -> list[np.ndarray]:
    return [result["slope"], result["more"][0], result["more"][1].flat, result["bias"]]


ALONE = """
import sys
sys.modules["symnn"] = sys.modules["exprgraph"] = None
import numpy as np
import evaluator
with np.load("values.npz") as v:
    out = evaluator.evaluate(v["x"], v["k"], v["ps"])
np.savez("out.npz", *out)
print(evaluator.self_check() < 1e-12, [name for name, *_ in evaluator.ARGUMENTS])
"""


@pytest.mark.slow  # Numba compiles it
def test_a_saved_evaluator_of_derivatives_runs_without_these_packages(tmp_path: Path) -> None:
    f = function()
    f.save(tmp_path / "evaluator.py")
    np.savez(tmp_path / "values.npz", x=X, k=KV, ps=PS.flat)
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=1) == ["True", "['sinput', 'k', 'parameters']\n"]
    with np.load(tmp_path / "out.npz") as out:
        got = [out[f"arr_{k}"] for k in range(4)]
    want = parts(f(X, KV, PS))
    for g, w in zip(got[:3], want[:3]):
        np.testing.assert_allclose(g, w, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(got[3], PS.L1.b)  # of no sample: not repeated


def buffers() -> tuple[list[np.ndarray], list[np.ndarray]]:
    given = [X.ravel(), KV, PS.flat]
    return given, [np.empty(3), np.empty(7 * 4), np.empty(7 * 2), np.empty(7 * NN.params.size)]


def check(results: list[np.ndarray], f: Any) -> None:
    shared, *own = results
    want = parts(f(X, KV, PS))
    for g, w in zip(own, want):
        np.testing.assert_allclose(g, np.ravel(w), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(shared, PS.L1.b)


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_c_callers_give_arguments_in_order_and_the_flat_parameters_last(backend: str) -> None:
    f = function(backend=backend)
    given, results = buffers()
    workspace, shared = np.empty(f.workspace_size), np.empty(f.workspace_size)
    pointers = [(ctypes.c_void_p * len(a))(*[v.ctypes.data for v in a]) for a in (given, results)]
    f.ctypes(*pointers, workspace.ctypes.data, shared.ctypes.data, len(X))
    check(results, f)
    assert f.address == ctypes.cast(f.ctypes, ctypes.c_void_p).value


@needs_a_compiler
def test_a_file_of_c_takes_arguments_in_the_same_order(tmp_path: Path) -> None:
    f = function()
    given, results = buffers()
    workspace, shared = np.empty(f.workspace_size), np.empty(f.workspace_size)
    assert "arguments[2]  parameters: shape (17,)\n" in f.c_source
    compiled(library(f.c_source, tmp_path))(given, results, workspace, shared, len(X))
    check(results, f)


@pytest.mark.slow
def test_numba_code_calls_the_kernel() -> None:
    numba = pytest.importorskip("numba")
    f = function()
    kernel = f.kernel
    given, results = buffers()

    @numba.njit
    def call(x: Any, k: Any, ps: Any, shared: Any, a: Any, b: Any, c: Any, workspace: Any) -> None:
        kernel(x, k, ps, shared, a, b, c, workspace, 7)

    call(*given, *results, np.empty(f.workspace_size))
    check(results, f)


@pytest.mark.slow  # Numba compiles it
def test_a_sum_over_samples_is_saved_as_a_sum(tmp_path: Path) -> None:
    f = function(reduce="mean")
    f.save(str(tmp_path / "evaluator.py"))
    np.savez(tmp_path / "values.npz", x=X, k=KV, ps=PS.flat)
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as out:
        for k, w in enumerate(parts(f(X, KV, PS))):
            np.testing.assert_allclose(out[f"arr_{k}"], w, rtol=1e-12, atol=1e-14)
