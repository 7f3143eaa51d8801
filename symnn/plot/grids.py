"""Points of a box, and the values of networks, expressions and functions there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Union

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..errors import ArgumentError, ShapeError
from ..layers.layer import Layer
from ..network.binding import bind_parameters
from ..network.derivatives import expression_of
from ..network.symbolic import SymbolicNeuralNetwork
from ..parameters.container import from_flat
from ..quantities import count, described

#: what can be drawn: a function of points, or an expression of a network
Drawn = Union[Callable[[np.ndarray], Any], Node, Any]


class Region(Protocol):
    """A domain of :mod:`symnn.points`."""

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest entries of its points."""

    def contains(self, points: object, /) -> np.ndarray:
        """Whether points are inside."""


#: for each input the two ends of an interval, or a number that it keeps; or a domain
Ranges = Union[Sequence[Any], Region]
#: values of further symbols: a number, or a function of points
Data = Mapping[Node, Any]


class Grid(NamedTuple):
    """Points in a box.

    Attributes:
        points: all points, of shape (..., inputs); an axis for each input that varies.
        varying: the inputs that vary.
        ticks: their values, one array each.
        inside: of a domain, whether points are inside.
    """

    points: np.ndarray
    varying: tuple[int, ...]
    ticks: tuple[np.ndarray, ...]
    inside: Callable[[np.ndarray], Any] | None = None


def grid(box: Ranges, points: int | Sequence[int], most: int = 2) -> Grid:
    """A grid of points.

    Args:
        box: for each input two ends, or a number; a pair of numbers is the interval of a single input.  Or a domain.
        points: the number of points along each input that varies.
        most: the number of inputs that may vary.

    Raises:
        ArgumentError: the box has another form, or too many inputs vary.

    >>> from symnn.plot.grids import grid
    >>> grid([(0, 1), 5.0], 3).points.tolist()
    [[0.0, 5.0], [0.5, 5.0], [1.0, 5.0]]
    """
    inside = None
    if not isinstance(box, (Sequence, np.ndarray)) and hasattr(box, "bounds") and hasattr(box, "contains"):
        inside = box.contains
        box = list(zip(*box.bounds))
    sides = _sides(box)
    varying = tuple(k for k, side in enumerate(sides) if isinstance(side, tuple))
    if not 1 <= len(varying) <= most:
        wanted = f"one to {('two', 'three')[most - 2]} inputs vary"
        raise ArgumentError(f"box: {wanted}, the others have a number instead of two ends; got {len(varying)} of {len(sides)} that vary")
    numbers = list(points) if isinstance(points, (Sequence, np.ndarray)) else [points] * len(varying)
    if len(numbers) != len(varying):
        raise ArgumentError(f"points: expected one number, or one for each of {len(varying)} inputs that vary, got {points!r}")
    ticks = tuple(np.linspace(sides[k][0], sides[k][1], count("points", n, 2)) for k, n in zip(varying, numbers))
    mesh = iter(np.meshgrid(*ticks, indexing="ij"))
    shape = tuple(len(t) for t in ticks)
    columns = [next(mesh) if isinstance(side, tuple) else np.full(shape, side) for side in sides]
    return Grid(np.stack(columns, -1), varying, ticks, inside)


def _sides(box: Any) -> list[Any]:
    """The interval or the number of each input."""
    form = "box is a list with two ends for each input, as in [(-1, 1), (0, 2)], or a number for an input that stays; or a domain"
    if not isinstance(box, (Sequence, np.ndarray)) or not len(box):
        raise ArgumentError(f"{form}, got {described(box)}")
    if len(box) == 2 and all(np.ndim(side) == 0 for side in box):
        box = [box]
    sides: list[Any] = []
    for k, side in enumerate(box):
        try:
            ends = np.asarray(side, float)
        except (TypeError, ValueError):
            ends = np.empty(3)
        if ends.shape not in ((), (2,)) or not np.isfinite(ends).all():
            raise ArgumentError(f"{form}; input {k} has {side!r}")
        if ends.shape and not ends[0] < ends[1]:
            raise ArgumentError(f"box: the ends of an interval grow, input {k} has {side!r}")
        sides.append((float(ends[0]), float(ends[1])) if ends.shape else float(ends))
    return sides


