"""Pictures of functions on a box: a solution, a residual, an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from ..network.symbolic import SymbolicNeuralNetwork
from ..quantities import count
from .drawing import MAGNITUDES, SIGNED, VALUES, Label, axes, labels_of, load, written
from .grids import Data, Drawn, Grid, Ranges, function_of, grid, values_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Where = Callable[[np.ndarray], Any]


def solution(
    u: Drawn,
    box: Ranges,
    *,
    nn: SymbolicNeuralNetwork | None = None,
    params: Any = None,
    data: Data | None = None,
    exact: Callable[[np.ndarray], Any] | None = None,
    where: Where | None = None,
    points: int | Sequence[int] = 101,
    contours: int = 8,
    labels: Sequence[Label] | None = None,
    name: Label = "u",
    ax: Axes | None = None,
) -> Axes:
    """Draw a function of one or two inputs: a line, or colours with contours.

    Args:
        u: a function of points, an array of shape (n, inputs), with a value for each, such as a :class:`NeuralNetwork`; or an
            expression of ``nn``.
        box: for each input two ends, or a number for an input that stays; one or two inputs vary.  Or a domain of
            :mod:`symnn.points`, outside of which nothing is drawn.
        nn, params: the network and its parameters, if ``u`` is an expression.
        data: values of further symbols in the expression: numbers, or functions of the points.
        exact: the exact solution, a function of points, drawn below the line.  For two inputs that vary, draw :func:`error`.
        where: a function of points; where it is false, nothing is drawn.
        points: the number of points along each input that varies.
        contours: the number of contours, of two inputs; 0 for none.
        labels: for each input a name, or a name with its unit: ``("t", "s")``.
        name: the name of the values, or the name with its unit.
        ax: matplotlib's axes to draw in; by default those of a new figure.

    Returns:
        The axes; their figure is ``ax.figure``.

    Raises:
        ImportError: matplotlib is not installed.
        ArgumentError, ShapeError: an argument does not fit.

    >>> from symnn import plot
    >>> ax = plot.solution(lambda x: x[:, 0] ** 2, [(0, 1)], labels=[("t", "s")], name=("height", "m"))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('t (s)', 'height (m)')
    """
    g, contours = grid(box, points), count("contours", contours, 0)
    values = values_on(g, function_of(u, nn, params, data), where)
    texts = _labels(g, labels)
    own = axes(ax)
    if len(g.varying) == 2:
        if exact is not None:
            raise ArgumentError("solution: exact is drawn as a line; of two inputs that vary, draw plot.error(u, box, exact)")
        _colours(own, g, values, VALUES, texts, written(name), contours=contours)
        return own
    if exact is not None:
        own.plot(g.ticks[0], values_on(g, exact, where), lw=4, alpha=0.35, color="black", label="exact")
    own.plot(g.ticks[0], values, label=written(name))
    if exact is not None:
        own.legend()
    own.set(xlabel=texts[0], ylabel=written(name))
    return own


def residual(
    e: Drawn,
    box: Ranges,
    *,
    nn: SymbolicNeuralNetwork | None = None,
    params: Any = None,
    data: Data | None = None,
    where: Where | None = None,
    points: int | Sequence[int] = 101,
    labels: Sequence[Label] | None = None,
    name: Label = "residual",
    ax: Axes | None = None,
) -> Axes:
    """Draw what should be zero: a line beside zero, or colours that are white at zero.

    Args:
        e: a function of points or an expression of ``nn``; the other arguments are those of :func:`solution`.

    >>> import numpy as np
    >>> from symnn import Chain, Dense, SymbolicNeuralNetwork, plot
    >>> from symnn.physics import partial
    >>> nn = SymbolicNeuralNetwork(Chain(Dense(2, 8), Dense(8, 1)))
    >>> equation = partial(nn.output[0], nn.input, 1) - partial(nn.output[0], nn.input, 0, 0)
    >>> ax = plot.residual(equation, [(0, 1), (0, 2)], nn=nn, params=nn.chain.initial_parameters(0), labels=["x", "t"])
    >>> ax.get_ylabel()
    't'
    """
    g = grid(box, points)
    values = values_on(g, function_of(e, nn, params, data), where)
    own, texts = axes(ax), _labels(g, labels)
    if len(g.varying) == 2:
        most = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
        _colours(own, g, values, SIGNED, texts, written(name), vmin=-most, vmax=most)
        return own
    own.axhline(0.0, color="gray", lw=0.8)
    own.plot(g.ticks[0], values)
    own.set(xlabel=texts[0], ylabel=written(name))
    return own


def error(
    u: Drawn,
    box: Ranges,
    exact: Callable[[np.ndarray], Any],
    *,
    nn: SymbolicNeuralNetwork | None = None,
    params: Any = None,
    data: Data | None = None,
    where: Where | None = None,
    points: int | Sequence[int] = 101,
    labels: Sequence[Label] | None = None,
    name: Label = "error",
    ax: Axes | None = None,
) -> Axes:
    """Draw the absolute error ``|u - exact|`` on a logarithmic scale.

    Args:
        exact: the exact solution, a function of points.  The other arguments are those of :func:`solution`.

    >>> import numpy as np
    >>> from symnn import plot
    >>> ax = plot.error(lambda x: x[:, 0], [(0, 1)], lambda x: np.sin(x[:, 0]))
    >>> ax.get_yscale()
    'log'
    """
    g = grid(box, points)
    values = np.abs(values_on(g, function_of(u, nn, params, data), where) - values_on(g, exact, where))
    own, texts = axes(ax), _labels(g, labels)
    most = float(np.nanmax(values, initial=0.0))
    least = max(1e-6 * most, 1e-20)  # exact points would stretch the scale without an end
    shown = np.maximum(values, least)
    if len(g.varying) == 2:
        low = float(np.nanmin(shown, initial=np.inf))
        low = low if np.isfinite(low) else 1.0
        norm = load("matplotlib.colors").LogNorm(low, most if most > low else 10 * low)
        _colours(own, g, shown, MAGNITUDES, texts, written(name), norm=norm)
        return own
    own.semilogy(g.ticks[0], shown)
    own.set(xlabel=texts[0], ylabel=written(name))
    return own


def _labels(g: Grid, labels: Sequence[Label] | None) -> list[str]:
    """The labels of the inputs that vary."""
    inputs = g.points.shape[-1]
    texts = labels_of(labels, ["x"] if inputs == 1 else [f"x[{k}]" for k in range(inputs)])
    return [texts[k] for k in g.varying]


def _colours(ax: Axes, g: Grid, values: np.ndarray, colours: str, texts: list[str], name: str, *, contours: int = 0, **scale: Any) -> None:
    """Values of two inputs: the first across, the second upwards."""
    masked = np.ma.masked_invalid(values.T)
    shown = ax.pcolormesh(*g.ticks, masked, cmap=colours, shading="nearest", rasterized=True, **scale)
    if contours and masked.count() and np.ptp(masked.compressed()) > 0:
        ax.contour(*g.ticks, masked, contours, colors="white", linewidths=0.6, linestyles="solid", alpha=0.8)
    ax.get_figure(root=False).colorbar(shown, ax=ax, label=name)  # type: ignore[union-attr]
    ax.set(xlabel=texts[0], ylabel=texts[1], xlim=g.ticks[0][[0, -1]], ylim=g.ticks[1][[0, -1]])


__all__ = ["error", "residual", "solution"]
