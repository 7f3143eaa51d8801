"""``python -m tests.fuzz --seconds 60``: random expressions until the time is over.

With ``--programs``, programs of floating-point arithmetic come first, each by NumPy as it is written, by ``evaluate`` and
compiled.  Each expression is differentiated, to third order at most, in every mode, evaluated to 50 digits and by NumPy, and compared with
differences of 80 digits; some are compiled, some given to JAX and SymPy, where these are installed.  A
failure is printed as a program and kept in a directory, in the form of the corpus in ``tests/fuzz/corpus``,
which the test suite runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

from .cases import NOT_HERE, WAYS, Failure, run, run_programs
from .corpus import write

_CHUNK = 25


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (60)")
    parser.add_argument("--count", type=int, help="stop after so many expressions")
    parser.add_argument("--programs", type=int, default=0, help="first, so many programs of arithmetic written with care (0)")
    parser.add_argument("--seed", type=int, help="of the first expression (a random one)")
    parser.add_argument("--steps", type=int, default=6, help="operations of an expression, at most (6)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (all cores)")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="where failures are kept (fuzz-failures)")
    given = parser.parse_args()
    first = given.seed if given.seed is not None else int.from_bytes(os.urandom(4), "little")
    needs = {"JAX": "jax", "SymPy": "sympy"}
    left_out = (*(name for name, module in needs.items() if find_spec(module) is None), *NOT_HERE)
    end = time.monotonic() + given.seconds
    counts: Counter[str] = Counter()
    failures: list[Failure] = []
    print(f"seed {first}, up to {given.steps} operations" + (f"; not installed: {', '.join(left_out)}" if left_out else ""), flush=True)
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        wrong = []
        last = first + given.programs
        for own, said in pool.map(run_programs, (range(k, min(k + 500, last)) for k in range(first, last, 500))):
            counts += own
            wrong += said
            for text in said:
                print(f"\n{text}\n", flush=True)
        running = set()
        begun, shown = first, time.monotonic()

        def more() -> None:
            nonlocal begun
            if time.monotonic() < end and (given.count is None or begun - first < given.count):
                running.add(pool.submit(run, range(begun, begun + _CHUNK), given.steps, left_out))
                begun += _CHUNK

        for _ in range(2 * given.jobs):
            more()
        while running:
            done = next(as_completed(running))
            running.remove(done)
            own, failed = done.result()
            counts += own
            for f in failed:
                failures.append(f)
                path = write(f.e, f.at, f.what.splitlines()[0], given.keep)
                print(f"\nseed {f.seed}, kept as {path}\n{f.what}\n", flush=True)
            if time.monotonic() - shown > 30:
                shown = time.monotonic()
                print(f"{counts['expressions']} expressions, {len(failures)} failures", flush=True)
            more()
    others = "points without a derivative", "without an answer of the oracle"
    for name in ("programs", "programs, machine code", "expressions", *WAYS, *others):
        print(f"{counts[name]:>9} {name}")
    print(f"{len(failures) + len(wrong):>9} failures")
    return bool(failures or wrong)


if __name__ == "__main__":
    sys.exit(main())
