"""Elementary functions that vectorise: without branches, tables and library calls.

Each function is assignments and one ``return``, in a subset of Python that the interpreter, Numba and our reader share.
Both sides of a conditional expression are evaluated (a select), except the one call of ``math`` for arguments that no
formula here covers.  Numba makes a branch of a conditional expression with a long side, and a loop with a branch does not
vectorise; ``if_less`` keeps it a select.

The formulas (``exponential``, ``logarithm``, ``circular``, ``error``, ``gamma``) are the same in float64 and
in float32.  Polynomials, bit patterns and limits differ: these are functions of ``double`` and of
``single`` (of ``gamma_double`` and ``gamma_single``), with the same names.  Imported from here, the
formulas compute in float64.

A function whose name ends in ``_rarely`` is called only if a number needs it, and stands alone on one
side of a conditional expression.

``Within N ulp`` in a docstring is the largest error found against a reference of 40 digits, rounded
up, in float64 and, after the semicolon, in float32; tests/exprgraph/test_elementary.py checks it.
The code may be compiled with or without contraction: products before an exact subtraction are exact
themselves.

``turns`` always means a sum whose low bits hold an integer (see ``rounded``).  Polynomials are
interpolations at Chebyshev nodes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from . import (
    bessel,
    bessel_double,
    bessel_single,
    beta,
    beta_slopes,
    circular,
    double,
    entropies,
    error,
    exponential,
    gamma,
    gamma_double,
    gamma_single,
    gamma_steps,
    incomplete_beta,
    incomplete_double,
    incomplete_gamma,
    incomplete_single,
    incomplete_slopes,
    inverse,
    inverse_double,
    inverse_single,
    logarithm,
    orders,
    power,
    single,
)

#: helpers that differ between float64 and float32, and the formulas made of them
WIDTHS = (
    (double, bessel_double, gamma_double, inverse_double, incomplete_double),
    (single, bessel_single, gamma_single, inverse_single, incomplete_single),
)
FORMULAS = (
    *(exponential, logarithm, power, circular, error, gamma, gamma_steps, beta, inverse, entropies, bessel, orders, incomplete_gamma),
    *(incomplete_beta, incomplete_slopes, beta_slopes),
)


@cache
def elementary(narrow: bool = False) -> dict[str, Callable[..., Any]]:
    """The formulas, with the helpers of float64 or of float32.

    All of them compute in float64 here; those of float32 are for their text.
    """
    modules = (*WIDTHS[narrow], *FORMULAS)
    return {n: f for m in modules for n, f in vars(m).items() if inspect.isfunction(f) and f.__module__ == m.__name__}


__all__ = ["FORMULAS", "WIDTHS", "elementary"]
