"""Equations with derivatives: the residual of a network, with boundary and initial conditions.

Source: Raissi, Perdikaris, Karniadakis, "Physics-informed neural networks" (2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.integers import whole

from ..errors import ArgumentError, ExprGraphError
from ..network.derivatives import expression_of
from ..objectives.objective import ResidualTerm
from ..quantities import described


def partial(e: Any, x: Node, *axes: int) -> Node:
    """The derivative of an expression by entries of a vector, one after another; of the expression's shape.

    Only the named entries are differentiated, so the cost grows linearly with the order.

    >>> import exprgraph as eg
    >>> from symnn.physics import partial
    >>> x = eg.Symbol("x", shape=(2,))
    >>> partial(x[0] ** 3 * x[1], x, 0, 0)
    6*x[0]*x[1]

    Raises:
        ArgumentError: there is no such axis, or ``x`` is not a vector.
    """
    node = expression_of(e)
    if not isinstance(x, Node):
        raise ArgumentError(f"partial(e, x, 0, 1): differentiates along the entries of a vector of symbols, got {described(x)}")
    if len(x.shape) != 1:
        raise ArgumentError(f"partial: differentiates along the entries of a vector, got {x.name!r} of shape {x.shape}")
    for axis in axes:
        if whole(axis) is None:
            raise ArgumentError(f"partial: an axis is a whole number, got {described(axis)}")
        if not -x.shape[0] <= axis < x.shape[0]:
            raise ArgumentError(f"partial: {x.name!r} has {x.shape[0]} entries, there is no axis {axis}")
        node = eg.jvp(node, x, np.eye(x.shape[0])[axis])
    return node


_Term = Union[tuple[Any, Mapping[Node, Any]], tuple[Any, Mapping[Node, Any], float]]


def residual_terms(terms: Mapping[str, _Term]) -> list[ResidualTerm]:
    """Mean squares of residuals, each on its own samples, as a loss for :func:`symnn.train`: a list of :class:`ResidualTerm`.

    Args:
        terms: a dict from names to tuples of an expression that should be zero, of any shape; its data, a dict from
            symbols to arrays with samples first; and optionally its weight, by default 1.

    Raises:
        ArgumentError: the terms are not a dict, or one of them is not such a tuple; the message names it.

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
    form = "residual_terms({'equation': (residual, {symbol: points}, weight), ...})"
    if not isinstance(terms, Mapping):
        raise ArgumentError(f"{form} takes a dict of terms by their names, got {described(terms)}")
    if not terms:
        raise ArgumentError(f"{form}: there are no terms")
    made = []
    for name, term in terms.items():
        if not isinstance(term, (tuple, list)) or len(term) not in (2, 3):
            came = f"{len(term)} things" if isinstance(term, (tuple, list)) else "an expression" if isinstance(term, Node) else repr(term)
            raise ArgumentError(f"{form}: the term {name!r} is a residual, its data and perhaps its weight; got {came}")
        residual, data, weight = (*term, 1.0)[:3]
        if not isinstance(data, Mapping):
            raise ArgumentError(f"{form}: the data of the term {name!r} are a dict from symbols to arrays, got {described(data)}")
        try:
            made.append(ResidualTerm(residual, data, weight, str(name)))
        except ExprGraphError as error:
            raise ArgumentError(f"residual_terms: the term {name!r}: {error}") from error
    return made


__all__ = ["partial", "residual_terms"]
