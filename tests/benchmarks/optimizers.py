"""``python -m tests.benchmarks.optimizers``: how far each optimizer on batches trains a network for Poisson's equation.

The problem is on a square, with a network of 4 x 20 that is 0 on its boundary.  Every rate falls to 0 along a cosine.  The error is
the L2 norm beside that of the solution: the largest one of three seeds.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

import exprgraph as eg
from symnn import SOAP, Adam, Chain, Dense, Lion, Momentum, Muon, NAdam, RMSprop, SymbolicNeuralNetwork, build_nn_function, train
from symnn.schedules import cosine

#: each with the best of some rates
OPTIMIZERS: dict[str, Any] = {
    "Momentum": lambda steps: Momentum(cosine(1e-5, steps), nesterov=True),
    "RMSprop": lambda steps: RMSprop(cosine(2e-3, steps)),
    "Adam": lambda steps: Adam(cosine(1e-2, steps)),
    "NAdam": lambda steps: NAdam(cosine(1e-2, steps)),
    "Lion": lambda steps: Lion(cosine(1e-3, steps)),
    "Muon": lambda steps: Muon(cosine(0.02, steps), adam_rate=0.25),
    "SOAP": lambda steps: SOAP(cosine(1e-2, steps)),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.optimizers", description=__doc__)
    parser.add_argument("--epochs", type=int, default=200, help="of 16 steps each, on batches of 256 points")
    options = parser.parse_args()
    nn = SymbolicNeuralNetwork(Chain(Dense(2, 20), Dense(20, 20), Dense(20, 20), Dense(20, 20), Dense(20, 1, "identity")))
    p = nn.input
    u = (1 - p[0] ** 2) * (1 - p[1] ** 2) * nn.output[0]
    exact = eg.sin(np.pi * p[0]) * eg.sin(2 * np.pi * p[1])
    loss = (eg.laplacian(u, p) + 5 * np.pi**2 * exact) ** 2
    x, tested = (np.random.default_rng(k).uniform(-1, 1, (n, 2)) for k, n in enumerate((4096, 2000)))
    found = build_nn_function(u, nn)
    wanted = eg.compile(exact, p)(tested)
    print("| optimizer | error | a step |\n|---|---|---|")
    for name, make in OPTIMIZERS.items():
        errors, steps = [], 16 * options.epochs
        start = time.process_time()
        for seed in range(3):
            given: Any = {"epochs": options.epochs, "batch_size": 256, "rng": seed, "progress": False}
            params = train(nn, loss, {p: x}, nn.chain.initial_parameters(seed), make(steps), **given).params
            errors.append(np.linalg.norm(found(tested, params) - wanted) / np.linalg.norm(wanted))
        print(f"| `{name}` | {max(errors):.1e} | {(time.process_time() - start) / (3 * steps) * 1e6:.0f} us |", flush=True)


if __name__ == "__main__":
    main()
