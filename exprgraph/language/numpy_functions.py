"""NumPy's functions of arrays on expressions, with NumPy's names of arguments, as a table."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..canonical.joining import reshape
from ..canonical.operands import as_node
from ..errors import ShapeError
from ..functions import rows as functions
from ..functions.elementwise import broadcast_to
from ..graph.leaves import constant
from ..graph.node import Node
from ..support.integers import normalize_shape, whole
from ..support.names import brief
from . import arranging, dividing, histograms, linalg, padding, polynomials, products, reductions, rounding, sequences, shapes, statistics
from .axes import axes_listed, normalize_axis
from .numpy_arguments import any_like, astype, max_like, mean_like, no_out, only_float64, sum_like, var_like
from .operators import divide, multiply, subtract


def _where(condition: Any, *branches: Any) -> Node:
    if len(branches) != 2:
        raise TypeError("np.where of an expression needs both branches: where(condition, a, b)")
    return functions.where(condition, *branches)


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Node:
    no_out(out, "trace")
    only_float64(dtype, "trace")
    return linalg.trace(a, axis1, axis2, offset=offset)


def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Node:
    return linalg.diagonal(a, axis1, axis2, offset=offset)


def _size(a: Any, axis: int | None = None) -> int:
    node = as_node(a)
    return node.size if axis is None else node.shape[normalize_axis(axis, node.ndim)]


def _diag(v: Any, k: int = 0) -> Node:
    return linalg.diag(v, k)


def _transpose(a: Any, axes: Any = None) -> Node:
    return linalg.transpose(a, axes)


def _swapaxes(a: Any, axis1: int, axis2: int) -> Node:
    return linalg.swapaxes(a, axis1, axis2)


def _moveaxis(a: Any, source: Any, destination: Any) -> Node:
    return linalg.moveaxis(a, source, destination)


def _expand_dims(a: Any, axis: Any) -> Node:
    return linalg.expand_dims(a, axis)


def _squeeze(a: Any, axis: Any = None) -> Node:
    return linalg.squeeze(a, axis)


def _copy(a: Any) -> Node:
    return as_node(a)


def _multi_dot(arrays: Any, *, out: Any = None) -> Node:
    no_out(out, "multi_dot")
    first, *others = arrays
    return functools.reduce(linalg.matmul, others, as_node(first))


def _apply_over_axes(func: Any, a: Any, axes: Any) -> Node:
    node = as_node(a)
    for axis in [normalize_axis(k, node.ndim) for k in axes_listed(axes, "apply_over_axes")]:
        out = as_node(func(node, axis))
        node = linalg.expand_dims(out, axis) if out.ndim < node.ndim else out
    return node


def _reshape(a: Any, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Node:
    given = newshape if shape is None else shape
    node = as_node(a)
    if order != "F":
        return shapes.reshape_to(node, given)
    out = shapes.reshape_to(node, given).shape
    return linalg.transpose(reshape(linalg.transpose(node), out[::-1]))


def _ravel(a: Any, order: str = "C") -> Node:
    return _reshape(a, -1, order)


def _dot(a: Any, b: Any, out: Any = None) -> Node:
    no_out(out, "dot")
    return linalg.dot(a, b)


def _outer(a: Any, b: Any, out: Any = None) -> Node:
    no_out(out, "outer")
    return linalg.outer(a, b)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Node:  # noqa: A002
    return reductions.norm(x, ord, axis, keepdims)


def _solve(a: Any, b: Any) -> Node:
    a, b = as_node(a), as_node(b)
    if b.ndim > 2 and a.ndim == 2:  # a stack of right-hand sides, where exprgraph.solve has further axes
        a = broadcast_to(a, b.shape[:-2] + a.shape)
    return linalg.solve(a, b)


def _broadcast_to(array: Any, shape: Any) -> Node:
    return broadcast_to(as_node(array), normalize_shape(shape))


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None) -> Node:  # noqa: A002
    no_out(out, "clip")
    return functions.clip(a, min if a_min is None else a_min, max if a_max is None else a_max)


def _stack(arrays: Any, axis: int = 0, out: Any = None) -> Node:
    no_out(out, "stack")
    return shapes.stack(arrays, axis)


def _concatenate(arrays: Any, axis: int | None = 0, out: Any = None) -> Node:
    no_out(out, "concatenate")
    parts = [as_node(a) for a in arrays]
    return shapes.concatenate([p.ravel() for p in parts], 0) if axis is None else shapes.concatenate(parts, axis)


def _unstack(x: Any, axis: int = 0) -> tuple[Node, ...]:
    node = as_node(x)
    if not node.ndim:
        raise ShapeError("unstack needs an expression with at least one axis, got a scalar")
    return tuple(linalg.moveaxis(node, axis, 0))


def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Node:
    no_out(out, "take")
    return arranging.take(a, indices, axis, mode=mode)


def _choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Node:
    no_out(out, "choose")
    return rounding.choose(a, choices, mode)


def _compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Node:
    no_out(out, "compress")
    return arranging.compress(condition, a, axis)


def _extract(condition: Any, arr: Any) -> Node:
    return arranging.compress(np.ravel(condition), arr)


def _round(a: Any, decimals: int = 0, out: Any = None) -> Node:
    no_out(out, "round")
    return rounding.round(a, decimals)


def _trunc(x: Any, out: Any = None) -> Node:
    no_out(out, "fix")
    return rounding.trunc(x)


def _nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Node:
    return rounding.nan_to_num(x, nan, posinf, neginf)


def _isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Node:
    near = rounding.isclose(a, b, rtol, atol)
    return functions.logical_or(near, functions.logical_and(rounding.is_nan(a), rounding.is_nan(b))) if equal_nan else near


def _isin(element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None) -> Node:
    node, among = as_node(element), as_node(test_elements)
    among = reshape(among, (among.size,))
    found = reductions.any(functions.equal(reshape(node, (*node.shape, 1)), among), -1)
    return functions.logical_not(found) if invert else found


def _linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    only_float64(dtype, "linspace")
    points = products.linspace(start, stop, num, endpoint, axis)
    step = divide(subtract(stop, start), float(num - bool(endpoint)) or math.nan)
    return (points, step) if retstep else points


def _logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0) -> Node:
    only_float64(dtype, "logspace")
    return functions.power(base, products.linspace(start, stop, num, endpoint, axis))


def _geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Node:
    only_float64(dtype, "geomspace")
    first, last = dividing.broadcast_arrays(start, stop)
    shares = np.linspace(0.0, 1.0, sequences.count_of(num, "geomspace: the number of points"), endpoint)
    ratio = functions.power(divide(last, first), shares.reshape((-1,) + (1,) * first.ndim))
    return linalg.moveaxis(multiply(first, ratio), 0, axis)


def _bincount(x: Any, weights: Any = None, minlength: int = 0) -> Node:
    if isinstance(x, Node):
        raise TypeError("bincount of an expression: the positions depend on values; only weights may be an expression")
    at = np.asarray(x)
    if at.ndim != 1 or at.dtype.kind not in "iu" or (at < 0).any():
        raise TypeError("bincount: positions are a vector of whole numbers that are not negative")
    n = max(int(at.max(initial=-1)) + 1, sequences.count_of(minlength, "bincount: the minlength"))
    return shapes.place(weights, [at.tolist()], n) if at.size else constant(0.0, (n,))


def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: Any = "xy") -> tuple[Node, ...]:
    return tuple(dividing.meshgrid(*xi, sparse=sparse, indexing=indexing))


def _broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Node, ...]:
    return tuple(dividing.broadcast_arrays(*args))


def _several(f: Callable[[Any], Node]) -> Callable[..., Any]:
    """A function of one array, called with any number of them."""

    def call(*arrays: Any) -> Any:
        out = tuple(map(f, arrays))
        return out[0] if len(out) == 1 else out

    return call


def _count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    return reductions.sum(functions.not_equal(a, 0.0), axis, keepdims)


def _nan_like(what: str, f: Callable[..., Node]) -> Callable[..., Node]:
    return max_like(what, f) if what in ("nanmax", "nanmin") else sum_like(what, f)


def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    return statistics.average(a, axis, weights, returned, keepdims=bool(keepdims) and keepdims is not getattr(np, "_NoValue", None))


def _cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, fweights: Any = None, aweights: Any = None,
    *, dtype: Any = None,
) -> Node:  # fmt: skip
    only_float64(dtype, "cov")
    return statistics.cov(m, y, rowvar, bias, ddof, fweights, aweights)


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Node:
    only_float64(dtype, "corrcoef")
    return statistics.corrcoef(x, y, rowvar)


def _einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    """The order depends on the shapes alone."""
    known = [np.broadcast_to(0.0, o.shape) if isinstance(o, Node) else o for o in operands]
    try:
        return np.einsum_path(*known, optimize=optimize)
    except (TypeError, KeyError, AttributeError):
        raise TypeError("einsum_path takes a rule and its operands, and optimize as NumPy does") from None


def _real(val: Any) -> Node:
    return as_node(val)


def _imag(val: Any) -> Node:
    return constant(0.0, as_node(val).shape)


def _real_if_close(a: Any, tol: Any = 100) -> Node:
    return as_node(a)


def _angle(z: Any, deg: bool = False) -> Node:
    return functions.where(rounding.signbit(z), 180.0 if deg else math.pi, 0.0)


def _equals(value: float) -> Callable[..., Node]:
    def call(x: Any, out: Any = None) -> Node:
        no_out(out, "isposinf" if value > 0 else "isneginf")
        return functions.equal(x, value)

    return call


def _text(a: Any, max_line_width: Any = None, precision: Any = None, suppress_small: Any = None, **kwargs: Any) -> str:
    return str(as_node(a))


def _triangle(name: str) -> Callable[..., Any]:
    """The positions of a triangle, which depend on the shape alone."""

    def call(arr: Any, k: int = 0) -> Any:
        node = as_node(arr)
        if node.ndim != 2:
            raise ShapeError(f"{name}_from needs a matrix, got shape {node.shape}")
        offset = whole(k)
        if offset is None:
            raise TypeError(f"{name}_from: the diagonal k is a whole number, got {brief(k)}")
        return getattr(np, name)(node.shape[0], offset, node.shape[1])

    return call


def _of_matrices() -> dict[str, Callable[..., Any]]:
    """The functions of ``np.linalg`` by name."""
    return {
        "norm": _norm, "solve": _solve, "inv": linalg.inv, "multi_dot": _multi_dot, "matmul": linalg.matmul, "outer": _outer,
        "tensordot": lambda x1, x2, *, axes=2: products.tensordot(x1, x2, axes),
        "vecdot": lambda x1, x2, *, axis=-1: linalg.vecdot(x1, x2, axis),
        "cross": lambda x1, x2, *, axis=-1: products.cross(x1, x2, axis=axis), "matrix_transpose": lambda x: linalg.swapaxes(x, -1, -2),
        "diagonal": lambda x, *, offset=0: linalg.diagonal(x, -2, -1, offset=offset),
        "trace": lambda x, *, offset=0, dtype=None: linalg.trace(x, -2, -1, offset=offset),
    }  # fmt: skip


def _table() -> dict[Any, Callable[..., Any]]:
    """The functions by name, those that this version of NumPy has."""
    named: dict[str, Callable[..., Any]] = {
        "where": _where, "trace": _trace, "diagonal": _diagonal, "diag": _diag, "reshape": _reshape, "ravel": _ravel,
        "tensordot": products.tensordot, "inner": products.inner, "vdot": products.vdot,
        "dot": _dot, "outer": _outer, "einsum": linalg.einsum,
        "broadcast_to": _broadcast_to, "clip": _clip, "full_like": shapes.full_like, "zeros_like": shapes.zeros_like,
        "ones_like": shapes.ones_like,
        "stack": _stack, "concatenate": _concatenate, "concat": _concatenate, "unstack": _unstack,
        "transpose": _transpose, "permute_dims": _transpose, "matrix_transpose": lambda x: linalg.swapaxes(x, -1, -2),
        "swapaxes": _swapaxes, "moveaxis": _moveaxis, "expand_dims": _expand_dims, "squeeze": _squeeze,
        "copy": _copy, "astype": astype, "shape": lambda a: as_node(a).shape, "ndim": lambda a: as_node(a).ndim,
        "size": _size,
        "take": _take, "choose": _choose, "compress": _compress, "extract": _extract,
        "round": _round, "around": _round, "fix": _trunc, "nan_to_num": _nan_to_num, "isclose": _isclose, "isin": _isin,
        "sinc": rounding.sinc, "i0": functions.i0, "select": rounding.select, "piecewise": rounding.piecewise,
        "isposinf": _equals(math.inf), "isneginf": _equals(-math.inf), "linspace": _linspace, "logspace": _logspace, "bincount": _bincount,
        "meshgrid": _meshgrid, "broadcast_arrays": _broadcast_arrays,
        "apply_over_axes": _apply_over_axes, "geomspace": _geomspace,
        "atleast_1d": _several(dividing.atleast_1d), "atleast_2d": _several(dividing.atleast_2d),
        "atleast_3d": _several(dividing.atleast_3d),
        "count_nonzero": _count_nonzero, "average": _average, "cov": _cov, "corrcoef": _corrcoef,
        "diff": sequences.differences, "ediff1d": sequences.ediff1d, "gradient": sequences.central_differences,
        "histogram_bin_edges": histograms.edges_of, "einsum_path": _einsum_path,
        "real": _real, "imag": _imag, "real_if_close": _real_if_close, "angle": _angle,
        "isreal": lambda x: np.ones(as_node(x).shape, bool)[()], "iscomplex": lambda x: np.zeros(as_node(x).shape, bool)[()],
        "isrealobj": lambda x: True, "iscomplexobj": lambda x: False, "common_type": lambda *arrays: np.float64,
        "result_type": lambda *arrays_and_dtypes: np.dtype(np.float64), "array_str": _text, "array_repr": _text, "array2string": _text,
        "tril_indices_from": _triangle("tril_indices"), "triu_indices_from": _triangle("triu_indices"),
        "diag_indices_from": lambda arr: np.diag_indices(as_node(arr).shape[0], as_node(arr).ndim),
        "sum": sum_like("sum", reductions.sum), "prod": sum_like("prod", reductions.prod), "mean": mean_like("mean", reductions.mean),
        "max": max_like("max", reductions.max), "min": max_like("min", reductions.min), "amax": max_like("max", reductions.max),
        "amin": max_like("min", reductions.min), "any": any_like("any", reductions.any), "all": any_like("all", reductions.all),
        "ptp": any_like("ptp", statistics.ptp), "var": var_like("var", statistics.var), "std": var_like("std", statistics.std),
        "nanmean": mean_like("nanmean", statistics.nanmean), "nanvar": var_like("nanvar", statistics.nanvar),
        "nanstd": var_like("nanstd", statistics.nanstd),
    }  # fmt: skip
    named.update({name: _nan_like(name, getattr(statistics, name)) for name in ("nansum", "nanprod", "nanmax", "nanmin")})
    by_module: Sequence[tuple[Any, str]] = (
        (
            arranging,
            "roll flip fliplr flipud rot90 tile repeat tril triu diagflat take_along_axis delete insert append resize rollaxis",
        ),
        (dividing, "hstack vstack dstack column_stack block split array_split hsplit vsplit dsplit"),
        (sequences, "trapezoid interp convolve correlate"),
        (products, "cross kron vander polyval"),
        (padding, "pad"),
        (polynomials, "poly polyadd polysub polymul polyder polyint"),
        (histograms, "histogram"),
    )
    named.update({name: getattr(module, name) for module, names in by_module for name in names.split()})
    named["trapz"] = sequences.trapezoid
    found = {getattr(np, name): f for name, f in named.items() if name in np.__dict__ or name in dir(np)}
    found[np.lib.stride_tricks.sliding_window_view] = arranging.sliding_window_view
    found[np.fft.fftshift], found[np.fft.ifftshift] = arranging.fftshift, arranging.ifftshift
    return {**found, **{getattr(np.linalg, name): f for name, f in _of_matrices().items() if hasattr(np.linalg, name)}}


FUNCTIONS = _table()

__all__ = ["FUNCTIONS"]
