"""Points where the residual is large.

Sources: Lu, Meng, Mao, Karniadakis, "DeepXDE: a deep learning library for solving differential equations" (2021), for the largest
residuals; Wu, Zhu, Tan, Kartha, Lu, "A comprehensive study of non-adaptive and residual-based adaptive sampling for
physics-informed neural networks" (2023), for points of a density.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import ArgumentError
from ..points.domain import Domain
from ..quantities import count, described, generator, number


def residual_points(
    domain: Domain,
    residual: Callable[[np.ndarray], np.ndarray],
    n: int,
    rng: int | np.random.Generator | None = None,
    *,
    power: float = 1.0,
    offset: float = 1.0,
    candidates: int | None = None,
    method: str = "uniform",
) -> np.ndarray:
    """Points of the density ``|r|**power / mean(|r|**power) + offset`` of a residual ``r`` (RAD); of shape ``(n, dimension)``.

    Args:
        domain: where the points are.
        residual: a function of points, ``(m, dimension)``, whose result has ``m`` samples first; of several entries the norm counts.
        n: the number of points.
        rng: a seed or a generator.
        power, offset: at least 0; ``power=0`` is uniform.  Few points that are added to others take ``power=2, offset=0`` (RAR-D).
        candidates: the number of points at which the residual is evaluated, by default ``10 * n``.
        method: how the candidates are drawn.

    Raises:
        ArgumentError: a number is out of range, or the residual is not finite.

    >>> import numpy as np
    >>> from symnn.adaptive import residual_points
    >>> from symnn.points import Box
    >>> x = residual_points(Box(-1, 1), lambda x: np.exp(-50 * x[:, 0] ** 2), 1000, rng=0, offset=0.0)
    >>> bool(abs(x).mean() < 0.1)
    True
    """
    n, rng = count("the number of points", n), generator("rng", rng)
    power, offset = number("power", power, least=0), number("offset", offset, least=0)
    x, sizes = _candidates(domain, residual, count("candidates", 10 * n if candidates is None else candidates, n), rng, method)
    weights = sizes**power
    mean = float(np.mean(weights))
    density = (weights / mean if mean > 0 else np.zeros(len(x))) + offset
    total = float(np.sum(density))
    if np.count_nonzero(density) < n:
        density, total = np.ones(len(x)), float(len(x))
    return x[rng.choice(len(x), n, replace=False, p=density / total)]


def largest_residuals(
    domain: Domain,
    residual: Callable[[np.ndarray], np.ndarray],
    n: int,
    rng: int | np.random.Generator | None = None,
    *,
    candidates: int | None = None,
    method: str = "uniform",
) -> np.ndarray:
    """The candidates with the largest residuals (RAR), to be added to other points; of shape ``(n, dimension)``.

    Args:
        domain, residual, rng, candidates, method: as for :func:`residual_points`.
        n: the number of points.

    Raises:
        ArgumentError: a number is out of range, or the residual is not finite.

    >>> from symnn.adaptive import largest_residuals
    >>> from symnn.points import Box
    >>> bool(largest_residuals(Box(0, 1), lambda x: x[:, 0], 5, rng=0).min() > 0.8)
    True
    """
    n, rng = count("the number of points", n), generator("rng", rng)
    x, sizes = _candidates(domain, residual, count("candidates", 10 * n if candidates is None else candidates, n), rng, method)
    return x[np.argsort(-sizes, kind="stable")[:n]]


def _candidates(
    domain: Domain, residual: Callable[[np.ndarray], np.ndarray], n: int, rng: np.random.Generator, method: str
) -> tuple[np.ndarray, np.ndarray]:
    """Points, and the sizes of their residuals."""
    if not isinstance(domain, Domain):
        raise ArgumentError(f"a domain of symnn.points, such as Box([0, 0], [1, 1]), comes first; got {described(domain)}")
    if not callable(residual):
        example = "lambda x: trainer.evaluate(residual, {nn.input: x})"
        raise ArgumentError(f"the residual is a function of points, such as {example}; got {described(residual)}")
    x = domain.sample(n, rng, method)
    r = np.asarray(residual(x), float)
    if r.shape[:1] != (n,):
        raise ArgumentError(f"the residual of {n} points has {n} samples first, got an array of shape {r.shape}")
    sizes = np.linalg.norm(r.reshape(n, -1), axis=1)
    if not np.isfinite(sizes).all():
        raise ArgumentError("the residual is not finite at all points")
    return x, sizes


__all__ = ["largest_residuals", "residual_points"]
