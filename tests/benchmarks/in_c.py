"""``python -m tests.benchmarks.in_c``: files of C by this package beside CasADi's of the same functions, as a table in Markdown.

All files are compiled at -O3 and called by one loop in C, in turn, so that what else the machine does disturbs all alike; the
smallest time of a call is compared, and the compilers' time on the processor.  Results must agree first.  CasADi's functions are
written as its experts write them.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

os.environ["EXPRGRAPH_CACHE_DIR"] = ""
import numpy as np

import exprgraph as eg

from .in_c_workloads import WORKLOADS, Workload

_LOOPS = """
#include <stdint.h>
typedef int (*casadi_function)(const double **, double **, long long *, double *, int);
typedef void (*function)(const double *const *, double *const *, double *, int64_t);

void one_by_one(casadi_function f, const double *const *arg, double *const *res, const int64_t *given, const int64_t *wanted,
                int64_t n_in, int64_t n_out, double *w, int64_t samples, int64_t calls)
{
    const double *a[1000];
    double *r[1000];
    long long iw[1000];
    for (int64_t k = 0; k < calls; k++)
        for (int64_t s = 0; s < samples; s++) {
            for (int64_t i = 0; i < n_in; i++) a[i] = arg[i] + s * given[i];
            for (int64_t i = 0; i < n_out; i++) r[i] = res[i] + s * wanted[i];
            f(a, r, iw, w, 0);
        }
}

void together(function f, const double *const *arguments, double *const *results, double *workspace, int64_t samples, int64_t calls)
{
    for (int64_t k = 0; k < calls; k++) f(arguments, results, workspace, samples);
}
"""
#: of CasADi's files, and of ours
THEIRS = ("-O3", "-march=native")
OURS = ("-std=c99", "-O3", "-march=native")


class Compiled(NamedTuple):
    """A compiled file: what it is, its size and how long its compiler took; a loop of calls, and the results after one."""

    what: str
    size: int
    seconds: float
    run: Callable[[int], None]
    results: Callable[[], list[np.ndarray]]


def _compiled(source: Path, compiler: str, flags: Sequence[str]) -> tuple[ctypes.CDLL, float]:
    made = source.with_suffix(f".{compiler}.so")
    start = os.times().children_user
    subprocess.run([compiler, *flags, "-shared", "-fPIC", str(source), "-o", str(made), "-lm"], check=True)
    return ctypes.CDLL(str(made)), os.times().children_user - start


def _table(arrays: Sequence[np.ndarray]) -> Any:
    addresses: Any = (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])
    addresses.arrays = arrays  # live as long as their addresses
    return addresses


def _sizes(loaded: ctypes.CDLL, direction: str, k: int) -> tuple[int, int]:
    """Rows and columns of an input or a result of a dense CasADi function."""
    sparsity = loaded[f"f_sparsity_{direction}"]
    sparsity.restype = ctypes.POINTER(ctypes.c_longlong)
    found = sparsity(ctypes.c_longlong(k))
    return found[0], found[1]


def one_by_one(what: str, source: Path, compiler: str, flags: Sequence[str], w: Workload, loops: ctypes.CDLL) -> Compiled:
    """A file in CasADi's conventions: one call a sample."""
    loaded, seconds = _compiled(source, compiler, flags)
    n_out = ctypes.CFUNCTYPE(ctypes.c_longlong)(("f_n_out", loaded))()
    numbers = [ctypes.c_longlong() for _ in range(4)]
    loaded.f_work(*map(ctypes.byref, numbers))
    memory = np.zeros(numbers[3].value + 1)
    shapes = [_sizes(loaded, "out", k) for k in range(n_out)]
    given = [np.ascontiguousarray(a) for a in w.data]
    wanted = [np.zeros((w.samples, m * n)) for m, n in shapes]
    steps = [np.array([s.size if d else 0 for s, d in zip(w.symbols, w.differ)]), np.array([m * n for m, n in shapes])]
    tables = _table(given), _table(wanted), *(s.astype(np.int64) for s in steps)
    f = ctypes.cast(loaded.f, ctypes.c_void_p)

    def run(calls: int) -> None:
        a, r, given_steps, wanted_steps = tables
        counts = [ctypes.c_int64(n) for n in (len(given), n_out)]
        ends = [ctypes.c_int64(n) for n in (w.samples, calls)]
        arrays = [ctypes.c_void_p(s.ctypes.data) for s in (given_steps, wanted_steps)]
        loops.one_by_one(f, a, r, *arrays, *counts, ctypes.c_void_p(memory.ctypes.data), *ends)

    def results() -> list[np.ndarray]:
        return [r.reshape(w.samples, n, m).transpose(0, 2, 1).reshape(w.samples, -1) for r, (m, n) in zip(wanted, shapes)]

    return Compiled(what, source.stat().st_size, seconds, run, results)


