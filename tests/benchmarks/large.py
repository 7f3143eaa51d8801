"""``python -m tests.benchmarks.large``: large scalar programs beside CasADi's SX, a row for each workload and size.

Every row is measured in processes of its own, on one core.  The interpreter and the functions that it applies are on disk, where earlier
programs leave them once for a machine, and nothing else is: ``build`` makes the graph and its derivative,
``first`` is the first result after that, ``auto`` the first with ``backend="auto"``, ``early`` the median of calls that the interpreter
answers, ``code`` the seconds until there is machine code, ``call`` the median of later calls with bound arrays, as CasADi's are, ``new``
that of calls that return new arrays, ``memory`` the peak beyond that of the imported package.  CasADi's ``build`` ends with its first call
by the virtual machine; its C is compiled by ``cc -O2``, if that takes no minutes.  Results must agree.  Models of arrays are measured
by ``python -m tests.benchmarks.sparse``.  ``--stages`` shows where the time of this package goes instead.  Processes read and keep Python's
bytecode as users have it, whatever ``PYTHONDONTWRITEBYTECODE`` says here.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from .kept import with_interpreter
from .large_workloads import LARGE, Large

#: seconds for a row of one package, and for its C
PATIENCE = 300.0
#: instructions of a program that is compiled by ``cc``; it takes minutes for more
MOST_IN_C = 40_000
#: seconds of calls
CALLS = 0.5

Row = dict[str, Any]


def _peak() -> float:
    """Megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _point(w: Large) -> np.ndarray:
    return 0.3 + np.random.default_rng(0).uniform(-0.2, 0.2, w.variables)


def _steady(call: Callable[[], Any]) -> float:
    times: list[float] = []
    end = time.perf_counter() + CALLS
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return median(times)


def _graph(w: Large) -> tuple[tuple[Any, ...], Any]:
    """The outputs and the variables: values, and the derivative."""
    import exprgraph as eg

    x = eg.Symbol("x", w.variables)
    values = w.program(list(x), eg)
    if w.wanted == "gradient":
        return (values[0], eg.gradient(values[0], x)), x
    f = eg.stack(values)
    return (f, eg.jacobian(f, x, sparse=True).values), x


def ours(w: Large) -> tuple[Row, list[np.ndarray]]:
    import exprgraph as eg

    point = _point(w)
    for immediate in (False, True):  # loads the compiler and the interpreter
        eg.compile(eg.Symbol("y") + 1.0, (eg.Symbol("y"),), immediate=immediate)(1.0)
    before, start = _peak(), time.perf_counter()
    outputs, x = _graph(w)
    built = time.perf_counter()
    function = eg.compile(outputs, (x,))
    results = [np.asarray(r) for r in function(point)]
    first = time.perf_counter()
    row = {"build": built - start, "first": first - built}
    shown = eg.inspect(function, batch=False)
    if shown.answers == "interpreter":
        (form,) = function.core._interpreted.values()
        row["early"] = _steady(lambda: form([point], ()))
        waiting = time.perf_counter()
        shown.wait()
        row["code"] = time.perf_counter() - waiting
    row.update(memory=_peak() - before, new=_steady(lambda: function(point)), call=_steady(function.bound(point)))
    start = time.perf_counter()
    eg.compile(outputs, (x,), backend="auto")(point)
    row["auto"] = time.perf_counter() - start
    return {**row, "nodes": eg.count_nodes(list(outputs))}, results


def theirs(w: Large) -> tuple[Row, list[np.ndarray]]:
    import casadi as ca

    point = _point(w)
    before, start = _peak(), time.perf_counter()
    x = ca.SX.sym("x", w.variables)
    values = w.program([x[k] for k in range(w.variables)], ca)
    f = values[0] if w.wanted == "gradient" else ca.vertcat(*values)
    derivative = ca.gradient(f, x) if w.wanted == "gradient" else ca.jacobian(f, x)
    function = ca.Function("f", [x], [f, derivative])
    results = [np.array(r.nonzeros()) for r in function(point)]
    row: Row = {"build": time.perf_counter() - start, "memory": _peak() - before}
    row["call"] = _steady(_buffered(function, point))
    if function.n_instructions() <= MOST_IN_C:
        row.update(_in_c(function, point))
    if w.wanted == "jacobian":  # by columns; ours by rows
        rows, columns = derivative.sparsity().get_triplet()
        results[1] = results[1][np.lexsort((columns, rows))]
    return row, results


def _buffered(function: Any, point: np.ndarray) -> Callable[[], Any]:
    """A call without CasADi's conversions."""
    buffer, call = function.buffer()
    results = [np.empty(function.nnz_out(k)) for k in range(function.n_out())]
    buffer.set_arg(0, memoryview(point))
    for k, r in enumerate(results):
        buffer.set_res(k, memoryview(r))
    call.arrays = (buffer, results) if hasattr(call, "__dict__") else None
    kept = (point, buffer, results)
    return lambda: (call(), kept)


