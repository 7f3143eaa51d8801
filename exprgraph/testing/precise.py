"""Values to any number of digits: the graph evaluated by mpmath, operation by operation.

Elementwise functions are computed from their rows' ``code``, whose names mean mpmath's functions here;
so a user's function has as many digits as the package's own.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np

from ..errors import ShapeError, UnboundSymbolError
from ..functions.along_axes import LOG_SOFTMAX, LOGSUMEXP, NORM, SOFTMAX, AxisFunction
from ..functions.elementwise import Function
from ..graph.node import Node, Shape
from ..graph.primitive import (
    ARRAY,
    CONSTANT,
    CONTRACT,
    IDENTITY,
    PRODUCT,
    REDUCE_MAX,
    REDUCE_MIN,
    SAMPLE_COUNT,
    SAMPLE_SUM,
    SOLVE,
    SUM,
    SYMBOL,
    Primitive,
)
from ..graph.traverse import topological
from ..loops import runtime
from ..lowering.native.vocabulary import CONSTANTS, WRITTEN
from ..meaning.evaluate import EVALUATE, Samples

NAN, INF = mpmath.mpf("nan"), mpmath.mpf("inf")


def evaluate_precisely(e: Node | Sequence[Node], bindings: Mapping[Node, Any], digits: int = 50) -> Any:
    """The value of an expression, or a list of them, with so many digits: arrays of mpmath's numbers.

    Args:
        e: an expression, or a list of expressions that share their parts.
        bindings: a value for each symbol, batch axes first, of floats or mpmath's numbers.

    Division by zero, overflow and arguments outside of a function's domain give infinities and NaN, as floats do.

    >>> import exprgraph as eg, mpmath
    >>> from exprgraph.testing import evaluate_precisely
    >>> x = eg.Symbol("x")
    >>> print(mpmath.nstr(evaluate_precisely(eg.exp(x), {x: 1})[()], 40))
    2.718281828459045235360287471352662497757
    """
    roots = [e] if isinstance(e, Node) else list(e)
    with mpmath.workdps(digits):
        module = _names()["math"]
        module.pi, module.e = +mpmath.pi, +mpmath.e  # with the digits of now
        values, batch = _bound(bindings)
        for node in topological(roots):
            if node not in values:
                if node.op is SYMBOL:
                    raise UnboundSymbolError(f"no value for symbol {node.name!r} of shape {node.shape}")
                values[node] = _value(node, [values[a] for a in node.args], batch)
        out = []
        for r in roots:
            v = values[r]
            lead = batch if r.per_sample or v.ndim > r.ndim else ()
            out.append(np.broadcast_to(v, lead + r.shape))
    return out[0] if isinstance(e, Node) else out


def _bound(bindings: Mapping[Node, Any]) -> tuple[dict[Node, np.ndarray], Shape]:
    values: dict[Node, np.ndarray] = {}
    batch: Shape = ()
    for symbol, given in bindings.items():
        a = np.asarray(given, dtype=object)
        lead = a.ndim - symbol.ndim
        if lead < 0 or a.shape[lead:] != symbol.shape:
            raise ShapeError(f"symbol {symbol.name!r} has shape {symbol.shape}, its value has shape {a.shape} (batch axes come first)")
        batch = np.broadcast_shapes(batch, a.shape[:lead])
        values[symbol] = exactly(a)
    return values, batch


def exactly(value: Any) -> np.ndarray:
    """Numbers of any kind, NumPy's among them, as mpmath's."""
    return _each(lambda v: mpmath.mpf(v.item() if isinstance(v, np.generic) else v), np.asarray(value, dtype=object))


def _each(f: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """A function of numbers on broadcast arrays."""
    same = np.broadcast_arrays(*arrays)
    out = np.empty(same[0].shape, dtype=object)
    flat = out.reshape(-1)
    for k, args in enumerate(zip(*(a.ravel() for a in same))):
        flat[k] = f(*args)
    return out


def _value(node: Node, values: list[np.ndarray], batch: Shape) -> np.ndarray:
    op = node.op
    if op is CONSTANT:
        return np.full(node.shape, mpmath.mpf(node.params[0]), dtype=object)
    if op is ARRAY:
        return _each(lambda v: mpmath.mpf(float(v)), node.params[0].data)
    if op is IDENTITY:
        return _each(mpmath.mpf, np.eye(node.shape[0], dtype=int).astype(object))
    if op is SAMPLE_COUNT:
        return np.array(mpmath.mpf(math.prod(batch)), dtype=object)
    if op is SAMPLE_SUM:
        whole = np.broadcast_to(values[0], batch + node.shape).reshape((-1, *node.shape))
        return np.array(_added(list(whole), node.shape), dtype=object)
    if isinstance(op, Function) or op in (SUM, PRODUCT):
        values = [v.reshape(v.shape + (1,) * (node.ndim - a.ndim)) if not a.ndim else v for v, a in zip(values, node.args)]
    if isinstance(op, Function):
        return _each(_scalar(op), *values)
    if op is SUM:
        const, coefficients = node.params
        return _each(lambda *v: _dot(coefficients, v, const), *values)
    if op is PRODUCT:
        return _each(lambda *v: _power_product(v, node.params), *values)
    if op is CONTRACT:
        return _contract(node, values)
    if op in (REDUCE_MAX, REDUCE_MIN):
        return _extremum(node, values[0])
    if isinstance(op, AxisFunction):
        return _along(node, values[0])
    if op is SOLVE:
        return _solve(node, *values)
    return np.asarray(EVALUATE[op](node, values, Samples(batch, np.dtype(object))), dtype=object)


def _dot(coefficients: Sequence[float], values: Sequence[Any], const: float) -> Any:
    total = mpmath.mpf(const)
    for c, v in zip(coefficients, values):
        total += v if c == 1.0 else mpmath.mpf(c) * v
    return total


def _added(parts: list[Any], shape: Shape) -> Any:
    total = np.full(shape, mpmath.mpf(0), dtype=object)
    for p in parts:
        total = total + p
    return total


def divided(a: Any, b: Any) -> Any:
    """a / b as floats do it."""
    if b:
        return a / b
    return NAN if not a or mpmath.isnan(a) else INF * (1 if a > 0 else -1)


def power(base: Any, e: Any) -> Any:
    """base**e as floats do it, for real results."""
    if mpmath.isnan(base) or mpmath.isnan(e):
        return NAN
    if not base and e < 0:
        return INF
    value = base**e
    return NAN if isinstance(value, mpmath.mpc) else value


def _power_product(values: Sequence[Any], exponents: Sequence[float]) -> Any:
    above = below = mpmath.mpf(1)
    for v, e in zip(values, exponents):
        term = v if abs(e) == 1.0 else power(v, mpmath.mpf(abs(e)))
        if e > 0:
            above *= term
        else:
            below *= term
    return above if below == 1 else divided(above, below)


def _contract(node: Node, values: list[np.ndarray]) -> np.ndarray:
    """The product of all operands over all labels, then the sum over those that are not in the output.

    Beside the diagonal of an identity there are zeros, whatever they are multiplied with.
    """
    labels, sizes = node.params
    lead = np.broadcast_shapes(*(v.shape[: v.ndim - len(ks)] for v, ks in zip(values, labels)))
    whole: Any = np.array(mpmath.mpf(1), dtype=object)
    for a, v, ks in sorted(zip(node.args, values, labels), key=lambda operand: operand[0].op is IDENTITY):
        first = v.ndim - len(ks)
        kept = sorted(set(ks))
        if len(kept) < len(ks):  # a diagonal
            grid = np.ix_(*(np.arange(sizes[k]) for k in kept))
            index: tuple[Any, ...] = (Ellipsis, *(grid[kept.index(k)] for k in ks))
            v = v[index]
        else:
            v = v.transpose((*range(first), *(first + ks.index(k) for k in kept)))
        v = v.reshape(v.shape[:first] + tuple(sizes[k] if k in kept else 1 for k in range(len(sizes))))
        whole = np.where(v != 0, whole, v) if a.op is IDENTITY else whole * v
    whole = np.broadcast_to(whole, lead + tuple(sizes[: node.ndim]) + whole.shape[len(lead) + node.ndim :])
    summed = tuple(range(len(lead) + node.ndim, whole.ndim))
    return np.asarray(whole.sum(axis=summed) if summed else whole, dtype=object)


def _extremum(node: Node, value: np.ndarray) -> np.ndarray:
    n = node.args[0].ndim
    axes = tuple(value.ndim - n + k for k in node.params)
    moved = np.moveaxis(value, axes, range(-len(axes), 0))
    rows = moved.reshape((*moved.shape[: moved.ndim - len(axes)], -1))
    out = np.empty(rows.shape[:-1], dtype=object)
    best = max if node.op is REDUCE_MAX else min
    for i in np.ndindex(*out.shape):
        row = list(rows[i])
        out[i] = NAN if any(map(mpmath.isnan, row)) else best(row)
    return out


def _along(node: Node, value: np.ndarray) -> np.ndarray:
    """A function along axes, row by row."""
    ndim, count = node.args[0].ndim, len(node.params)
    axes, last = tuple(value.ndim - ndim + k for k in node.params), tuple(range(-count, 0))
    moved = np.moveaxis(value, axes, last)
    rows = moved.reshape((*moved.shape[: moved.ndim - count], -1))
    out = np.empty(rows.shape if node.op in (SOFTMAX, LOG_SOFTMAX) else rows.shape[:-1], dtype=object)
    for i in np.ndindex(*rows.shape[:-1]):
        out[i] = _of_row(node.op, list(rows[i]))
    return np.moveaxis(out.reshape(moved.shape), last, axes) if out.ndim == rows.ndim else out


def _of_row(op: Primitive, row: list[Any]) -> Any:
    if any(map(mpmath.isnan, row)):
        return np.full(len(row), NAN, dtype=object) if op in (SOFTMAX, LOG_SOFTMAX) else NAN
    if op is NORM:
        return mpmath.sqrt(sum((x * x for x in row), mpmath.mpf(0)))
    top = max(row)
    below = [mpmath.mpf(0) if x == top else x - top for x in row]
    rest = sum((mpmath.exp(b) for b in below if b), mpmath.mpf(below.count(0) - 1))
    logarithm = mpmath.log1p(rest)
    if op is LOGSUMEXP:
        return top + logarithm
    out = np.empty(len(row), dtype=object)
    out[:] = [mpmath.exp(b) / (1 + rest) if op is SOFTMAX else b - logarithm for b in below]
    return out


def _solve(node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[: b.ndim - node.ndim])
    a, b = np.broadcast_to(a, lead + a.shape[-2:]), np.broadcast_to(b, lead + node.shape)
    out = np.empty(b.shape, dtype=object)
    for i in np.ndindex(*lead):
        out[i] = _eliminated(a[i].copy(), b[i].reshape(node.shape[0], -1).copy()).reshape(node.shape)
    return out


def _eliminated(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    n = len(a)
    for k in range(n):
        p = max(range(k, n), key=lambda r: abs(a[r, k]) if not mpmath.isnan(a[r, k]) else INF)
        if not a[p, k] or mpmath.isnan(a[p, k]):
            return np.full(b.shape, NAN, dtype=object)
        a[[k, p]], b[[k, p]] = a[[p, k]], b[[p, k]]
        for r in range(k + 1, n):
            f = a[r, k] / a[k, k]
            a[r] = a[r] - f * a[k]
            b[r] = b[r] - f * b[k]
    for k in reversed(range(n)):
        b[k] = (b[k] - sum((a[k, r] * b[r] for r in range(k + 1, n)), 0 * b[k])) / a[k, k]
    return b


# ---------------------------------------------------------------- elementwise functions


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
    "pow": _real(power),
    "hypot": _real(mpmath.hypot),
    "sqrt": _real(mpmath.sqrt),
    "lgamma": _real(mpmath.loggamma),
    "gamma": _real(mpmath.gamma),
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
_AS |= {"arctanh": "atanh", "abs": "fabs", "absolute": "fabs", "power": "pow", "float_power": "pow", "round": "rint"}


@cache
def _names() -> dict[str, Any]:
    """What the names of generated code mean: mpmath's functions, and the package's small helpers in their terms."""
    constants = {name.partition(".")[2]: mpmath.mpf(value) for name, value in CONSTANTS.items()}
    module = SimpleNamespace(**_MPMATH, **{alias: _MPMATH[name] for alias, name in _AS.items()}, **constants)
    module.float64 = module.float32 = mpmath.mpf
    names: dict[str, Any] = {"math": module, "np": module, "float": mpmath.mpf, "round": _MPMATH["rint"]}
    for name, definition in WRITTEN.items():
        if "." in name:
            exec(ast.unparse(definition), names)
            setattr(module, name.partition(".")[2], names.pop(definition.name))
    choices = "relu step sign minimum maximum smaller less less_equal equal not_equal logical_and logical_or logical_not"
    for name in (*choices.split(), "gate", "gate_both", "powi", "share", "ratio", "held", "excess"):
        names[name] = _with(getattr(runtime, name), names)
    names |= _MPMATH
    names["root"] = _MPMATH["sqrt"]
    names["inverse_root"] = lambda x: divided(mpmath.mpf(1), _MPMATH["sqrt"](x)) if x else mpmath.mpf(0)
    return names


def _with(f: Any, names: dict[str, Any]) -> Callable[..., Any]:
    from types import FunctionType

    return FunctionType(f.__code__, names, f.__name__, f.__defaults__)


@lru_cache(maxsize=256)
def _scalar(row: Function) -> Callable[..., Any]:
    """A row's function on mpmath's numbers."""
    names = dict(_names())
    if row.source:
        exec(compile(row.source, f"<source of {row.name}>", "exec"), names)
    args = [f"a{k}" for k in range(row.arity)]
    f = eval(compile(f"lambda {', '.join(args)}: {row.code.format(*args)}", f"<code of {row.name}>", "eval"), names)

    def call(*values: Any) -> Any:
        try:
            v = f(*values)
        except ZeroDivisionError:
            return NAN
        except (NameError, AttributeError) as error:
            raise ValueError(f"function {row.name}: its code {row.code!r} cannot be computed: {error}; helpers go into source") from None
        return NAN if isinstance(v, (complex, mpmath.mpc)) else mpmath.mpf(v)

    return call


__all__ = ["divided", "evaluate_precisely", "exactly", "power"]
