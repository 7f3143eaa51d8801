"""The polynomials of the inverse of the error function for float32.

The twins of the functions of ``inverse_double``; literals are float32 where this is compiled.
"""

from __future__ import annotations


def erfinv_near(z: float) -> float:
    """erfinv(x) / x, z = x^2, |x| <= 0.6."""
    return (
        (((((0.14877947 * z - 0.013536637) * z + 0.08273997) * z + 0.08417726) * z + 0.12770352) * z + 0.23201029) * z +
        0.88622695
    )


def erfcinv_series(t: float) -> float:
    """erfcinv(exp(-r^2)) / r, t = (r - 2) / (r + 1), 0.957 <= r <= 5."""
    return (
        (((((((-0.0008433829 * t + 0.002497561) * t - 0.0032678267) * t - 0.009875367) * t + 0.026388597) * t -
        0.013797648) * t - 0.15757012) * t + 0.32318842) * t + 0.83409417
    )


def erfcinv_far_series(t: float) -> float:
    """erfcinv(exp(-r^2)) / r, t = (r - 10) / (r + 6), 5 <= r <= 27.3 (10.2)."""
    return (
        ((((((0.0034473503 * t - 0.007276999) * t + 0.011243433) * t - 0.018556247) * t + 0.028903771) * t -
        0.041065328) * t + 0.038288884) * t + 0.9855684
    )
