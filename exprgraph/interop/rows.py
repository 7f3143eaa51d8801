"""The elementwise functions in SymPy, one entry per row of the table.

If the package defines a derivative at a singular point, the entry is chosen so that SymPy's derivative is the same:
``relu`` is a case distinction, not ``Max(x, 0)``, whose derivative at 0 would be 1/2.  Among several forms, the entry
keeps its digits: ``tanh_prime`` is ``1/cosh(x)**2``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from .package import load

if TYPE_CHECKING:
    import sympy

    #: from the arguments to the value; conditions among the arguments are numbers already
    Entry = Callable[..., sympy.Basic]


@cache
def entries() -> dict[str, Entry]:
    """How each built-in row is written, by its name."""
    sp = load()
    return {**_elementary(sp), **_special(sp), **_activations(sp), **_choices(sp), **_powers(sp), **_bessel(sp)}


def _cases(sp: Any, *pairs: Any) -> Any:
    """Pairs of values and conditions, and the value where none of these holds."""
    return sp.Piecewise(*pairs[:-1], (pairs[-1], True))


def _elementary(sp: Any) -> dict[str, Entry]:
    """Exponentials, logarithms, circular and hyperbolic functions, and those of their derivatives."""
    half = sp.Rational(1, 2)
    return {
        "exp": sp.exp,
        "exp2": lambda x: sp.Integer(2) ** x,
        "expm1": lambda x: sp.exp(x) - 1,
        "log": sp.log,
        "log2": lambda x: sp.log(x) / sp.log(2),
        "log10": lambda x: sp.log(x) / sp.log(10),
        "log1p": lambda x: sp.log(1 + x),
        "cbrt": lambda x: _cases(sp, (x ** (sp.Rational(1, 3)), x >= 0), -((-x) ** (sp.Rational(1, 3)))),
        "sin": sp.sin,
        "cos": sp.cos,
        "tan": sp.tan,
        "asin": sp.asin,
        "acos": sp.acos,
        "atan": sp.atan,
        "atan_prime": lambda x: 1 / (1 + x**2),
        "atan2": sp.atan2,
        "sinh": sp.sinh,
        "cosh": sp.cosh,
        "tanh": sp.tanh,
        "tanh_prime": lambda x: sp.cosh(x) ** -2,
        "asinh": sp.asinh,
        "acosh": sp.acosh,
        "acosh_prime": lambda x: 1 / sp.sqrt(x**2 - 1),
        "coth_acosh": lambda x: x / sp.sqrt(x**2 - 1),
        "atanh": sp.atanh,
        "erf": sp.erf,
        "erfc": sp.erfc,
        "normal_cdf": lambda x: half * sp.erfc(-x / sp.sqrt(2)),
        "xlogy": lambda x, y: _cases(sp, (0, sp.Eq(x, 0)), x * sp.log(y)),
    }


def _special(sp: Any) -> dict[str, Entry]:
    """Special functions, where SymPy's values are real."""
    return {
        "gamma": sp.gamma,
        "rgamma": lambda x: 1 / sp.gamma(x),
        "beta": lambda a, b: sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b),
        "betaln": lambda a, b: sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b),
        "erfinv": sp.erfinv,
        "erfcinv": lambda x: sp.erfinv(1 - x),  # SymPy evaluates no erfcinv
        "xlog1py": lambda x, y: _cases(sp, (0, sp.Eq(x, 0)), x * sp.log(1 + y)),
        "log_ratio": lambda x, y: sp.log(x / y),
        "kl_slope": lambda x, y: 1 - x / y,
        "rel_entr": lambda x, y: x * sp.log(x / y),
        "kl_div": lambda x, y: x * sp.log(x / y) - x + y,
        "zeta_step": lambda s, a, b: sp.digamma(a) - sp.digamma(a + b) if s == 1 else sp.zeta(s, a + b) - sp.zeta(s, a),
        "gammaln": sp.loggamma,
        "digamma": sp.digamma,
        "zeta": sp.zeta,
    }


def _activations(sp: Any) -> dict[str, Entry]:
    """Activations."""
    half = sp.Rational(1, 2)
    return {
        "sigmoid": lambda x: 1 / (1 + sp.exp(-x)),
        "sigmoid_prime": lambda x: sp.Rational(1, 4) * sp.cosh(x / 2) ** -2,
        "softplus": lambda x: sp.log(1 + sp.exp(x)),
        "log_sigmoid": lambda x: -sp.log(1 + sp.exp(-x)),
        "logaddexp": lambda a, b: sp.log(sp.exp(a) + sp.exp(b)),
        "relu": lambda x: _cases(sp, (x, x > 0), 0),
        "step": lambda x: _cases(sp, (1, x > 0), 0),
        "gelu": lambda x: half * x * sp.erfc(-x / sp.sqrt(2)),
        "silu": lambda x: x / (1 + sp.exp(-x)),
    }


