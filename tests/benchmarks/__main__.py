"""``python -m tests.benchmarks``: this package beside JAX, or CasADi's C, in one process, as a table in Markdown.

Functions are called in turn, so that what else the machine does disturbs all alike; medians of a call are
compared.  Results must agree before they are timed.  Building counts everything up to the first
result, with nothing kept on disk.  CasADi's calls have their arrays bound beforehand, and so have ours
(``fn.bound``); there, "new array" is an ordinary call, which returns new arrays.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

os.environ["EXPRGRAPH_CACHE_DIR"] = ""
import numpy as np

import exprgraph as eg
from exprgraph.tree import flatten

from .matrices import WORKLOADS as MATRICES
from .programs import WORKLOADS as PROGRAMS
from .scalars import WORKLOADS as SCALARS
from .training import WORKLOADS as TRAINING
from .workloads import WORKLOADS, Workload

#: workloads by the name of their table
TABLES = {"networks": WORKLOADS, "matrices": MATRICES, "programs": PROGRAMS, "training": TRAINING, "scalars": SCALARS}


#: the clock, or the time of the processor, which other processes do not use up
Timer = Callable[[], float]


def _calls(functions: list[Callable[[], Any]], seconds: float, timer: Timer) -> list[float]:
    samples: list[list[float]] = [[] for _ in functions]
    counts = []
    for f in functions:
        f()
        start = timer()
        f()
        counts.append(max(1, int(2e-4 / max(timer() - start, 1e-9))))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(samples[0]) < 5:
        for own, f, n in zip(samples, functions, counts):
            start = timer()
            for _ in range(n):
                f()
            own.append((timer() - start) / n)
    return [statistics.median(own) for own in samples]


def _built(build: Callable[[], Callable[..., Any]], data: tuple[np.ndarray, ...], timer: Timer) -> tuple[Callable[..., Any], float]:
    """The function, and the time to its first result."""
    start = timer()
    function = build()
    _finished(function(*data))
    took = timer() - start
    if isinstance(function, eg.CompiledFunction):
        eg.inspect(function).wait()  # calls are those of machine code
    return function, took


def _finished(result: Any) -> list[np.ndarray]:
    return [np.asarray(r) for r in (result if isinstance(result, tuple) else (result,))]


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def measure(w: Workload, seconds: float, peer: bool, timer: Timer = time.perf_counter) -> str:
    ours, built = _built(w.ours, w.data, timer)
    calls = [lambda: _finished(ours(*w.data))]
    if not peer:
        (call,) = _calls(calls, seconds, timer)
        return f"| {w.title} | {_time(built)} | {_time(call)} | | | |"
    theirs: Any
    theirs, peer_built = _built(w.theirs, w.data, timer)
    bound = getattr(theirs, "bound", None)
    if bound is None:
        calls.append(lambda: _finished(theirs(*w.data)))
        results = [calls[1]()]
    else:
        own: Any = ours
        calls += [bound(*w.data), own.bound(*w.data)]
        calls[1]()
        results = [theirs.results, calls[2]()]
    for result in results:
        for a, b in zip(flatten(result)[0], flatten(calls[0]())[0]):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10 * np.max(np.abs(b)))
    call, peer_call, *more = _calls(calls, seconds, timer)
    new = ""
    if more:
        new, call = f"{_time(call)} | ", more[0]
    return f"| {w.title} | {_time(built)} | {_time(call)} | {new}{_time(peer_built)} | {_time(peer_call)} | {peer_call / call:.2f} |"


def _peer(table: str) -> tuple[str, bool, str]:
    """The peer of a table: its name, whether it is installed, and its version."""
    name, module = ("CasADi", "casadi") if table == "scalars" else ("JAX", "jax")
    found = find_spec(module) is not None and (module == "jax" or shutil.which("cc") is not None)
    return name, found, f"{name} {version(module)}" if found else f"{name} not installed"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each workload")
    parser.add_argument("--table", choices=TABLES, help="one table; by default networks and matrices")
    parser.add_argument("--processor", action="store_true", help="time of the processor instead of the clock's, on a busy machine")
    parser.add_argument("--only", default="", help="workloads whose title contains this")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one thread for everybody
    name, found, told = _peer(options.table or "")
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), model)
    print(f"{date.today()}, {model}, one core, Python {platform.python_version()}, NumPy {np.__version__}, {told}\n")
    new = ["new array"] if options.table == "scalars" and found else []
    columns = ("workload", "build", "call", *new, f"{name}: build", f"{name}: call", f"{name}'s time over ours")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for make in TABLES[options.table] if options.table else (*WORKLOADS, *MATRICES):
        w = make()
        if options.only in w.title:
            print(measure(w, options.seconds, found, time.process_time if options.processor else time.perf_counter), flush=True)


if __name__ == "__main__":
    main()
