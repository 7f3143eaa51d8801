"""From a loss to trained parameters, in the way that all problems share: least squares on points that are drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symnn import LevenbergMarquardt, Trainer

#: new data for the terms of a loss, from a generator and the number of steps so far
Draw = Callable[[np.random.Generator, int], Any]


def least_squares(
    nn: Any, terms: Any, seed: int, steps: int, draw: Draw | None = None, every: int = 100, optimizer: Any = None, params: Any = None
) -> Trainer:
    """Steps of Levenberg-Marquardt from initial parameters drawn from ``seed``.

    Args:
        nn: the network, or a container of all symbols to train.
        terms: the terms of the loss, with their first data.
        seed: of the initial parameters and of the points.
        steps: how many.
        draw: gives other data for the terms; ``every`` so many steps they replace those before, so that the residuals
            cannot become small at the points alone.
        optimizer: instead of ``LevenbergMarquardt(acceleration=True)``, which was best on most of the problems.
        params: the first parameters instead.
    """
    rng = np.random.default_rng([seed, 1])
    trainer = Trainer(nn, terms, optimizer=optimizer or LevenbergMarquardt(acceleration=True), rng=seed, params=params)
    for k in range(steps):
        if draw is not None and k and k % every == 0:
            trainer.replace(draw(rng, k))
        trainer.step()
    return trainer


def columns(*coordinates: Any) -> np.ndarray:
    """Points from their coordinates, which may be single numbers."""
    return np.stack(np.broadcast_arrays(*coordinates), axis=-1).astype(float)


def grid(*axes: np.ndarray) -> np.ndarray:
    """All points of a grid, of shape (number of them, dimensions)."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
