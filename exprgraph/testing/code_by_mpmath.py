"""Functions' code on mpmath's numbers: the names in the code mean mpmath's functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from types import FunctionType, SimpleNamespace
from typing import Any

import mpmath

from ..functions.elementwise import Function
from ..loops import runtime
from ..loops.vocabulary import CONSTANTS, WRITTEN

NAN, INF = mpmath.mpf("nan"), mpmath.mpf("inf")


def divided(a: Any, b: Any) -> Any:
    """a / b by the rules of floats."""
    if b:
        return a / b
    return NAN if not a or mpmath.isnan(a) else INF * (1 if a > 0 else -1)


def power(base: Any, e: Any) -> Any:
    """base**e by the rules of floats, for real results."""
    if mpmath.isnan(base) or mpmath.isnan(e):
        return NAN
    if not base and e < 0:
        return INF
    value = base**e
    return NAN if isinstance(value, mpmath.mpc) else value


def _real(f: Callable[..., Any], *, limits: Mapping[float, Any] | None = None) -> Callable[..., Any]:
    """A function of mpmath as a function of floats: NaN for complex results and undefined ones, infinity at poles."""

    def call(*args: Any) -> Any:
        args = tuple(mpmath.mpf(a) for a in args)
        if any(map(mpmath.isnan, args)):
            return NAN
        if limits and len(args) == 1 and args[0] in (INF, -INF):
            return limits.get(float(args[0]), NAN)
        try:
            value = f(*args)
        except (ValueError, ZeroDivisionError):
            return NAN
        return NAN if isinstance(value, mpmath.mpc) else value

    return call


def _normal(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def _logaddexp(a: Any, b: Any) -> Any:
    if mpmath.isnan(a) or mpmath.isnan(b):
        return NAN
    high, low = max(a, b), min(a, b)
    return high if high == low and mpmath.isinf(high) else high + mpmath.log1p(mpmath.exp(low - high))


def _atan2(y: Any, x: Any) -> Any:
    return mpmath.mpf(0) if not x and not y else mpmath.atan2(y, x)


def _fmod(x: Any, y: Any) -> Any:
    if x in (INF, -INF) or y in (INF, -INF):
        return NAN if x in (INF, -INF) else x
    return x - y * (mpmath.floor if x / y >= 0 else mpmath.ceil)(x / y)


def _mod(x: Any, y: Any) -> Any:
    r = _fmod(x, y)
    return r + y if r and (r < 0) != (y < 0) else r


def _gammainc(a: Any, x: Any, upper: bool) -> Any:
    if mpmath.isnan(a) or mpmath.isnan(x) or a < 0 or x < 0 or (a == 0 and x == 0) or (a == INF and x == INF):
        return NAN
    if x == 0 or a == INF:
        return mpmath.mpf(upper)
    if x == INF or a == 0:
        return mpmath.mpf(not upper)
    return mpmath.gammainc(a, x, regularized=True) if upper else mpmath.gammainc(a, 0, x, regularized=True)


def _gamma_density(a: Any, x: Any) -> Any:
    if mpmath.isnan(a) or mpmath.isnan(x) or a <= 0 or x < 0:
        return NAN
    if x in (0, INF):
        return mpmath.mpf(0) if x == INF or a > 1 else (mpmath.mpf(1) if a == 1 else INF)
    return x ** (a - 1) * mpmath.exp(-x) * mpmath.rgamma(a)


def _betainc(a: Any, b: Any, x: Any) -> Any:
    if any(map(mpmath.isnan, (a, b, x))) or a < 0 or b < 0 or not 0 <= x <= 1:
        return NAN
    at_zero, at_one = a == 0 or b == INF, b == 0 or a == INF
    if at_zero and at_one:
        return NAN
    if 0 < x < 1 and (at_zero or at_one):
        return mpmath.mpf(at_zero)
    if x in (0, 1):
        return x
    return 1 - _beta_tail(b, a, 1 - x) if x * (a + b) > a else _beta_tail(a, b, x)


def _beta_tail(a: Any, b: Any, x: Any) -> Any:
    """A series of positive terms: mpmath's own has terms of both signs, and fails for large parameters."""
    return _beta_density(a, b, x) * (x * (1 - x) / a) * mpmath.hyp2f1(a + b, 1, a + 1, x)


