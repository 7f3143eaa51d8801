"""Write docs/numpy.md, what every function of NumPy does with an expression: ``python docs/make_numpy.py``.

Nothing on the page is claimed: each function is called on expressions and on numbers, and the results are compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph.graph.node import Node

_PAGE = Path(__file__).with_name("numpy.md")
_RNG = np.random.default_rng(0)

#: the operands of the calls, with values where most functions are smooth
OPERANDS: dict[str, tuple[Node, Any]] = {
    "x": (eg.Symbol("x"), 0.7),
    "v": (eg.Symbol("v", 3), np.array([0.9, 0.3, 0.6])),
    "w": (eg.Symbol("w", 3), np.array([0.5, 0.8, 0.2])),
    "t": (eg.Symbol("t", 6), _RNG.uniform(0.2, 0.9, 6)),
    "A": (eg.Symbol("A", (3, 3)), _RNG.uniform(0.2, 0.9, (3, 3)) + 2 * np.eye(3)),
    "B": (eg.Symbol("B", (3, 4)), _RNG.uniform(0.2, 0.9, (3, 4))),
    "C": (eg.Symbol("C", (2, 3, 4)), _RNG.uniform(0.2, 0.9, (2, 3, 4))),
}

#: calls by the name of the function; the first is on the page
CALLS: dict[str, tuple[str, ...]] = {
    "append": ("np.append(v, 1.0)", "np.append(B, B, axis=0)", "np.append(v, B)"),
    "apply_along_axis": ("np.apply_along_axis(np.cumsum, 1, B)", "np.apply_along_axis(np.max, 0, C)",),
    "array_split": ("np.array_split(t, 4)", "np.array_split(B, [1, 3], axis=1)"),
    "astype": ("np.astype(B, float)",),
    "atleast_1d": ("np.atleast_1d(x)", "np.atleast_1d(x, v)"),
    "atleast_2d": ("np.atleast_2d(v)", "np.atleast_2d(x)"),
    "atleast_3d": ("np.atleast_3d(v)", "np.atleast_3d(B)", "np.atleast_3d(x)"),
    "average": ("np.average(v, weights=w)", "np.average(B, axis=1, weights=[1, 2, 3, 4])", "np.average(B, axis=0, keepdims=True)"),
    "bincount": ("np.bincount([0, 2, 0], weights=v)", "np.bincount([1, 1, 0], weights=v, minlength=5)"),
    "apply_over_axes": ("np.apply_over_axes(np.sum, C, [0, 2])",),
    "bitwise_and": ("np.bitwise_and(v > 0.5, w > 0.55)",),
    "bitwise_or": ("np.bitwise_or(v > 0.5, w > 0.55)",),
    "bitwise_xor": ("np.bitwise_xor(v > 0.5, w > 0.55)",),
    "bitwise_not": ("np.bitwise_not(v > 0.5)",),
    "bitwise_invert": ("np.bitwise_invert(v > 0.5)",),
    "invert": ("np.invert(v > 0.5)",),
    "geomspace": ("np.geomspace(1.0, x, 5)", "np.geomspace(v, w, 4)"),
    "maximum": ("np.maximum(v, w)", "np.maximum.accumulate(t)", "np.minimum.accumulate(C, axis=1)", "np.maximum.outer(v, w)"),
    "add": ("np.add(v, w)", "np.add.accumulate(B)", "np.add.outer(v, B)", "np.add.reduce(C, axis=(0, 2))"),
    "nanmedian": ("np.nanmedian(t)", "np.nanmedian(B, axis=0)"),
    "nanquantile": ("np.nanquantile(t, [0.1, 0.6])", "np.nanquantile(B, 0.7, axis=1, method='hazen')",
                    "np.nanquantile(t, 0.3, method='lower')"),
    "nanpercentile": ("np.nanpercentile(B, 30, axis=1, keepdims=True)",),
    "block": ("np.block([[A, B], [B.T, np.eye(4)]])", "np.block([v, w])"),
    "broadcast_arrays": ("np.broadcast_arrays(v, A)",),
    "broadcast_to": ("np.broadcast_to(v, (2, 3))",),
    "choose": ("np.choose([1, 0, 1], [v, w])", "np.choose([5, -1, 1], [v, w], mode='wrap')"),
    "clip": ("np.clip(v, 0.4, 0.7)", "np.clip(v, None, w)", "v.clip(0.4)"),
    "column_stack": ("np.column_stack([v, w, A])",),
    "compress": ("np.compress([True, False, True], B, axis=0)",),
    "concatenate": ("np.concatenate([v, [1.0, 2.0]])", "np.concatenate([A, B], axis=1)", "np.concatenate([A, B], axis=None)"),
    "concat": ("np.concat([v, w])",),
    "convolve": ("np.convolve(t, v)", "np.convolve(t, v, 'same')", "np.convolve(v, t, 'valid')"),
    "copy": ("np.copy(B)",),
    "corrcoef": ("np.corrcoef(B)", "np.corrcoef(v, w)"),
    "correlate": ("np.correlate(t, v)", "np.correlate(v, t, 'full')", "np.correlate(t, v, 'same')"),
    "count_nonzero": ("np.count_nonzero(v > 0.5)", "np.count_nonzero(B > 0.5, axis=1)"),
    "cov": ("np.cov(B)", "np.cov(v, w)", "np.cov(B, rowvar=False, ddof=0)", "np.cov(B, aweights=[1.0, 2.0, 3.0, 1.0])", "np.cov(v)"),
    "cross": ("np.cross(v, w)", "np.cross(A, v)", "np.cross(A, A.T, axisa=0, axisc=0)"),
    "cumsum": ("np.cumsum(v)", "np.cumsum(C, axis=1)", "np.cumsum(B)"),
    "cumprod": ("np.cumprod(v)", "np.cumprod(C, axis=-1)"),
    "cumulative_sum": ("np.cumulative_sum(v)", "np.cumulative_sum(B, axis=1, include_initial=True)"),
    "cumulative_prod": ("np.cumulative_prod(v)", "np.cumulative_prod(B, axis=0, include_initial=True)"),
    "nancumsum": ("np.nancumsum(v)",),
    "nancumprod": ("np.nancumprod(v)",),
    "median": ("np.median(t)", "np.median(C, axis=(0, 2), keepdims=True)"),
    "partition": ("np.sort(np.partition(t, 2)[:2])",),
    "percentile": ("np.percentile(t, [10, 50])",),
    "quantile": ("np.quantile(t, 0.3)", "np.quantile(B, [0.1, 0.5], axis=1)", "np.quantile(t, 0.3, method='lower')",
                 "np.quantile(B, 0.7, axis=(0, 1), method='hazen', keepdims=True)",
                 "np.quantile(B, [0.0, 0.4, 1.0], axis=0, weights=B, method='inverted_cdf')",
                 "np.quantile(B, 0.45, axis=1, weights=[1.0, 2.0, 0.5, 1.0], method='inverted_cdf', keepdims=True)"),
    "sort": ("np.sort(t)", "np.sort(C, axis=0)", "np.sort(B, axis=None)"),
    "unwrap": ("np.unwrap(20 * v)", "np.unwrap(9 * B, axis=0, period=2.0)"),
    "delete": ("np.delete(v, 1)", "np.delete(B, [0, -1], axis=1)"),
    "diag": ("np.diag(v)", "np.diag(B, 1)", "np.diag(v, -2)"),
    "poly": ("np.poly(v)",),
    "polyfit": ("np.polyfit(v, w, 1)", "np.polyfit([0.0, 1.0, 2.0], B, 1)", "np.polyfit([0.0, 1.0, 2.0], v, 1, w=w)"),
    "histogram": ("np.histogram([0.1, 0.7, 1.0, 3.0], [0.0, 0.5, 1.0], weights=t[:4])[0]", "np.histogram(B, 4)[0]",
                  "np.histogram(t, [0.1, 0.5, 0.8, 2.0], weights=t, density=True)[0]", "np.histogram(v, 3, range=(0, 1))[0]"),
    "histogram_bin_edges": ("np.histogram_bin_edges(v, 4)",),
    "einsum_path": ("np.einsum_path('ij,jk,k', A, B, t[:4])[0]",),
    "diagflat": ("np.diagflat(v, 1)",),
    "diagonal": ("np.diagonal(B, 1)", "np.diagonal(C, -1, 2, 0)"),
    "diff": ("np.diff(v)", "np.diff(B, n=2, axis=0)", "np.diff(B, prepend=0, append=B)"),
    "dot": ("np.dot(A, v)", "np.dot(A, C.transpose(0, 1, 2)[:, :, 0].T)"),
    "dsplit": ("np.dsplit(C, 2)",),
    "dstack": ("np.dstack([v, w])",),
    "ediff1d": ("np.ediff1d(v, to_begin=0.0, to_end=[1.0, 2.0])",),
    "einsum": ("np.einsum('ij,jk,i->k', A, B, v)", "np.einsum(A, [0, 1], v, [1], [0])", "np.einsum('...ij->...ji', C)"),
    "expand_dims": ("np.expand_dims(v, 1)", "np.expand_dims(v, (0, 2))"),
    "extract": ("np.extract([True, False, True], v)",),
    "flip": ("np.flip(B)", "np.flip(B, axis=1)"),
    "full_like": ("np.full_like(v, x)",),
    "gradient": ("np.gradient(t)", "np.gradient(B, 0.5, axis=1)", "np.gradient(t, [0, 1, 2.5, 3, 4, 6.0], edge_order=2)", "np.gradient(B)"),
    "hsplit": ("np.hsplit(B, 2)",),
    "hstack": ("np.hstack([v, x, w])", "np.hstack([A, B])"),
    "inner": ("np.inner(A, v)",),
    "insert": ("np.insert(v, 1, 0.0)", "np.insert(B, [0, 2], v[:2], axis=1)"),
    "interp": ("np.interp(v, [0.0, 0.5, 1.0], [1.0, 3.0, 2.0])", "np.interp(3 * v - 1, [0.1, 0.4, 2.0], w, left=7.0)",
               "np.interp(5 * v, [0.7, 0.1], [1.0, 2.0], period=1.5)"),
    "isclose": ("np.isclose(v, w, atol=0.3)",),
    "isin": ("np.isin(v, [0.3, 0.6])",),
    "kron": ("np.kron(v, A)", "np.kron(B, A)"),
    "ldexp": ("np.ldexp(v, 3)",),
    "linspace": ("np.linspace(0, x, 5)", "np.linspace(v, w, 4, endpoint=False, axis=1)"),
    "logspace": ("np.logspace(0, x, 5)",),
    "matvec": ("np.matvec(A, v)",),
    "max": ("np.max(B, axis=0)", "np.max(B, initial=0.8, where=B > 0.5)"),
    "mean": ("np.mean(B, axis=(0, 1), keepdims=True)", "np.mean(B, axis=1, where=B > 0.4)", "np.mean(v, dtype=float)"),
    "meshgrid": ("np.meshgrid(v, t)", "np.meshgrid(v, t, w, indexing='ij', sparse=True)"),
    "min": ("np.min(C, axis=(0, -1))",),
    "moveaxis": ("np.moveaxis(C, 0, -1)", "np.moveaxis(C, (0, 1), (2, 0))"),
    "nan_to_num": ("np.nan_to_num(v)",),
    "outer": ("np.outer(v, t)",),
    "pad": ("np.pad(v, 1)", "np.pad(B, ((1, 0), (2, 3)), mode='reflect')", "np.pad(B, 2, constant_values=((1, 2), (3, 4)))",
            "np.pad(B, 3, mode='wrap')", "np.pad(B, 1, mode='edge')", "np.pad(B, 3, mode='symmetric')",
            "np.pad(B, 2, mode='reflect', reflect_type='odd')", "np.pad(C, (1, 2), mode='symmetric', reflect_type='odd')",
            "np.pad(B, ((2, 1), (0, 3)), mode='linear_ramp', end_values=((1, 2), (0, 5)))", "np.pad(v, (0, 2), 'linear_ramp')",
            "np.pad(B, 2, mode='mean')", "np.pad(C, ((0, 1), (2, 0), (1, 1)), mode='maximum', stat_length=2)",
            "np.pad(B, 1, mode='minimum', stat_length=((1, 2), (3, 1)))", "np.pad(B, (1, 0), mode='median')"),
    "permute_dims": ("np.permute_dims(B, (1, 0))",),
    "piecewise": ("np.piecewise(v, [v < 0.4, v > 0.8], [lambda s: -s, 1.0, lambda s: s**2])",),
    "polyadd": ("np.polyadd(v, t)",),
    "polyder": ("np.polyder(t, 2)",),
    "polyint": ("np.polyint(v, 2, [1.0, 2.0])",),
    "polymul": ("np.polymul(v, w)",),
    "polysub": ("np.polysub(v, t)",),
    "polyval": ("np.polyval(v, x)",),
    "prod": ("np.prod(B, axis=1, where=B > 0.4, initial=2.0)",),
    "repeat": ("np.repeat(v, 2)", "np.repeat(B, [0, 2, 1], axis=0)"),
    "reshape": ("np.reshape(B, (2, -1))", "np.reshape(B, (2, 6), order='F')"),
    "resize": ("np.resize(v, (2, 4))",),
    "roll": ("np.roll(v, 1)", "np.roll(B, (1, -2), axis=(0, 1))"),
    "rollaxis": ("np.rollaxis(C, 2)",),
    "rot90": ("np.rot90(B)", "np.rot90(C, -1, (0, 2))"),
    "round": ("np.round(10 * v)", "np.round(v, 1)", "np.round(100 * v, -1)"),
    "select": ("np.select([v > 0.8, v > 0.5], [v, w], x)",),
    "split": ("np.split(t, 3)", "np.split(B, [1, 2], axis=1)"),
    "squeeze": ("np.squeeze(v[None, :, None])",),
    "stack": ("np.stack([v, w], axis=1)",),
    "std": ("np.std(v, ddof=1)", "np.std(C, axis=(0, 1), keepdims=True)", "np.std(B, axis=1, where=B > 0.4)"),
    "sum": ("np.sum(B, axis=0)", "np.sum(B, axis=1, initial=3.0, where=B > 0.5, keepdims=True)", "np.sum(B, 0, float, None)"),
    "swapaxes": ("np.swapaxes(C, 0, 2)",),
    "take": ("np.take(B, [[0, 2], [1, 1]], axis=1)", "np.take(v, 4, mode='wrap')"),
    "take_along_axis": ("np.take_along_axis(B, np.array([[0], [2], [1]]), 1)",),
    "tensordot": ("np.tensordot(A, B, 1)", "np.tensordot(A, B, ([0], [0]))"),
    "tile": ("np.tile(v, 2)", "np.tile(B, (2, 1, 3))"),
    "trace": ("np.trace(B, offset=1)", "np.trace(C, axis1=1, axis2=2)"),
    "trapezoid": ("np.trapezoid(v, t[:3])", "np.trapezoid(B, dx=0.5, axis=0)", "np.trapezoid(B, x=t[:3], axis=0)"),
    "tril": ("np.tril(C, 1)",),
    "triu": ("np.triu(A)",),
    "unstack": ("np.unstack(B, axis=1)",),
    "vander": ("np.vander(v)", "np.vander(v, 5, increasing=True)"),
    "var": ("np.var(B, axis=0, ddof=1)", "np.var(B, where=B > 0.4)"),
    "vdot": ("np.vdot(B, B)",),
    "vecmat": ("np.vecmat(v, B)",),
    "vsplit": ("np.vsplit(B, [1])",),
    "vstack": ("np.vstack([v, A])",),
    "where": ("np.where(v > w, v, w)",),
    "arccosh": ("np.arccosh(1 + v)",),
    "acosh": ("np.acosh(1 + v)",),
    "linalg.norm": ("np.linalg.norm(v)", "np.linalg.norm(B, axis=1)", "np.linalg.norm(B, 1)", "np.linalg.norm(B, np.inf)",
                    "np.linalg.norm(B, 'nuc')", "np.linalg.norm(v, 3)", "np.linalg.norm(C, 2, axis=(0, 2))", "np.linalg.norm(v, -np.inf)"),
    "linalg.svd": ("np.linalg.svd(A, compute_uv=False)", "np.linalg.svd(A, compute_uv=False, hermitian=True)"),
    "linalg.pinv": ("np.linalg.pinv(A)", "np.linalg.pinv(B, rcond=1e-12)", "np.linalg.pinv(B.T)"),
    "linalg.cond": ("np.linalg.cond(A)", "np.linalg.cond(A, 1)"),
    "linalg.matrix_norm": ("np.linalg.matrix_norm(C)",),
    "linalg.vector_norm": ("np.linalg.vector_norm(C, axis=1)", "np.linalg.vector_norm(B)"),
    "linalg.trace": ("np.linalg.trace(C)",),
    "linalg.solve": ("np.linalg.solve(A, v)",),
    "linalg.diagonal": ("np.linalg.diagonal(C, offset=1)",),
    "linalg.matrix_power": ("np.linalg.matrix_power(A, 3)",),
    "linalg.multi_dot": ("np.linalg.multi_dot([v, A, B])",),
    "linalg.outer": ("np.linalg.outer(v, w)",),
    "linalg.tensordot": ("np.linalg.tensordot(A, B, axes=1)",),
    "linalg.cross": ("np.linalg.cross(v, w)",),
    "linalg.vecdot": ("np.linalg.vecdot(A, v)",),
    "linalg.eigh": ("np.linalg.eigh(A + A.T)[0]",),
    "linalg.qr": ("np.abs(np.linalg.qr(A)[1])", "np.abs(np.linalg.qr(B.T)[0])", "np.abs(np.linalg.qr(B, mode='r'))"),
    "linalg.lstsq": ("np.linalg.lstsq(A, v)[0]", "np.linalg.lstsq(B.T, t[:4])[1]", "np.linalg.lstsq(B, v, rcond=None)[3]"),
    "linalg.eigvalsh": ("np.linalg.eigvalsh(A + A.T)",),
    "linalg.cholesky": ("np.linalg.cholesky(A @ A.T)", "np.linalg.cholesky(A @ A.T, upper=True)"),
    "linalg.slogdet": ("np.linalg.slogdet(A)[1]",),
    "linalg.tensorsolve": ("np.linalg.tensorsolve(A, v)",),
    "linalg.tensorinv": ("np.linalg.tensorinv(np.reshape(A, (1, 3, 3)), ind=2)",),
    "linalg.matmul": ("np.linalg.matmul(A, B)",),
}  # fmt: skip

#: calls that are refused, of functions with more than one or two arguments
REFUSED: dict[str, tuple[str, ...]] = {
    "place": ("np.place(v, [True, False, True], [1.0])",),
    "put": ("np.put(v, [0], [1.0])",),
    "put_along_axis": ("np.put_along_axis(B, np.array([[0], [2], [1]]), 1.0, 1)",),
    "putmask": ("np.putmask(v, [True, False, True], [1.0])",),
    "copyto": ("np.copyto(v, w)",),
}

#: calls by default: of the functions that take one array, or two
_ONE, _TWO = ("np.{0}(v)", "np.{0}(A)", "np.{0}(B)", "np.{0}(C)", "np.{0}(x)"), ("np.{0}(v, w)", "np.{0}(A, B)", "np.{0}(v, 2)")


def names() -> list[str]:
    """The functions of NumPy and of its linear algebra that ask an expression what to do."""
    found = []
    for prefix, module in (("", np), ("linalg.", np.linalg)):
        for name in dir(module):
            f = getattr(module, name)
            if not name.startswith("_") and (isinstance(f, np.ufunc) or hasattr(f, "_implementation")):
                found.append(prefix + name)
    return sorted(set(found), key=lambda n: (n.startswith("linalg."), n))


def calls_of(name: str) -> tuple[str, ...]:
    """The calls that are tried for a function."""
    if name in CALLS or name in REFUSED:
        return CALLS.get(name) or REFUSED[name]
    f = getattr(np, name, None)
    patterns = (_ONE if f.nin == 1 else _TWO) if isinstance(f, np.ufunc) else _ONE + _TWO
    return tuple(p.format(name) for p in patterns)


def results(call: str) -> tuple[Any, Any]:
    """The result of a call on expressions, and on their values."""
    of_expressions = {name: node for name, (node, _) in OPERANDS.items()}
    of_values = {name: value for name, (_, value) in OPERANDS.items()}
    return eval(call, {"np": np, **of_expressions}), eval(call, {"np": np, **of_values})


def expressions_in(result: Any) -> list[Node]:
    """The expressions of a result, in order."""
    parts = list(result) if isinstance(result, (list, tuple)) else [result]
    return [p for p in parts if isinstance(p, Node)]


def agrees(call: str) -> bool:
    """Whether a call on expressions gives NumPy's shapes and values.

    Raises:
        Exception: an expression refuses the call.
    """
    got, want = results(call)
    nodes = expressions_in(got)
    if not nodes:
        return bool(np.all(np.asarray(got, dtype=object) == np.asarray(want, dtype=object))) or isinstance(got, str)
    wanted = list(want) if isinstance(got, (list, tuple)) else [want]
    values = eg.evaluate(nodes, dict(OPERANDS.values()))
    return all(n.shape == np.shape(b) and np.allclose(a, b, rtol=1e-12, atol=1e-13) for n, a, b in zip(nodes, values, wanted, strict=True))


def outcome(name: str) -> tuple[bool, str]:
    """Whether a function works, with the first call that does; or the reason why not."""
    reasons = []
    for call in calls_of(name):
        try:
            if agrees(call):
                return True, call
        except Exception as error:
            reasons.append(str(error))
    refusals = [r for r in reasons if "is not defined for expressions" in r]
    return False, (refusals or reasons or ["?"])[0]


_HEAD = """\
# NumPy's functions

