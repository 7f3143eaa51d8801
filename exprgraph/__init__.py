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

from importlib import import_module as _import_module
from typing import Any

from . import blocks, linalg, over_samples, tree
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
from .calculus.sparse_derivatives import sparse_hessian, sparse_jacobian, sparse_lagrangian_hessian
from .calculus.sparse_matrix import SparseFunction, SparseMatrix
from .errors import (
    AxisError,
    CompilationError,
    DifferentiationError,
    DTypeError,
    ExprGraphError,
    FileNameError,
    MissingRuleError,
    NotNativeWarning,
    ParseError,
    ShapeError,
    UnboundSymbolError,
)
from .functions.rows import absolute as abs  # noqa: A004
from .functions.rows import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    beta,
    betainc,
    betainc_by_a,
    betainc_by_b,
    betaln,
    cbrt,
    ceil,
    clip,
    cos,
    cosh,
    digamma,
    equal,
    erf,
    erfc,
    erfcinv,
    erfinv,
    exp,
    exp2,
    expm1,
    floor,
    floor_divide,
    fmod,
    gamma,
    gammainc,
    gammaincc,
    gammaincc_by_a,
    gammaln,
    gelu,
    i0,
    i0e,
    i1,
    i1e,
    iv,
    ive,
    j0,
    j1,
    jn,
    k0,
    k1,
    kl_div,
    kn,
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
    normal_cdf,
    not_equal,
    power,
    rel_entr,
    relu,
    rgamma,
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
    xlog1py,
    xlogy,
    y0,
    y1,
    yn,
    zeta,
)
from .functions.rows import digamma as psi
from .functions.rows import log_sigmoid as log_expit
from .functions.rows import normal_cdf as ndtr
from .functions.rows import sigmoid as expit
from .functions.scaled import hypot
from .graph import pickling as _pickling
from .graph.leaves import Symbol, symbols
from .graph.node import Node
from .graph.stand_in import StandIn
from .language import methods as _methods
from .language import numpy_protocol as _numpy_protocol
from .language.arranging import (
    append,
    compress,
    delete,
    diagflat,
    flip,
    fliplr,
    flipud,
    insert,
    repeat,
    resize,
    roll,
    rollaxis,
    rot90,
    take,
    take_along_axis,
    tile,
    tril,
    triu,
)
from .language.compositions import entr, logit
from .language.dividing import (
    array_split,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    block,
    broadcast_arrays,
    column_stack,
    dsplit,
    dstack,
    hsplit,
    hstack,
    meshgrid,
    split,
    vsplit,
    vstack,
)
from .language.functions import function, function_names, lookup
from .language.given import as_expression, is_symbol, is_symbolic, real_array
from .language.linalg import (
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
from .language.many_operands import product_of_powers, sum_of_terms
from .language.operators import add, divide, greater, greater_equal, multiply, negative, subtract
from .language.padding import pad
from .language.products import cross, inner, kron, linspace, polyval, tensordot, vander, vdot
from .language.reductions import all, any, log_softmax, logsumexp, max, mean, min, norm, prod, softmax, sum  # noqa: A004
from .language.rounding import (
    choose,
    copysign,
    degrees,
    fmax,
    fmin,
    heaviside,
    isclose,
    logaddexp2,
    logical_xor,
    nan_to_num,
    piecewise,
    radians,
    rint,
    round,  # noqa: A004
    select,
    signbit,
    sinc,
    trunc,
)
from .language.rounding import is_finite as isfinite
from .language.rounding import is_infinite as isinf
from .language.rounding import is_nan as isnan
from .language.sequences import central_differences, convolve, correlate, differences, ediff1d, interp, trapezoid
from .language.shapes import (
    array,
    broadcast_to,
    concatenate,
    full_like,
    identity,
    ones,
    ones_like,
    place,
    reshape,
    stack,
    zeros,
    zeros_like,
)
from .language.special import gammasgn, loggamma, ndtri, polygamma
from .language.statistics import average, corrcoef, cov, nanmax, nanmean, nanmin, nanprod, nanstd, nansum, nanvar, ptp, std, var
from .linalg.determinants import det, logabsdet, signdet, slogdet
from .linalg.eigen import eigenvectors, eigh, eigvalsh
from .linalg.exponential import expm
from .linalg.orthogonal import orthonormal
from .linalg.triangles import cho_solve, cholesky, solve_triangular
from .lines.running import cumprod, cumsum, linear_recurrence, nancumprod, nancumsum, unwrap
from .lines.sorting import median, nanmedian, nanpercentile, nanquantile, order_by, partition, percentile, quantile, sort
from .lowering import CompiledFunction, compile, inspect  # noqa: A004
from .lowering.call.backends import backends
from .mapping import numpy_functions as _mapped
from .mapping.user import vmap
from .meaning.binding import Argument, Bound, bind, packed
from .meaning.elements import elements
from .meaning.evaluate import evaluate
from .meaning.query import contains, count_nodes, count_ops, free_symbols, substitute
from .scans.show import recurrence
from .scans.user import fori, scan
from .show import latex, mathml, notebook_latex, to_dot, to_python
from .simplify.rules import simplify
from .support.blas import blas_threads
from .support.offered import offer as _offer
from .support.processors import processors
from .text.parse import parse

arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
pow = power  # noqa: A001
remainder = mod
deg2rad, rad2deg, fix = radians, degrees, trunc
del _mapped, _methods, _numpy_protocol, _pickling

__version__ = "0.1.0"

#: parts with more dependencies than the package, or for few users, loaded at first use
_ON_DEMAND = ("descent", "interop", "testing")


#: what other packages call it
_ELSEWHERE = {
    "grad": "gradient(e, x), of an expression", "jacfwd": "jacobian(e, x)", "jacrev": "jacobian(e, x)",
    "value_and_grad": "compile([e, gradient(e, x)], x)", "derivative": "diff(e, x)", "jit": "compile(e, x)",
    "lambdify": "compile(e, x)", "fori_loop": "fori(n, step, carry)", "subs": "substitute(e, {x: value})",
    "while_loop": "fori(n, step, carry) of constant length, with where(done, old, new) in the step",
    "cond": "where(condition, a, b)", "Variable": "Symbol(name, shape)", "symbol": "Symbol(name, shape)",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _ON_DEMAND:
        return _import_module(f"{__name__}.{name}")
    there = f"linalg.{name}" if name in linalg.__all__ else _ELSEWHERE.get(name)
    hint = f"; there is exprgraph.{there}" if there else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_DEMAND})


