"""Muon: momentum of matrices, brought near to an orthogonal matrix."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import exprgraph as eg
from exprgraph import Node

from ...parameters.layout import Layout, Shape
from ...quantities import count
from .decay import check_decay, decayed
from .optimizer import Formula, Rate, check_fractions, check_least, check_rate, without_bias
from .patterns import Pattern, check_pattern, check_used, fits
from .shaped import ShapedOptimizer

#: the coefficients of ``a x + b x^3 + c x^5``, whose powers bring singular values between 0.7 and 1.2 soonest
_A, _B, _C = 3.4445, -4.7750, 2.0315


@dataclass(frozen=True)
class Muon(ShapedOptimizer):
    """Steps along the momentum of each matrix, made nearly orthogonal by a Newton-Schulz iteration (Jordan et al., "Muon", 2024).

    ``m = momentum m + (1 - momentum) g``; with Nesterov's variant, ``u = momentum m + (1 - momentum) g`` instead of ``m``.  ``X = u /
    |u|`` becomes ``a X + (b A + c A^2) X`` with ``A = X X^T``, five times, and the step is ``- rate * sqrt(max(1, rows/columns)) X``.
    All singular values of a step are then near 1.  Other parameters, such as biases, are trained by Adam.

    Args:
        learning_rate: a finite number of at least 0, or a function from the number of the step, 0 for the first, to one.
        momentum: at least 0 and less than 1.
        nesterov: whether to use Nesterov's variant.
        iterations: of Newton-Schulz.
        matrices: which matrices are trained so, by name: a pattern such as ``"*.W"``, or several; by default all.  The source
            trains hidden layers so, and the first and the last layer by Adam: ``matrices=["L2.W", "L3.W"]``.
        adam_rate: the learning rate of Adam, as a fraction of ``learning_rate``.
        beta1, beta2, epsilon: of Adam.
        weight_decay: at least 0.
        mask: which parameters decay, by name; by default all.

    Raises:
        ArgumentError: a number or a pattern is something else.

    >>> import numpy as np
    >>> from symnn import MSE, Chain, Dense, Muon, schedules, train
    >>> x = np.linspace(-1, 1, 100)[:, None]
    >>> chain, rate = Chain(Dense(1, 8), Dense(8, 8), Dense(8, 1)), schedules.cosine(0.02, steps=300)
    >>> train(chain, MSE(), (x, x**2), optimizer=Muon(rate, adam_rate=0.5), epochs=300, rng=0).history.loss[-1] < 1e-3
    True
    """

    learning_rate: Rate = 0.02
    momentum: float = 0.95
    nesterov: bool = True
    iterations: int = 5
    matrices: Pattern | None = None
    adam_rate: float = 0.015
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-10
    weight_decay: float = 0.0
    mask: Pattern | None = None

    def __post_init__(self) -> None:
        check_rate(self, self.learning_rate)
        check_fractions(self, momentum=self.momentum, beta1=self.beta1, beta2=self.beta2)
        check_least(self, adam_rate=self.adam_rate, epsilon=self.epsilon)
        count("Muon's iterations", self.iterations)
        check_pattern("Muon's matrices", self.matrices)
        check_decay(self, self.weight_decay, self.mask)

    def _is_matrix(self, name: str, shape: Shape) -> bool:
        return len(shape) == 2 and (self.matrices is None or fits(name, self.matrices))

    def memory(self, name: str, shape: Shape) -> Sequence[Shape]:
        """The momentum of a matrix; both means of Adam for other parameters."""
        return [shape] if self._is_matrix(name, shape) else [shape, shape]

    def update(self, name: str, parameter: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> Formula:
        """The formula above, without decay."""
        if not self._is_matrix(name, parameter.shape):
            return adam_step(parameter, gradient, memory, self.adam_rate * rate, step, (self.beta1, self.beta2, self.epsilon))
        m = self.momentum * memory[0] + (1 - self.momentum) * gradient
        along = self.momentum * m + (1 - self.momentum) * gradient if self.nesterov else m
        rows, columns = parameter.shape
        scale = math.sqrt(max(1.0, rows / columns))
        return parameter - rate * scale * orthogonalized(along, self.iterations), (m,)

    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """The formulas of all parameters, minus the decay."""
        if self.matrices is not None:
            check_used("Muon's matrices", self.matrices, layout)
        new, kept = super().formula(layout, turn, parameters, gradient, memory, rate, step)
        return decayed(self, new, parameters, rate, self.weight_decay, self.mask, layout), kept


def orthogonalized(m: Node, iterations: int) -> Node:
    """Nearly the orthogonal factor of the polar decomposition of a matrix, by a quintic Newton-Schulz iteration."""
    tall = m.shape[0] > m.shape[1]
    x = eg.transpose(m) if tall else m
    x = x / (eg.sqrt(eg.sum(x**2)) + 1e-7)
    for _ in range(iterations):
        a = x @ eg.transpose(x)
        x = _A * x + (_B * a + _C * (a @ a)) @ x
    return eg.transpose(x) if tall else x


def adam_step(p: Node, g: Node, memory: Sequence[Node], rate: Node, step: Node, constants: tuple[float, float, float]) -> Formula:
    """The step of Adam in any shape, with ``beta1``, ``beta2``, ``epsilon``."""
    beta1, beta2, epsilon = constants
    m = beta1 * memory[0] + (1 - beta1) * g
    v = beta2 * memory[1] + (1 - beta2) * g**2
    return p - rate / without_bias(beta1, step) * m / (eg.sqrt(v) * without_bias(beta2, step) ** -0.5 + epsilon), (m, v)


__all__ = ["Muon", "adam_step", "orthogonalized"]
