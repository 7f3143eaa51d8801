"""NumPy's functions on expressions: its protocols, with tables.

``np.sin(x)`` asks the expression x, which looks the function up here.  A function that is missing here is an error.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..canonical.operands import as_node
from ..canonical.select import select
from ..functions import rows as functions
from ..functions import scaled
from ..functions.elementwise import Function
from ..graph.node import Node
from ..graph.primitive import TABLE
from ..graph.views import Slice
from ..support.integers import whole
from ..support.names import brief
from . import compositions, linalg, reductions, rounding, shapes, special
from .axes import normalize_axis
from .delegation import has_ufuncs_of_its_own
from .numpy_arguments import without_storage
from .numpy_functions import FUNCTIONS
from .numpy_refusals import REFUSALS
from .operators import COMPARED, add, both, divide, either, greater, greater_equal, invert, multiply, negative, one_of, subtract

_UFUNCS: dict[str, Callable[..., Any]] = {
    "add": add, "subtract": subtract, "multiply": multiply, "divide": divide, "true_divide": divide,
    "negative": negative, "positive": as_node, "power": functions.power, "float_power": functions.power,
    "matmul": linalg.matmul, "sqrt": functions.sqrt, "square": functions.square, "reciprocal": lambda x: divide(1.0, x),
    "absolute": functions.absolute, "fabs": functions.absolute, "hypot": scaled.hypot,
    "greater": greater, "greater_equal": greater_equal,
    "arcsin": functions.asin, "arccos": functions.acos, "arctan": functions.atan, "arctan2": functions.atan2,
    "arcsinh": functions.asinh, "arccosh": functions.acosh, "arctanh": functions.atanh,
    "remainder": functions.mod, "fmod": functions.fmod, "floor_divide": functions.floor_divide,
    "fmin": rounding.fmin, "fmax": rounding.fmax,
    "deg2rad": rounding.radians, "radians": rounding.radians, "rad2deg": rounding.degrees, "degrees": rounding.degrees,
    "divmod": compositions.divmod_of, "isnan": rounding.is_nan, "isinf": rounding.is_infinite, "isfinite": rounding.is_finite,
    "conjugate": as_node, "ldexp": lambda x1, x2: multiply(x1, functions.power(2.0, x2)),
    "bitwise_and": both, "bitwise_or": either, "bitwise_xor": one_of, "invert": invert,
    "vecdot": linalg.vecdot, "matvec": linalg.matvec, "vecmat": linalg.vecmat,
}  # fmt: skip
for _name in (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "sign", "floor", "ceil", "minimum", "maximum", "less", "less_equal", "equal", "not_equal",
    "logical_and", "logical_or", "logical_not", "logaddexp",
):  # fmt: skip
    _UFUNCS[_name] = getattr(functions, _name)
for _name in ("heaviside", "trunc", "logical_xor", "rint", "copysign", "signbit", "modf", "logaddexp2"):
    _UFUNCS[_name] = getattr(rounding, _name)

#: functions of ``scipy.special``
_SPECIAL: dict[str, Callable[..., Node]] = {
    "erf": functions.erf, "erfc": functions.erfc, "expit": functions.sigmoid,
    "logit": compositions.logit, "log_expit": functions.log_sigmoid, "xlogy": functions.xlogy, "entr": compositions.entr,
    "ndtr": functions.normal_cdf, "gammaln": functions.gammaln, "psi": functions.digamma,
    "loggamma": special.loggamma, "_zeta": functions.zeta, "gamma": functions.gamma, "rgamma": functions.rgamma,
    "gammasgn": special.gammasgn, "beta": functions.beta, "betaln": functions.betaln,
    "erfinv": functions.erfinv,
    "erfcinv": functions.erfcinv, "ndtri": special.ndtri, "xlog1py": functions.xlog1py, "rel_entr": functions.rel_entr,
    "kl_div": functions.kl_div, "exp10": lambda x: functions.power(10.0, x),
    "exp2": functions.exp2, "expm1": functions.expm1, "log1p": functions.log1p, "cbrt": functions.cbrt,
    "j0": functions.j0, "j1": functions.j1, "jv": functions.jn, "y0": functions.y0, "y1": functions.y1, "yn": functions.yn,
    "yv": functions.yn, "i0": functions.i0, "i1": functions.i1, "iv": functions.iv, "i0e": functions.i0e, "i1e": functions.i1e,
    "ive": functions.ive, "k0": functions.k0, "k1": functions.k1, "kn": functions.kn, "kv": functions.kn,
    "gammainc": functions.gammainc, "gammaincc": functions.gammaincc, "betainc": functions.betainc,
}  # fmt: skip

_REDUCTIONS: dict[Any, Callable[..., Node]] = {
    np.add: reductions.sum, np.multiply: reductions.prod, np.maximum: reductions.max, np.minimum: reductions.min,
    np.logical_and: reductions.all, np.logical_or: reductions.any, np.logaddexp: reductions.logsumexp, np.hypot: reductions.norm,
}  # fmt: skip


def _ufunc_of(ufunc: Any) -> Callable[..., Any] | None:
    """The function for a ufunc: of NumPy or SciPy by its name, or the row whose values it computes."""
    name = ufunc.__name__
    if getattr(np, name, None) is ufunc:
        return _UFUNCS.get(name)
    if name in _SPECIAL and any(getattr(sys.modules.get(m), name, None) is ufunc for m in ("scipy.special", "scipy.special._ufuncs")):
        return _SPECIAL[name]
    for row in TABLE.values():
        if isinstance(row, Function) and row.numpy is ufunc:
            return row.build
    return None


def _name_of(ufunc: Any) -> str:
    """The name of a ufunc in users' code."""
    name = str(ufunc.__name__)
    if getattr(np, name, None) is ufunc:
        return f"np.{name}"
    special = sys.modules.get("scipy.special")
    return f"scipy.special.{name}" if getattr(special, name, None) is ufunc else name


