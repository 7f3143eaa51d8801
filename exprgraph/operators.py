"""Python's operators and NumPy's functions on expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from . import functions, joining, linalg, reductions
from .arithmetic import linear, product
from .contract import contract, is_structural, times
from .elementwise import apply, broadcast, broadcast_to
from .errors import ShapeError
from .indexing import getitem
from .integers import whole
from .leaves import as_node, constant, normalize_shape, number
from .node import Axis, Node, Operand


def add(a: Operand, b: Operand) -> Node:
    """a + b, broadcast."""
    (x, y), shape = broadcast(a, b)
    return linear([(1.0, x), (1.0, y)], 0.0, shape)


def subtract(a: Operand, b: Operand) -> Node:
    """a - b, broadcast."""
    (x, y), shape = broadcast(a, b)
    return linear([(1.0, x), (-1.0, y)], 0.0, shape)


def multiply(a: Operand, b: Operand) -> Node:
    """a * b, elementwise, broadcast."""
    (x, y), shape = broadcast(a, b)
    return times(x, y, shape)


def divide(a: Operand, b: Operand) -> Node:
    """a / b, elementwise, broadcast."""
    (x, y), shape = broadcast(a, b)
    value = number(y)
    if value is not None and value != 0.0 and number(x) is not None:
        return constant(float(np.float64(number(x)) / value), shape)
    if is_structural(y) and len(y.args) == 1:  # the reciprocal of the operand, then the broadcast
        (base,) = y.args
        inner = product([(base, -1.0)], 1.0, base.shape)
        labels, sizes = y.params
        return multiply(x, contract([(inner, labels[0])], range(y.ndim), dict(enumerate(sizes))))
    if is_structural(x):
        return multiply(x, product([(y, -1.0)], 1.0, y.shape))
    return product([(x, 1.0), (y, -1.0)], 1.0, shape)


def negative(a: Operand) -> Node:
    """-a."""
    node = as_node(a)
    return linear([(-1.0, node)], 0.0, node.shape)


def greater(a: Operand, b: Operand) -> Node:
    """Whether a > b, elementwise."""
    return functions.less(b, a)


def greater_equal(a: Operand, b: Operand) -> Node:
    """Whether a >= b, elementwise."""
    return functions.less_equal(b, a)


def _binary(f: Callable[[Any, Any], Node]) -> tuple[Callable[[Node, Any], Any], Callable[[Node, Any], Any]]:
    def forward(self: Node, other: Any) -> Any:
        return f(self, other)

    def backward(self: Node, other: Any) -> Any:
        return f(other, self)

    return forward, backward


def _no_truth(self: Node) -> NoReturn:
    raise TypeError(
        "the truth of an expression is not known before it is evaluated; "
        "use where(condition, a, b) to choose, `is` to compare expressions, logical_and/logical_or to combine conditions"
    )


def _no_conversion(self: Node, *_: Any, **__: Any) -> NoReturn:
    raise TypeError(
        "an expression has no value yet; give its symbols values with exprgraph.evaluate(e, {x: 1.0}) or compile it "
        "(to build an array of expressions use exprgraph.stack)"
    )


def _len(self: Node) -> int:
    if not self.shape:
        raise TypeError("a scalar expression has no length")
    return self.shape[0]


def _iter(self: Node) -> Iterator[Node]:
    if not self.shape:
        raise TypeError("cannot iterate over a scalar expression")
    return (getitem(self, i) for i in range(self.shape[0]))


def _contains(self: Node, item: object) -> NoReturn:
    raise TypeError("`in` is not defined for expressions; exprgraph.free_symbols(e) tells which symbols occur")


def _reshape(self: Node, *shape: Any) -> Node:
    return joining.reshape_to(self, shape[0] if len(shape) == 1 else shape)


def _transpose(self: Node, *axes: Any) -> Node:
    if len(axes) == 1 and not isinstance(axes[0], int):
        axes = tuple(axes[0]) if axes[0] is not None else ()
    return linalg.transpose(self, axes or None)


def _install() -> None:
    methods: dict[str, Any] = {
        # a Python number on the other side would ask NumPy, which compares elementwise
        "__eq__": lambda self, other: self is other,
        "__ne__": lambda self, other: self is not other,
        "__neg__": negative,
        "__pos__": lambda self: self,
        "__abs__": functions.absolute,
        "__lt__": lambda a, b: functions.less(a, b),
        "__le__": lambda a, b: functions.less_equal(a, b),
        "__gt__": greater,
        "__ge__": greater_equal,
        "__getitem__": getitem,
        "__len__": _len,
        "__iter__": _iter,
        "__contains__": _contains,
        "__bool__": _no_truth,
        "__float__": _no_conversion,
        "__int__": _no_conversion,
        "__complex__": _no_conversion,
        "__index__": _no_conversion,
        "__array__": _no_conversion,
        "__array_ufunc__": _array_ufunc,
        "__array_function__": _array_function,
        "sum": reductions.sum,
        "mean": reductions.mean,
        "max": reductions.max,
        "min": reductions.min,
        "reshape": _reshape,
        "transpose": _transpose,
        "ravel": lambda self: joining.reshape(self, (self.size,)),
        "T": property(linalg.transpose),
    }
    for name, f in [
        ("add", add), ("sub", subtract), ("mul", multiply), ("truediv", divide),
        ("pow", functions.power), ("matmul", linalg.matmul),
    ]:  # fmt: skip
        methods[f"__{name}__"], methods[f"__r{name}__"] = _binary(f)
    for name, f in methods.items():
        setattr(Node, name, f)


# ---------------------------------------------------------------- NumPy's protocols

_UFUNCS: dict[str, Callable[..., Node]] = {
    "add": add, "subtract": subtract, "multiply": multiply, "divide": divide, "true_divide": divide,
    "negative": negative, "positive": as_node, "power": functions.power, "float_power": functions.power,
    "matmul": linalg.matmul, "sqrt": functions.sqrt, "square": functions.square, "reciprocal": lambda x: divide(1.0, x),
    "absolute": functions.absolute, "fabs": functions.absolute, "hypot": functions.hypot,
    "greater": greater, "greater_equal": greater_equal,
    "arcsin": functions.asin, "arccos": functions.acos, "arctan": functions.atan, "arctan2": functions.atan2,
    "arcsinh": functions.asinh, "arccosh": functions.acosh, "arctanh": functions.atanh,
    "fmin": functions.minimum, "fmax": functions.maximum,
    "deg2rad": lambda x: multiply(np.pi / 180, x), "rad2deg": lambda x: multiply(180 / np.pi, x),
}  # fmt: skip
for _name in (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "sign", "floor", "ceil", "minimum", "maximum", "less", "less_equal", "equal", "not_equal",
    "logical_and", "logical_or", "logical_not",
):  # fmt: skip
    _UFUNCS[_name] = getattr(functions, _name)

_REDUCTIONS: dict[str, Callable[..., Node]] = {
    "add": reductions.sum, "multiply": reductions.prod, "maximum": reductions.max, "minimum": reductions.min,
}  # fmt: skip


def _array_ufunc(self: Node, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    if kwargs.pop("out", None) is not None:
        raise TypeError(f"np.{ufunc.__name__}: an expression cannot be written to `out`; expressions are immutable")
    if method == "reduce" and ufunc.__name__ in _REDUCTIONS:
        return _REDUCTIONS[ufunc.__name__](*inputs, axis=kwargs.get("axis", 0), keepdims=kwargs.get("keepdims", False))
    f = _UFUNCS.get(ufunc.__name__)
    if method != "__call__" or f is None or kwargs:
        what = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        detail = f" with {', '.join(kwargs)}" if kwargs else ""
        raise TypeError(f"{what}{detail} is not defined for expressions; exprgraph's own functions are listed in its documentation")
    return f(*inputs)


def _np_where(condition: Any, *branches: Any) -> Node:
    if len(branches) != 2:
        raise TypeError("np.where of an expression needs both branches: where(condition, a, b)")
    return functions.where(condition, *branches)


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
    return joining.reshape_to(as_node(a), shape)


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
        left, right = ([k] if whole(k) is not None else list(k) for k in axes)
    left = [joining.normalize_axis(k, a.ndim) for k in left]
    right = [joining.normalize_axis(k, b.ndim) for k in right]
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


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: reductions.sum, np.mean: reductions.mean, np.max: reductions.max, np.min: reductions.min,
    np.amax: reductions.max, np.amin: reductions.min, np.prod: reductions.prod, np.var: reductions.var, np.std: reductions.std,
    np.dot: linalg.dot, np.vdot: lambda a, b: linalg.dot(as_node(a).ravel(), as_node(b).ravel()),
    np.inner: _np_inner, np.outer: linalg.outer, np.einsum: _np_einsum, np.tensordot: _np_tensordot,
    np.transpose: linalg.transpose, np.swapaxes: linalg.swapaxes, np.moveaxis: linalg.moveaxis, np.trace: _np_trace,
    np.diag: _np_diag, np.diagonal: _np_diagonal, np.reshape: _np_reshape, np.ravel: lambda a: as_node(a).ravel(),
    np.stack: joining.stack, np.concatenate: joining.concatenate, np.expand_dims: linalg.expand_dims, np.squeeze: linalg.squeeze,
    np.broadcast_to: _np_broadcast_to, np.where: _np_where, np.clip: _np_clip,
    np.linalg.norm: _np_norm, np.linalg.solve: linalg.solve, np.linalg.inv: linalg.inv,
    np.shape: lambda a: as_node(a).shape, np.ndim: lambda a: as_node(a).ndim, np.size: lambda a: as_node(a).size,
    np.zeros_like: _zeros_like, np.ones_like: _ones_like,
}  # fmt: skip


def _array_function(self: Node, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    f = _FUNCTIONS.get(func)
    if f is None:
        name = f"{getattr(func, '__module__', 'numpy')}.{getattr(func, '__name__', func)}"
        raise TypeError(f"{name} is not defined for expressions; exprgraph's own functions are listed in its documentation")
    return f(*args, **kwargs)


_install()

__all__ = ["add", "apply", "divide", "multiply", "negative", "subtract"]