__all__ = [
    "Argument", "AxisError", "Bound", "CompilationError", "CompiledFunction", "DTypeError", "DifferentiationError",
    "ExprGraphError", "FileNameError", "MissingRuleError", "Node", "NotNativeWarning", "ParseError", "ShapeError",
    "SparseFunction", "SparseJacobian", "SparseMatrix", "StandIn", "Symbol", "UnboundSymbolError", "abs", "acos", "acosh", "add",
    "all", "any", "append", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "array", "array_split",
    "as_expression", "asin", "asinh", "atan", "atan2", "atanh", "atleast_1d", "atleast_2d", "atleast_3d", "average", "backends",
    "beta", "betainc", "betainc_by_a", "betainc_by_b", "betaln", "bind", "blas_threads", "block", "blocks", "broadcast_arrays",
    "broadcast_to", "cbrt", "ceil", "central_differences", "cho_solve", "cholesky", "choose", "clip", "column_stack", "compile",
    "compress", "concatenate", "contains", "convolve", "copysign", "corrcoef", "correlate", "cos", "cosh", "count_nodes",
    "count_ops", "cov", "cross", "cumprod", "cumsum", "deg2rad", "degrees", "delete", "det", "diag", "diagflat", "diagonal",
    "diff", "differences", "digamma", "divergence", "divide", "dot", "dsplit", "dstack", "ediff1d", "eigenvectors", "eigh",
    "eigvalsh", "einsum", "elements", "entr", "equal", "erf", "erfc", "erfcinv", "erfinv", "evaluate", "exp", "exp2",
    "expand_dims", "expit", "expm", "expm1", "fix", "flip", "fliplr", "flipud", "floor", "floor_divide", "fmax", "fmin", "fmod",
    "fori", "free_symbols", "full_like", "function", "function_names", "gamma", "gammainc", "gammaincc", "gammaincc_by_a",
    "gammaln", "gammasgn", "gelu", "gradient", "greater", "greater_equal", "heaviside", "hessian", "hsplit", "hstack", "hypot",
    "i0", "i0e", "i1", "i1e", "identity", "inner", "insert", "inspect", "interp", "inv", "is_symbol", "is_symbolic", "isclose",
    "isfinite", "isinf", "isnan", "iv", "ive", "j0", "j1", "jacobian", "jacobians", "jn", "jvp", "k0", "k1", "kl_div", "kn",
    "kron", "laplacian", "latex", "less", "less_equal", "linalg", "linear_recurrence", "linspace", "log", "log1p", "log2",
    "log10", "log_expit", "log_sigmoid", "log_softmax", "logabsdet", "logaddexp", "logaddexp2", "loggamma", "logical_and",
    "logical_not", "logical_or", "logical_xor", "logit", "logsumexp", "lookup", "mathml", "matmul", "max", "maximum", "mean",
    "median", "meshgrid", "min", "minimum", "mod", "moveaxis", "multiply", "nan_to_num", "nancumprod", "nancumsum", "nanmax",
    "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod", "nanquantile", "nanstd", "nansum", "nanvar", "ndtr", "ndtri",
    "negative", "norm", "normal_cdf", "not_equal", "notebook_latex", "ones", "ones_like", "order_by", "orthonormal", "outer",
    "over_samples", "packed", "pad", "parse", "partition", "percentile", "piecewise", "place", "polygamma", "polyval", "pow",
    "power", "processors", "prod", "product_of_powers", "psi", "ptp", "quantile", "rad2deg", "radians", "real_array",
    "recurrence", "rel_entr", "relu", "remainder", "repeat", "reshape", "resize", "rgamma", "rint", "roll", "rollaxis", "rot90",
    "round", "scan", "select", "sigmoid", "sigmoid_prime", "sign", "signbit", "signdet", "silu", "simplify", "sin", "sinc",
    "sinh", "slogdet", "softmax", "softplus", "solve", "solve_triangular", "sort", "sparse_hessian", "sparse_jacobian",
    "sparse_lagrangian_hessian", "split", "sqrt", "square", "squeeze", "stack", "std", "step", "substitute", "subtract", "sum",
    "sum_of_terms", "swapaxes", "symbols", "take", "take_along_axis", "tan", "tanh", "tanh_prime", "taylor", "tensordot", "tile",
    "to_dot", "to_python", "trace", "transpose", "trapezoid", "tree", "tril", "triu", "trunc", "unwrap", "vander", "var", "vdot",
    "vjp", "vmap", "vsplit", "vstack", "where", "xlog1py", "xlogy", "y0", "y1", "yn", "zeros", "zeros_like", "zeta",
]  # fmt: skip

_offer({name: globals()[name] for name in (*__all__, "__version__")})
del _offer