def _outer_of(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function of every element of one operand with every element of the other."""

    def call(a: Any, b: Any) -> Any:
        a, b = as_node(a), as_node(b)
        return f(shapes.reshape(a, a.shape + (1,) * b.ndim), b)

    return call


def _at_each(f: Callable[..., Node]) -> Callable[..., Node]:
    """``ufunc.reduceat``: reductions of the elements from each position to the next one; of one element if that does not come later."""

    def call(array: Any, indices: Any, axis: int = 0) -> Node:
        node = as_node(array)
        k = normalize_axis(axis, node.ndim)
        n, found = node.shape[k], []
        starts = np.asarray(indices).tolist()
        if not isinstance(starts, list) or not starts or any(whole(i) is None or not 0 <= i < n for i in starts):
            raise TypeError(f"reduceat: positions are a vector of whole numbers from 0 to {n - 1}, got {brief(indices)}")
        for start, stop in zip(starts, [*starts[1:], n]):
            own = select(node, tuple(Slice(start, 1, max(stop - start, 1)) if i == k else None for i in range(node.ndim)))
            found.append(f(own, k, keepdims=True))
        return shapes.concatenate(found, k)

    return call


#: ``ufunc.method`` for those that have one
_METHODS: dict[str, dict[Any, Callable[..., Any]]] = {
    "reduce": _REDUCTIONS, "accumulate": {}, "reduceat": {ufunc: _at_each(f) for ufunc, f in _REDUCTIONS.items()},
}  # fmt: skip
#: the arguments of the methods
_KEYWORDS = {
    "__call__": (), "reduce": ("axis", "keepdims", "initial", "where"), "accumulate": ("axis",), "reduceat": ("axis",), "outer": (),
}  # fmt: skip


def _array_ufunc(self: Node, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    if any(isinstance(i, np.ndarray) and has_ufuncs_of_its_own(i) for i in inputs):
        return NotImplemented
    what = _name_of(ufunc) + ("" if method == "__call__" else f".{method}")
    own = ("axis", "axes", "keepdims") if ufunc.signature else _KEYWORDS.get(method, ())
    kwargs = without_storage(kwargs, what)
    if ufunc in (np.equal, np.not_equal) and isinstance(inputs[0], (np.ndarray, np.generic)):
        # NumPy calls it for `a == x`, too
        raise TypeError(COMPARED.format("==" if ufunc is np.equal else "!="))
    f = _METHODS[method].get(ufunc) if method in _METHODS else _ufunc_of(ufunc) if method in ("__call__", "outer") else None
    refused = [k for k in kwargs if k not in own]
    if f is None or refused:
        raise TypeError(_refusal(what, f" with {', '.join(refused)}" if refused else ""))
    if method == "reduce":
        kwargs.setdefault("axis", 0)
    return _called(_outer_of(f) if method == "outer" else f, what, inputs, kwargs)


_FUNCTIONS: dict[Any, Callable[..., Any]] = {**FUNCTIONS}


def define_accumulations(functions: Mapping[Any, Callable[..., Any]]) -> None:
    """Add the meaning of ``ufunc.accumulate``, for modules above this one."""
    _METHODS["accumulate"].update(functions)


def define(functions: Mapping[Any, Callable[..., Any]]) -> None:
    """Add the meaning of functions of NumPy, for modules above this one."""
    _FUNCTIONS.update(functions)


def _array_function(self: Node, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    what = f"{getattr(func, '__module__', None) or 'numpy'}.{getattr(func, '__name__', func)}"
    f = _FUNCTIONS.get(func)
    if f is None:
        raise TypeError(_refusal(what))
    own = inspect.signature(f).parameters
    return _called(f, what, args, without_storage(kwargs, what, keep=tuple(own)))


def _refusal(what: str, detail: str = "") -> str:
    reason = REFUSALS.get(what.rpartition(".")[2])
    known = f": {reason}" if reason and not detail else "; exprgraph's own functions are listed in its documentation"
    return f"{what}{detail} is not defined for expressions{known}"


def _called(f: Callable[..., Any], what: str, args: Any, kwargs: Any) -> Any:
    """The result of a function; its errors name the function that the user called."""
    try:
        return f(*args, **kwargs)
    except (TypeError, ValueError, IndexError) as error:
        misfit = _misfit(f, args, kwargs)
        if misfit is not None:
            raise TypeError(f"{what}{misfit}") from None
        if any(part in str(error) for part in what.split(".")[1:]):
            raise
        raise type(error)(f"{what}: {error}") from error


def _misfit(f: Callable[..., Any], args: Any, kwargs: Any) -> str | None:
    """The unknown arguments of a call, if there are any, and the known ones."""
    signature = inspect.signature(f)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        known = [str(p.replace(annotation=inspect.Parameter.empty)) for p in signature.parameters.values()]
        return f"({', '.join(known)}) of expressions: {error}"
    return None


def _install() -> None:
    setattr(Node, "__array_ufunc__", _array_ufunc)  # noqa: B010
    setattr(Node, "__array_function__", _array_function)  # noqa: B010


_install()
