"""Initial values of parameters."""

from __future__ import annotations

import math

import numpy as np

from .layout import Shape


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
