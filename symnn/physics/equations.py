"""Equations with derivatives: the residual of a network, with boundary and initial conditions.

Source: Raissi, Perdikaris, Karniadakis, "Physics-informed neural networks" (2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph.leaves import as_node
from exprgraph.node import Node

from ..errors import ArgumentError
from ..objective import LossTerm


def partial(e: Any, x: Node, *axes: int) -> Node:
    """The derivative of an expression along axes of a vector, one after another, of the expression's shape.

    Only the directions named are differentiated, so a high derivative costs as much as it is long.

    >>> import exprgraph as eg
    >>> from symnn.physics import partial
    >>> x = eg.Symbol("x", shape=(2,))
    >>> partial(x[0] ** 3 * x[1], x, 0, 0)
    6*x[0]*x[1]

    Raises:
        ArgumentError: there is no such axis, or ``x`` is not a vector.
    """
    node = as_node(e)
    if len(x.shape) != 1:
        raise ArgumentError(f"partial: differentiates along the entries of a vector, got {x.name!r} of shape {x.shape}")
    for axis in axes:
        if not -x.shape[0] <= axis < x.shape[0]:
            raise ArgumentError(f"partial: {x.name!r} has {x.shape[0]} entries, there is no axis {axis}")
        node = eg.jvp(node, x, np.eye(x.shape[0])[axis])
    return node


def residual_terms(terms: Mapping[str, tuple[Any, Mapping[Node, Any], float]]) -> list[LossTerm]:
    """Mean squares of residuals, each on samples of its own, as a loss for :func:`symnn.train`.

    Args:
        terms: by any name, (an expression that should be zero, its data, its weight).

    >>> import numpy as np
    >>> from symnn import Adam, Chain, Dense, SymbolicNeuralNetwork, train
    >>> from symnn.physics import partial, residual_terms
    >>> nn = SymbolicNeuralNetwork(Chain(Dense(1, 8), Dense(8, 1, "identity")))
    >>> u, x = nn.output[0], nn.input
    >>> decay = {"equation": (partial(u, x, 0) + u, {x: np.linspace(0, 1, 30)[:, None]}, 1.0),
    ...          "start": (u - 1, {x: np.zeros((1, 1))}, 1.0)}
    >>> r = train(nn, residual_terms(decay), optimizer=Adam(0.01), epochs=1000, rng=0)
    >>> r.history.loss[-1] < 1e-3
    True
    """
    return [LossTerm(eg.sum(as_node(e) ** 2), data, weight) for e, data, weight in terms.values()]


__all__ = ["partial", "residual_terms"]
