"""Animations: a function of places as one of its inputs, mostly the time, goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from ..network.symbolic import SymbolicNeuralNetwork
from ..quantities import count, number
from .drawing import VALUES, Label, axes, labels_of, load, written
from .grids import Data, Drawn, Ranges, function_of, grid, values_on

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes


def animation(
    u: Drawn,
    box: Ranges,
    *,
    nn: SymbolicNeuralNetwork | None = None,
    params: Any = None,
    data: Data | None = None,
    time: int = -1,
    frames: int = 60,
    seconds: float = 4.0,
    points: int = 101,
    labels: Sequence[Label] | None = None,
    name: Label = "u",
    ax: Axes | None = None,
) -> FuncAnimation:
    """Animate a function of one or two places and the time: a moving line, or moving colours.

    Args:
        u, nn, params, data, points, labels, name: as for :func:`solution`.
        box: for each input two ends, or a number for an input that stays; one of them is the time.
        time: which input is the time.
        frames: the number of pictures.
        seconds: the duration.
        ax: matplotlib's axes to draw in; by default those of a new figure.

    Returns:
        Matplotlib's animation.  Keep it in a variable while it is shown; :func:`save` writes it to a file.

    Raises:
        ImportError: matplotlib is not installed.
        ArgumentError, ShapeError: an argument does not fit.

    >>> import tempfile
    >>> import numpy as np
    >>> from symnn import plot
    >>> wave = plot.animation(lambda p: np.sin(p[:, 0] - p[:, 1]), [(0, 6), (0, 6)], frames=2, labels=["x", ("t", "s")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot.save(wave, folder + "/wave.gif", dpi=40).stat().st_size > 1000
    True
    """
    g = grid(box, 2, most=3)
    inputs = g.points.shape[-1]
    at = time + inputs if time < 0 else time
    if at not in g.varying or len(g.varying) < 2:
        raise ArgumentError(f"animation: the time, input {time}, and one or two other inputs vary; these vary: {list(g.varying)}")
    places = grid(box, [count("frames", frames) + (frames == 1) if k == at else count("points", points, 2) for k in g.varying], most=3)
    duration = number("seconds", seconds, above=0)
    axis = places.varying.index(at)
    values = np.moveaxis(values_on(places, function_of(u, nn, params, data)), axis, 0)
    ticks = [t for k, t in enumerate(places.ticks) if k != axis]
    texts = labels_of(labels, [f"x[{k}]" for k in range(inputs)])
    across = [texts[k] for k in places.varying if k != at]
    own = axes(ax)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if len(ticks) == 1:
        (line,) = own.plot(ticks[0], values[0])
        own.set(xlabel=across[0], ylabel=written(name), ylim=(low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)))
    else:
        mesh = own.pcolormesh(*ticks, values[0].T, cmap=VALUES, shading="nearest", vmin=low, vmax=high)
        own.get_figure(root=False).colorbar(mesh, ax=own, label=written(name))  # type: ignore[union-attr]
        own.set(xlabel=across[0], ylabel=across[1])

    def show(k: int) -> list[Any]:
        own.set_title(f"{texts[at]} = {places.ticks[axis][k]:.3g}")
        if len(ticks) == 1:
            line.set_ydata(values[k])
            return [line]
        mesh.set_array(values[k].T)
        return [mesh]

    show(0)
    made: FuncAnimation = load("matplotlib.animation").FuncAnimation(
        own.get_figure(root=True), show, frames=frames, interval=1000 * duration / frames
    )
    return made


__all__ = ["animation"]
