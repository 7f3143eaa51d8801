"""What the Bessel functions need of float32: polynomials, zeros in parts, a limit.

Every function here has a twin of the same name in ``bessel_double``.
"""

from __future__ import annotations


def bessel_high() -> float:
    """Above, I0 and I1 are infinite."""
    return 95.0


def zero_j01(a: float) -> float:
    """a less the first zero of J0."""
    return (a - 2.4048254) - 1.08705905e-07


def zero_j02(a: float) -> float:
    """a less the second zero of J0."""
    return (a - 5.520078) + 7.1934146e-08


def zero_j11(a: float) -> float:
    """a less the first positive zero of J1."""
    return (a - 3.831706) + 7.685059e-08


def j0_series(u: float) -> float:
    """J0(x) / ((z - z1) (z - z2) (z - z3)), z = x^2 <= 36, z1 to z3 the squares of its zeros; u = z/18 - 1."""
    return (
        ((((((2.607811e-11 * u - 5.421488e-10) * u + 8.912675e-09) * u - 1.1298314e-07) * u + 1.0492671e-06) * u -
        6.641061e-06) * u + 2.5235817e-05) * u - 4.272813e-05
    )


def j1_series(u: float) -> float:
    """J1(x) / (x (z - z1) (z - z2)), z = x^2 <= 36, z1 and z2 the squares of its zeros; u = z/18 - 1."""
    return (
        ((((((-5.5025845e-10 * u + 1.0403744e-08) * u - 1.539565e-07) * u + 1.7387775e-06) * u - 1.4194148e-05) * u +
        7.7661214e-05) * u - 0.00024978988) * u + 0.0003483739
    )


def j0_small_series(z: float) -> float:
    """(J0(x) - 1) / z, z = x^2 <= 9/4."""
    return (((-6.521658e-08 * z + 6.7765955e-06) * z - 0.0004340237) * z + 0.015624999) * z - 0.25


def j1_small_series(z: float) -> float:
    """(J1(x) / x - 1/2) / z, z = x^2 <= 9/4."""
    return (((-5.4652385e-09 * z + 6.778038e-07) * z - 5.425318e-05) * z + 0.0026041665) * z - 0.0625


def y0_series(u: float) -> float:
    """Y0(x) - 2/pi log(x) J0(x), x <= 5; u = 2 x^2/25 - 1."""
    return (
        (((((((-7.007397e-06 * u + 0.00013060289) * u - 0.0018027932) * u + 0.017634852) * u - 0.111516826) * u +
        0.38851655) * u - 0.47057638) * u - 0.43265584) * u + 0.48372486
    )


def y1_series(u: float) -> float:
    """(Y1(x) - 2/pi (log(x) J1(x) - 1/x)) / x, x <= 5; u = 2 x^2/25 - 1."""
    return (
        (((((((-4.124139e-07 * u + 8.767537e-06) * u - 0.00014141758) * u + 0.0016687773) * u - 0.013433434) * u +
        0.06634696) * u - 0.16312021) * u + 0.09108651) * u + 0.1397494
    )


def modulus0_series(t: float) -> float:
    """((pi x/2 (J0^2 + Y0^2))^(1/2) - 1) / t, t = 1/x^2 <= 1/25."""
    return ((((265.91467 * t - 48.667034) * t + 4.9944944) * t - 0.53610337) * t + 0.1034943) * t - 0.06249999


def phase0_series(t: float) -> float:
    """x (theta - x + pi/4), where J0 and Y0 are as cos and sin of theta; t = 1/x^2 <= 1/25."""
    return ((((63.555897 * t - 12.41819) * t + 1.4687388) * t - 0.20820484) * t + 0.065099806) * t - 0.125


def modulus1_series(t: float) -> float:
    """((pi x/2 (J1^2 + Y1^2))^(1/2) - 1) / t, t = 1/x^2 <= 1/25."""
    return ((((-336.44214 * t + 62.632057) * t - 6.7026) * t + 0.79707444) * t - 0.19333331) * t + 0.18749999