def _gamma_tail(above: bool, a: Any, x: Any) -> Any:
    """Q(a, x), less 1 on the left, where P is small."""
    return _gammainc(a, x, True) if above else -_gammainc(a, x, False)


def _tail_of_beta(above: bool, a: Any, b: Any, x: Any) -> Any:
    """I_x(a, b), less 1 on the right."""
    return -_beta_tail(b, a, 1 - x) if above else _beta_tail(a, b, x)


def _slope(tail: Callable[..., Any], k: int, *args: Any) -> Any:
    """The derivative by parameter k, positive and finite, at the last argument, of the part that is small."""
    *parameters, x = args
    outside = any(map(mpmath.isnan, args)) or min(parameters) <= 0 or INF in parameters or x < 0
    if outside or (x > 1 and len(args) == 3):
        return NAN
    if x == INF or not x or (x == 1 and len(args) == 3):
        return mpmath.mpf(0)
    above = x > (args[0] if len(args) == 2 else args[0] / (args[0] + args[1]))
    with mpmath.extradps(30):
        return mpmath.diff(lambda p: tail(above, *args[:k], p, *args[k + 1 :]), args[k])


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    if any(map(mpmath.isnan, (a, b, x))) or a <= 0 or b <= 0 or not 0 <= x <= 1:
        return NAN
    if x in (0, 1):
        own, other = (a, b) if x == 0 else (b, a)
        return mpmath.mpf(0) if own > 1 else (other if own == 1 else INF)
    return x ** (a - 1) * (1 - x) ** (b - 1) * mpmath.exp(mpmath.loggamma(a + b) - mpmath.loggamma(a) - mpmath.loggamma(b))


_BESSEL: dict[str, Callable[..., Any]] = {"j": mpmath.besselj, "y": mpmath.bessely, "i": mpmath.besseli, "k": mpmath.besselk}


def _besseli_scaled(n: Any, x: Any) -> Any:
    return mpmath.exp(-abs(x)) * mpmath.besseli(n, x)


def _of_order(f: Callable[..., Any]) -> Callable[..., Any]:
    """A Bessel function with the order as an argument, NaN for orders that are not whole."""
    return _real(lambda n, x: f(int(n), x) if n == int(n) else NAN)


def _zeta(s: Any, q: Any) -> Any:
    """Forty terms, and forty of Euler's and Maclaurin's formula: mpmath's own loses digits of small sums."""
    if mpmath.isnan(s) or mpmath.isnan(q) or s < 1 or (q < 0 and not mpmath.isint(s)):
        return INF if q <= 0 and s >= 1 and mpmath.isint(q) else NAN
    if s == 1 or (q <= 0 and mpmath.isint(q)):
        return INF
    if q == INF or s == INF:
        return mpmath.mpf(0) if q > 1 else mpmath.mpf(1) if q == 1 else INF
    first = int(max(40, 40 - mpmath.floor(q)))
    w = q + first
    total = mpmath.fsum((q + k) ** -s for k in range(first)) + w ** (1 - s) / (s - 1) + w**-s / 2
    factor = s * w ** (-s - 1)
    for k in range(1, 41):
        total += mpmath.bernoulli(2 * k) / mpmath.factorial(2 * k) * factor
        factor *= (s + (2 * k - 1)) * (s + 2 * k) / w**2
    return total


