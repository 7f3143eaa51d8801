"""Unknown numbers of an equation, found together with the networks; and what is left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import exprgraph as eg

from ..errors import ArgumentError


class Unknown(eg.StandIn):
    """An unknown number or array of an equation, which a training finds together with networks.

    Use it like an expression.  A training takes it in a dict beside the networks, as in ``train({"u": nn, "nu": nu}, loss)``;
    what it found is ``result.params.nu``.

    Args:
        name: the name of its symbol.
        initial: the first value, finite; its shape is that of the unknown.

    Attributes:
        expression: its symbol.
        initial: the first value, an array.

    Raises:
        ArgumentError: the first value is not finite.

    >>> import exprgraph as eg, numpy as np
    >>> from symnn import Chain, Dense, LevenbergMarquardt, SymbolicNeuralNetwork, Unknown, train
    >>> from symnn.physics import partial, residual_terms
    >>> nn, rate = SymbolicNeuralNetwork(Chain(Dense(1, 6), Dense(6, 1, "identity"))), Unknown("rate", 1.0)
    >>> u, t = nn.output[0], nn.input
    >>> given, times = eg.Symbol("given", per_sample=True), np.linspace(0, 1, 30)
    >>> terms = residual_terms({"equation": (partial(u, t, 0) + rate * u, {t: times[:, None]}),
    ...                         "data": (u - given, {t: times[:, None], given: np.exp(-2 * times)})})
    >>> r = train({"u": nn, "rate": rate}, terms, optimizer=LevenbergMarquardt(), epochs=50, rng=0)
    >>> bool(abs(r.params.rate - 2) < 1e-4)
    True

    For a positive number, make its logarithm the unknown: ``nu = eg.exp(Unknown("log_nu", -3.0))``.
    """

    def __init__(self, name: str, initial: float | Sequence[Any] | np.ndarray) -> None:
        self.initial = np.array(eg.real_array(initial, f"the first value of {name!r}"), float)
        if not np.isfinite(self.initial).all():
            raise ArgumentError(f"Unknown({name!r}): the first value is finite, got {initial!r}")
        self.expression = eg.Symbol(name, self.initial.shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return Unknown, (self.expression.name, self.initial)

    def __repr__(self) -> str:
        return f"Unknown({self.expression.name!r}, {self.initial.tolist()})"


__all__ = ["Unknown"]
