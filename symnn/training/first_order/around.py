"""Optimizers around another one: clipped gradients, rates by name, gradients of several batches added up."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ...errors import ArgumentError
from ...parameters.layout import Layout, Shape
from ...quantities import count, described, number
from .optimizer import BatchOptimizer, Formula, Rate
from .patterns import Pattern, check_pattern, check_used, factors_of, fits


@dataclass(frozen=True)
class _Around(BatchOptimizer):
    """The base: all that is not defined is the inner optimizer's."""

    optimizer: BatchOptimizer

    def __post_init__(self) -> None:
        if not isinstance(self.optimizer, BatchOptimizer):
            made = f"; make one: {self.optimizer.__name__}()" if isinstance(self.optimizer, type) else ""
            raise ArgumentError(f"{type(self).__name__} is around an optimizer on batches, got {described(self.optimizer)}{made}")

    @property
    def turns(self) -> Sequence[Hashable]:  # type: ignore[override]
        """Those of the inner optimizer."""
        return self.optimizer.turns

    def arrays(self, layout: Layout) -> Sequence[Shape]:
        """Those of the inner optimizer."""
        return self.optimizer.arrays(layout)

    def rates(self, first: int, steps: int) -> np.ndarray:
        """Those of the inner optimizer."""
        return self.optimizer.rates(first, steps)

    def with_rate(self, rate: Rate) -> BatchOptimizer:
        """The same around the inner optimizer with another learning rate."""
        given = {**vars(self), "optimizer": self.optimizer.with_rate(rate)}
        return type(self)(**given)


@dataclass(frozen=True)
class Clipped(_Around):
    """An optimizer that gets clipped gradients (Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent networks", 2013).

    Args:
        optimizer: gets the clipped gradient.
        norm: the largest norm of the gradient by all parameters; a longer one is shortened.
        value: the largest absolute value of an entry; entries are clipped before the norm is taken.

    Raises:
        ArgumentError: there is neither a norm nor a value, or one is not positive; or the optimizer is something else.

    >>> from symnn import MSE, Clipped, Dense, GradientDescent, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> first = train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], Clipped(GradientDescent(1.0), norm=0.5), epochs=1)
    >>> first.params.flat.round(2)
    array([0.3, 0.4])
    """

    norm: float | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.norm is None and self.value is None:
            raise ArgumentError("Clipped needs norm= or value=")
        for name, limit in (("norm", self.norm), ("value", self.value)):
            if limit is not None:
                number(f"Clipped's {name}", limit, above=0)

    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """That of the inner optimizer for the clipped gradient."""
        if self.value is not None:
            gradient = eg.maximum(eg.minimum(gradient, self.value), -self.value)
        if self.norm is not None:
            gradient = eg.minimum(1.0, self.norm / eg.norm(gradient)) * gradient
        return self.optimizer.formula(layout, turn, parameters, gradient, memory, rate, step)


@dataclass(frozen=True)
class RatesByName(_Around):
    """An optimizer whose steps are multiplied, for each parameter, by the factor of the first pattern that fits its name.

    A factor of 0 freezes parameters.  Weight decay is part of a step.

    Args:
        optimizer: makes the step.
        factors: factors by patterns of names, such as ``{"L1.*": 0.1, "*.b": 2.0}``; other parameters have the factor 1.

    Raises:
        ArgumentError: a factor is not a number of at least 0; or the optimizer is something else.

    >>> from symnn import MSE, Dense, GradientDescent, RatesByName, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> optimizer = RatesByName(GradientDescent(0.2), {"*.b": 0.0})
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.5], optimizer, epochs=200).params.flat.round(3)
    array([2.5, 0.5])
    """

    factors: Mapping[str, float]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.factors, Mapping) or not all(isinstance(p, str) for p in self.factors):
            example = '{"*.b": 2.0}'
            raise ArgumentError(f"RatesByName has a dict of factors by patterns of names, such as {example}, got {described(self.factors)}")
        for pattern, factor in self.factors.items():
            number(f"RatesByName: the factor of {pattern!r}", factor, least=0)

    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """The step of the inner optimizer times the factors."""
        new, kept = self.optimizer.formula(layout, turn, parameters, gradient, memory, rate, step)
        return parameters + factors_of("RatesByName", self.factors, layout) * (new - parameters), kept


