"""What the incomplete gamma and beta functions need of float32: polynomials.

Every function here has a twin of the same name in ``incomplete_double``.
"""

from __future__ import annotations


def gamma_star_series(u: float) -> float:
    """gamma(a + 1) (e/a)^a / (2 pi a)^(1/2), a >= 1; u = 3 / (a + 1/2) - 1."""
    return (
        ((((((1.6006663e-06 * u + 9.3088975e-06) * u + 4.435539e-05) * u + 0.00023739286) * u + 0.001441945) * u +
        0.008253183) * u + 0.040730875) * u + 1.033719
    )


def gamma_inverse_series(u: float) -> float:
    """1 / gamma(1 + a), 0 <= a <= 1; u = 2 a - 1."""
    return (
        ((((((1.7144726e-05 * u + 9.471873e-05) * u - 0.0013177057) * u + 0.003190795) * u + 0.021887824) * u -
        0.13166468) * u - 0.020587265) * u + 1.1283792
    )


def log_gamma_series(u: float) -> float:
    """log(gamma(1 + a)) / (a (1 - a)), 0 <= a <= 1; u = 6 a / (a + 2) - 1."""
    return (
        ((((((1.708919e-07 * u - 5.159631e-08) * u + 9.03583e-06) * u - 1.5160248e-05) * u + 0.0006206904) * u -
        0.0015976458) * u + 0.07658577) * u - 0.49838713
    )


def temme_series(h: float, s: float) -> float:
    """The sum of C_k(h) s^k, |h| < 0.48, s = 1/a <= 1/64 (DLMF 8.12.9)."""
    c0 = (
        (((((3.9192633e-05 * h - 0.00017875514) * h + 0.00035273368) * h + 0.0011574074) * h - 0.014814815) * h +
        0.083333336) * h - 0.33333334
    )
    c1 = (((0.00020576132 * h - 0.0009902263) * h + 0.0026455026) * h - 0.0034722222) * h - 0.0018518518
    c2 = (0.00077160494 * h - 0.002681327) * h + 0.004133598
    c3 = 0.00064943417
    return c0 + s * (c1 + s * (c2 + s * c3))


def temme_by_h(h: float, s: float) -> float:
    """The derivative of temme_series by h."""
    c0 = (
        (((((-1.529814e-05 * h + 0.00023515579) * h - 0.0008937757) * h + 0.0014109347) * h + 0.0034722222) * h -
        0.02962963) * h + 0.083333336
    )
    c1 = (((-2.0093878e-06 * h + 0.00082304527) * h - 0.002970679) * h + 0.005291005) * h - 0.0034722222
    c2 = (6.0281636e-06 * h + 0.0015432099) * h - 0.002681327
    c3 = 0.00022947209
    return c0 + s * (c1 + s * (c2 + s * c3))


def temme_by_s(h: float, s: float) -> float:
    """The derivative of temme_series by s."""
    c0 = (((0.00020576132 * h - 0.0009902263) * h + 0.0026455026) * h - 0.0034722222) * h - 0.0018518518
    c1 = (0.0015432099 * h - 0.005362654) * h + 0.008267196
    c2 = 0.0019483025
    return c0 + s * (c1 + s * c2)