def function_of(drawn: Drawn, nn: SymbolicNeuralNetwork | None, params: Any, data: Data | None) -> Callable[[np.ndarray], np.ndarray]:
    """A function of points of shape (n, inputs).

    Args:
        drawn: a function of such points, or an expression of ``nn``.
        nn, params: the network and its parameters, for an expression.
        data: values of further symbols and unknowns in the expression: numbers, or functions of the points.
    """
    if isinstance(drawn, Layer):
        raise ArgumentError(f"{drawn!r} has no numbers; draw NeuralNetwork(chain, params), with the parameters of training for example")
    if not isinstance(drawn, Node) and callable(drawn) and nn is None:
        return lambda points: np.asarray(drawn(points), float)
    if nn is None or params is None:
        raise ArgumentError(
            f"expected a function of points, or an expression with its network and parameters, nn= and params=; got {described(drawn)}"
            + (" without them" if isinstance(drawn, Node) else "")
        )
    if not isinstance(nn, SymbolicNeuralNetwork):
        raise ArgumentError(
            f"nn is the SymbolicNeuralNetwork of the expression, got {described(nn)}; an expression of several networks is drawn as a "
            "function: f = build_nn_function(e, Model(parts), x), and then lambda points: f(points, params)"
        )
    e = expression_of(drawn)
    given = {s.expression if isinstance(s, eg.StandIn) else s: v for s, v in (data or {}).items()}
    wrong = next((s for s in given if not (isinstance(s, Node) and eg.is_symbol(s))), None)
    if wrong is not None:
        raise ArgumentError(f"data is a dict from symbols to numbers or functions of points; {wrong!r} is not a symbol")
    layout = nn.params.layout
    numbers = from_flat(layout, bind_parameters(layout, params, True)).leaves()
    fixed = {symbol: numbers[name] for name, symbol in nn.params.leaves().items()}

    def values(points: np.ndarray) -> np.ndarray:
        if points.shape[1:] != nn.input.shape:
            sizes = f"{points.shape[1]}, and one input of the network has shape {nn.input.shape}"
            raise ShapeError(f"box: its number of inputs is {sizes}; give two ends or a number for each, as in [(-1, 1), (0, 2)]")
        further = {s: v(points) if callable(v) else v for s, v in given.items()}
        found: np.ndarray = np.asarray(eg.evaluate(e, {nn.input: points, **fixed, **further}), float)
        return found if e.per_sample else np.broadcast_to(found, (len(points), *e.shape))

    return values


def values_on(
    g: Grid, f: Callable[[np.ndarray], Any], where: Callable[[np.ndarray], Any] | None = None, entries: int = 1
) -> np.ndarray:
    """The values of a function at the points of a grid; NaN where ``where`` is false.

    Args:
        entries: the number of values of a point.

    Returns:
        An array of the grid's shape, with one more axis unless ``entries`` is 1.
    """
    points = g.points.reshape(-1, g.points.shape[-1])
    values = np.asarray(f(points), float)
    if values.shape[:1] != (len(points),):
        raise ShapeError(f"a function of {len(points)} points gives as many values, got shape {values.shape}")
    values = values.reshape(len(points), -1)
    if values.shape[1] != entries:
        hint = "; take one, as in nn.output[0]" if entries == 1 else ""
        raise ShapeError(f"expected {entries} value{'s' * (entries > 1)} for each point, got {values.shape[1]}{hint}")
    for condition in (g.inside, where):
        if condition is not None:
            values = np.where(np.asarray(condition(points), bool).reshape(-1, 1), values, np.nan)
    shape = g.points.shape[:-1]
    return values.reshape(shape if entries == 1 else (*shape, -1))


__all__ = ["Data", "Drawn", "Grid", "Ranges", "function_of", "grid", "values_on"]