def phase1_series(t: float) -> float:
    """x (theta - x + 3 pi/4), where J1 and Y1 are as cos and sin of theta; t = 1/x^2 <= 1/25."""
    return ((((-84.10527 * t + 16.913885) * t - 2.157451) * t + 0.369181) * t - 0.164057) * t + 0.375


def i0_series(z: float) -> float:
    """(I0(x) - 1) / z, z = x^2 <= 64."""
    return (
        (((((((((2.7409978e-22 * z + 5.168367e-20) * z + 3.083163e-17) * z + 9.284002e-15) * z + 2.40636e-12) * z +
        4.7087123e-10) * z + 6.7817936e-08) * z + 6.7816754e-06) * z + 0.0004340278) * z + 0.015625) * z + 0.25
    )


def i1_series(z: float) -> float:
    """I1(x) / x, z = x^2 <= 64."""
    return (
        (((((((((6.3589025e-21 * z + 9.33866e-19) * z + 5.6781166e-16) * z + 1.4763215e-13) * z + 3.3728024e-11) * z +
        5.6494276e-09) * z + 6.781957e-07) * z + 5.425325e-05) * z + 0.0026041677) * z + 0.0625) * z + 0.5
    )


def i0_far_series(u: float) -> float:
    """x^(1/2) exp(-x) I0(x), x >= 8; u = 16/x - 1."""
    return (
        (((((((3.2134346e-09 * u + 3.1734682e-08) * u + 1.0222958e-07) * u + 3.071252e-07) * u + 1.4801668e-06) * u +
        1.1139924e-05) * u + 0.00013621635) * u + 0.0033605522) * u + 0.4021765
    )


def i1_far_series(u: float) -> float:
    """x^(1/2) exp(-x) I1(x), x >= 8; u = 16/x - 1."""
    return (
        (((((((-4.236898e-09 * u - 3.5904637e-08) * u - 1.1423534e-07) * u - 3.5819536e-07) * u - 1.8310212e-06) * u -
        1.5035391e-05) * u - 0.00021923606) * u - 0.009749577) * u + 0.38939846
    )


def i0_small_series(z: float) -> float:
    """(I0(x) - 1) / z, z = x^2 <= 1."""
    return ((6.918621e-06 * z + 0.00043394195) * z + 0.015625017) * z + 0.25


def i1_small_series(z: float) -> float:
    """I1(x) / x, z = x^2 <= 1."""
    return ((5.562546e-05 * z + 0.0026033062) * z + 0.06250017) * z + 0.5


def k0_series(z: float) -> float:
    """K0(x) + log(x) I0(x), z = x^2 <= 1."""
    return (((1.5326441e-05 * z + 0.00084567344) * z + 0.025249058) * z + 0.27898285) * z + 0.11593152


def k1_series(z: float) -> float:
    """(K1(x) - log(x) I1(x) - 1/x) / x, z = x^2 <= 1."""
    return (((-1.5947269e-06 * z - 0.00011250496) * z - 0.0046421937) * z - 0.08537072) * z - 0.30796576


def k0_far_series(u: float) -> float:
    """x^(1/2) exp(x) K0(x), x >= 1; u = 4/(x + 1) - 1."""
    return (
        (((((((-4.3911664e-06 * u - 1.5938578e-05) * u - 4.2900214e-05) * u - 0.00016048734) * u - 0.00057479687) * u -
        0.002345004) * u - 0.009047841) * u - 0.051904093) * u + 1.2085586
    )


def k1_far_series(u: float) -> float:
    """x^(1/2) exp(x) K1(x), x >= 1; u = 4/(x + 1) - 1."""
    return (
        (((((((4.243467e-05 * u + 0.00013592558) * u + 0.000337136) * u + 0.0011047251) * u + 0.0036948298) * u +
        0.012641707) * u + 0.043650467) * u + 0.17753726) * u + 1.3970089
    )
