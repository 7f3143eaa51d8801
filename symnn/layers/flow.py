"""Flows: the state after some time of a differential equation whose right-hand side is a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import exprgraph as eg
from exprgraph import Node

from ..quantities import count, number
from .layer import Layer
from .same_shape import SameShape


class Flow(SameShape):
    """The solution of ``dy/dt = f(y)`` at a time, from y = x at time 0, by Runge-Kutta steps of fourth order.

    The steps are a loop (:func:`exprgraph.scan`): the graph and the code are as long for one step as for a thousand.  The
    parameters are those of ``f``.

    Args:
        inner: ``f``, a layer, a chain or a plain function that keeps the shape.
        time: the length of the time interval.
        steps: the number of steps.
        checkpoint: the steps between two states that a gradient keeps, or ``"sqrt"``; by default it keeps all.

    Raises:
        ShapeError: ``f`` changes the shape.
        ArgumentError: the time is not a positive number, or the number of steps not a positive whole number.

    >>> import exprgraph as eg
    >>> from symnn import Chain, Dense, Flow, Linear, SymbolicNeuralNetwork
    >>> nn = SymbolicNeuralNetwork(Chain(Flow(Chain(Dense(2, 8), Linear(8, 2)), time=0.5, steps=20)))
    >>> nn.output.shape, list(nn.params.L1)
    ((2,), ['L1', 'L2'])
    >>> decay = Flow(lambda y: -y, steps=100)(eg.Symbol("x", 1), {})
    >>> eg.evaluate(decay, {eg.Symbol("x", 1): [1.0]}).round(8)  # exp(-1)
    array([0.36787944])
    """

    needs = "Flow moves a point along a field of its shape"

    def __init__(self, inner: Layer | Callable[[Node], Any], time: float = 1.0, steps: int = 10, checkpoint: Any = None) -> None:
        super().__init__(inner)
        self.time = number("Flow: time", time, above=0)
        self.steps = count("Flow: steps", steps)
        self.checkpoint = checkpoint

    def __call__(self, x: Any, ps: Any) -> Node:
        """The expression of the last state, of the input's shape.

        Raises:
            ShapeError: ``f`` changes the shape.
        """
        return self._after(x, ps, self.time / self.steps)

    def inverse(self, y: Any, ps: Any) -> Node:
        """The first state for a last one, of the same shape: by steps back in time, so up to the error of the steps.

        Raises:
            ShapeError: ``f`` changes the shape.
        """
        return self._after(y, ps, -self.time / self.steps)

    def _after(self, x: Any, ps: Any, h: float) -> Node:
        """The state after all steps of length h."""
        start = eg.as_expression(x)

        def slope(y: Node) -> Node:
            found = self.apply_inner("", y, ps)
            self.check_shapes(y.shape, found.shape)
            return found

        def step(i: Node, y: Node) -> Node:
            a = slope(y)
            b = slope(y + h / 2 * a)
            c = slope(y + h / 2 * b)
            d = slope(y + h * c)
            return y + h / 6 * (a + 2 * b + 2 * c + d)

        last: Node = eg.fori(self.steps, step, start, checkpoint=self.checkpoint)
        return last


__all__ = ["Flow"]
