"""The parameters of a layer: shapes and initial values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph.support.integers import normalize_shape

from ..errors import ArgumentError, ParameterError, ShapeError
from ..parameters.layout import Shape, check_name
from ..quantities import described

#: a function that makes an array of a shape
Initializer = Callable[[Shape, "np.random.Generator"], np.ndarray]


def glorot_uniform(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Uniform numbers within ``sqrt(6 / (fan_in + fan_out))`` (Glorot, Bengio 2010).

    The first axis counts the outputs, the others the inputs.

    >>> import numpy as np
    >>> from symnn.layers.parameter import glorot_uniform
    >>> bool(abs(glorot_uniform((3, 2), np.random.default_rng(0))).max() <= (6 / 5) ** 0.5)
    True
    """
    fan_out, fan_in = shape[0], math.prod(shape[1:])
    limit = math.sqrt(6 / max(fan_in + fan_out, 1))
    return rng.uniform(-limit, limit, shape)


def by_shape(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """The default rule of initial values: matrices are Glorot-uniform, vectors and numbers are 0.

    >>> import numpy as np
    >>> from symnn.layers.parameter import by_shape
    >>> by_shape((3,), np.random.default_rng(0))
    array([0., 0., 0.])
    """
    return glorot_uniform(shape, rng) if len(shape) > 1 else np.zeros(shape)


class Parameter:
    """A parameter of a layer: its shape and its initial value.

    Args:
        shape: an integer, or a sequence of integers.
        initial: a number; an array of this shape; or a function ``initial(shape, rng)`` that makes one, where ``rng`` is a
            generator of NumPy.  By default matrices are Glorot-uniform, and vectors and numbers are 0.  ``None`` means
            that there is no default: ``initial_parameters`` raises an error, and users give the values.

    Raises:
        ShapeError: the shape is not a shape.
        ArgumentError: ``initial`` is none of these.

    >>> from symnn import Layer, Parameter
    >>> class Scale(Layer):
    ...     def __init__(self, n):
    ...         self.n = n
    ...     def own_parameters(self):
    ...         return {"gain": Parameter(self.n, initial=1)}
    ...     def __call__(self, x, ps):
    ...         return ps.gain * x
    >>> Scale(3).initial_parameters().gain
    array([1., 1., 1.])
    """

    __slots__ = ("initial", "shape")

    def __init__(self, shape: int | Iterable[int], initial: Any = by_shape) -> None:
        self.shape = normalize_shape(shape)
        if not callable(initial) and initial is not None:
            try:
                initial = eg.real_array(initial, "the initial value")
            except TypeError as error:
                raise ArgumentError(
                    f"Parameter: initial is a number, an array, a function of (shape, rng) or None, got {described(initial)}: {error}"
                ) from None
        self.initial: Initializer | np.ndarray | None = initial

    def __repr__(self) -> str:
        shown = self.initial.item() if isinstance(self.initial, np.ndarray) and not self.initial.ndim else self.initial
        rule = getattr(shown, "__name__", None) or repr(shown)
        return f"Parameter({self.shape}, initial={rule})"

    def begin(self, rng: np.random.Generator, name: str) -> np.ndarray:
        """The initial values; ``name`` is for messages, such as ``"Scale: gain"``.

        Raises:
            ParameterError: there is no rule.
            ShapeError: the values have another shape.
            ArgumentError: a value is not finite.
        """
        if self.initial is None:
            raise ParameterError(
                f"{name}, of shape {self.shape}, has no rule for its initial value (initial=None): "
                "give parameters yourself, as in NeuralNetwork(chain, params), or a rule, as in Parameter(shape, initial=1)"
            )
        given = self.initial(self.shape, rng) if callable(self.initial) else self.initial
        values = eg.real_array(given, f"{name}, initial value")
        if values.shape not in ((), self.shape):
            raise ShapeError(f"{name}: the initial value has shape {values.shape}; expected a number, or {self.shape} as the parameter has")
        if not np.isfinite(values).all():
            raise ArgumentError(f"{name}: the initial value is not finite; nothing can be trained from it")
        return np.broadcast_to(values, self.shape)


def declared(given: Any, owner: str, where: tuple[str, ...] = ()) -> dict[str, Any]:
    """Check the result of ``own_parameters``, and make each shape a :class:`Parameter`; errors name layer and parameter."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{owner}: own_parameters() gives a dict from names to shapes or Parameters, got {described(given)}")
    found: dict[str, Any] = {}
    for name, value in given.items():
        try:
            check_name(name, where)
        except ParameterError as error:
            raise ParameterError(f"{owner}: {error}") from None
        if isinstance(value, Mapping):
            found[name] = declared(value, owner, (*where, name))
        elif isinstance(value, Parameter):
            found[name] = value
        else:
            try:
                found[name] = Parameter(value)
            except ShapeError as error:
                raise ShapeError(f"{owner}: parameter {'.'.join((*where, name))}: {error}") from None
    return found


__all__ = ["Parameter", "by_shape", "declared", "glorot_uniform"]
