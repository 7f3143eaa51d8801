"""Solutions to compare with, computed without networks: by quadrature, or by spectral methods."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def burgers(x: np.ndarray, t: np.ndarray, nu: float) -> np.ndarray:
    """The solution of Burgers' equation that begins as -sin(pi x): Cole-Hopf, with Gauss-Hermite quadrature."""
    points, weights = np.polynomial.hermite.hermgauss(200)
    eta = x[..., None] - np.sqrt(4 * nu * t)[..., None] * points
    # weights over many powers of e: the largest exponent is taken out
    exponent = -np.cos(np.pi * eta) / (2 * np.pi * nu)
    f = weights * np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    value: np.ndarray = -np.sum(np.sin(np.pi * eta) * f, axis=-1) / np.sum(f, axis=-1)
    return value


def etdrk4(
    u0: np.ndarray, linear: np.ndarray, nonlinear: Callable[[np.ndarray], np.ndarray], times: np.ndarray, substeps: int
) -> np.ndarray:
    """Solve ``v' = linear * v + nonlinear(v)`` for Fourier coefficients by the exponential method of fourth order.

    Coefficients of the scheme are means over a circle (Kassam, Trefethen: Fourth-order time-stepping for stiff PDEs, SIAM J. Sci.
    Comput. 26, 2005).

    Args:
        u0: the first coefficients.
        linear: the linear part, one number a coefficient.
        nonlinear: the rest, from coefficients to coefficients.
        times: equally spaced; the first is that of ``u0``.
        substeps: steps between two of the times.

    Returns:
        The coefficients at all times, of shape (times, coefficients).
    """
    h = (times[1] - times[0]) / substeps
    circle = np.exp(1j * np.pi * (np.arange(1, 65) - 0.5) / 32)
    z = h * linear[:, None] + circle
    e, half = np.exp(h * linear), np.exp(h * linear / 2)
    mean = np.ones(64) / 64
    q = h * ((np.exp(z / 2) - 1) / z) @ mean
    f1 = h * ((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3) @ mean
    f2 = h * ((2 + z + np.exp(z) * (z - 2)) / z**3) @ mean
    f3 = h * ((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3) @ mean
    v, found = u0.astype(complex), [u0.astype(complex)]
    for _ in times[1:]:
        for _ in range(substeps):
            nv = nonlinear(v)
            a = half * v + q * nv
            na = nonlinear(a)
            b = half * v + q * na
            nb = nonlinear(b)
            c = half * a + q * (2 * nb - nv)
            v = e * v + f1 * nv + 2 * f2 * (na + nb) + f3 * nonlinear(c)
        found.append(v)
    return np.array(found)


def wavenumbers(n: int, length: float) -> np.ndarray:
    """The frequencies of ``numpy.fft``, for a period of ``length``."""
    value: np.ndarray = 2 * np.pi * np.fft.fftfreq(n, length / n)
    return value


def dealiased(n: int) -> np.ndarray:
    """1 for the lower two thirds of the frequencies, else 0."""
    return (np.abs(np.fft.fftfreq(n)) < 1 / 3).astype(float)
