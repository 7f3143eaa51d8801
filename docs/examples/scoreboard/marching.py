"""Window after window of time: each begins with the values and the parameters that the one before it ended with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import exprgraph as eg
from symnn import LevenbergMarquardt, SymbolicNeuralNetwork, Trainer, build_nn_function
from symnn.physics import residual_terms

from .fitting import columns, grid


@dataclass(frozen=True)
class March:
    """How an equation on a circle is solved.

    Args:
        start, length: the circle.
        end: the last time.
        windows: how many.
        steps: of Levenberg-Marquardt in each window.
        points: of each window, inside.
        every: how many steps the same points are used for.
        weight: of the first values of a window; the equation has 1.
    """

    start: float
    length: float
    end: float
    windows: int = 1
    steps: int = 500
    points: int = 2000
    every: int = 100
    weight: float = 100.0

    def solve(
        self,
        nn: SymbolicNeuralNetwork,
        u: Any,
        residual: Any,
        initial: Callable[[np.ndarray], np.ndarray],
        x: np.ndarray,
        t: np.ndarray,
        seed: int,
        effort: float,
    ) -> tuple[np.ndarray, int]:
        """Values of ``u`` on the grid of x and t, of shape (x, t, ...), and the number of steps.

        Args:
            nn: the network, whose input is x and the time since the window began, in windows.
            u: the solution, an expression of the network's input.
            residual: what should be zero inside.
            initial: the first values, from points of shape (n,) to values of the shape of ``u``, samples first.
            x, t: the grid; each window begins at one of its times.
            seed, effort: as for :meth:`Problem.solve`.
        """
        p, rng = nn.input, np.random.default_rng([seed, 2])
        given = eg.Symbol("given", u.shape, per_sample=True)
        edge = self.start + self.length * np.arange(400) / 400
        known = initial(edge)

        def data() -> list[Any]:
            inside = np.stack([rng.uniform(self.start, self.start + self.length, self.points), rng.uniform(0, 1, self.points)], 1)
            return [{p: inside}, {p: columns(edge, 0.0), given: known}]

        inside, first = data()
        terms = residual_terms({"equation": (residual, inside), "start": (u - given, first, self.weight)})
        trainer = Trainer(nn, terms, optimizer=LevenbergMarquardt(acceleration=True), rng=seed)
        evaluate = build_nn_function(u, nn)
        own = (len(t) - 1) // self.windows
        found = [initial(x)[:, None]]
        for window in range(self.windows):
            for k in range(max(1, round(self.steps * effort))):
                if k % self.every == 0 and k + window:
                    trainer.replace(data())
                trainer.step()
            times = np.arange(1, own + 1) / own
            values = evaluate(grid(x, times), trainer.params)
            found.append(values.reshape(len(x), own, *values.shape[1:]))
            known = evaluate(columns(edge, 1.0), trainer.params)
        return np.concatenate(found, axis=1), trainer.steps
