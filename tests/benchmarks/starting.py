"""``python -m tests.benchmarks.starting``: the time to the first result in a fresh process, as a table in Markdown.

Three functions that compute the same: a saved module; the function of this package, built from its layers, with machine code
on disk; the function that JAX exported and reads again.  Each process imports NumPy, and then the clock starts.  Processes
run in turn, and medians are compared: milliseconds by the clock and, in brackets, of all processors together.  The last
columns are sizes of files.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import os
import pickle
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from .workloads import Workload, hamiltonian, hessian, parameters_of_jacobian

ROOT = Path(__file__).parents[2]
#: JAX's own format of files needs this package; otherwise its functions are pickled
PICKLED = importlib.util.find_spec("flatbuffers") is None
#: by the name of the file
WORKLOADS: dict[str, Callable[[], Workload]] = {
    "w1": lambda: parameters_of_jacobian([2, 1], 0, "tanh"),
    "w2": lambda: hessian([4, 32, 32, 1]),
    "w3": lambda: hamiltonian(16),
    "w7": lambda: parameters_of_jacobian([3, 16, 16, 2], 64),
}

_CLOCK = """
import sys, time
import numpy as np
data = [np.load(f"{name}.{{k}}.npy") for k in range({count})]
start, used = time.perf_counter(), time.process_time()
{code}
seconds = time.perf_counter() - start, time.process_time() - used
np.savez("result.npz", *[np.asarray(r) for r in results])
print(*seconds)
"""
_WAYS = {
    "saved module": "import {name}\nresults = {name}.evaluate(*data)",
    "cached function": (
        "from exprgraph.tree import flatten\nfrom tests.benchmarks.starting import WORKLOADS\n"
        "f = WORKLOADS['{name}']().ours()\nresults = flatten(f(*data))[0]"
    ),
    "JAX, exported": (
        "import jax, pickle\njax.config.update('jax_enable_x64', True)\nfrom jax import export\n"
        "stored = open('{name}.jax', 'rb').read()\n"
        "f = pickle.loads(stored) if {pickled} else export.deserialize(bytearray(stored))\n"
        "results = [np.asarray(r) for r in jax.tree.leaves(f.call(*data))]"
    ),
}


def _prepare(name: str, w: Workload, jax: Any) -> None:
    """The files of a workload, in the current folder."""
    w.ours().save(f"{name}.py")
    for k, a in enumerate(w.data):
        np.save(f"{name}.{k}.npy", a)
    if jax is not None:
        f = w.theirs()
        f = f if hasattr(f, "lower") else jax.jit(f)
        shapes = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in w.data]
        exported = importlib.import_module("jax.export").export(f)(*shapes)
        Path(f"{name}.jax").write_bytes(
            pickle.dumps(dataclasses.replace(exported, _get_vjp=None)) if PICKLED else bytes(exported.serialize())
        )


def _run(code: str) -> tuple[tuple[float, float], list[np.ndarray]]:
    """Seconds by the clock and by the processor, and results, of a fresh process."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}."}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    with np.load("result.npz") as found:
        clock, processor = map(float, ran.stdout.split()[-2:])
        return (clock, processor), [found[key] for key in found.files]


def _measured(name: str, w: Workload, ways: list[str], runs: int) -> str:
    codes = {way: _CLOCK.format(name=name, count=len(w.data), code=_WAYS[way].format(name=name, pickled=PICKLED)) for way in ways}
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for k in range(runs + 1):  # the first writes caches
        results = {}
        for way, code in codes.items():
            seconds, results[way] = _run(code)
            times[way] += [seconds] * (k > 0)
        for way in ways[1:]:
            for a, b in zip(results[way], results[ways[0]]):
                np.testing.assert_allclose(np.ravel(a), np.ravel(b), rtol=1e-9, atol=1e-9 * np.max(np.abs(b)))
    sizes = [os.path.getsize(f"{name}.{ending}") / 1000 for ending in ("py", "jax") if os.path.exists(f"{name}.{ending}")]
    medians = [[1000 * statistics.median(numbers) for numbers in zip(*own)] for own in times.values()]
    cells = [f"{clock:.0f} ms ({processor:.0f})" for clock, processor in medians] + [f"{size:.0f} kB" for size in sizes]
    return f"| {w.title} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.starting", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="processes for each number")
    options = parser.parse_args()
    try:
        import jax
    except ImportError:
        jax = None
    ways = [way for way in _WAYS if jax is not None or "JAX" not in way]
    print(f"{date.today()}, {platform.processor() or platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}\n")
    heads = ["function", *ways, "module"] + ["JAX's file"] * (jax is not None)
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["EXPRGRAPH_CACHE_DIR"] = os.path.join(folder, "cache")
        for name, make in WORKLOADS.items():
            w = make()
            _prepare(name, w, jax)
            print(_measured(name, w, ways, options.runs), flush=True)
        os.chdir(ROOT)


if __name__ == "__main__":
    main()
