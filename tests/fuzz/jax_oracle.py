"""An expression as a function of JAX, which differentiates it by its own rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular

from exprgraph.canonical.select import indices_of
from exprgraph.functions.along_axes import AxisFunction
from exprgraph.functions.elementwise import Function
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import (
    ARRAY,
    CONCATENATE,
    CONSTANT,
    CONTRACT,
    IDENTITY,
    PLACE,
    PRODUCT,
    REDUCE_MAX,
    REDUCE_MIN,
    RESHAPE,
    SAMPLE_COUNT,
    SAMPLE_SUM,
    SELECT,
    SOLVE,
    STACK,
    SUM,
)  # fmt: skip
from exprgraph.graph.traverse import topological
from exprgraph.linalg.function import MatrixFunction
from exprgraph.lines.order import ORDERED
from exprgraph.lines.recurrence import RECURRENCE
from exprgraph.scans.elements import without_loops

from .cases import NoAnswerError

jax.config.update("jax_enable_x64", True)

special, nn = jax.scipy.special, jax.nn
_truth = {"less": jnp.less, "less_equal": jnp.less_equal, "equal": jnp.equal, "not_equal": jnp.not_equal}
ROWS: dict[str, Any] = {
    **{n: getattr(jnp, n) for n in "exp exp2 expm1 log log2 log10 log1p cbrt sin cos tan sinh cosh tanh floor ceil sign hypot".split()},
    "asin": jnp.arcsin, "acos": jnp.arccos, "atan": jnp.arctan, "atan2": jnp.arctan2, "asinh": jnp.arcsinh, "acosh": jnp.arccosh,
    "atanh": jnp.arctanh, "erf": special.erf, "erfc": special.erfc, "abs": jnp.abs, "minimum": jnp.minimum, "maximum": jnp.maximum,
    "tanh_prime": lambda x: 1 / jnp.cosh(x) ** 2, "sigmoid": nn.sigmoid, "sigmoid_prime": lambda x: nn.sigmoid(x) * nn.sigmoid(-x),
    "softplus": nn.softplus, "relu": nn.relu, "step": lambda x: jnp.where(x > 0, 1.0, 0.0), "silu": nn.silu,
    "gelu": lambda x: nn.gelu(x, approximate=False), "pow": jnp.power,
    "mod": jnp.mod, "fmod": jnp.fmod, "floor_divide": jnp.floor_divide,
    "power_slope": lambda x, y: y * jnp.power(x, y - 1), "power_log": lambda x, y: jnp.power(x, y) * jnp.log(x),
    "gamma": special.gamma, "rgamma": lambda x: 1 / special.gamma(x), "beta": special.beta, "betaln": special.betaln,
    "erfinv": special.erfinv, "erfcinv": lambda x: special.erfinv(1 - x), "xlog1py": special.xlog1py,
    "kl_slope": lambda x, y: 1 - x / y,
    "log_ratio": lambda x, y: jnp.log(x / y), "rel_entr": special.rel_entr, "kl_div": special.kl_div,
    "gammaln": special.gammaln, "digamma": special.digamma, "zeta": special.zeta,
    "zeta_step": lambda s, a, b: jnp.where(s > 1, special.zeta(s, a + b) - special.zeta(s, a), special.digamma(a) - special.digamma(a + b)),
    **{n: getattr(special, n) for n in "i0 i1 i0e i1e gammainc gammaincc betainc".split()},
    "gamma_density": lambda a, x: jnp.exp(jax.scipy.stats.gamma.logpdf(x, a)),
    "beta_density": lambda a, b, x: jnp.exp(jax.scipy.stats.beta.logpdf(x, a, b)),
    "root": jnp.sqrt, "inverse_root": lambda x: 1 / jnp.sqrt(x),
    "acosh_prime": lambda x: 1 / jnp.sqrt(x * x - 1), "coth_acosh": lambda x: x / jnp.sqrt(x * x - 1),
    "atan_prime": lambda x: 1 / (1 + x**2), "normal_cdf": jax.scipy.stats.norm.cdf, "log_sigmoid": nn.log_sigmoid,
    "logaddexp": jnp.logaddexp, "xlogy": special.xlogy, "held": lambda x: x, "excess": lambda a, b: a - b,
    "direction": lambda a, b: a / jnp.hypot(a, b), "share": lambda a, h: a / h, "ratio": lambda a, b: a / b,
    "where": lambda c, a, b: jnp.where(c != 0, a, b), "gate": lambda c, p: c * p,
    "gate_both": jnp.multiply, "smaller": lambda a, b: jnp.where(a < b, 1.0, jnp.where(a > b, 0.0, 0.5)),
    "logical_and": lambda a, b: (a != 0) & (b != 0), "logical_or": lambda a, b: (a != 0) | (b != 0), "logical_not": lambda a: a == 0,
    **_truth,
}  # fmt: skip


def value(e: Node, at: Mapping[Node, Any]) -> Any:
    """The value by JAX, in its own types, so that it can be traced; batch axes first."""
    lead = next((np.shape(v)[:1] for s, v in at.items() if s.per_sample), ())
    values: dict[Node, Any] = {s: jnp.asarray(v) for s, v in at.items()}
    (e,) = without_loops([e])
    for node in topological([e]):
        if node not in values:
            values[node] = _value(node, [values[a] for a in node.args], lead)
    return values[e]


def _value(node: Node, args: list[Any], lead: tuple[int, ...]) -> Any:
    op = node.op
    if op is CONSTANT:
        return jnp.full(node.shape, node.params[0])
    if op is ARRAY:
        return jnp.asarray(node.params[0].data)
    if op is IDENTITY:
        return jnp.eye(node.shape[0])
    if op is SAMPLE_COUNT:
        return jnp.asarray(float(math.prod(lead)))
    if op is SAMPLE_SUM:
        return jnp.broadcast_to(args[0], lead + node.shape).sum(axis=tuple(range(len(lead))))
    if isinstance(op, Function) or op in (SUM, PRODUCT):
        args = [v if a.shape else v.reshape(v.shape + (1,) * node.ndim) for v, a in zip(args, node.args)]
    if isinstance(op, Function):
        if op.name not in ROWS:
            raise NoAnswerError(f"JAX has no {op.name}")
        return ROWS[op.name](*args) * 1.0
    if op is SUM:
        return sum((c * v for c, v in zip(node.params[1], args)), jnp.asarray(node.params[0]))
    if op is PRODUCT:
        return math.prod((_power(v, p) for p, v in zip(node.params, args)), start=jnp.asarray(1.0))
    if op is CONTRACT:
        return _einsum(node, args)
    if op is SELECT:
        return _take(args[0], node)
    if op is PLACE:
        return _put(args[0], node)
    own = [v.ndim - a.ndim for v, a in zip(args, node.args)]
    batch = jnp.broadcast_shapes(*(v.shape[:k] for v, k in zip(args, own)))
    whole = [jnp.broadcast_to(v, batch + v.shape[k:]) for v, k in zip(args, own)]
    if op is STACK:
        return jnp.stack(whole, axis=node.params[0] - node.ndim)
    if op is CONCATENATE:
        return jnp.concatenate(whole, axis=node.params[0] - node.ndim)
    if op is RESHAPE:
        return whole[0].reshape(batch + node.shape)
    if op in (REDUCE_MAX, REDUCE_MIN):
        axes = tuple(k - node.args[0].ndim for k in node.params)
        return (jnp.max if op is REDUCE_MAX else jnp.min)(whole[0], axis=axes)
    if isinstance(op, AxisFunction):
        axes = tuple(k - node.args[0].ndim for k in node.params)
        if op.name == "norm":
            return jnp.sqrt((whole[0] ** 2).sum(axis=axes))
        return getattr(nn, op.name)(whole[0], axis=axes)
    if op is ORDERED:
        axis = node.params[0] - node.ndim
        return jnp.take_along_axis(whole[1], jnp.argsort(whole[0], axis=axis, stable=True), axis=axis)
    if op is RECURRENCE:
        return _recurrence(*whole, *node.params, node.ndim)
    if isinstance(op, MatrixFunction):
        return _MATRICES[op.name](node.params, *whole)
    assert op is SOLVE, op
    a, b = whole
    n = a.ndim - 1
    return jnp.linalg.solve(a, b.reshape((*b.shape[:n], -1))).reshape(batch + node.shape)


#: functions of matrices, from the parameters and the arguments
_MATRICES: dict[str, Any] = {
    "det": lambda params, a: jnp.linalg.det(a),
    "logabsdet": lambda params, a: jnp.linalg.slogdet(a)[1],
    "signdet": lambda params, a: jnp.linalg.slogdet(a)[0],
    "cholesky": lambda params, a: jnp.linalg.cholesky(_mirrored(a)),
    "eigvalsh": lambda params, a: jnp.linalg.eigh(_mirrored(a), symmetrize_input=False)[0],
    "eigenvectors": lambda params, a: _signed(jnp.linalg.eigh(_mirrored(a), symmetrize_input=False)[1]),
    "orthonormal": lambda params, a: _positive(*jnp.linalg.qr(a)),
    "expm": lambda params, a: jax.scipy.linalg.expm(a),
    "solve_triangular": lambda params, a, b: _triangular(a, b, *params),
}


def _mirrored(a: Any) -> Any:
    """The symmetric matrix with a lower triangle."""
    return jnp.tril(a) + jnp.swapaxes(jnp.tril(a, -1), -1, -2)


def _signed(v: Any) -> Any:
    """Eigenvectors whose weighted sums are not negative."""
    weights = np.array([1.0 + math.modf(k * 0.6180339887498949)[0] for k in range(v.shape[-1])])
    return jnp.where((weights @ v < 0.0)[..., None, :], -v, v)


def _positive(q: Any, r: Any) -> Any:
    """Orthonormal columns whose triangle has a positive diagonal."""
    return jnp.where(jnp.diagonal(r, axis1=-2, axis2=-1)[..., None, :] < 0.0, -q, q)


def _triangular(a: Any, b: Any, lower: bool, transposed: bool, unit: bool) -> Any:
    options = {"lower": lower, "trans": int(transposed), "unit_diagonal": unit}
    columns = b.reshape((*b.shape[: a.ndim - 1], -1))
    for _ in range(a.ndim - 2):
        return jnp.stack([_triangular(x, y, lower, transposed, unit) for x, y in zip(a, columns)]).reshape(b.shape)
    return solve_triangular(a, columns, **options).reshape(b.shape)


def _recurrence(a: Any, b: Any, axis: int, silences: bool, ndim: int) -> Any:
    a, b = (jnp.moveaxis(v, axis - ndim, 0) for v in (a, b))
    out = [b[0]]
    for i in range(1, len(b)):
        carried = a[i] * out[-1]
        out.append((jnp.where(out[-1] == 0, 0.0, carried) if silences else carried) + b[i])
    return jnp.moveaxis(jnp.stack(out), 0, axis - ndim)


def _power(v: Any, p: float) -> Any:
    return v if p == 1 else jnp.sqrt(v) if p == 0.5 else v ** int(p) if p == int(p) else v**p


def _einsum(node: Node, args: list[Any]) -> Any:
    labels, sizes = node.params
    rule = ",".join("..." + "".join(map(_letter, ks)) for ks in labels)
    owned = {k for ks in labels for k in ks}
    out = [k for k in range(node.ndim) if k in owned]
    v = jnp.einsum(rule + "->..." + "".join(map(_letter, out)), *args)
    lead = v.shape[: v.ndim - len(out)]
    return jnp.broadcast_to(v.reshape(lead + tuple(sizes[k] if k in owned else 1 for k in range(node.ndim))), lead + node.shape)


def _letter(k: int) -> str:
    return chr(97 + k)


def _index(entries: Any, shape: tuple[int, ...]) -> Any:
    return [[e] if isinstance(e, int) else list(indices_of(e, n)) for e, n in zip(entries, shape)]


def _take(v: Any, node: Node) -> Any:
    first = v.ndim - node.args[0].ndim
    for axis, at in enumerate(_index(node.params, node.args[0].shape)):
        v = jnp.take(v, jnp.asarray(at), axis=first + axis)
    return v.reshape(v.shape[:first] + node.shape)


def _put(v: Any, node: Node) -> Any:
    lead = v.shape[: v.ndim - node.args[0].ndim]
    grid = np.ix_(*_index(node.params[0], node.shape))
    return jnp.zeros(lead + node.shape).at[(Ellipsis, *grid)].add(v.reshape(lead + tuple(g.size for g in grid)))


def directional_derivatives(e: Node, at: Mapping[Node, Any], directions: Mapping[Node, Any], order: int) -> list[np.ndarray]:
    """The derivatives along a direction by nested ``jax.jvp``, up to an order."""

    def along(t: Any) -> Any:
        return value(e, {s: jnp.asarray(v) + t * directions[s] if s in directions else v for s, v in at.items()})

    out, f = [], along
    for _ in range(order + 1):
        out.append(np.asarray(f(0.0)))
        f = _pushed(f)
    jax.clear_caches()  # of operations on shapes that will not come again
    return out


def _pushed(f: Any) -> Any:
    return lambda t: jax.jvp(f, (t,), (1.0,))[1]
