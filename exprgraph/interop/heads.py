"""The meaning of each class of SymPy expressions, one entry per class.

Keys are SymPy's classes.  An expression uses the entry of the first class in its method resolution order that has one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, reduce
from typing import TYPE_CHECKING, Any

from ..canonical.arithmetic import linear, product
from ..canonical.joining import stack
from ..canonical.over_samples import sample_sum
from ..errors import DTypeError, ExprGraphError
from ..functions import rows as f
from ..functions.elementwise import Function, apply
from ..graph.leaves import constant, number
from ..graph.node import Node
from ..graph.primitive import SELECT, SYMBOL, TABLE
from ..graph.traverse import topological
from ..language import reductions, special
from ..language.operators import add, divide, multiply
from ..support.exact import nearest_float
from .package import load, sample

if TYPE_CHECKING:
    import sympy

    #: from a SymPy expression and the nodes of its arguments to a node
    Rule = Callable[[sympy.Basic, Sequence[Node]], Node]


def complaint(expression: sympy.Basic, why: str) -> ExprGraphError:
    """An error that names a part of the expression."""
    text = str(expression)
    return ExprGraphError(f"from_sympy: {text if len(text) < 200 else text[:197] + '...'}: {why}")


@cache
def rules() -> dict[type, Rule]:
    """The rules by class."""
    sp = load()
    return {**_arithmetic(sp), **_elementary(sp), **_special(sp), **_pieces(sp), **_conditions(sp)}


def _of(function: Callable[..., Node]) -> Rule:
    return lambda e, args: function(*args)


def _of_order(function: Callable[..., Node]) -> Rule:
    def rule(e: sympy.Basic, args: Sequence[Node]) -> Node:
        try:
            return function(*args)
        except ValueError as error:
            raise complaint(e, str(error)) from None

    return rule


def _betainc(e: Any, args: Sequence[Node]) -> Node:
    a, b, low, high = args
    value = f.betainc(a, b, high)
    return value if number(low) == 0.0 else value - f.betainc(a, b, low)


def _each(function: Callable[[Node, Node], Node]) -> Rule:
    return lambda e, args: reduce(function, args)


def _arithmetic(sp: Any) -> dict[type, Rule]:
    """Numbers, sums, products, powers, and functions that SymPy does not have."""
    return {
        sp.Number: lambda e, args: number_of(e),
        sp.NumberSymbol: lambda e, args: number_of(e),
        type(sp.true): lambda e, args: constant(1.0),
        type(sp.false): lambda e, args: constant(0.0),
        type(sp.I): _refused("expressions here are real; separate real and imaginary parts first"),
        type(sp.zoo): _refused("a complex infinity is not a real number"),
        sp.Add: lambda e, args: linear([(1.0, a) for a in args]) if _scalars(args) else reduce(add, args),
        sp.Mul: lambda e, args: product([(a, 1.0) for a in args]) if _scalars(args) else reduce(multiply, args),
        sp.Pow: _power,
        sp.Sum: lambda e, args: sample_sum(args[0]),  # over samples; others have been added up
        sp.Function: _applied,
    }


def _elementary(sp: Any) -> dict[type, Rule]:
    """Exponentials, logarithms, circular and hyperbolic functions."""
    return {
        sp.exp: _of(f.exp),
        sp.log: _of(f.log),
        sp.sin: _of(f.sin),
        sp.cos: _of(f.cos),
        sp.tan: _of(f.tan),
        sp.cot: lambda e, args: divide(f.cos(args[0]), f.sin(args[0])),
        sp.sec: lambda e, args: divide(1.0, f.cos(args[0])),
        sp.csc: lambda e, args: divide(1.0, f.sin(args[0])),
        sp.sinc: lambda e, args: f.where(f.equal(args[0], 0), 1.0, divide(f.sin(args[0]), args[0])),
        sp.asin: _of(f.asin),
        sp.acos: _of(f.acos),
        sp.atan: _of(f.atan),
        sp.acot: lambda e, args: f.atan(divide(1.0, args[0])),
        sp.asec: lambda e, args: f.acos(divide(1.0, args[0])),
        sp.acsc: lambda e, args: f.asin(divide(1.0, args[0])),
        sp.atan2: _of(f.atan2),
        sp.sinh: _of(f.sinh),
        sp.cosh: _of(f.cosh),
        sp.tanh: _of(f.tanh),
        sp.coth: lambda e, args: divide(1.0, f.tanh(args[0])),
        sp.sech: lambda e, args: divide(1.0, f.cosh(args[0])),
        sp.csch: lambda e, args: divide(1.0, f.sinh(args[0])),
        sp.asinh: _of(f.asinh),
        sp.acosh: _of(f.acosh),
        sp.atanh: _of(f.atanh),
        sp.acoth: lambda e, args: f.atanh(divide(1.0, args[0])),
        sp.asech: lambda e, args: f.acosh(divide(1.0, args[0])),
        sp.acsch: lambda e, args: f.asinh(divide(1.0, args[0])),
        sp.erf: _of(f.erf),
        sp.erfc: _of(f.erfc),
        sp.besselj: _of_order(f.jn),
        sp.bessely: _of_order(f.yn),
        sp.besseli: _of_order(f.iv),
        sp.besselk: _of_order(f.kn),
        sp.lowergamma: lambda e, args: multiply(f.gammainc(*args), f.gamma(args[0])),
        sp.uppergamma: lambda e, args: multiply(f.gammaincc(*args), f.gamma(args[0])),
        sp.betainc_regularized: _betainc,
    }


def _special(sp: Any) -> dict[type, Rule]:
    """Special functions."""
    return {
        sp.gamma: _of(f.gamma),
        sp.beta: lambda e, args: f.beta(args[0], args[-1]),
        sp.factorial: lambda e, args: f.gamma(args[0] + 1.0),
        sp.erfinv: _of(f.erfinv),
        sp.erfcinv: _of(f.erfcinv),
        sp.loggamma: _of(f.gammaln),
        sp.digamma: _of(f.digamma),
        sp.trigamma: lambda e, args: f.zeta(2.0, args[0]),
        sp.polygamma: _of(special.polygamma),
        sp.zeta: lambda e, args: f.zeta(args[0], args[1] if len(args) == 2 else 1.0),
    }


def _pieces(sp: Any) -> dict[type, Rule]:
    """Absolute values, whole parts, extrema, and real and imaginary parts of real numbers."""
    return {
        sp.Abs: _of(f.absolute),
        sp.sign: _of(f.sign),
        sp.floor: _of(f.floor),
        sp.ceiling: _of(f.ceil),
        sp.frac: lambda e, args: args[0] - f.floor(args[0]),
        sp.Mod: _of(f.mod),
        sp.Max: lambda e, args: f.maximum(*args) if len(args) == 2 else reductions.max(stack(args)),
        sp.Min: lambda e, args: f.minimum(*args) if len(args) == 2 else reductions.min(stack(args)),
        sp.Heaviside: lambda e, args: f.less(0.0, args[0]) + args[1] * f.equal(args[0], 0),
        sp.DiracDelta: lambda e, args: constant(0.0),
        sp.re: lambda e, args: args[0],
        sp.im: lambda e, args: constant(0.0),
        sp.conjugate: lambda e, args: args[0],
    }


def _conditions(sp: Any) -> dict[type, Rule]:
    """Comparisons, logical operators, and cases."""
    return {
        sp.StrictLessThan: _of(f.less),
        sp.LessThan: _of(f.less_equal),
        sp.StrictGreaterThan: lambda e, args: f.less(args[1], args[0]),
        sp.GreaterThan: lambda e, args: f.less_equal(args[1], args[0]),
        sp.Equality: _of(f.equal),
        sp.Unequality: _of(f.not_equal),
        sp.And: _each(f.logical_and),
        sp.Or: _each(f.logical_or),
        sp.Not: _of(f.logical_not),
        sp.Xor: _each(lambda a, b: f.not_equal(f.not_equal(a, 0), f.not_equal(b, 0))),
        sp.ITE: _of(f.where),
        sp.Piecewise: _cases,
    }


def _scalars(args: Sequence[Node]) -> bool:
    return all(not a.shape for a in args)


def number_of(e: Any) -> Node:
    """A number of SymPy as the nearest constant."""
    try:
        value = nearest_float(e)
    except DTypeError as error:
        large = "too large" in str(error)
        why = "the number is too large for a float" if large else "expressions here are real, and this number is not"
        raise complaint(e, why) from None
    if value is None:
        raise complaint(e, "this is not a number")
    return constant(value)


def _refused(why: str) -> Rule:
    def rule(e: sympy.Basic, args: Sequence[Node]) -> Node:
        raise complaint(e, why)

    return rule


def _power(e: Any, args: Sequence[Node]) -> Node:
    base, exponent = args
    if e.base is load().E:
        return f.exp(exponent)
    return f.power(base, exponent)


def _cases(e: Any, args: Sequence[Node]) -> Node:
    """Values and conditions in turn; where no condition holds, value and derivatives are NaN."""
    pairs = list(zip(args[::2], args[1::2]))
    result = _undefined(args)
    for value, where in reversed(pairs):
        result = value if number(where) == 1.0 else f.where(where, value, result)
    return result


def _undefined(args: Sequence[Node]) -> Node:
    """NaN, with derivatives that are NaN to all orders by every variable: the root of a negative number."""
    numbers = [n for n in topological(args) if not n.shape and (n.op is SYMBOL or (n.op is SELECT and n.args[0].op is SYMBOL))]
    if not numbers:
        return constant(math.nan)
    return f.sqrt(linear([(-1.0, f.square(linear([(1.0, n) for n in numbers])))], -1.0))


def _applied(e: Any, args: Sequence[Node]) -> Node:
    """A user's function, by name."""
    row = getattr(type(e), "row", None) or TABLE.get(type(e).__name__)
    if isinstance(row, Function) and row.arity == len(args):
        return apply(row, *args)
    raise complaint(
        e,
        f"there is no function {type(e).__name__} of {len(args)} argument{'s' * (len(args) != 1)} here; add it with "
        "exprgraph.function, or say in symbols what stands in the place of this expression",
    )


def is_sum_over_samples(e: Any) -> bool:
    """Whether a sum is one over all samples, as to_sympy writes it."""
    return isinstance(e, load().Sum) and len(e.limits) == 1 and e.limits[0][0] == sample()
