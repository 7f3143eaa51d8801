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
from .elements import elements
from .elementwise import function
from .errors import (
    AxisError,
    DifferentiationError,
    DTypeError,
    ExprGraphError,
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
    gelu,
    hypot,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
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
from .node import Node
from .operators import add, divide, greater, greater_equal, multiply, negative, subtract
from .query import count_nodes, count_ops, free_symbols, substitute
from .reductions import logsumexp, max, mean, min, norm, prod, std, sum, var  # noqa: A004
from .shapes import array, broadcast_to, identity, ones, place, reshape, zeros
from .show import latex, to_dot
from .simplify import simplify


arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
pow = power  # noqa: A001
del _pickling

__version__ = "0.1.0"