<!-- made by docs/make_numpy.py, which calls each function; do not edit -->

NumPy asks an expression what its functions mean.  So code written for arrays makes expressions, with the same shapes and values, and
with exact derivatives.

```python
import numpy as np
import exprgraph as eg

x = eg.Symbol("x", shape=4)
print(np.roll(x, 1), np.diff(x)[0], np.var(x, ddof=1).shape)
print(eg.evaluate(eg.gradient(np.trapezoid(x), x), {x: [1.0, 2.0, 3.0, 4.0]}))
```

```text
x[[3, 0, 1, 2]] -x[0] + x[1] ()
[0.5 1.  1.  0.5]
```

Most of them are functions of exprgraph too, under the same name: `np.linalg.svd` is `eg.linalg.svd`.  The exceptions:
`np.diff` is `eg.differences`, and `np.gradient` is `eg.central_differences`, because `eg.diff` and `eg.gradient` are derivatives.

* Methods are those of arrays: `x.sum(axis=0)`, `x.reshape(2, 2)`, `x.T`, `x.flatten()`, `x.clip(0, 1)`, `x.astype(float)`, `x.dtype` and
  others.
* Keywords are NumPy's: `axis` with several axes, `keepdims`, `ddof`, `weights`, `initial`, `where`.  An expression is float64: another
  `dtype` is refused.  Expressions are immutable: `out=` is refused.
