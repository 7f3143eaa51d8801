"""``python -m tests.benchmarks.sparse``: sparse derivatives of models of arrays beside CasADi's, as a table in Markdown.

Each model of each size runs in a process of its own for each engine.  The interpreter of scalars and the functions that it applies are on
disk, where earlier programs leave them once for a machine, and nothing else is.  Measured are the time to build the graph and the sparse
derivative, to the first result after that, to the first result from the start of the process ("from the start"), of a call, and the most
memory.  CasADi's virtual machine and its C (``gcc -O2``) are called with buffers, so that no array is made, and ours with bound arrays;
"new array" is an ordinary call.  "ours, auto" is with ``backend="auto"``: first results are NumPy's, and calls are timed when there is
machine code.  Results must agree.

Processes read and keep Python's bytecode as users have it, whatever ``PYTHONDONTWRITEBYTECODE`` says here: without it, imports take twice
as long.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .kept import with_interpreter

ENGINES = ("ours", "ours, auto", "casadi", "casadi in C")
#: seconds for one engine
LIMIT = 120
#: more variables than these are not compiled by gcc
MOST_IN_C = 3000


def _steady(call: Callable[[], Any]) -> float:
    """The smallest time of a call."""
    best, spent = float("inf"), 0.0
    for _ in range(2000):
        t = time.perf_counter()
        call()
        took = time.perf_counter() - t
        best, spent = min(best, took), spent + took
        if spent > 1.0:
            break
    return best


def _since_the_start() -> float:
    """Seconds since the process was started, with all that Python and the packages load."""
    return time.time() - float(os.environ["STARTED"])


def _ours(name: str, n: int, backend: str) -> dict[str, Any]:
    import exprgraph as eg

    from .sparse_workloads import WORKLOADS

    workload = WORKLOADS[name](n)
    t = time.perf_counter()
    matrix, symbols = workload.ours()
    built = time.perf_counter() - t
    fn = matrix.compile(symbols, "csc", backend=backend)
    value = fn.values(*workload.data)
    first, waited = time.perf_counter() - t, _since_the_start()
    eg.inspect(fn.values, batch=False).wait()
    fn.values(*workload.data)
    new = _steady(lambda: fn.values(*workload.data))
    call = fn.values.bound(*(np.array(d, float) for d in workload.data))
    found = {"build": built, "first": first, "waited": waited, "call": _steady(call), "new": new}
    found.update(nnz=matrix.nnz, note=f"{matrix.colours} colours")
    return found | _check(fn.rows, fn.columns, value, matrix.shape)


def _check(rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> dict[str, float]:
    """Two products of the matrix with vectors."""
    rng = np.random.default_rng(9)
    right, left = rng.normal(size=shape[1]), rng.normal(size=shape[0])
    return {"sum": float(left[rows] @ (values * right[columns])), "size": float(np.abs(left[rows]) @ np.abs(values * right[columns]))}


def _casadi(name: str, n: int, in_c: bool) -> dict[str, Any]:
    import casadi

    from .sparse_workloads import WORKLOADS

    workload = WORKLOADS[name](n)
    t = time.perf_counter()
    arguments, matrix = workload.theirs()
    f = casadi.Function("f", arguments, [matrix])
    built = time.perf_counter() - t
    if in_c:
        f.generate("f.c")
        subprocess.run(["gcc", "-O2", "-march=native", "-fPIC", "-shared", "f.c", "-o", "f.so"], check=True)
        f = casadi.external("f", "./f.so")
    pattern = f.sparsity_out(0)
    value = np.zeros(pattern.nnz())
    buffer, call = f.buffer()
    given = [np.ascontiguousarray(d, float) for d in workload.data]  # columns of CasADi's matrices are our rows
    for k, d in enumerate(given):
        buffer.set_arg(k, memoryview(d.ravel()))
    buffer.set_res(0, memoryview(value))
    call()
    first, waited = time.perf_counter() - t, _since_the_start()
    steady = _steady(call)
    rows, columns = (np.array(k) for k in pattern.get_triplet())
    found = {"build": built, "first": first, "waited": waited, "call": steady, "nnz": pattern.nnz(), "note": ""}
    return found | _check(rows, columns, value, pattern.shape)


def one(engine: str, name: str, n: int) -> dict[str, Any]:
    """What one engine takes, in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    backend = {"ours": "native", "ours, auto": "auto"}.get(engine)
    found = _casadi(name, n, engine == "casadi in C") if backend is None else _ours(name, n, backend)
    found["memory"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return found


def _in_a_process(engine: str, name: str, n: int) -> dict[str, Any] | None:
    command = [sys.executable, "-m", "tests.benchmarks.sparse", "--one", engine, name, str(n)]
    with tempfile.TemporaryDirectory() as folder, with_interpreter() as environment:
        environment.update(PYTHONPATH=os.getcwd(), STARTED=repr(time.time()))
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, cwd=folder, env=environment)
        except subprocess.TimeoutExpired:
            return None
    if done.returncode:
        raise RuntimeError(f"{engine}, {name}, {n}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def seconds(t: float) -> str:
    return f"{t:.2f} s" if t >= 1 else f"{t * 1e3:.3g} ms" if t >= 1e-3 else f"{t * 1e6:.3g} us"


def main() -> None:
    from .sparse_workloads import WORKLOADS

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sparse", description=__doc__)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--sizes", nargs="+", type=int, default=[10, 100, 1000, 10_000, 100_000])
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one[0], given.one[1], int(given.one[2]))))
        return
    print("| model | n | engine | build | first result | from the start | a call | new array | memory | |\n" + "|---" * 10 + "|")
    for name in given.only:
        for n in given.sizes:
            known = None
            for engine in given.engines:
                if engine == "casadi in C" and n > MOST_IN_C:
                    continue
                r = _in_a_process(engine, name, n)
                if r is None:
                    print(f"| {name} | {n:,} | {engine} | | more than {LIMIT} s | | | | | |", flush=True)
                    continue
                agrees = known is None or abs(r["sum"] - known["sum"]) <= 1e-10 * known["size"]
                known = known or r
                told = ", ".join(s for s in (r["note"], "" if agrees else "DIFFERS", f"{r['nnz']:,} entries") if s)
                times = (seconds(r[key]) if key in r else "" for key in ("build", "first", "waited", "call", "new"))
                cells = (name, f"{n:,}", engine, *times, f"{r['memory']:.0f} MB", told)
                print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
