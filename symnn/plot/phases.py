"""Phase portraits: a vector field in the plane, and paths in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..network.symbolic import SymbolicNeuralNetwork
from ..quantities import described, number
from .drawing import COLOURS, Label, axes, labels_of
from .grids import Data, Drawn, Ranges, function_of, grid, values_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Paths = Union[Mapping[str, Any], Sequence[Any]]


def phase(
    field: Drawn | None,
    box: Ranges,
    *,
    nn: SymbolicNeuralNetwork | None = None,
    params: Any = None,
    data: Data | None = None,
    paths: Paths = (),
    points: int = 25,
    density: float = 1.0,
    labels: Sequence[Label] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the phase portrait of a field: its streamlines, and paths over them.

    Args:
        field: a function of points of shape (n, inputs) with a vector for each, of the inputs' number; or an expression of
            ``nn``, such as :func:`symnn.physics.hamiltonian_field`; ``None`` for paths alone.
        box: for each input two ends, or a number for an input that stays.  Two inputs vary.
        nn, params, data: the network, its parameters and values of further symbols, if ``field`` is an expression.
        paths: states one after another, of shape (times, inputs), by name or in a list; drawn with a dot where they begin.
        points: the number of points along each input.
        density: how close streamlines are.
        labels: for each input a name, or a name with its unit.
        ax: matplotlib's axes to draw in; by default those of a new figure.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        ArgumentError, ShapeError: an argument does not fit.

    >>> import numpy as np
    >>> from symnn import plot
    >>> t = np.linspace(0, 3, 50)
    >>> circle = np.stack([np.cos(t), -np.sin(t)], 1)
    >>> rotation = lambda z: np.stack([z[:, 1], -z[:, 0]], 1)
    >>> ax = plot.phase(rotation, [(-2, 2), (-2, 2)], paths={"a turn": circle}, points=9, density=0.4, labels=["q", "p"])
    >>> ax.get_xlabel(), [text.get_text() for text in ax.get_legend().get_texts()]
    ('q', ['a turn'])
    """
    g = grid(box, points)
    inputs = g.points.shape[-1]
    if len(g.varying) != 2:
        raise ArgumentError("phase: two inputs vary, the others have a number instead of two ends")
    across, up = g.varying
    texts, density = labels_of(labels, [f"x[{k}]" for k in range(inputs)]), number("density", density, above=0)
    if not isinstance(paths, (Mapping, Sequence, np.ndarray)):
        raise ArgumentError(f"phase: paths are in a dict by name or in a list, got {described(paths)}")
    own = axes(ax)
    if field is not None:
        velocity = values_on(g, function_of(field, nn, params, data), entries=inputs)
        x, y = velocity[..., across].T, velocity[..., up].T
        own.streamplot(g.ticks[0], g.ticks[1], x, y, density=density, color="0.65", linewidth=0.7, arrowsize=0.8)
    named = list(paths.items()) if isinstance(paths, Mapping) else list(enumerate(paths))
    for k, (name, states) in enumerate(named):
        path: np.ndarray = np.asarray(states, float)
        if path.ndim != 2 or path.shape[1] != inputs:
            raise ShapeError(f"phase: a path has shape (times, {inputs}), {name!r} has shape {path.shape}")
        colour = COLOURS[k % len(COLOURS)]
        own.plot(path[:, across], path[:, up], color=colour, lw=1.4, label=name if isinstance(name, str) else None)
        own.plot(path[0, across], path[0, up], "o", ms=4, color=colour)
    if isinstance(paths, Mapping) and paths:
        own.legend()
    own.set(xlabel=texts[across], ylabel=texts[up], xlim=g.ticks[0][[0, -1]], ylim=g.ticks[1][[0, -1]])
    return own


__all__ = ["phase"]