* Indices are NumPy's: several arrays of integers, masks of known values, `np.ix_`.
* `np.array([x, y])` needs numbers; write `eg.stack([x, y])` or `np.stack([x, y])`.  The same holds for `np.asarray(x)`, `np.r_`, and a
  list in place of an array, such as `np.mean([x, y])`.  An array of objects that are expressions becomes an expression by `eg.array`.
* SciPy's ufuncs take expressions ([special functions](special-functions.md)).  Its other functions need numbers: in place of those of
  `scipy.linalg` and `scipy.special`, write `eg.expm`, `eg.cho_solve`, `eg.softmax` and so on, and `A.toarray() @ x` for a sparse matrix A.
* Where a function has corners, the derivative is defined: tied elements of `max`, `maximum` and their like share it equally; functions that
  jump, such as `round` and `floor`, have derivative 0.  Equal elements of `sort` keep their order.
* Where NumPy's result has arbitrary signs, ours have a rule: columns of Q make the diagonal of R positive, and `eigh` and `svd` have signs
  that every backend agrees on.  `lstsq`, `pinv` and `polyfit` take the rank to be full: limits of small singular values, `rcond=` and
  `rtol=`, have no effect.

The tables below are made by calling each function with expressions and with numbers: it works if shapes and values agree.

"""


def page() -> str:
    """The text of the page."""
    works, refused = [], []
    for name in names():
        ok, text = outcome(name)
        text = text.replace("|", "\\|")
        if ok:
            works.append(f"| `{name}` | `{text}` |")
        else:
            refused.append(f"| `{name}` | {_reason(text)} |")
    tables = [
        f"## {len(works)} that work",
        "",
        "| function | for example |",
        "|---|---|",
        *works,
        "",
        f"## {len(refused)} that expressions refuse",
        "",
        "| function | why, and what to write |",
        "|---|---|",
        *refused,
    ]
    return _HEAD + "\n".join(tables) + "\n"


def _reason(message: str) -> str:
    """The part of a refusal behind the name of the function."""
    reason = message.partition("is not defined for expressions")[2].lstrip(":; ")
    return "not yet" if not reason or reason.startswith("exprgraph's own functions") else reason


if __name__ == "__main__":
    _PAGE.write_text(page())
