"""The value of a loss, and its pullback: the map from a sensitivity of the loss to one of the parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..errors import ArgumentError
from ..losses import FeedForwardLoss
from ..network.build import BuiltFunction, build_nn_function
from ..network.model import Model
from ..objectives.objective import bindings_of, flat_gradient, frozen_in, loss_expression, network_of, parameters_of
from ..parameters.container import NeuralNetworkParameters, from_flat
from ..quantities import described

Pullback = Callable[[Any], NeuralNetworkParameters]


class SymbolicPullback:
    """The value and the pullback of a loss.

    Args:
        nn: a symbolic network, a container of the symbols to differentiate by, or a dict of several parts (:class:`Model`).
        loss: a :class:`Loss` (by default :class:`FeedForwardLoss`) or an expression; one with a value
            for each sample is averaged over the samples.
        backend, threads: as for :func:`build_nn_function`.

    ``value, pullback = pb(ps, data)``, then ``pullback(s)`` is the parameters' gradient times the
    sensitivity ``s``.  Data are ``(inputs, targets)`` for a :class:`Loss`, else a dict from symbols to
    arrays.  The gradient is exact for any batch.

    >>> import numpy as np
    >>> from symnn import MSE, Dense, SymbolicNeuralNetwork, SymbolicPullback
    >>> pb = SymbolicPullback(SymbolicNeuralNetwork(Dense(1, 1, "identity")), MSE())
    >>> ps = {"L1": {"W": [[1.0]], "b": [0.0]}}
    >>> value, pullback = pb(ps, ([[1.0], [2.0]], [[0.0], [4.0]]))
    >>> value, pullback(2.0)
    (np.float64(2.5), NeuralNetworkParameters(L1=dict(W=[[-6.0]], b=[-2.0])))
    """

    def __init__(self, nn: Any, loss: Any = None, *, backend: str = "native", threads: int | None = 1) -> None:
        self.nn = Model(nn) if isinstance(nn, Mapping) else nn
        self.params = parameters_of(self.nn)
        self.loss = FeedForwardLoss() if loss is None else loss
        self.expression, self._target = loss_expression(self.nn, self.loss)
        self._options = {"backend": backend, "threads": threads}
        self._functions: dict[tuple[str, tuple[Node, ...]], BuiltFunction] = {}

    @cached_property
    def gradient(self) -> Node:
        """The gradient by all parameters, an expression of shape ``(number of parameters,)``."""
        return flat_gradient(self.expression, self.params)

    @cached_property
    def _direction(self) -> Node:
        return eg.Symbol("direction", (self.params.size,))

    @cached_property
    def _product(self) -> Node:
        return flat_gradient(eg.dot(self.gradient, self._direction), self.params)

    def _call(self, what: str, outputs: Any, ps: Any, data: Any, *further: tuple[Node, Any]) -> Any:
        bindings = {**frozen_in(self.nn, self.expression), **bindings_of(self.nn, self._target, data), **dict(further)}
        if not eg.over_samples.used_in(self.expression):  # a penalty of the parameters has one value, for any data
            bindings = {s: value for s, value in bindings.items() if not s.per_sample}
        symbols = tuple(bindings)
        function = self._functions.get((what, symbols))
        if function is None:
            shared = tuple(s for s in symbols if not s.per_sample)
            function = build_nn_function(outputs(), self.params, *symbols, shared=shared, **self._options)  # type: ignore[arg-type]
            self._functions[what, symbols] = function
        return function(*bindings.values(), ps)

    def __call__(self, ps: Any, data: Any) -> tuple[Any, Pullback]:
        """The loss, and the function from its sensitivity to the parameters' gradient."""
        value, gradient = self.value_and_gradient(ps, data)
        return value, lambda sensitivity: gradient * sensitivity

    def value(self, ps: Any, data: Any) -> Any:
        """The loss."""
        return self._call("value", lambda: self.expression, ps, data)

    def value_and_gradient(self, ps: Any, data: Any) -> tuple[Any, NeuralNetworkParameters]:
        """The loss, and its gradient as a container like the parameters."""
        value, flat = self._call("both", lambda: (self.expression, self.gradient), ps, data)
        return value, from_flat(self.params.layout, flat)

    def hessian_vector_product(self, ps: Any, data: Any, direction: Any) -> np.ndarray:
        """The Hessian of the loss by all parameters, times a flat direction, without the Hessian."""
        given = direction.flat if isinstance(direction, NeuralNetworkParameters) else direction
        result: np.ndarray = self._call("product", lambda: self._product, ps, data, (self._direction, given))
        return result

    @cached_property
    def _residual(self) -> Node:
        """What the loss squares."""
        found = None if self._target is None else self.loss.residual_of(network_of(self.nn), self._target)
        if found is None:
            raise ArgumentError(
                f"{described(self.loss)} is no mean of squares and has no residuals; take a loss such as MSE(), or differentiate an "
                "expression: Gradient(expression, nn)"
            )
        residual: Node = found
        return residual

    def residuals(self, ps: Any, data: Any) -> np.ndarray:
        """What the loss squares, ``(samples,) + shape of a residual``; the loss is the mean over the samples of their sums of squares.

        Raises:
            ArgumentError: the loss is something else, such as :class:`MAE` or an expression.
        """
        result: np.ndarray = self._call("residuals", lambda: self._residual, ps, data)
        return result

    def jacobian(self, ps: Any, data: Any) -> np.ndarray:
        """The derivative of the residuals by all parameters, ``(samples,) + shape of a residual + (parameters,)``.

        Raises:
            ArgumentError: the loss has no residuals.
        """
        result: np.ndarray = self._call("jacobian", lambda: flat_gradient(self._residual, self.params), ps, data)
        return result

    def flat(self, data: Any) -> FlatObjective:
        """The loss on these data as a function of the flat vector, for optimizers of other packages.

        >>> import numpy as np
        >>> from scipy.optimize import minimize
        >>> from symnn import MSE, Dense, SymbolicNeuralNetwork, SymbolicPullback
        >>> pb = SymbolicPullback(SymbolicNeuralNetwork(Dense(1, 1, "identity")), MSE())
        >>> f = pb.flat(([[0.0], [1.0]], [[1.0], [3.0]]))
        >>> minimize(f, np.zeros(2), jac=True, hessp=f.hessp, method="trust-krylov").x.round(6)
        array([2., 1.])
        """
        return FlatObjective(self, data)

    def __repr__(self) -> str:
        return f"SymbolicPullback({self.nn!r}, {self.loss!r})"


