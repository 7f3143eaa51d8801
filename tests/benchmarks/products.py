"""``python -m tests.benchmarks.products``: products of matrices beside NumPy's and JAX's, on one thread, as a table in Markdown.

Functions are called in turn in one process.  The times are those of the processor, the shortest of each, as billions of
operations a second; a product of a matrix and its own transpose counts all operations, though half of them would do.  If the
environment has ``OPENBLAS_CORETYPE``, NumPy's OpenBLAS takes the kernels of that processor, not of this one.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

os.environ["EXPRGRAPH_CACHE_DIR"] = ""
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
import numpy as np

import exprgraph as eg

Call = Callable[[], Any]


class Case(NamedTuple):
    """A product: its title, ``formula`` of arrays or expressions, the shapes, the number of operations, and the length of a batch.

    ``per_sample`` are the arrays that have an axis of samples in front.
    """

    title: str
    formula: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    operations: float
    samples: int = 0
    per_sample: tuple[bool, ...] = ()


def squares() -> Iterator[Case]:
    for n in (64, 128, 256, 512, 1024, 2048):
        two, count = ((n, n), (n, n)), 2.0 * n**3
        yield Case(f"A B, {n}", lambda a, b: a @ b, two, count)
        yield Case(f"A.T B, {n}", lambda a, b: a.T @ b, two, count)
        yield Case(f"A B.T, {n}", lambda a, b: a @ b.T, two, count)
        yield Case(f"A.T A, {n}", lambda a: a.T @ a, two[:1], count)


def tall() -> Iterator[Case]:
    for n in (64, 256, 1024, 2048):
        yield Case(f"A x, {n}", lambda a, x: a @ x, ((n, n), (n,)), 2.0 * n**2)
        yield Case(f"x A, {n}", lambda x, a: x @ a, ((n,), (n, n)), 2.0 * n**2)
        yield Case(f"A X, {n} x {n} x 20", lambda a, x: a @ x, ((n, n), (n, 20)), 40.0 * n**2)
        yield Case(f"X A, 20 x {n} x {n}", lambda x, a: x @ a, ((20, n), (n, n)), 40.0 * n**2)
        yield Case(f"X Y, {n} x 20 x {n}", lambda x, y: x @ y, ((n, 20), (20, n)), 40.0 * n**2)
        yield Case(f"Y X, 20 x {n} x 20", lambda y, x: y @ x, ((20, n), (n, 20)), 800.0 * n)
        yield Case(f"X.T X, 20 x {n} x 20", lambda x: x.T @ x, ((n, 20),), 800.0 * n)
        yield Case(f"W.T W, {n // 4} x {n} x {n // 4}", lambda w: w.T @ w, ((n, n // 4),), n**3 / 8.0)


def batches() -> Iterator[Case]:
    for n, samples in ((3, 4096), (4, 4096), (6, 2048), (8, 1024), (16, 512), (32, 128), (64, 32), (128, 16)):
        count = 2.0 * samples * n**3
        shapes = ((n, n), (n, n))
        yield Case(f"A B, {samples} samples of {n}", lambda a, b: a @ b, shapes, count, samples, (True, True))
        stack = ((samples, n, n), (samples, n, n))
        yield Case(f"A B, a stack of {samples} of {n}", lambda a, b: a @ b, stack, count)
    for n, samples in ((20, 1024), (64, 1024), (256, 512), (768, 64), (768, 512)):
        yield Case(f"x W, {samples} samples of {n}", lambda x, w: x @ w, ((n,), (n, n)), 2.0 * samples * n**2, samples, (True, False))
        yield Case(f"x W.T, {samples} samples of {n}", lambda x, w: x @ w.T, ((n,), (n, n)), 2.0 * samples * n**2, samples, (True, False))
    for n, rows, samples in ((64, 10, 256), (256, 256, 16), (768, 50, 16)):
        count, shapes = 2.0 * samples * rows * n**2, ((rows, n), (n, n))
        yield Case(f"X W, {samples} samples of {rows} x {n}", lambda x, w: x @ w, shapes, count, samples, (True, False))
        yield Case(f"X W.T, {samples} samples of {rows} x {n}", lambda x, w: x @ w.T, shapes, count, samples, (True, False))


TABLES = {"squares": squares, "tall": tall, "batches": batches}


def ours(case: Case) -> Callable[..., Any]:
    """The product compiled by this package."""
    names, lead = "abc", case.per_sample or (False,) * len(case.shapes)
    symbols = [eg.Symbol(n, s, per_sample=p) for n, s, p in zip(names, case.shapes, lead)]
    return eg.compile(case.formula(*symbols), symbols)


def theirs(case: Case) -> Callable[..., Any] | None:
    """The product compiled by JAX."""
    try:
        import jax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    function = jax.jit(case.formula)
    return lambda *data: np.asarray(function(*data))


def best(functions: list[Call], seconds: float) -> list[float]:
    """The shortest time of each, called in turn."""
    counts, found = [], [float("inf")] * len(functions)
    for f in functions:
        f()
        start = time.process_time()
        f()
        counts.append(max(1, int(2e-4 / max(time.process_time() - start, 1e-9))))
    end, rounds = time.perf_counter() + seconds, 0
    while time.perf_counter() < end or rounds < 3:
        rounds += 1
        for k, (f, n) in enumerate(zip(functions, counts)):
            start = time.process_time()
            for _ in range(n):
                f()
            found[k] = min(found[k], (time.process_time() - start) / n)
    return found


def measure(case: Case, single: bool, seconds: float) -> str:
    rng = np.random.default_rng(0)
    lead = case.per_sample or (False,) * len(case.shapes)
    data = [rng.normal(size=(case.samples, *s) if p else s).astype(np.float32 if single else np.float64) for s, p in zip(case.shapes, lead)]
    mine, other = ours(case), theirs(case)
    want = case.formula(*data)
    scale = 1e-3 if single else 1e-10
    np.testing.assert_allclose(mine(*data), want, rtol=scale, atol=scale * float(np.max(np.abs(want))))
    functions: list[Call] = [lambda: mine(*data), lambda: case.formula(*data)]
    if other is not None:
        functions.append(lambda: other(*data))
    times = best(functions, seconds)
    speeds = [f"{case.operations / t / 1e9:.1f}" for t in times]
    ratios = [f"{t / times[0]:.2f}" for t in times[1:]]
    return f"| {case.title} | {' | '.join(speeds)} | {' | '.join(ratios)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.products", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each product")
    parser.add_argument("--table", choices=TABLES, help="one table; by default all")
    parser.add_argument("--float32", action="store_true", help="numbers of 32 bits")
    parser.add_argument("--only", default="", help="products whose title contains this")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print("| product | ours | NumPy | JAX | NumPy's time over ours | JAX's |\n|---|---|---|---|---|---|")
    for name in [options.table] if options.table else list(TABLES):
        for case in TABLES[name]():
            if options.only in case.title:
                print(measure(case, options.float32, options.seconds), flush=True)


if __name__ == "__main__":
    main()
