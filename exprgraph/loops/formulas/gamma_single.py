"""What the formulas of the gamma function's family need of float32: limits, constants in parts, polynomials.

The twins of the functions of ``gamma_double``; literals are float32 where this is compiled.
"""

from __future__ import annotations


def digamma_root() -> float:
    """Where digamma is 0, less digamma_root_low; so is the difference to 1 exact."""
    return 1.4616321325302124


def digamma_root_low() -> float:
    """What the root is more than digamma_root."""
    return 1.243815e-08


def gamma_high() -> float:
    """Above, gamma is infinite, and its reciprocal is 0."""
    return 60.0


def gamma_whole() -> float:
    """Below, values of gamma that are whole numbers are rounded to these."""
    return 1.0e6


# -- polynomials


def lgamma_series(t: float) -> float:
    """log(gamma(a)) / ((a - 1) (a - 2)), t = gamma_argument(a), 0.75 <= a <= 2.75."""
    return (
        (((((((0.062000353 * t - 0.0816991) * t + 0.06311606) * t - 0.09306039) * t + 0.08561087) * t - 0.15263776) * t
        + 0.12863135) * t - 0.44334742) * t + 0.4925051
    )


def stirling_series(z: float) -> float:
    """a (log(gamma(a)) - ((a - 1/2) log(a) - a + log(2 pi)/2)), z = 1/a^2, a >= 2.75."""
    return ((-0.00043487785 * z + 0.0007817203) * z - 0.002777475) * z + 0.083333336


def digamma_series(t: float) -> float:
    """digamma(a) / (a - digamma_root), t = gamma_argument(a), 0.75 <= a <= 2.75."""
    return (
        ((((((((-1.2395843 * t + 1.2240478) * t - 0.93175286) * t + 0.9184979) * t - 0.9646287) * t + 0.93658406) * t -
        0.98725295) * t + 0.9282997) * t - 1.3096548) * t + 0.97850996
    )


def digamma_tail(z: float) -> float:
    """(log(a) - 1/(2a) - digamma(a)) a^2, z = 1/a^2, a >= 2.75."""
    return ((-0.0028095003 * z + 0.0038694234) * z - 0.008330846) * z + 0.08333332
