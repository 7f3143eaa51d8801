"""Rules of initial values: functions of a shape and a generator of random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .layout import Shape

#: makes an array of a shape
Rule = Callable[[Shape, np.random.Generator], np.ndarray]


def glorot_uniform(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Uniform numbers within ``sqrt(6 / (fan_in + fan_out))`` (Glorot, Bengio 2010).

    The first axis counts the outputs, the others the inputs.

    >>> import numpy as np
    >>> from symnn.parameters.initialization import glorot_uniform
    >>> bool(abs(glorot_uniform((3, 2), np.random.default_rng(0))).max() <= (6 / 5) ** 0.5)
    True
    """
    fan_out, fan_in = shape[0], math.prod(shape[1:])
    limit = math.sqrt(6 / max(fan_in + fan_out, 1))
    return rng.uniform(-limit, limit, shape)


def by_shape(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Matrices Glorot-uniform, vectors and numbers zero: the rule of a parameter that has none of its own.

    >>> import numpy as np
    >>> from symnn.parameters.initialization import by_shape
    >>> by_shape((3,), np.random.default_rng(0))
    array([0., 0., 0.])
    """
    return glorot_uniform(shape, rng) if len(shape) > 1 else np.zeros(shape)


__all__ = ["Rule", "by_shape", "glorot_uniform"]