def together(
    what: str, source: Path, compiler: str, flags: Sequence[str], w: Workload, fn: eg.CompiledFunction, loops: ctypes.CDLL
) -> Compiled:
    """A file of ours: one call for all samples."""
    loaded, seconds = _compiled(source, compiler, flags)
    differs = eg.inspect(fn).differs
    wanted = [np.zeros((w.samples if d else 1, o.size)) for o, d in zip(fn.outputs, differs)]
    macro = re.search(r"_WORKSPACE (\d+)", source.with_suffix(".h").read_text())
    assert macro is not None
    memory = np.zeros(int(macro[1]))
    given = [np.ascontiguousarray(a) for a in w.data]
    a, r, f = _table(given), _table(wanted), ctypes.cast(loaded.evaluate, ctypes.c_void_p)

    def run(calls: int) -> None:
        loops.together(f, a, r, ctypes.c_void_p(memory.ctypes.data), ctypes.c_int64(w.samples), ctypes.c_int64(calls))

    return Compiled(what, source.stat().st_size, seconds, run, lambda: wanted)


def files(w: Workload, folder: Path, compilers: Sequence[str], loops: ctypes.CDLL) -> list[Compiled]:
    """The same function by both, by each compiler."""
    arguments = list(w.symbols)
    fn = eg.compile(w.ours(), arguments, shared=[s for s, d in zip(arguments, w.differ) if not d])
    ours, same, theirs = (folder / f"{n}.c" for n in ("evaluate", "f", "theirs"))
    fn.save(ours)
    fn.save(same, abi="casadi")
    function = w.theirs()
    here = os.getcwd()
    os.chdir(folder)  # CasADi writes no other paths
    try:
        function.generate(theirs.name)
    finally:
        os.chdir(here)
    found = []
    for compiler in compilers:
        found.append(one_by_one(f"CasADi, {compiler}", theirs, compiler, THEIRS, w, loops))
        found.append(together(f"fn.save, {compiler}", ours, compiler, OURS, w, fn, loops))
        found.append(one_by_one(f"fn.save, abi='casadi', {compiler}", same, compiler, OURS, w, loops))
    return found


def measure(w: Workload, folder: Path, compilers: Sequence[str], loops: ctypes.CDLL, seconds: float) -> None:
    """Print the rows of a workload."""
    found = files(w, folder, compilers, loops)
    for f in found:
        f.run(1)
    reference = [np.array(r) for r in found[0].results()]
    errors = []
    for f in found:
        pairs = list(zip(f.results(), reference, strict=True))
        errors.append(max(float(np.max(np.abs(a - b)) / np.max(np.abs(b), initial=1e-300)) for a, b in pairs))
        assert errors[-1] < 1e-9, f"{w.title}: {f.what} differs from {found[0].what} by {errors[-1]:.2g}"
    best = [np.inf] * len(found)
    counts = []
    for f in found:
        start = time.perf_counter()
        f.run(10)
        counts.append(max(1, int(10 * 2e-3 / (time.perf_counter() - start))))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for k, (f, n) in enumerate(zip(found, counts)):
            start = time.perf_counter()
            f.run(n)
            best[k] = min(best[k], (time.perf_counter() - start) / n)
    anchor = {f.what.rpartition(", ")[2]: t for f, t in zip(found, best) if f.what.startswith("CasADi")}
    for f, t, e in zip(found, best, errors):
        ratio = anchor[f.what.rpartition(", ")[2]] / t
        print(f"| {w.title} | {f.what} | {f.size:,} | {f.seconds:.2f} | {t * 1e6 / w.samples:.3g} | {ratio:.2f} | {e:.0e} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.in_c", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="time for the calls of each workload")
    parser.add_argument("--only", default="", help="workloads whose title contains this")
    parser.add_argument("--compilers", default="gcc,clang")
    options = parser.parse_args()
    compilers = [c for c in options.compilers.split(",") if shutil.which(c)]
    if not compilers:
        raise SystemExit(f"there is no C compiler: none of {options.compilers} is on the path")
    try:
        import casadi
    except ImportError:
        raise SystemExit("this compares with CasADi, which is not installed: pip install casadi") from None
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    versions = [subprocess.run([c, "-dumpversion"], capture_output=True, text=True).stdout.strip() for c in compilers]
    listed = ", ".join(f"{c} {v}" for c, v in zip(compilers, versions))
    print(f"{date.today()}, {platform.machine()}, one core, CasADi {casadi.__version__}, {listed}\n")
    print("| function | file | bytes | seconds to compile | us a sample | CasADi's time over this | difference |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "loops.c").write_text(_LOOPS)
        loops, _ = _compiled(folder / "loops.c", compilers[0], ("-O2",))
        for k, make in enumerate(WORKLOADS):
            w = make()
            if options.only in w.title:
                own = folder / str(k)
                own.mkdir()
                measure(w, own, compilers, loops, options.seconds)


if __name__ == "__main__":
    main()