def _choices(sp: Any) -> dict[str, Entry]:
    """Piecewise functions, comparisons, conditions, and factors of derivatives behind a choice."""
    half = sp.Rational(1, 2)
    return {
        "abs": sp.Abs,
        "sign": sp.sign,
        "floor": sp.floor,
        "ceil": sp.ceiling,
        "mod": sp.Mod,
        "fmod": lambda a, b: sp.sign(a) * sp.Mod(sp.Abs(a), sp.Abs(b)),
        "floor_divide": lambda a, b: sp.floor(a / b),
        "minimum": sp.Min,
        "maximum": sp.Max,
        "smaller": lambda a, b: _cases(sp, (1, sp.Lt(a, b)), (half, sp.Eq(a, b)), 0),
        "less": sp.Lt,
        "less_equal": sp.Le,
        "equal": sp.Eq,
        "not_equal": sp.Ne,
        "logical_and": lambda a, b: sp.And(condition(a), condition(b)),
        "logical_or": lambda a, b: sp.Or(condition(a), condition(b)),
        "logical_not": lambda a: sp.Not(condition(a)),
        "where": lambda c, a, b: _cases(sp, (a, condition(c)), b),
        "gate": lambda ct, p: _cases(sp, (0, sp.Eq(ct, 0)), ct * p),
        "gate_both": lambda a, b: _cases(sp, (0, sp.Eq(a * b, 0)), a * b),
        "ratio": lambda x, y: _cases(sp, (0, sp.Eq(x, 0)), x / y),
    }


def _powers(sp: Any) -> dict[str, Entry]:
    """Powers, roots, and quotients that stay in range."""
    half = sp.Rational(1, 2)
    return {
        "pow": sp.Pow,
        "power_slope": lambda x, y: y * x ** (y - 1),
        "power_log": lambda x, y: x**y * sp.log(x),
        "hypot": lambda a, b: sp.sqrt(a**2 + b**2),
        "direction": lambda a, b: _cases(sp, (0, sp.Eq(a, 0) & sp.Eq(b, 0)), a / sp.sqrt(a**2 + b**2)),
        "share": lambda a, h: _cases(sp, (0, sp.Eq(h, 0)), a / h),
        "held": lambda x: x,
        "excess": lambda a, b: a - b,
        "root": sp.sqrt,
        "inverse_root": lambda s: _cases(sp, (0, sp.Eq(s, 0)), s**-half),
    }


def _bessel(sp: Any) -> dict[str, Entry]:
    """Bessel functions."""
    letters = {"j": sp.besselj, "y": sp.bessely, "i": sp.besseli, "k": sp.besselk}
    found: dict[str, Entry] = {f"{letter}{n}": partial(f, n) for letter, f in letters.items() for n in (0, 1)}
    found |= {"jn": sp.besselj, "yn": sp.bessely, "iv": sp.besseli, "kn": sp.besselk}
    found |= {f"i{n}e": lambda x, n=n: sp.exp(-sp.Abs(x)) * sp.besseli(n, x) for n in (0, 1)}
    found |= {
        "gammainc": lambda a, x: sp.lowergamma(a, x) / sp.gamma(a),
        "gammaincc": lambda a, x: sp.uppergamma(a, x) / sp.gamma(a),
        **{n: sp.Function(n, real=True) for n in ("gammaincc_by_a", "betainc_by_a", "betainc_by_b")},  # SymPy has no such functions
        "betainc": lambda a, b, x: sp.betainc_regularized(a, b, 0, x),
        "beta_density": lambda a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) * sp.exp(sp.loggamma(a + b) - sp.loggamma(a) - sp.loggamma(b)),
        "gamma_density": lambda a, x: x ** (a - 1) * sp.exp(-x - sp.loggamma(a)),
    }
    return {**found, "ive": lambda n, x: sp.exp(-sp.Abs(x)) * sp.besseli(n, x)}


#: rows whose arguments may be conditions as they are
LOGICAL = frozenset(("logical_and", "logical_or", "logical_not", "where"))


def condition(value: Any) -> Any:
    """A condition as it is; a number as the condition that it is not 0."""
    sp = load()
    return sp.Ne(value, 0) if isinstance(value, sp.Expr) else value


def as_number(value: Any) -> Any:
    """A number as it is; a condition as 1 or 0."""
    sp = load()
    return value if isinstance(value, sp.Expr) else sp.Piecewise((1, value), (0, True))
