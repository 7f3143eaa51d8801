"""Adam and what came of it: AdamW, NAdam."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import exprgraph as eg
from exprgraph import Node

from ...parameters.layout import Layout, Shape
from .decay import check_decay, decayed
from .optimizer import Formula, Optimizer, Rate, check_fractions, check_least, check_rate, without_bias
from .patterns import Pattern


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma, Ba 2015), with both corrections of the bias.

    ``m = b1 m + (1 - b1) g``, ``v = b2 v + (1 - b2) g^2``,
    ``p - rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)``, where t is 1 at the first step.

    Args:
        learning_rate: a finite number of at least 0, or a function from the number of the step, 0 for the first, to one
            (as those of :mod:`symnn.schedules`; of your own, ``lambda step: 0.1 / (step + 1)``).
        beta1, beta2: at least 0 and less than 1.
        epsilon: at least 0.

    Raises:
        ArgumentError: a number is something else.

    >>> from symnn import MSE, Adam, Dense, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], Adam(0.05), epochs=1000).params.flat.round(3)
    array([2., 1.])
    """

    learning_rate: Rate = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    memory = 2

    def __post_init__(self) -> None:
        check_rate(self, self.learning_rate)
        check_fractions(self, beta1=self.beta1, beta2=self.beta2)
        check_least(self, epsilon=self.epsilon)

    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> Formula:
        """The formula above; the memory is ``m`` and ``v``."""
        m = self.beta1 * memory[0] + (1 - self.beta1) * gradient
        v = self.beta2 * memory[1] + (1 - self.beta2) * gradient**2
        # computed once for all parameters
        scale = rate / without_bias(self.beta1, step)
        correction = without_bias(self.beta2, step) ** -0.5
        return parameters - scale * m / (eg.sqrt(v) * correction + self.epsilon), (m, v)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay, ``- rate * weight_decay * p`` (Loshchilov, Hutter 2019).

    Args:
        learning_rate, beta1, beta2, epsilon: as for :class:`Adam`.
        weight_decay: at least 0.
        mask: which parameters decay, by name: a pattern such as ``"*.W"``, or several; by default all.

    Raises:
        ArgumentError: a number or the mask is something else.

    >>> from symnn import MSE, AdamW, Dense, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> optimizer = AdamW(0.05, weight_decay=0.1, mask="*.W")
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], optimizer, epochs=1000).params.flat.round(2)
    array([1.9 , 1.05])
    """

    weight_decay: float = 1e-2
    mask: Pattern | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_decay(self, self.weight_decay, self.mask)

    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """The step of :class:`Adam`, minus the decay."""
        new, kept = self.update(parameters, gradient, memory, rate, step)
        return decayed(self, new, parameters, rate, self.weight_decay, self.mask, layout), kept


@dataclass(frozen=True)
class NAdam(Adam):
    """Adam with Nesterov's momentum (Dozat, "Incorporating Nesterov momentum into Adam", 2016).

    The momentum of step t is ``b(t) = beta1 * (1 - 0.96**(t * momentum_decay) / 2)``; with the products ``B(t)`` of all momenta up to
    step t, the step is ``- rate * (b(t+1) m / (1 - B(t+1)) + (1 - b(t)) g / (1 - B(t))) / (sqrt(v / (1 - b2^t)) + epsilon)``.

    Args:
        learning_rate, beta1, beta2, epsilon: as for :class:`Adam`.
        momentum_decay: at least 0.

    Raises:
        ArgumentError: a number is something else.

    >>> from symnn import MSE, Dense, NAdam, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], NAdam(0.05), epochs=1000).params.flat.round(3)
    array([2., 1.])
    """

    learning_rate: Rate = 2e-3
    momentum_decay: float = 4e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least(self, momentum_decay=self.momentum_decay)

    def arrays(self, layout: Layout) -> Sequence[Shape]:
        """``m``, ``v``, and ``1 - B(t)``, a number."""
        return [(layout.size,), (layout.size,), ()]

    def update(self, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node) -> Formula:
        """The formula above."""
        now, after = (self.beta1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay)) for t in (step, step + 1))
        m = self.beta1 * memory[0] + (1 - self.beta1) * gradient
        v = self.beta2 * memory[1] + (1 - self.beta2) * gradient**2
        left = 1 - now * (1 - memory[2])
        further = 1 - after * (1 - left)
        correction = without_bias(self.beta2, step) ** -0.5
        direction = (rate * after / further) * m + (rate * (1 - now) / left) * gradient
        return parameters - direction / (eg.sqrt(v) * correction + self.epsilon), (m, v, left)


__all__ = ["Adam", "AdamW", "NAdam"]