def _zeta_step(s: Any, a: Any, b: Any) -> Any:
    """With as many more digits as the difference loses."""
    if not b or not mpmath.isfinite(a + b):
        return mpmath.mpf(0) if not b and mpmath.isfinite(a) else _MPMATH["digamma"](a) - _MPMATH["digamma"](a + b)
    with mpmath.extradps(10 + max(0, int(mpmath.log10(abs((abs(a) + 1) / b))))):
        return _MPMATH["digamma"](a) - _MPMATH["digamma"](a + b) if s == 1 else _zeta(s, a + b) - _zeta(s, a)


def _erfcinv(q: Any) -> Any:
    """The inverse of erfc for q <= 1, by Newton's iteration on its logarithm where mpmath's series is slow."""
    if q > 0.1:
        return mpmath.erfinv(1 - q)
    if q <= 0:
        return INF if not q else NAN
    y = mpmath.sqrt(-mpmath.log(q * mpmath.sqrt(mpmath.pi * -mpmath.log(q))))
    for _ in range(60):
        e = mpmath.erfc(y)
        step = (mpmath.log(e) - mpmath.log(q)) * e * mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(y * y)
        y += step
        if abs(step) < mpmath.mpf(10) ** (4 - mpmath.mp.dps) * y:
            break
    return y


def _erfinv(x: Any) -> Any:
    return mpmath.erfinv(x) if abs(x) < 0.9 else mpmath.sign(x) * _erfcinv(1 - abs(x))


def _of_ratio(x: Any, y: Any, f: Callable[[Any], Any], at_zero: Any) -> Any:
    """A function of x log(x / y), and its value at x = 0."""
    if x > 0 and y > 0:
        return f(x * mpmath.log(x / y))
    return at_zero if not x and y >= 0 else INF


