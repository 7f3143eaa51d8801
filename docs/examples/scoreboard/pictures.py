"""Pictures of solutions: drawn into two axes of matplotlib, the solution in the first, its error in the second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Picture = Callable[[Any, Any], None]


def space_and_time(x: np.ndarray, t: np.ndarray, got: np.ndarray, exact: np.ndarray, names: tuple[str, str] = ("x", "t")) -> Picture:
    """Values on a grid of two coordinates, of shape (x, t) or flat."""

    def draw(left: Any, right: Any) -> None:
        error = np.log10(np.maximum(np.abs(got - exact), 1e-17))
        for axes, values, title in (
            (left, got, "solution"),
            (right, np.maximum(error, error.max() - 4), "log10 of the error"),  # zeros between signs would take most of the colours
        ):
            image = axes.pcolormesh(t, x, values.reshape(len(x), len(t)), cmap="viridis", shading="gouraud", rasterized=True)
            axes.figure.colorbar(image, ax=axes)
            axes.set(title=title, xlabel=names[1], ylabel=names[0])

    return draw


def along(x: np.ndarray, got: np.ndarray, exact: np.ndarray, name: str = "x") -> Picture:
    """Values along one coordinate."""

    def draw(left: Any, right: Any) -> None:
        left.plot(x, exact, lw=3, alpha=0.4, label="exact")
        left.plot(x, got, "--", label="network")
        left.set(title="solution", xlabel=name)
        left.legend()
        right.semilogy(x, np.maximum(np.abs(got - exact), 1e-17))
        right.set(title="error", xlabel=name)

    return draw