def _in_c(function: Any, point: np.ndarray) -> Row:
    import casadi as ca

    with tempfile.TemporaryDirectory() as where:
        here = Path.cwd()
        os.chdir(where)
        try:
            function.generate("f.c")
            start = time.perf_counter()
            subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", "f.so", "f.c"], check=True, timeout=PATIENCE / 2)
            took = time.perf_counter() - start
            return {"compile_c": took, "call_c": _steady(_buffered(ca.external("f", "./f.so"), point))}
        except subprocess.TimeoutExpired:
            return {}
        finally:
            os.chdir(here)


@contextmanager
def _timed(stages: Row, name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    stages[name] = time.perf_counter() - start


def stages(w: Large) -> Row:
    """Seconds of each step to machine code."""
    import exprgraph as eg
    from exprgraph.loops.print.llvm import pieces_of, print_pieces, print_program
    from exprgraph.lowering.native import machine

    found: Row = {}
    x = eg.Symbol("x", w.variables)
    with _timed(found, "build"):
        values = w.program(list(x), eg)
    found["nodes"] = eg.count_nodes(values)
    with _timed(found, "derivative"):
        if w.wanted == "gradient":
            outputs = [values[0], eg.gradient(values[0], x)]
        else:
            f = eg.stack(values)
            outputs = [f, eg.jacobian(f, x, sparse=True).values]
    found["all nodes"] = eg.count_nodes(outputs)
    function = eg.compile(outputs, (x,))
    with _timed(found, "plan"):
        program = function.core.program(batch=False)
    found["kernels"], found["steps"] = len(program.own.kernels), len(program.data.steps)
    with _timed(found, "key"):
        found["characters"] = len(program.key)
    loops, target = program.loops, machine.target(64)
    pieces = pieces_of(loops)
    found["pieces"] = len(pieces)
    with _timed(found, "print"):  # alone; below, while pieces are compiled
        for _ in print_pieces(loops, target, pieces):
            pass
        text = print_program(loops, target, program.offsets, pieces=pieces)
    with _timed(found, "print and machine code"):
        codes = [*machine.compile_pieces(print_pieces(loops, target, pieces)), machine.compile_object(text)]
    found["bytes"] = sum(map(len, codes))
    found["peak MB"] = int(_peak())
    return found


def _measured(title: str, n: int, who: str) -> tuple[Row, list[np.ndarray]]:
    """A row in a process of its own; empty if it takes too long."""
    with tempfile.TemporaryDirectory() as where:
        command = [sys.executable, "-m", "tests.benchmarks.large", "--row", title, str(n), who, where]
        try:
            with with_interpreter() as environment:
                subprocess.run(command, check=True, timeout=PATIENCE, env=environment)
        except subprocess.TimeoutExpired:
            return {}, []
        row = json.loads((Path(where) / "row.json").read_text(encoding="utf-8"))
        with np.load(Path(where) / "results.npz") as kept:
            return row, [kept[k] for k in kept.files]


def _run_row(title: str, n: int, who: str, where: str) -> None:
    row, results = {"ours": ours, "casadi": theirs}[who](LARGE[title][0](n))
    (Path(where) / "row.json").write_text(json.dumps(row), encoding="utf-8")
    np.savez(Path(where) / "results.npz", *results)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return next(f"{seconds / s:.3g} {u}" for u, s in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)) if seconds >= s or u == "ns")


def _line(title: str, n: int, casadi: bool) -> str:
    own, results = _measured(title, n, "ours")
    other, expected = _measured(title, n, "casadi") if casadi else ({}, [])
    for a, b in zip(results, expected):
        np.testing.assert_allclose(a.ravel(), b.ravel(), rtol=1e-8, atol=1e-8 * np.max(np.abs(b), initial=1e-300))
    memory = [f"{r['memory']:.0f} MB" if r else "-" for r in (own, other)]
    cells = [title, f"{n:,}", f"{own.get('nodes', 0):,}"]
    cells += [*(_time(own.get(k)) for k in ("build", "first", "auto", "early", "code", "call", "new")), memory[0]]
    cells += [*(_time(other.get(k)) for k in ("build", "call", "compile_c", "call_c")), memory[1]]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.large", description=__doc__)
    parser.add_argument("--only", default="", help="workloads whose title contains this")
    parser.add_argument("--most", type=int, default=100_000, help="the largest size")
    parser.add_argument("--alone", action="store_true", help="without CasADi")
    parser.add_argument("--stages", action="store_true", help="where the time of this package goes")
    parser.add_argument("--row", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity") and not options.stages:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if options.row:
        title, n, who, where = options.row
        _run_row(title, int(n), who, where)
        return
    rows = [(t, n) for t, (_, sizes) in LARGE.items() for n in sizes if options.only in t and n <= options.most]
    if options.stages:
        for title, n in rows:
            found = [f"{k} {v:.2f} s" if isinstance(v, float) else f"{k} {v:,}" for k, v in stages(LARGE[title][0](n)).items()]
            print(f"{title} {n:,}: {', '.join(found)}", flush=True)
        return
    ours_told = "build | first | auto | early | code | call | new | memory"
    print(f"| workload | n | nodes | {ours_told} | CasADi: build | VM | compile C | C | memory |")
    print("|---" * 16 + "|")
    for title, n in rows:
        print(_line(title, n, not options.alone), flush=True)


if __name__ == "__main__":
    main()