class FlatObjective:
    """A loss on fixed data.  Called with a flat vector, it returns the value and the flat gradient.

    Made by :meth:`SymbolicPullback.flat`.
    """

    def __init__(self, pullback: SymbolicPullback, data: Any) -> None:
        self.pullback, self.data = pullback, data

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss and its gradient, of shape ``(parameters,)``."""
        value, gradient = self.pullback.value_and_gradient(np.asarray(theta), self.data)
        return float(value), gradient.flat

    def hessp(self, theta: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """The Hessian times a direction; all three of shape ``(parameters,)``."""
        return self.pullback.hessian_vector_product(np.asarray(theta), self.data, np.asarray(direction))

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        """A vector whose sum of squares is the loss, for ``scipy.optimize.least_squares``.

        >>> import numpy as np
        >>> from scipy.optimize import least_squares
        >>> from symnn import MSE, Dense, SymbolicNeuralNetwork, SymbolicPullback
        >>> f = SymbolicPullback(SymbolicNeuralNetwork(Dense(1, 1, "identity")), MSE()).flat(([[0.0], [1.0]], [[1.0], [3.0]]))
        >>> least_squares(f.residuals, np.zeros(2), f.jacobian).x.round(6)
        array([2., 1.])
        """
        r = self.pullback.residuals(np.asarray(theta), self.data)
        return np.ravel(r) / math.sqrt(len(r))

    def jacobian(self, theta: np.ndarray) -> np.ndarray:
        """The derivative of :meth:`residuals`, a row for each: ``(residuals, parameters)``."""
        j = self.pullback.jacobian(np.asarray(theta), self.data)
        return j.reshape(-1, j.shape[-1]) / math.sqrt(len(j))

    def __repr__(self) -> str:
        return f"<{self.pullback!r} on fixed data, of a flat vector of {self.pullback.params.size} parameters>"


__all__ = ["FlatObjective", "SymbolicPullback"]