@dataclass(frozen=True)
class Ascending(_Around):
    """An optimizer that steps uphill for some parameters: a critic, or weights that should grow where the loss is large.

    Args:
        optimizer: gets the gradient with the other sign for these parameters.
        names: a pattern of names such as ``"critic.*"``, or several.

    Raises:
        ArgumentError: no parameter fits a pattern, or the optimizer is something else.

    >>> from symnn import Ascending, GradientDescent, LossTerm, Unknown, train
    >>> x, y = Unknown("x", 1.0), Unknown("y", 1.0)
    >>> r = train({"x": x, "y": y}, [LossTerm(x**2 + x * y - y**2, {})], optimizer=Ascending(GradientDescent(0.1), "y"), epochs=200)
    >>> bool(abs(r.params.flat).max() < 1e-6)
    True
    """

    names: Pattern

    def __post_init__(self) -> None:
        super().__post_init__()
        check_pattern("Ascending's names", self.names)

    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """That of the inner optimizer for the gradient with changed signs."""
        check_used("Ascending", self.names, layout)
        signs = np.concatenate([np.full(s.size, -1.0 if fits(s.name, self.names) else 1.0) for s in layout.slots])
        return self.optimizer.formula(layout, turn, parameters, signs * gradient, memory, rate, step)


@dataclass(frozen=True)
class Accumulated(_Around):
    """An optimizer that makes one step for the mean gradient of several batches: as one of a larger batch, in less memory.

    The learning rate and the number of a step are those of the inner optimizer's steps.

    Args:
        optimizer: makes the steps.
        batches: the number of batches of one step.

    Raises:
        ArgumentError: the number is not a positive whole one, or the optimizer is something else.

    >>> from symnn import MSE, Accumulated, Dense, GradientDescent, train
    >>> data = ([[0.0], [1.0]], [[1.0], [3.0]])
    >>> optimizer = Accumulated(GradientDescent(0.5), 2)
    >>> train(Dense(1, 1, "identity"), MSE(), data, [0.0, 0.0], optimizer, epochs=200, batch_size=1, rng=0).params.flat.round(3)
    array([2., 1.])
    """

    batches: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        count("Accumulated's batches", self.batches)

    @property
    def turns(self) -> Sequence[Hashable]:  # type: ignore[override]
        """The inner optimizer's turn at the last of several batches; before it, the gradient is added."""
        return [last for turn in self.optimizer.turns for last in [*[()] * (self.batches - 1), (turn,)]]

    def arrays(self, layout: Layout) -> Sequence[Shape]:
        """Those of the inner optimizer, and the sum of gradients."""
        return [*self.optimizer.arrays(layout), (layout.size,)]

    def rates(self, first: int, steps: int) -> np.ndarray:
        """Those of the inner optimizer's steps."""
        own = np.arange(first, first + steps) // self.batches
        return self.optimizer.rates(int(own[0]), int(own[-1] - own[0]) + 1)[own - own[0]] if steps else np.empty(0)

    def formula(
        self, layout: Layout, turn: Hashable, parameters: Node, gradient: Node, memory: Sequence[Node], rate: Node, step: Node
    ) -> Formula:
        """That of the inner optimizer at every so many steps; else the gradient is added to the sum."""
        *own, total = memory
        total = total + gradient
        if not turn:
            return parameters, (*own, total)
        (inner,) = cast("tuple[Hashable]", turn)
        new, kept = self.optimizer.formula(layout, inner, parameters, total / self.batches, own, rate, step / self.batches)
        return new, (*kept, eg.zeros(layout.size))


__all__ = ["Accumulated", "Ascending", "Clipped", "RatesByName"]
