"""What the formulas of the gamma function's family need of float64: limits, constants in parts, polynomials.

Every function here has a twin of the same name in ``gamma_single``.  ``python -m tests.polynomials`` prints the polynomials.
"""

from __future__ import annotations


def digamma_root() -> float:
    """Where digamma is 0, less digamma_root_low; so is the difference to 1 exact."""
    return 1.4616321449683622


def digamma_root_low() -> float:
    """What the root is more than digamma_root."""
    return 9.549995429965697e-17


def gamma_high() -> float:
    """Above, gamma is infinite, and its reciprocal is 0."""
    return 300.0


def gamma_whole() -> float:
    """Below, values of gamma that are whole numbers are rounded to these."""
    return 1.0e15


# -- polynomials


def lgamma_series(t: float) -> float:
    """log(gamma(a)) / ((a - 1) (a - 2)), t = gamma_argument(a), 0.75 <= a <= 2.75."""
    t2 = t * t
    return (
        (((((((((0.040220816378213946 * t2 + 0.02470488959493526) * t2 + 0.03208359418233446) * t2 +
        0.036228705300023756) * t2 + 0.042394778660903125) * t2 + 0.05101361835544327) * t2 + 0.0639856743510212) * t2 +
        0.08558556524180892) * t2 + 0.12863155475018573) * t2 + 0.4925051009992032) + t * (((((((((-0.0413722841430502 *
        t2 - 0.025192174867889685) * t2 - 0.033007558386104856) * t2 - 0.037415598018525384) * t2 -
        0.044066646218415585) * t2 - 0.053532635531865116) * t2 - 0.0682114873817262) * t2 - 0.0940970539576726) * t2 -
        0.1526088976029665) * t2 - 0.4433476333972609)
    )


def stirling_series(z: float) -> float:
    """a (log(gamma(a)) - ((a - 1/2) log(a) - a + log(2 pi)/2)), z = 1/a^2, a >= 2.75."""
    return (
        (((((((((0.16450467383601458 * z - 0.15086784972028916) * z + 0.06751284656315365) * z - 0.021142176316982928) *
        z + 0.005937519664800871) * z - 0.0018989377847065767) * z + 0.0008412715117586726) * z - 0.000595230646324898)
        * z + 0.0007936507329025675) * z - 0.002777777777581019) * z + 0.08333333333333323
    )


def digamma_series(t: float) -> float:
    """digamma(a) / (a - digamma_root), t = gamma_argument(a), 0.75 <= a <= 2.75."""
    t2 = t * t
    return (
        ((((((((((1.6708526560276413 * t2 + 0.7646015953846368) * t2 + 0.9764880894195238) * t2 + 0.9480410265205106) *
        t2 + 0.9497747454956244) * t2 + 0.948722420768417) * t2 + 0.9470624456285051) * t2 + 0.943657393213651) * t2 +
        0.9356774933991311) * t2 + 0.9283110351422703) * t2 + 0.9785099516124929) + t * ((((((((((-1.6892005496252702 *
        t2 - 0.7584978811783974) * t2 - 0.9805755967211399) * t2 - 0.9509478074758486) * t2 - 0.9539247272211504) * t2 -
        0.9545110509788715) * t2 - 0.9557432518549289) * t2 - 0.9580902421335223) * t2 - 0.9636501827242449) * t2 -
        0.9872658779039948) * t2 - 1.3096547408216495)
    )


def digamma_tail(z: float) -> float:
    """(log(a) - 1/(2a) - digamma(a)) a^2, z = 1/a^2, a >= 2.75."""
    return (
        ((((((((((-11.955452632404969 * z + 11.303429870551598) * z - 5.063554422777413) * z + 1.4896341738340162) * z -
        0.34945968512791403) * z + 0.07909199237352624) * z - 0.020957119328240084) * z + 0.007572879377706016) * z -
        0.004166629532426022) * z + 0.003968253715174159) * z - 0.008333333332645576) * z + 0.08333333333333302
    )
