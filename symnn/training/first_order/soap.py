"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import exprgraph as eg
from exprgraph import Node

from ...parameters.layout import Layout, Shape
from ...quantities import count
from .decay import check_decay, decayed
from .optimizer import Formula, Rate, check_fractions, check_least, check_rate, without_bias
from .patterns import Pattern
from .shaped import ShapedOptimizer


@dataclass(frozen=True)
class SOAP(ShapedOptimizer):
    """Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., "SOAP: improving and stabilizing Shampoo using Adam", 2024).

    For the gradient G of a matrix, running means of ``G G^T`` and ``G^T G`` are kept, and their eigenvectors ``P`` and ``Q`` every
    ``every`` steps.  The step is that of Adam for ``P^T G Q``, brought back: ``P ... Q^T``.  Other parameters, and sides of more than
    ``largest`` rows, have no basis of their own.  As in the source, the first step only learns the bases.  It trains networks for
    equations further than Adam does (Wang et al., "Gradient alignment in physics-informed neural networks", 2025).

    Args:
        learning_rate: a finite number of at least 0, or a function from the number of the step, 0 for the first, to one.
        beta1, beta2: at least 0 and less than 1; ``beta2`` is also for the means of ``G G^T`` and ``G^T G``.
        epsilon: at least 0.
        every: how many steps have the same eigenvectors.
        largest: the number of rows of the largest matrix whose eigenvectors are computed.
        weight_decay: at least 0.
        mask: which parameters decay, by name: a pattern such as ``"*.W"``, or several; by default all.

    Raises:
        ArgumentError: a number or the mask is something else.

    >>> import numpy as np
    >>> from symnn import MSE, SOAP, Chain, Dense, train
    >>> x = np.linspace(-1, 1, 100)[:, None]
    >>> chain = Chain(Dense(1, 8), Dense(8, 8), Dense(8, 1))
    >>> train(chain, MSE(), (x, x**2), optimizer=SOAP(0.01), epochs=300, rng=0).history.loss[-1] < 1e-3
    True
    """

    learning_rate: Rate = 3e-3
    beta1: float = 0.95
    beta2: float = 0.95
    epsilon: float = 1e-8
    every: int = 10
    largest: int = 1024
    weight_decay: float = 0.0
    mask: Pattern | None = None

    def __post_init__(self) -> None:
        check_rate(self, self.learning_rate)
        check_fractions(self, beta1=self.beta1, beta2=self.beta2)
        check_least(self, epsilon=self.epsilon)
        count("SOAP's every", self.every)
        count("SOAP's largest", self.largest, 0)
        check_decay(self, self.weight_decay, self.mask)

    def _sides(self, shape: Shape) -> list[int]:
        """The axes with a basis; none of a row or a column, where it would be a sign."""
        return [k for k in (0, 1) if 1 < shape[k] <= self.largest] if len(shape) == 2 else []

    def memory(self, name: str, shape: Shape) -> Sequence[Shape]:
        """Both means of Adam, then for each side a mean of squares of gradients and its eigenvectors."""
        return [shape, shape, *[(shape[k], shape[k]) for k in self._sides(shape) for _ in range(2)]]

    def update(self, name: str, parameter: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> Formula:
        """The formula above, without decay."""
        sides = self._sides(parameter.shape)
        squares, bases = memory[2::2], memory[3::2]
        begun = eg.where(step > 1, 1.0, 0.0)
        t = eg.maximum(step - 1, 1.0)
        m = self.beta1 * memory[0] + (1 - self.beta1) * begun * gradient
        rotated = _rotated(gradient, sides, bases)
        v = self.beta2 * memory[1] + (1 - self.beta2) * begun * rotated**2
        adam = _rotated(m, sides, bases) / (eg.sqrt(v) * without_bias(self.beta2, t) ** -0.5 + self.epsilon)
        new = parameter - begun * rate / without_bias(self.beta1, t) * _rotated(adam, sides, bases, back=True)
        kept = [m, v]
        for k, s, q in zip(sides, squares, bases):
            both = gradient @ eg.transpose(gradient) if k == 0 else eg.transpose(gradient) @ gradient
            kept += [self.beta2 * s + (1 - self.beta2) * both, q]
        return new, kept

    def renew(self, name: str, memory: Sequence[Node]) -> Sequence[Node]:
        """The eigenvectors of the means, in ascending order of their eigenvalues."""
        new = list(memory)
        for k in range(3, len(new), 2):
            new[k] = eg.eigenvectors(new[k - 1])
        return new

    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """The formulas of all parameters, minus the decay."""
        new, kept = super().formula(layout, turn, parameters, gradient, memory, rate, step)
        return decayed(self, new, parameters, rate, self.weight_decay, self.mask, layout), kept


def _rotated(x: Node, sides: Sequence[int], bases: Sequence[Node], back: bool = False) -> Node:
    """A matrix in the coordinates of the bases of some sides, or back from there."""
    for k, q in zip(sides, bases):
        p = eg.transpose(q) if back else q
        x = eg.transpose(p) @ x if k == 0 else x @ p
    return x


__all__ = ["SOAP"]
