"""NumPy's functions on expressions: its protocols, with tables.

``np.sin(x)`` asks the expression x, which looks the function up here.  A function that is missing here is an error.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..canonical.contract import contract
from ..canonical.operands import as_node
from ..errors import ShapeError
from ..functions import rows as functions
from ..functions import scaled
from ..functions.elementwise import Function, broadcast_to
from ..graph.leaves import constant
from ..graph.node import Axis, Node
from ..graph.primitive import TABLE
from ..support.integers import normalize_shape, whole
from ..support.names import brief
from . import compositions, linalg, reductions, shapes
from .axes import axes_listed, normalize_axis
from .delegation import has_ufuncs_of_its_own
from .operators import COMPARED, add, divide, greater, greater_equal, multiply, negative, subtract

_UFUNCS: dict[str, Callable[..., Any]] = {
    "add": add, "subtract": subtract, "multiply": multiply, "divide": divide, "true_divide": divide,
    "negative": negative, "positive": as_node, "power": functions.power, "float_power": functions.power,
    "matmul": linalg.matmul, "sqrt": functions.sqrt, "square": functions.square, "reciprocal": lambda x: divide(1.0, x),
    "absolute": functions.absolute, "fabs": functions.absolute, "hypot": scaled.hypot,
    "greater": greater, "greater_equal": greater_equal,
    "arcsin": functions.asin, "arccos": functions.acos, "arctan": functions.atan, "arctan2": functions.atan2,
    "arcsinh": functions.asinh, "arccosh": functions.acosh, "arctanh": functions.atanh,
    "remainder": functions.mod, "fmod": functions.fmod, "floor_divide": functions.floor_divide,
    "fmin": functions.minimum, "fmax": functions.maximum,
    **dict.fromkeys(("deg2rad", "radians"), lambda x: multiply(np.pi / 180, x)),
    **dict.fromkeys(("rad2deg", "degrees"), lambda x: multiply(180 / np.pi, x)),
    "heaviside": compositions.heaviside, "trunc": compositions.truncate, "logical_xor": compositions.logical_xor,
    "divmod": compositions.divmod_of,
    "isnan": compositions.is_nan, "isinf": compositions.is_infinite, "isfinite": compositions.is_finite,
}  # fmt: skip
for _name in (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "sign", "floor", "ceil", "minimum", "maximum", "less", "less_equal", "equal", "not_equal",
    "logical_and", "logical_or", "logical_not", "logaddexp",
):  # fmt: skip
    _UFUNCS[_name] = getattr(functions, _name)

#: functions of ``scipy.special``
_SPECIAL: dict[str, Callable[..., Node]] = {
    "erf": functions.erf, "erfc": functions.erfc, "expit": functions.sigmoid,
    "logit": compositions.logit, "log_expit": functions.log_sigmoid, "xlogy": functions.xlogy, "entr": compositions.entropy,
    "ndtr": functions.normal_cdf, "exp10": lambda x: functions.power(10.0, x),
    "exp2": functions.exp2, "expm1": functions.expm1, "log1p": functions.log1p, "cbrt": functions.cbrt,
}  # fmt: skip

_REDUCTIONS: dict[Any, Callable[..., Node]] = {
    np.add: reductions.sum, np.multiply: reductions.prod, np.maximum: reductions.max, np.minimum: reductions.min,
}  # fmt: skip


def _ufunc_of(ufunc: Any) -> Callable[..., Any] | None:
    """The function for a ufunc: of NumPy or SciPy by its name, or the row whose values it computes."""
    name = ufunc.__name__
    if getattr(np, name, None) is ufunc:
        return _UFUNCS.get(name)
    special = sys.modules.get("scipy.special")
    if special is not None and getattr(special, name, None) is ufunc and name in _SPECIAL:
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


def _array_ufunc(self: Node, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    if any(isinstance(i, np.ndarray) and has_ufuncs_of_its_own(i) for i in inputs):
        return NotImplemented
    what = _name_of(ufunc) + ("" if method == "__call__" else f".{method}")
    if kwargs.pop("out", None) is not None:
        raise TypeError(f"{what}: an expression cannot be written to `out`; expressions are immutable")
    if ufunc in (np.equal, np.not_equal) and isinstance(inputs[0], (np.ndarray, np.generic)):
        # NumPy calls it for `a == x`, too
        raise TypeError(COMPARED.format("==" if ufunc is np.equal else "!="))
    f = _ufunc_of(ufunc) if method == "__call__" else _REDUCTIONS.get(ufunc) if method == "reduce" else None
    taken = ("axis", "keepdims") if method == "reduce" else ()
    refused = [k for k in kwargs if k not in taken]
    if f is None or refused:
        detail = f" with {', '.join(refused)}" if refused else ""
        raise TypeError(f"{what}{detail} is not defined for expressions; exprgraph's own functions are listed in its documentation")
    if method == "reduce":
        kwargs.setdefault("axis", 0)
    return _called(f, what, inputs, kwargs)


def _np_where(condition: Any, *branches: Any) -> Node:
    if len(branches) != 2:
        raise TypeError("np.where of an expression needs both branches: where(condition, a, b)")
    return functions.where(condition, *branches)


def _np_select(condlist: Any, choicelist: Any, default: Any = 0) -> Node:
    return compositions.select(condlist, choicelist, default)


def _np_trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Node:
    _only_main(offset)
    return linalg.trace(a, axis1, axis2)


def _np_diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Node:
    _only_main(offset)
    return linalg.diagonal(a, axis1, axis2)


def _np_diag(v: Any, k: int = 0) -> Node:
    _only_main(k)
    return linalg.diag(v)


def _only_main(offset: int) -> None:
    if offset:
        raise ValueError(f"only the main diagonal of an expression can be taken (offset 0), got offset {offset}")


def _np_reshape(a: Any, shape: Any) -> Node:
    return shapes.reshape_to(as_node(a), shape)


def _np_einsum(rule: Any, *operands: Any, optimize: Any = None) -> Node:
    return linalg.einsum(rule, *operands)


def _np_tensordot(a: Any, b: Any, axes: Any = 2) -> Node:
    a, b = as_node(a), as_node(b)
    count = whole(axes)
    if count is not None:
        if not 0 <= count <= min(a.ndim, b.ndim):
            raise ShapeError(f"tensordot: {count} axes of operands of shapes {a.shape} and {b.shape}")
        left, right = list(range(a.ndim - count, a.ndim)), list(range(count))
    else:
        pair = axes if isinstance(axes, (list, tuple)) else ()
        if len(pair) != 2:
            raise TypeError(f"tensordot: axes are a number of axes, or those of the first and of the second operand, got {brief(axes)}")
        left, right = (axes_listed(k, "tensordot") for k in pair)
    left = [normalize_axis(k, a.ndim) for k in left]
    right = [normalize_axis(k, b.ndim) for k in right]
    if len(left) != len(right):
        raise ShapeError(f"tensordot: {len(left)} axes of the first operand for {len(right)} of the second")
    la: list[Any] = [("a", i) for i in range(a.ndim)]
    lb: list[Any] = [("b", i) for i in range(b.ndim)]
    for i, j in zip(left, right):
        lb[j] = la[i]
    summed = {la[i] for i in left}
    return contract([(a, la), (b, lb)], [k for k in la + lb if k not in summed])


def _np_norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Node:  # noqa: A002
    return reductions.norm(x, ord, axis, keepdims)


def _np_broadcast_to(array: Any, shape: Any) -> Node:
    return broadcast_to(as_node(array), normalize_shape(shape))


def _np_clip(a: Any, a_min: Any = None, a_max: Any = None) -> Node:
    node = as_node(a)
    if a_min is not None:
        node = functions.maximum(node, a_min)
    return node if a_max is None else functions.minimum(node, a_max)


def _np_inner(a: Any, b: Any) -> Node:
    a, b = as_node(a), as_node(b)
    return multiply(a, b) if not a.ndim or not b.ndim else _np_tensordot(a, b, (-1, -1))


def _zeros_like(a: Any) -> Node:
    return constant(0.0, as_node(a).shape)


def _ones_like(a: Any) -> Node:
    return constant(1.0, as_node(a).shape)


def _np_solve(a: Any, b: Any) -> Node:
    a, b = as_node(a), as_node(b)
    if b.ndim > 2 and a.ndim == 2:  # a stack of right-hand sides, where exprgraph.solve has further axes
        a = broadcast_to(a, b.shape[:-2] + a.shape)
    return linalg.solve(a, b)


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: reductions.sum, np.mean: reductions.mean, np.max: reductions.max, np.min: reductions.min,
    np.amax: reductions.max, np.amin: reductions.min, np.prod: reductions.prod, np.var: reductions.var, np.std: reductions.std,
    np.dot: linalg.dot, np.vdot: lambda a, b: linalg.dot(as_node(a).ravel(), as_node(b).ravel()),
    np.inner: _np_inner, np.outer: linalg.outer, np.einsum: _np_einsum, np.tensordot: _np_tensordot,
    np.transpose: linalg.transpose, np.swapaxes: linalg.swapaxes, np.moveaxis: linalg.moveaxis, np.trace: _np_trace,
    np.diag: _np_diag, np.diagonal: _np_diagonal, np.reshape: _np_reshape, np.ravel: lambda a: as_node(a).ravel(),
    np.stack: shapes.stack, np.concatenate: shapes.concatenate, np.expand_dims: linalg.expand_dims, np.squeeze: linalg.squeeze,
    np.broadcast_to: _np_broadcast_to, np.where: _np_where, np.select: _np_select, np.fix: compositions.truncate, np.clip: _np_clip,
    np.linalg.norm: _np_norm, np.linalg.solve: _np_solve, np.linalg.inv: linalg.inv,
    np.shape: lambda a: as_node(a).shape, np.ndim: lambda a: as_node(a).ndim, np.size: lambda a: as_node(a).size,
    np.zeros_like: _zeros_like, np.ones_like: _ones_like,
}  # fmt: skip


def define(functions: Mapping[Any, Callable[..., Any]]) -> None:
    """Add the meaning of functions of NumPy, for modules above this one."""
    _FUNCTIONS.update(functions)


def _array_function(self: Node, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    what = f"{getattr(func, '__module__', None) or 'numpy'}.{getattr(func, '__name__', func)}"
    f = _FUNCTIONS.get(func)
    if f is None:
        raise TypeError(f"{what} is not defined for expressions; exprgraph's own functions are listed in its documentation")
    return _called(f, what, args, kwargs)


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
