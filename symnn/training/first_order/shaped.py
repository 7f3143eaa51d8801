"""The base of optimizers that see each parameter in its own shape."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence

import exprgraph as eg
from exprgraph import Node

from ...errors import ArgumentError
from ...parameters.layout import Layout, Shape
from .optimizer import Formula, Rated


class ShapedOptimizer(Rated):
    """The base of optimizers that see each parameter in its own shape, with memory of any shapes.

    A subclass defines :meth:`memory` and :meth:`update`.

    Attributes:
        learning_rate: as for :class:`Optimizer`.
        every: the first step and each ``every``-th one after it also renew the memory by :meth:`renew`.

    >>> import exprgraph as eg
    >>> from symnn import MSE, Dense, ShapedOptimizer, train
    >>> class OneScale(ShapedOptimizer):
    ...     learning_rate = 0.5
    ...     def memory(self, name, shape):
    ...         return [()]
    ...     def update(self, name, parameter, gradient, memory, rate, step):
    ...         squares = memory[0] + eg.sum(gradient**2)
    ...         return parameter - rate * gradient / eg.sqrt(squares), [squares]
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], OneScale(), epochs=300).params.flat.round(3)
    array([2., 1.])
    """

    every: int = 1

    @abstractmethod
    def memory(self, name: str, shape: Shape) -> Sequence[Shape]:
        """The shapes of the arrays that are kept for one parameter; zero at first.

        Args:
            name: its full name, such as ``"L1.W"``.
            shape: its shape.
        """

    @abstractmethod
    def update(self, name: str, parameter: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> Formula:
        """The new parameter and its new memory, as expressions.

        Args:
            name: its full name.
            parameter, gradient: expressions of its shape.
            memory: one expression for each of :meth:`memory`.
            rate, step: the learning rate, and the number of the step, from 1.
        """

    def renew(self, name: str, memory: Sequence[Node]) -> Sequence[Node]:
        """The memory after a step that renews it; of more expensive parts, such as the eigenvectors of a matrix."""
        return memory

    @property
    def turns(self) -> Sequence[Hashable]:  # type: ignore[override]
        """Whether the memory is renewed: at the first of :attr:`every` steps."""
        return [True] + [False] * (self.every - 1)

    def arrays(self, layout: Layout) -> Sequence[Shape]:
        """The memory of all parameters."""
        return [tuple(kept) for s in layout.slots for kept in self.memory(s.name, s.shape)]

    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """The formulas of all parameters, side by side."""
        news, kepts, at = [], list[Node](), 0
        for s in layout.slots:
            p, g = (eg.reshape(v[s.offset : s.stop], s.shape) for v in (parameters, gradient))
            shapes = [tuple(shape) for shape in self.memory(s.name, s.shape)]
            new, kept = self.update(s.name, p, g, memory[at : at + len(shapes)], rate, step)
            kept = list(self.renew(s.name, kept)) if turn else list(kept)
            found = [eg.as_expression(e).shape for e in (new, *kept)]
            if found != [s.shape, *shapes]:
                expected = f"expected a new parameter and memory of shapes {[s.shape, *shapes]}"
                raise ArgumentError(f"{type(self).__name__}.update of {s.name}: {expected}, got {found}")
            news.append(eg.reshape(new, (s.size,)))
            kepts += kept
            at += len(shapes)
        return eg.concatenate(news), kepts


__all__ = ["ShapedOptimizer"]
