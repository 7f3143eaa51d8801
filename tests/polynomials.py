"""Where the numbers in polynomials of special functions come from: ``python -m tests.polynomials [names]`` prints the functions.

A polynomial interpolates its function at Chebyshev nodes of an interval, with 60 digits; then each coefficient is rounded to
the nearest float of its width.  ``tests/exprgraph/test_special.py`` compares the files with what this prints.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

from exprgraph.testing.code_by_mpmath import names

DIGITS = 60


class Polynomial(NamedTuple):
    """A polynomial: its function of mpmath's numbers, the ends of its interval, and its coefficients in both widths."""

    name: str
    argument: str
    doc: str
    function: Callable[[Any], Any]
    ends: Callable[[], tuple[Any, Any]]
    double: int
    single: int


def interpolation(f: Callable[[Any], Any], low: Any, high: Any, n: int) -> list[Any]:
    """The n coefficients of the polynomial through the values at Chebyshev nodes, that of the highest power last."""
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    newton = [f(x) for x in nodes]
    for j in range(1, n):
        for i in range(n - 1, j - 1, -1):
            newton[i] = (newton[i] - newton[i - 1]) / (nodes[i] - nodes[i - j])
    powers = [newton[-1]]
    for c, x in zip(newton[-2::-1], nodes[-2::-1]):
        powers = [b - x * a for a, b in zip([*powers, mp.mpf(0)], [mp.mpf(0), *powers])]
        powers[0] += c
    return powers


def coefficients(p: Polynomial, narrow: bool) -> list[str]:
    """The rounded coefficients as Python writes them."""
    with mp.workdps(DIGITS):
        found = interpolation(p.function, *p.ends(), p.single if narrow else p.double)
        return [str(np.float32(float(c))) if narrow else repr(float(c)) for c in found]


def _horner(c: Sequence[str], x: str) -> str:
    text = c[-1]
    for k, a in enumerate(c[-2::-1]):
        sign, size = ("-", a[1:]) if a.startswith("-") else ("+", a)
        text = f"{text if k == 0 else f'({text})'} * {x} {sign} {size}"
    return text


def written(p: Polynomial, narrow: bool) -> str:
    """The function: Horner's scheme, and for more than 12 coefficients one for the even and one for the odd ones."""
    c = coefficients(p, narrow)
    x = p.argument
    head = f'def {p.name}({x}: float) -> float:\n    """{p.doc}"""\n'
    if len(c) > 12:
        head += f"    {x}2 = {x} * {x}\n"
        value = f"({_horner(c[0::2], f'{x}2')}) + {x} * ({_horner(c[1::2], f'{x}2')})"
    else:
        value = _horner(c, x)
    if len(value) < 110:
        return f"{head}    return {value}\n"
    lines = textwrap.wrap(value, 112, break_long_words=False, break_on_hyphens=False)
    return head + "    return (\n" + "".join(f"        {line}\n" for line in lines) + "    )\n"


# ---------------------------------------------------------------- the gamma function and its relatives

#: polynomials from here to there, and asymptotic series beyond; the variable of the former is (a - m) / (a + m)
LOW, MIDDLE, HIGH = "0.75", 1.4375, "2.75"


