"""Networks and general expressions in files of C beside machine code: within 4 units in the last place of the largest entry.

The unit is that of the largest entry of a result; what the results of both owe to rounding is measured by 50 digits.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from c_files import COMPILERS, SANITIZED, STRICT, Loaded, compiled, needs_a_compiler, ulps

import exprgraph as eg
from symnn import Chain, Dense, Gradient, Jacobian, SymbolicNeuralNetwork, derivative

sys.path.append(str(Path(__file__).parents[2]))

from tests.benchmarks import in_c_workloads as made

pytestmark = [pytest.mark.slow, needs_a_compiler]

SAMPLES = (0, 1, 7, 8, 129)


def _of(w: made.Workload) -> tuple[list[eg.Node], list[Any], list[Any]]:
    shared = [s for s, d in zip(w.symbols, w.differ) if not d]
    return w.ours(), list(w.symbols), shared


def _one_layer() -> tuple[list[eg.Node], list[Any], list[Any]]:
    nn = SymbolicNeuralNetwork(Dense(2, 1, "tanh"))
    theta = eg.packed("theta", nn.params.leaves().values())
    return [derivative(Gradient(Jacobian(nn), nn)).flat], [nn.input, theta], [theta]


def _loss_of_a_batch() -> tuple[list[eg.Node], list[Any], list[Any]]:
    nn = SymbolicNeuralNetwork(Chain(Dense(4, 32), Dense(32, 32), Dense(32, 1, "identity")))
    theta = eg.packed("theta", nn.params.leaves().values())
    x, v = eg.Symbol("x", 4, per_sample=True), eg.Symbol("v", 4, per_sample=True)
    g = eg.substitute(eg.gradient(nn.output[0], nn.input), {nn.input: x})
    loss = eg.over_samples.mean(eg.sum((eg.concatenate([g[2:], -g[:2]]) - v) ** 2))
    return [loss, derivative(Gradient(loss, nn)).flat], [x, v, theta], [theta]


WORKLOADS: dict[str, Callable[[], tuple[list[eg.Node], list[Any], list[Any]]]] = {
    "W1": _one_layer,
    "W2": lambda: _of(made.WORKLOADS[0]()),
    "W3-B16": _loss_of_a_batch,
    "W7": lambda: _of(made.WORKLOADS[1]()),
    "arm": lambda: _of(made.WORKLOADS[3]()),
    "harmonics": lambda: _of(made.WORKLOADS[4]()),
    "bodies": lambda: _of(made.WORKLOADS[5]()),
}


@pytest.fixture(scope="module", params=WORKLOADS)
def workload(request: pytest.FixtureRequest) -> tuple[str, eg.CompiledFunction, list[Any], list[Any]]:
    outputs, symbols, shared = WORKLOADS[request.param]()
    return request.param, eg.compile(outputs, symbols, shared=shared), symbols, shared


def arguments(symbols: list[Any], shared: list[Any], samples: int) -> list[np.ndarray]:
    rng = np.random.default_rng(samples)
    sizes = [s.size if isinstance(s, eg.Argument) else 0 for s in symbols]
    widths = [0.3 if n > 100 else 1.0 for n in sizes]  # of parameters, which would saturate a network
    return [rng.uniform(-w, w, (() if s in shared else (samples,)) + s.shape) for s, w in zip(symbols, widths)]


@pytest.mark.parametrize("compiler", COMPILERS)
def test_agreement_with_machine_code(workload, compiler, tmp_path, record_property):
    name, fn, symbols, shared = workload
    f = Loaded(fn, tmp_path / "f.c", f"{compiler} -std=c99 -O3 -march=native")
    worst = 0.0
    for samples in SAMPLES:
        if samples == 0 and name == "W3-B16":
            continue  # a mean of nothing
        given = arguments(symbols, shared, samples)
        for got, want in zip(f(given, samples), fn(*given), strict=True):
            want = want if want.shape == got.shape else want[0] if len(want) else np.zeros(got.shape)  # constants over a batch
            error = ulps(got, want) if got.size else 0.0
            assert error <= 4, (name, samples, error)
            worst = max(worst, error)
    record_property("ulp", worst)
    print(f"{name}, {compiler}: {worst:.2g} ulp")


@pytest.mark.slow_one_in(2)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_sanitizers_find_nothing_in_memory_of_just_the_sizes_of_the_header(workload, compiler, tmp_path):
    name, fn, symbols, shared = workload
    fn.save(tmp_path / "f.c")
    differs = Loaded.differing(tmp_path / "f.h")
    sizes = [(s.size, s not in shared) for s in symbols], [(o.size, d) for o, d in zip(fn.outputs, differs)]
    made_of = ["{" + ", ".join(f"numbers({n}{' * samples' * d})" for n, d in each) + "}" for each in sizes]
    (tmp_path / "main.c").write_text(
        '#include <stdlib.h>\n#include "f.h"\n'
        "static double *numbers(int64_t n) { double *p = malloc((size_t)n * sizeof *p + 1);"
        " for (int64_t k = 0; k < n; k++) p[k] = 0.1 * (double)(k % 7) - 0.3; return p; }\n"
        "int main(void) {\n    const int64_t all[] = {0, 1, 7, 8, 129};\n    for (int k = 0; k < 5; k++) {\n"
        f"        const int64_t samples = all[k];\n        const double *const a[] = {made_of[0]};\n"
        f"        double *const r[] = {made_of[1]};\n"
        "        f(a, r, numbers(samples == 1 ? F_WORKSPACE_ONE : F_WORKSPACE), samples);\n    }\n    return 0;\n}\n"
    )
    compiled(f"{compiler} -std=c99 {STRICT} {SANITIZED} main.c f.c -o program -lm", tmp_path)
    ran = subprocess.run([str(tmp_path / "program")], capture_output=True, text=True, env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert ran.returncode == 0 and not ran.stderr, f"{name}: {ran.stderr[:3000]}"