_UP, _DOWN = math.inf, -math.inf
#: the functions of the generated code by their names there, with their values at infinity where mpmath has none
_MPMATH: dict[str, Callable[..., Any]] = {
    "exp": _real(mpmath.exp),
    "exp2": _real(lambda x: mpmath.power(2, x)),
    "expm1": _real(mpmath.expm1, limits={_UP: INF, _DOWN: mpmath.mpf(-1)}),
    "log": _real(lambda x: -INF if not x else mpmath.log(x)),
    "log2": _real(lambda x: -INF if not x else mpmath.log(x, 2)),
    "log10": _real(lambda x: -INF if not x else mpmath.log10(x)),
    "log1p": _real(lambda x: -INF if x == -1 else mpmath.log1p(x), limits={_UP: INF}),
    "cbrt": _real(lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), limits={_UP: INF, _DOWN: -INF}),
    "sin": _real(mpmath.sin, limits={}),
    "cos": _real(mpmath.cos, limits={}),
    "tan": _real(mpmath.tan, limits={}),
    "asin": _real(mpmath.asin),
    "acos": _real(mpmath.acos),
    "atan": _real(mpmath.atan),
    "atan2": _real(_atan2),
    "sinh": _real(mpmath.sinh),
    "cosh": _real(mpmath.cosh),
    "tanh": _real(mpmath.tanh),
    "tanh_prime": _real(lambda x: mpmath.sech(x) ** 2, limits={_UP: mpmath.mpf(0), _DOWN: mpmath.mpf(0)}),
    "asinh": _real(mpmath.asinh, limits={_UP: INF, _DOWN: -INF}),
    "acosh": _real(mpmath.acosh, limits={_UP: INF}),
    "atanh": _real(lambda x: INF * x if abs(x) == 1 else mpmath.atanh(x), limits={}),
    "erf": _real(mpmath.erf),
    "erfc": _real(mpmath.erfc),
    "sigmoid": _real(lambda x: 1 / (1 + mpmath.exp(-x))),
    "sigmoid_prime": _real(lambda x: (mpmath.sech(x / 2) / 2) ** 2, limits={_UP: mpmath.mpf(0), _DOWN: mpmath.mpf(0)}),
    "softplus": _real(lambda x: mpmath.log1p(mpmath.exp(x)), limits={_UP: INF, _DOWN: mpmath.mpf(0)}),
    "silu": _real(lambda x: x / (1 + mpmath.exp(-x)), limits={_UP: INF, _DOWN: mpmath.mpf(0)}),
    "gelu": _real(lambda x: x * _normal(x), limits={_UP: INF, _DOWN: mpmath.mpf(0)}),
    "log_sigmoid": _real(lambda x: -mpmath.log1p(mpmath.exp(-x)), limits={_UP: mpmath.mpf(0), _DOWN: -INF}),
    "logaddexp": lambda a, b: _logaddexp(mpmath.mpf(a), mpmath.mpf(b)),
    "xlogy": lambda x, y: mpmath.mpf(0) if not x and y == y else _real(lambda a, b: a * _MPMATH["log"](b))(x, y),
    "normal_cdf": _real(_normal),
    "atan_prime": _real(lambda x: 1 / (1 + x * x), limits={_UP: mpmath.mpf(0), _DOWN: mpmath.mpf(0)}),
    "acosh_prime": _real(lambda x: INF if x == 1 else 1 / mpmath.sqrt((x - 1) * (x + 1)), limits={_UP: mpmath.mpf(0)}),
    "coth_acosh": _real(lambda x: INF if x == 1 else x / mpmath.sqrt((x - 1) * (x + 1)), limits={_UP: mpmath.mpf(1)}),
    "direction": _real(lambda a, b: a / mpmath.hypot(a, b) if a or b else mpmath.mpf(0)),
    **{f"bessel_{letter}{n}": _real(partial(f, n)) for letter, f in _BESSEL.items() for n in (0, 1)},
    **{f"bessel_{letter}n": _of_order(f) for letter, f in _BESSEL.items() if letter != "i"},
    "gammainc": lambda a, x: _gammainc(mpmath.mpf(a), mpmath.mpf(x), False),
    "gammaincc": lambda a, x: _gammainc(mpmath.mpf(a), mpmath.mpf(x), True),
    "betainc": lambda a, b, x: _betainc(mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(x)),
    "gammaincc_by_a": lambda a, x: _slope(_gamma_tail, 0, mpmath.mpf(a), mpmath.mpf(x)),
    "betainc_by_a": lambda a, b, x: _slope(_tail_of_beta, 0, mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(x)),
    "betainc_by_b": lambda a, b, x: _slope(_tail_of_beta, 1, mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(x)),
    "beta_density": lambda a, b, x: _beta_density(mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(x)),
    "gamma_density": lambda a, x: _gamma_density(mpmath.mpf(a), mpmath.mpf(x)),
    "bessel_iv": _of_order(mpmath.besseli),
    "bessel_ive": _of_order(_besseli_scaled),
    "bessel_i0e": _real(partial(_besseli_scaled, 0)),
    "bessel_i1e": _real(partial(_besseli_scaled, 1)),
    "pow": _real(power),
    "hypot": _real(mpmath.hypot),
    "sqrt": _real(mpmath.sqrt),
    "lgamma": _real(lambda x: INF if x <= 0 and mpmath.isint(x) else mpmath.re(mpmath.loggamma(x)), limits={_UP: INF, _DOWN: -INF}),
    "digamma": _real(lambda x: (NAN if x else -INF) if x <= 0 and mpmath.isint(x) else mpmath.digamma(x), limits={_UP: INF}),
    "zeta": lambda s, q: _zeta(mpmath.mpf(s), mpmath.mpf(q)),
    "tgamma": _real(lambda x: INF * mpmath.sign(x) if not x else mpmath.gamma(x), limits={_UP: INF}),
    "zeta_step": lambda s, a, b: _zeta_step(mpmath.mpf(s), mpmath.mpf(a), mpmath.mpf(b)),
    "rgamma": _real(mpmath.rgamma, limits={_UP: mpmath.mpf(0)}),
    "euler_beta": _real(mpmath.beta),
    "log_beta": _real(lambda a, b: mpmath.re(mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b))),
    "erfinv": _real(lambda x: x * INF if abs(x) == 1 else NAN if abs(x) > 1 else _erfinv(x)),
    "erfcinv": _real(lambda x: INF if not x else -INF if x == 2 else _erfcinv(x) if x <= 1 else -_erfcinv(2 - x)),
    "xlog1py": lambda x, y: mpmath.mpf(0) if not x and y == y else _real(lambda a, b: a * _MPMATH["log1p"](b))(x, y),
    "log_ratio": _real(lambda x, y: mpmath.log(divided(x, y)) if x > 0 and y > 0 else NAN),
    "rel_entr": _real(lambda x, y: _of_ratio(x, y, lambda v: v, mpmath.mpf(0))),
    "kl_div": _real(lambda x, y: _of_ratio(x, y, lambda v: v - x + y, y)),
    "floor": _real(mpmath.floor),
    "ceil": _real(mpmath.ceil),
    "trunc": _real(lambda x: mpmath.floor(x) if x >= 0 else mpmath.ceil(x)),
    "rint": _real(mpmath.nint),
    "fmod": _real(_fmod),
    "mod": _real(_mod),
    "floor_divide": _real(lambda x, y: mpmath.floor(x / y)),
    "fabs": _real(abs),
    "copysign": lambda x, s: abs(mpmath.mpf(x)) if s >= 0 else -abs(mpmath.mpf(x)),
}
_AS = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh", "arccosh": "acosh"}
_AS |= {"gamma": "tgamma", "arctanh": "atanh", "abs": "fabs", "absolute": "fabs", "power": "pow", "float_power": "pow", "round": "rint"}