def _off(a: Any, *poles: Any) -> Any:
    """A number a little beside points where a formula is 0/0."""
    return a + mp.mpf(10) ** (-DIGITS // 3) if any(abs(a - p) < mp.mpf(10) ** (-DIGITS // 3) for p in poles) else a


def _inverse(t: Any) -> Any:
    return MIDDLE * (1 + t) / (1 - t)


def _between() -> tuple[Any, Any]:
    return tuple((mp.mpf(a) - MIDDLE) / (mp.mpf(a) + MIDDLE) for a in (LOW, HIGH))  # type: ignore[return-value]


def _beyond() -> tuple[Any, Any]:
    return mp.mpf(10) ** -8, 1 / mp.mpf(HIGH) ** 2


def _log_gamma(t: Any) -> Any:
    a = _off(_inverse(t), 1, 2)
    return mp.loggamma(a) / ((a - 1) * (a - 2))


def digamma_root() -> Any:
    return mp.findroot(mp.digamma, mp.mpf("1.4616321449683623"))


def _digamma(t: Any) -> Any:
    root = digamma_root()
    a = _off(_inverse(t), root)
    return mp.digamma(a) / (a - root)


def _stirling(z: Any) -> Any:
    with mp.workdps(DIGITS + 40):
        a = 1 / mp.sqrt(z)
        return (mp.loggamma(a) - ((a - 0.5) * mp.log(a) - a + mp.log(2 * mp.pi) / 2)) * a


def _digamma_rest(z: Any) -> Any:
    with mp.workdps(DIGITS + 40):
        a = 1 / mp.sqrt(z)
        return (mp.log(a) - 1 / (2 * a) - mp.digamma(a)) / z


GAMMA = (
    Polynomial(
        "lgamma_series", "t", "log(gamma(a)) / ((a - 1) (a - 2)), t = gamma_argument(a), 0.75 <= a <= 2.75.", _log_gamma, _between, 20, 9
    ),
    Polynomial(
        "stirling_series", "z", "a (log(gamma(a)) - ((a - 1/2) log(a) - a + log(2 pi)/2)), z = 1/a^2, a >= 2.75.", _stirling, _beyond, 11, 4
    ),
    Polynomial(
        "digamma_series", "t", "digamma(a) / (a - digamma_root), t = gamma_argument(a), 0.75 <= a <= 2.75.", _digamma, _between, 22, 10
    ),
    Polynomial("digamma_tail", "z", "(log(a) - 1/(2a) - digamma(a)) a^2, z = 1/a^2, a >= 2.75.", _digamma_rest, _beyond, 12, 4),
)  # fmt: skip

# ---------------------------------------------------------------- the inverse of the error function


def _erfinv_near(z: Any) -> Any:
    return mp.erfinv(mp.sqrt(z)) / mp.sqrt(z)


def _erfcinv(middle: int, shift: int) -> Callable[[Any], Any]:
    def f(t: Any) -> Any:
        r = (middle + shift * t) / (1 - t)
        return names()["erfcinv"](mp.exp(-r * r)) / r

    return f


def _from_to(middle: int, shift: int, low: Any, high: Any) -> tuple[Any, Any]:
    return (mp.mpf(low) - middle) / (mp.mpf(low) + shift), (mp.mpf(high) - middle) / (mp.mpf(high) + shift)


INVERSE = (
    Polynomial(
        "erfinv_near", "z", "erfinv(x) / x, z = x^2, |x| <= 0.6.", _erfinv_near, lambda: (mp.mpf(10) ** -20, mp.mpf("0.36")), 16, 7
    ),
    Polynomial(
        "erfcinv_series", "t", "erfcinv(exp(-r^2)) / r, t = (r - 2) / (r + 1), 0.957 <= r <= 5.", _erfcinv(2, 1),
        lambda: _from_to(2, 1, "0.957", 5), 21, 9,
    ),
    Polynomial(
        "erfcinv_far_series", "t", "erfcinv(exp(-r^2)) / r, t = (r - 10) / (r + 6), 5 <= r <= 27.3 (10.2).", _erfcinv(10, 6),
        lambda: _from_to(10, 6, 5, "27.3"), 18, 8,
    ),
)  # fmt: skip
#: the polynomials of each pair of files
POLYNOMIALS = {"gamma": GAMMA, "inverse": INVERSE}


def main() -> None:
    for narrow in (False, True):
        for p in (p for family in POLYNOMIALS.values() for p in family):
            if not sys.argv[1:] or p.name in sys.argv[1:]:
                print(written(p, narrow) + "\n")


if __name__ == "__main__":
    main()
