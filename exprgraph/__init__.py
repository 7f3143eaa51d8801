"""exprgraph: array-valued symbolic expressions, their derivatives, and compiled evaluators.

>>> import exprgraph as eg
>>> x, y = eg.symbols("x y")
>>> f = eg.sin(x * y)
>>> eg.diff(f, x)
y*cos(x*y)
>>> eg.evaluate(eg.diff(f, x), {x: 0.0, y: 2.0})
np.float64(2.0)
"""

from __future__ import annotations

from typing import Any

from . import numpy_protocol as _numpy_protocol
from . import over_samples
from . import pickling as _pickling
from .calculus.derivatives import (
    SparseJacobian,
    diff,
    divergence,
    gradient,
    hessian,
    jacobian,
    jacobians,
    jvp,
    laplacian,
    taylor,
    vjp,
)
from .compositions import logit
from .elements import elements
from .elementwise import function, lookup
from .errors import (
    AxisError,
    CompilationError,
    DifferentiationError,
    DTypeError,
    ExprGraphError,
    FileNameError,
    MissingRuleError,
    ParseError,
    ShapeError,
    UnboundSymbolError,
)
from .evaluate import evaluate
from .functions import absolute as abs  # noqa: A004
from .functions import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    cos,
    cosh,
    equal,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    floor_divide,
    fmod,
    gelu,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    log_sigmoid,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    mod,
    not_equal,
    power,
    relu,
    sigmoid,
    sigmoid_prime,
    sign,
    silu,
    sin,
    sinh,
    softplus,
    sqrt,
    square,
    step,
    tan,
    tanh,
    tanh_prime,
    where,
    xlogy,
)
from .joining import concatenate, stack
from .leaves import Symbol, symbols
from .linalg import (
    diag,
    diagonal,
    dot,
    einsum,
    expand_dims,
    inv,
    matmul,
    moveaxis,
    outer,
    solve,
    squeeze,
    swapaxes,
    trace,
    transpose,
)
from .lowering import compile  # noqa: A004
from .many_operands import product_of_powers, sum_of_terms
from .node import Node
from .operators import add, divide, greater, greater_equal, multiply, negative, subtract
from .parse import parse
from .query import count_nodes, count_ops, free_symbols, substitute
from .reductions import log_softmax, logsumexp, max, mean, min, norm, prod, softmax, std, sum, var  # noqa: A004
from .scaled import hypot
from .shapes import array, broadcast_to, identity, ones, place, reshape, zeros
from .show import latex, to_dot, to_python
from .simplify import simplify

arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
pow = power  # noqa: A001
remainder = mod
del _numpy_protocol, _pickling

__version__ = "0.1.0"

#: parts that need more than the package does, loaded when they are first named
_ON_DEMAND = ("interop", "testing")


def __getattr__(name: str) -> Any:
    if name in _ON_DEMAND:
        from importlib import import_module

        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_DEMAND})


__all__ = [
    "AxisError",
    "CompilationError",
    "DTypeError",
    "DifferentiationError",
    "ExprGraphError",
    "FileNameError",
    "MissingRuleError",
    "Node",
    "ParseError",
    "ShapeError",
    "SparseJacobian",
    "Symbol",
    "UnboundSymbolError",
    "abs",
    "acos",
    "acosh",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "array",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "broadcast_to",
    "cbrt",
    "ceil",
    "clip",
    "compile",
    "concatenate",
    "cos",
    "cosh",
    "count_nodes",
    "count_ops",
    "diag",
    "diagonal",
    "diff",
    "divergence",
    "divide",
    "dot",
    "einsum",
    "elements",
    "equal",
    "erf",
    "erfc",
    "evaluate",
    "exp",
    "exp2",
    "expand_dims",
    "expm1",
    "floor",
    "floor_divide",
    "fmod",
    "free_symbols",
    "function",
    "gelu",
    "gradient",
    "greater",
    "greater_equal",
    "hessian",
    "hypot",
    "identity",
    "inv",
    "jacobian",
    "jacobians",
    "jvp",
    "laplacian",
    "latex",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logit",
    "logsumexp",
    "lookup",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mod",
    "moveaxis",
    "multiply",
    "negative",
    "norm",
    "not_equal",
    "ones",
    "outer",
    "over_samples",
    "parse",
    "place",
    "pow",
    "power",
    "prod",
    "product_of_powers",
    "relu",
    "remainder",
    "reshape",
    "sigmoid",
    "sigmoid_prime",
    "sign",
    "silu",
    "simplify",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "solve",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "step",
    "substitute",
    "subtract",
    "sum",
    "sum_of_terms",
    "swapaxes",
    "symbols",
    "tan",
    "tanh",
    "tanh_prime",
    "taylor",
    "to_dot",
    "to_python",
    "trace",
    "transpose",
    "var",
    "vjp",
    "where",
    "xlogy",
    "zeros",
]
