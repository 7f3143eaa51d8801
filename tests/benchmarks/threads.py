"""``python -m tests.benchmarks.threads``: calls and steps of training with several threads beside one, as a table in Markdown.

The clock tells how much several threads gain, on a machine that does nothing else; the least times are compared.  Where other processes
use the processors, the last columns still tell something.  ``divided`` is the time of the processor for all parts of the divided work,
computed by one thread: what dividing costs.  ``longest`` is that of the thread that worked longest, in the best of all calls: the time
that the clock would tell if no thread had waited for a processor.  Both are over the processor's time with one thread.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from exprgraph.lowering.call import team
from symnn import Adam, Trainer

from .workloads import burgers, burgers_residual, hamiltonian, laplacian, network, points

Call = Callable[[], Any]


def function(workload: Any) -> Callable[[int], Call]:
    """The workload's function, called with some number of threads."""

    def made(threads: int) -> Call:
        make, recipe = workload.ours().__reduce__()
        built = make(*recipe[:-1], threads)
        return lambda: built(*workload.data)

    return made


def training(layers: int, width: int, batch: int, steps: int) -> Callable[[int], Call]:
    """Steps of Adam on the residual of Burgers' equation, on shuffled batches."""
    nn, theta = network([2, *[width] * layers, 1])

    def made(threads: int) -> Call:
        loss, data = burgers_residual(nn) ** 2, {nn.input: points(4 * batch, 2)}
        options: dict[str, Any] = {"params": theta, "optimizer": Adam(1e-3), "batch_size": batch, "rng": 0, "threads": threads}
        trainer = Trainer(nn, loss, data, **options)
        return lambda: trainer.run(steps // 4, progress=False)

    return made


CASES: dict[str, Callable[[], Callable[[int], Call]]] = {
    "Hamiltonian loss and gradient, 4-32-32-1, batch 4096": lambda: function(hamiltonian(4096)),
    "Burgers residual loss and gradient, 4 x 20, 10000 points": lambda: function(burgers(4, 10000)),
    "Burgers residual loss and gradient, 8 x 20, 10000 points": lambda: function(burgers(8, 10000)),
    "Laplacian, 50-768-768-512-512-1, 64 points": lambda: function(laplacian([50, 768, 768, 512, 512, 1], 64)),
    "800 steps of Adam, Burgers 2 x 3, batch 4096": lambda: training(2, 3, 4096, 800),
    "80 steps of Adam, Burgers 4 x 20, batch 4096": lambda: training(4, 20, 4096, 80),
}


class Times:
    """The least times of a call."""

    def __init__(self) -> None:
        self.clock = self.all = self.longest = math.inf

    def add(self, call: Call) -> None:
        clock, own, everybody = time.perf_counter(), time.thread_time(), time.process_time()
        call()
        clock, own, everybody = time.perf_counter() - clock, time.thread_time() - own, time.process_time() - everybody
        self.clock, self.all = min(self.clock, clock), min(self.all, everybody)
        self.longest = min(self.longest, max(own, everybody - own))


def measured(make: Callable[[int], Call], threads: int, seconds: float) -> tuple[Times, Times, Times]:
    """With one thread, with several, and divided for several but computed by one."""
    processors = team.processors
    one, several = make(1), make(threads)
    team.processors = lambda: 1
    try:
        alone = make(threads)
        alone()
    finally:
        team.processors = processors
    calls = [(one, Times()), (several, Times()), (alone, Times())]
    one(), several()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for call, times in calls:
            times.add(call)
    return calls[0][1], calls[1][1], calls[2][1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.threads", description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0, help="time for each workload")
    parser.add_argument("--only", default="", help="workloads whose title contains this")
    options = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan
    print(f"{options.threads} threads; load {load:.1f} at the beginning; NumPy {np.__version__}\n")
    print(f"| workload | 1 thread | {options.threads} threads | clock's ratio | divided | longest |\n|---|---|---|---|---|---|")
    for title, case in CASES.items():
        if options.only in title:
            one, several, alone = measured(case(), options.threads, options.seconds)
            told = [f"{t.clock * 1e3:.3g} ms" for t in (one, several)]
            ratios = one.clock / several.clock, alone.all / one.all, several.longest / one.all
            print(f"| {title} | {' | '.join(told)} | {' | '.join(f'{r:.2f}' for r in ratios)} |", flush=True)


if __name__ == "__main__":
    main()