@cache
def names() -> dict[str, Any]:
    """The meaning of names in generated code: mpmath's functions, and the package's helpers made of them."""
    constants = {name.partition(".")[2]: mpmath.mpf(value) for name, value in CONSTANTS.items()}
    module = SimpleNamespace(**_MPMATH, **{alias: _MPMATH[name] for alias, name in _AS.items()}, **constants)
    module.float64 = module.float32 = mpmath.mpf
    found: dict[str, Any] = {"math": module, "np": module, "float": mpmath.mpf, "round": _MPMATH["rint"]}
    for name, (parameters, value) in WRITTEN.items():
        if "." in name:
            setattr(module, name.partition(".")[2], eval(f"lambda {parameters}: {value}", found))
    choices = "relu step sign minimum maximum smaller less less_equal equal not_equal logical_and logical_or logical_not"
    for name in (*choices.split(), "gate", "gate_both", "powi", "share", "ratio", "held", "excess"):
        found[name] = _with(getattr(runtime, name), found)
    found |= _MPMATH
    found["root"] = _MPMATH["sqrt"]
    found["inverse_root"] = lambda x: divided(mpmath.mpf(1), _MPMATH["sqrt"](x)) if x else mpmath.mpf(0)
    return found


def _with(f: Any, names: dict[str, Any]) -> Callable[..., Any]:
    return FunctionType(f.__code__, names, f.__name__, f.__defaults__)


@lru_cache(maxsize=256)
def scalar(row: Function) -> Callable[..., Any]:
    """A row's function on mpmath's numbers."""
    known = dict(names())
    if row.source:
        exec(compile(row.source, f"<source of {row.name}>", "exec"), known)
    args = [f"a{k}" for k in range(row.arity)]
    f = eval(compile(f"lambda {', '.join(args)}: {row.code.format(*args)}", f"<code of {row.name}>", "eval"), known)

    def call(*values: Any) -> Any:
        try:
            v = f(*values)
        except ZeroDivisionError:
            return NAN
        except (NameError, AttributeError) as error:
            raise ValueError(f"function {row.name}: its code {row.code!r} cannot be computed: {error}; helpers go into source") from None
        return NAN if isinstance(v, (complex, mpmath.mpc)) else mpmath.mpf(v)

    return call


__all__ = ["INF", "NAN", "divided", "names", "power", "scalar"]
