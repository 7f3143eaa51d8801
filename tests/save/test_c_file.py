"""Files of C: what they compute, what they are compiled with, and what they refuse."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from c_files import COMPILERS, CXX, SANITIZED, STRICT, Loaded, checked, compiled, needs_a_compiler, ulps

import exprgraph as eg
from symnn import Chain, Dense, Jacobian, SymbolicNeuralNetwork, build_nn_function, derivative

x, k = eg.Symbol("x", 3, per_sample=True), eg.Symbol("k", (2, 3))
u = eg.tanh(k @ x)
LOSS = eg.over_samples.mean(eg.sum(u**2))
EVERYTHING = {"u": u, "loss": LOSS, "slope": eg.jacobian(u, x), "by k": eg.gradient(LOSS, k), "one": eg.sum(k)}


@pytest.fixture(scope="module")
def fn():
    return eg.compile(EVERYTHING, (x, k))


@needs_a_compiler
@pytest.mark.parametrize("compiler", COMPILERS[:1])
def test_results_for_any_number_of_samples(fn, tmp_path, compiler):
    f = Loaded(fn, tmp_path / "f.c", f"{compiler} -std=c99 -O2")
    rng = np.random.default_rng(0)
    for samples in (0, 1, 7, 8, 129):
        X, K = rng.uniform(-0.6, 0.6, (samples, 3)), rng.uniform(-0.6, 0.6, (2, 3))
        with np.errstate(invalid="ignore"):
            expected = fn(X, K)
        for name, got, want in zip(EVERYTHING, f([X, K], samples), expected.values()):
            assert got.shape == want.shape and ulps(got, want) <= 4, (samples, name)
    assert f.macros["WORKSPACE_ONE"] < f.macros["WORKSPACE"]


@needs_a_compiler
def test_a_file_checks_itself_without_a_warning_in_c_and_in_cpp(fn, tmp_path):
    fn.save(tmp_path / "f.c")
    for compiler in (f"{COMPILERS[0]} -std=c99", *CXX[:1]):
        assert checked(tmp_path / "f.c", compiler, "-O1") < 1e-14
    text = (tmp_path / "f.c").read_text()
    assert {line for line in text.splitlines() if line.startswith("#include")} == {
        '#include "f.h"', "#include <math.h>", "#include <stdint.h>", "#include <stdio.h>"
    }  # fmt: skip
    assert text.index("#include <stdio.h>") > text.index("#ifdef F_MAIN")
    (tmp_path / "f.c").write_text(text.replace("f_expected_1[1] = {\n    0x1.", "f_expected_1[1] = {\n    0x3."))
    with pytest.raises(AssertionError, match="self-check failed"):
        checked(tmp_path / "f.c", f"{COMPILERS[0]} -std=c99", "-O0")


@needs_a_compiler
def test_frozen_parameters_float32_and_a_name(tmp_path):
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 5), Dense(5, 1)))
    fn = build_nn_function({"value": nn.output, "slope": derivative(Jacobian(nn))}, nn)
    ps = nn.chain.initial_parameters(0)
    f = Loaded(fn, tmp_path / "f.c", f"{COMPILERS[0]} -std=c99 -O1", params=ps, dtype="float32", name="net")
    X = np.random.default_rng(1).normal(size=(9, 2)).astype(np.float32)
    expected = fn(X, ps.flat.astype(np.float32))
    for got, want in zip(f([X], 9), expected.values()):
        assert got.dtype == want.dtype == np.float32 and ulps(got, want) <= 4
    assert f.macros == {**f.macros, "ARGUMENTS": 1, "RESULTS": 2, "SIZE_slope": 2}


@needs_a_compiler
def test_without_code_for_batches_samples_are_computed_one_by_one(tmp_path):
    fn = eg.compile([u, eg.sum(k), eg.sum(u)], (x, k))
    f = Loaded(fn, tmp_path / "f.c", f"{COMPILERS[0]} -std=c99 -O1", batch=False)
    assert f.macros["WORKSPACE"] == f.macros["WORKSPACE_ONE"]
    X, K = np.random.default_rng(2).uniform(-0.5, 0.5, (5, 3)), np.full((2, 3), 0.5)
    for samples in (5, 1):
        for got, want in zip(f([X[:samples], K], samples), fn(X[:samples], K)):
            assert ulps(got, want) <= 4


@needs_a_compiler
def test_two_files_in_one_program_called_by_name(fn, tmp_path):
    fn.save(tmp_path / "first.c")
    eg.compile({"int": eg.exp(x), "θ": eg.sum(x)}, x).save(tmp_path / "second.c")
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "first.h"\n#include "second.h"\n#include "second.h"\n'
        "int main(void) {\n"
        "    const double x[3] = {0, 1, 2}, k[FIRST_SIZE_k] = {0};\n"
        "    double u[2], loss[1], slope[6], by_k[6], one[1], e[SECOND_SIZE_int_], total[1];\n"
        "    double workspace[FIRST_WORKSPACE_ONE + SECOND_WORKSPACE_ONE];\n"
        "    first_call(x, k, u, loss, slope, by_k, one, workspace, 1);\n"
        "    second_call(x, e, total, workspace, 1);\n"
        '    printf("%g %g %g %g\\n", u[0], loss[0], e[0], total[0]);\n    return 0;\n}\n'
    )
    for compiler in [*CXX, f"{COMPILERS[0]} -std=c99"][:1]:
        compiled(f"{compiler} {STRICT} main.c first.c second.c -o program -lm", tmp_path)
        assert subprocess.run([str(tmp_path / "program")], capture_output=True, text=True).stdout == "0 0 1 3\n"


def test_bad_input_leaves_no_file(fn, tmp_path):
    source = "def up(a):\n    while a < 1:\n        a += 1\n    return a\n"
    with pytest.warns(eg.errors.NotNativeWarning):
        mine = eg.function("up_in_c", numpy=np.cbrt, derivative=None, code="up({0})", source=source)
    with pytest.raises(eg.errors.CompilationError, match="cannot save the function as C: it contains up_in_c, which only Numba compiles"):
        eg.compile(mine(x), x).save(tmp_path / "f.c")
    for options, says in (
        ({"name": "a-b"}, "no identifier"), ({"dtype": int}, "float64 or float32"), ({"cpu": "any"}, "a file of C has no option 'cpu'"),
        ({"params": {"z": 1}}, "no argument has the name 'z'"), ({"batch": False}, "sum or mean over the samples"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=says):
            fn.save(tmp_path / "f.c", **options)
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        fn.save(tmp_path / "nowhere" / "f.c")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@needs_a_compiler
@pytest.mark.parametrize("compiler", COMPILERS)
def test_sanitizers_find_nothing(fn, tmp_path, compiler):
    fn.save(tmp_path / "f.c")
    assert checked(tmp_path / "f.c", f"{compiler} -std=c99", SANITIZED) < 1e-14
