"""Evaluation with NumPy: immediate, no compilation, the reference for everything else."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar, overload

import numpy as np

from ..canonical.operands import as_node, refuse_truth, unreal
from ..canonical.select import put, take
from ..errors import ShapeError, UnboundSymbolError
from ..functions.along_axes import AxisFunction
from ..functions.elementwise import Function, is_boolean
from ..functions.gated import narrow, only_summed, summed_carefully
from ..graph import primitive
from ..graph.column import Column
from ..graph.node import Node, Shape
from ..graph.traverse import dependents, symbols_of, topological
from ..graph.views import Contraction, Linear, axis_of, data_of, entries_of
from ..support.names import shown
from ..support.systems import solve_systems
from ..support.values import power
from ..tree import flatten
from .binding import bind, bound_symbols
from .elsewhere import kind_of

T = TypeVar("T")
Bindings = Mapping[Node, Any]


class Samples(NamedTuple):
    """Properties of a call: the shape of its batch, and the type of its numbers."""

    batch: Shape
    dtype: np.dtype[Any]


class Value(Protocol):
    """The value of a node from those of its arguments, batch axes first."""

    def __call__(self, node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray: ...


#: the reference for everything else
EVALUATE: Column[Value] = Column("evaluate", "the value of a node by NumPy, from the values of its arguments", __name__)
EVALUATE.leave_out("a symbol has the value that the caller gives it", primitive.SYMBOL)


@overload
def evaluate(e: Node, bindings: Bindings | None = None) -> Any: ...
@overload
def evaluate(e: T, bindings: Bindings | None = None) -> T: ...
def evaluate(e: Any, bindings: Bindings | None = None) -> Any:
    """The value of an expression, or of a nesting of expressions, by NumPy.

    Args:
        e: an expression, or dicts, lists and tuples of them.
        bindings: a value for each symbol: an array of the symbol's shape, with any leading
            (batch) axes before it.  Batch axes broadcast with each other.

    Returns:
        NumPy values in the same nesting: the batch axes, then the expression's shape.  All results have the
        batch axes, constants too, with two exceptions: sums over samples and, if any symbol is declared per sample,
        results that depend on no value with batch axes.
        float32 if all values are float32, else float64; comparisons are bool.

    Raises:
        UnboundSymbolError: a symbol has no value.
        ShapeError: a value's shape does not end in its symbol's shape, or batches do not fit.
        DTypeError: a value is not real.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x", shape=2)
    >>> eg.evaluate(eg.sum(x**2), {x: [[1.0, 2.0], [3.0, 4.0]]})
    array([ 5., 25.])
    """
    leaves, restore = flatten(e)
    for leaf in leaves:
        refuse_truth(leaf, "evaluate", "expression")
    nodes = [as_node(n) for n in leaves]
    given = {} if bindings is None else bindings
    if not isinstance(given, Mapping):
        what = "an expression" if isinstance(given, Node) else unreal(given)
        raise TypeError(f"evaluate(e, bindings): bindings are a dict from symbols to values, as in {{x: 1.0}}, got {what}")
    if kind := kind_of(given.values()):
        return restore(kind.evaluate(nodes, given))
    declared = any(isinstance(s, Node) and s.per_sample for s in given)
    return restore(evaluate_nodes(nodes, given, repeat=not declared))


def with_batch_axes(roots: Sequence[Node]) -> list[bool]:
    """The nodes with batch axes if no symbol is declared per sample: all but sums over samples."""
    differs: set[Node] = set()
    summed: set[Node] = set()
    for n in topological(roots):
        if n.op is primitive.SYMBOL or (n.op is not primitive.SAMPLE_SUM and any(a in differs for a in n.args)):
            differs.add(n)
        if n.op is primitive.SAMPLE_SUM or any(a in summed for a in n.args):
            summed.add(n)
    return [n in differs or n not in summed for n in roots]


def evaluate_nodes(roots: Sequence[Node], bindings: Bindings, *, repeat: bool = False, check: bool = True) -> list[np.ndarray]:
    """The values of several nodes, with shared parts computed once.

    ``repeat``: all values have the batch axes, constants too, except sums over samples.  ``check``: refuse a value for each
    sample of a symbol that a sum over samples treats as shared; a caller that repeats values over the samples has checked
    this before.
    """
    values, batch, dtype = bound_values(roots, bindings, check)
    order = topological(roots, enter=lambda n: n not in values)
    with np.errstate(all="ignore"):
        Pass(order, roots).run(values, Samples(batch, dtype), bindings)
    repeated = with_batch_axes(roots) if repeat and batch else [False] * len(roots)
    return [_finished(r, values[r], batch, again) for r, again in zip(roots, repeated)]


class Pass:
    """The evaluation of a graph in a fixed order, which may run several times."""

    def __init__(self, order: Sequence[Node], roots: Sequence[Node]) -> None:
        self.order = order
        self.uses: dict[Node, int] = dict.fromkeys(roots, 1)
        for node in order:
            for a in node.args:
                self.uses[a] = self.uses.get(a, 0) + 1
        self.gate_of = only_summed(order, self.uses)

    def run(self, values: dict[Node, np.ndarray], samples: Samples, bindings: Container[Node]) -> None:
        """Add the values of all roots to those of the symbols; other values are dropped after their last use."""
        uses = dict(self.uses)
        gates = set(self.gate_of.values()) - values.keys()
        for node in self.order:
            if node in gates:
                continue  # computed by the sum over it
            gate = self.gate_of.get(node)
            args = gate.args if gate in gates else node.args
            if node not in values:
                operands = [values[a] for a in args]
                value = _gated_sum(node, operands) if gate in gates else EVALUATE[node.op](node, operands, samples)
                values[node] = np.asarray(value).astype(samples.dtype, copy=False)
            for a in args if node not in bindings else ():
                uses[a] -= 1
                if not uses[a]:
                    del values[a]  # memory holds the live values, not those of the whole graph


def bound_values(roots: Sequence[Node], bindings: Bindings, check: bool = True) -> tuple[dict[Node, np.ndarray], Shape, np.dtype[Any]]:
    """Checked values by symbol, the common batch shape, and the type to compute in."""
    arrays, batch, dtype = bind(bindings.values(), bound_symbols(bindings))
    values = dict(zip(bindings, arrays))
    unbound = [n for n in topological(roots, enter=lambda n: n not in values) if n not in values]
    missing = [n for n in unbound if n.op is primitive.SYMBOL]
    if missing:
        given = ", ".join(sorted(repr(s.params[0]) for s in values if s.op is primitive.SYMBOL)) or "none"
        names = ", ".join(sorted({f"{s.name!r} of shape {s.shape}" for s in missing}))
        raise UnboundSymbolError(f"no value for symbol {names}; values were given for: {given}")
    if check and any(n.op is primitive.SAMPLE_COUNT for n in unbound):
        check_counted(taken_as_shared(roots), {s: a.ndim > s.ndim for s, a in values.items()})
    return values, batch, dtype


def taken_as_shared(roots: Sequence[Node]) -> list[Node]:
    """The symbols that sums over samples treat as shared: their sum is the number of samples times the symbol."""
    order = topological(roots)
    counts = [n for n in order if n.op is primitive.SAMPLE_COUNT]
    return [s for s in symbols_of(dependents(order, counts)) if not s.per_sample] if counts else []


def check_counted(symbols: Sequence[Node], batched: Mapping[Node, bool]) -> None:
    """Refuse a value for each sample of one of these symbols."""
    for s in symbols:
        if batched.get(s):
            raise ShapeError(
                f"symbol {shown(s.name)} has a value for each sample, but sums over samples take it as one for all; "
                "make it with per_sample=True"
            )


def _finished(node: Node, value: np.ndarray, batch: Shape, repeated: bool) -> Any:
    shape = value.shape[: value.ndim - len(node.shape)] + node.shape
    if repeated or node.per_sample or value.ndim > len(node.shape):
        shape = batch + node.shape
    out = np.array(np.broadcast_to(value, shape))
    if is_boolean(node):
        out = out != 0
    return out if out.ndim else out[()]


# ---------------------------------------------------------------- one rule a primitive


@EVALUATE.rule(primitive.CONSTANT)
def _constant(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    return np.full(node.shape, node.params[0], samples.dtype)


@EVALUATE.rule(primitive.ARRAY)
def _array(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    data: np.ndarray = data_of(node)
    return data


@EVALUATE.rule(primitive.IDENTITY)
def _identity(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    return np.eye(node.shape[0], dtype=samples.dtype)


@EVALUATE.rule(primitive.SAMPLE_COUNT)
def _sample_count(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    return np.asarray(float(np.prod(samples.batch)))


@EVALUATE.rule(primitive.SAMPLE_SUM)
def _sample_sum(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    whole = np.broadcast_to(values[0], samples.batch + node.shape)
    return np.asarray(whole.sum(axis=tuple(range(len(samples.batch)))))


@EVALUATE.rule(Function)
def _function(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    assert isinstance(node.op, Function)
    return node.op.values(_spread(node, values))


@EVALUATE.rule(AxisFunction)
def _along(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    assert isinstance(node.op, AxisFunction)
    ndim = node.args[0].ndim
    return np.asarray(node.op.numpy(values[0], tuple(k - ndim for k in node.params)))


def _spread(node: Node, values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Values of an elementwise operation's arguments: a number acts on every element."""
    return [_expand(v, len(a.shape), len(node.shape)) for v, a in zip(values, node.args)]


def _expand(value: np.ndarray, ndim: int, target: int) -> np.ndarray:
    """A batch of scalars as a batch of arrays with axes of length one."""
    if ndim == target or value.ndim == ndim == 0:
        return value
    return value.reshape(value.shape + (1,) * (target - ndim))


@EVALUATE.rule(primitive.SUM)
def _sum(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    const, coefficients = Linear.of(node)
    total: Any = const if const or not values else None
    for c, v in zip(coefficients, _spread(node, values)):
        term = v if c == 1.0 else -v if c == -1.0 else c * v
        total = term if total is None else total + term
    return np.asarray(total)


@EVALUATE.rule(primitive.PRODUCT)
def _product(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    above: Any = None
    below: Any = None
    for e, v in zip(node.params, _spread(node, values)):
        term = v if abs(e) == 1.0 else power(v, abs(e))
        if e > 0:
            above = term if above is None else above * term
        else:
            below = term if below is None else below * term
    if below is None:
        return np.asarray(above)
    return np.asarray((1.0 if above is None else above) / below)


@EVALUATE.rule(primitive.CONTRACT)
def _contract(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    labels, sizes = Contraction.of(node)
    ndim = len(node.shape)
    equal = {ks[1]: ks[0] for a, ks in zip(node.args, labels) if a.op is primitive.IDENTITY}
    if 0 < len(equal) < len(labels):
        return _on_diagonals(node, values, equal)
    return _einsum(values, labels, list(range(ndim)), sizes)


def _on_diagonals(node: Node, values: Sequence[np.ndarray], equal: dict[int, int]) -> np.ndarray:
    """A contraction with identities: zero beside the diagonals, even where other operands are not finite."""
    labels, sizes = Contraction.of(node)
    stands = list(range(len(sizes)))
    for k in range(len(sizes)):
        while stands[k] in equal:
            stands[k] = equal[stands[k]]
    ndim = len(node.shape)
    kept = [k for k in range(ndim) if stands[k] == k]
    others = [(v, tuple(stands[k] for k in ks)) for a, v, ks in zip(node.args, values, labels) if a.op is not primitive.IDENTITY]
    value = _einsum([v for v, _ in others], [ks for _, ks in others], kept, sizes)
    whole = np.zeros(value.shape[: value.ndim - len(kept)] + node.shape, value.dtype)
    diagonal = np.einsum(whole, [Ellipsis, *stands[:ndim]], [Ellipsis, *kept])  # a view
    diagonal[...] = value
    return whole


def _gated_sum(node: Node, operands: Sequence[np.ndarray]) -> np.ndarray:
    """A sum over axes of a gate, from the operands of the gate: their product, if all of it is finite."""
    (labels,), sizes = Contraction.of(node)
    ndim = len(node.shape)
    strong, factor = (_expand(v, len(a.shape), len(labels)) for v, a in zip(operands, node.args[0].args))
    shape = np.broadcast_shapes(strong.shape, factor.shape, tuple(sizes[k] for k in labels))
    strong, factor = (np.broadcast_to(v, shape) for v in (strong, factor))
    a, own = narrow(strong, labels, ())
    b, others = narrow(factor, labels, [k for k in labels if k not in own])
    value = _einsum([a, b], [own, others], list(range(ndim)), sizes)
    if np.isnan(value).any():
        value = summed_carefully(strong, factor, labels, ndim)
    return value


def _einsum(values: Sequence[np.ndarray], labels: Sequence[Sequence[int]], axes: list[int], sizes: Sequence[int]) -> np.ndarray:
    """A contraction with these axes; axes that no operand has are repeated."""
    owned = {k for ks in labels for k in ks}
    operands: list[Any] = []
    for v, ks in zip(values, labels):
        operands += [v, [Ellipsis, *ks]]
    out = [k for k in axes if k in owned]
    if len(values) == 2 and all(v.ndim == len(ks) for v, ks in zip(values, labels)):
        value = np.einsum(*operands, [Ellipsis, *out], optimize=False) if _small(values) else _by_dot(values, labels, out)
    else:
        value = np.einsum(*operands, [Ellipsis, *out], optimize=len(values) > 2 or not _small(values))
    if len(out) < len(axes):
        lead = value.shape[: value.ndim - len(out)]
        value = value.reshape(lead + tuple(sizes[k] if k in owned else 1 for k in axes))
        value = np.broadcast_to(value, lead + tuple(sizes[k] for k in axes))
    return np.asarray(value)


def _small(values: Sequence[np.ndarray]) -> bool:
    return all(v.size <= 256 for v in values)


def _by_dot(values: Sequence[np.ndarray], labels: Sequence[Sequence[int]], out: list[int]) -> np.ndarray:
    operands: list[Any] = []
    for v, ks in zip(values, labels):
        operands += [v, list(ks)]
    return np.asarray(np.einsum(*operands, out, optimize=True))


@EVALUATE.rule(primitive.SELECT)
def _select(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    return take(values[0], node.params)


@EVALUATE.rule(primitive.STACK)
def _stack(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    ndim = len(node.shape)
    same = np.broadcast_arrays(*values)
    return np.stack(same, axis=axis_of(node) - ndim)


@EVALUATE.rule(primitive.CONCATENATE)
def _concatenate(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    ndim = len(node.shape)
    lead = np.broadcast_shapes(*(v.shape[: v.ndim - ndim] for v in values))
    same = [np.broadcast_to(v, lead + v.shape[v.ndim - ndim :]) for v in values]
    return np.concatenate(same, axis=axis_of(node) - ndim)


@EVALUATE.rule(primitive.PLACE)
def _place(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    (value,) = values
    lead = value.shape[: value.ndim - len(node.args[0].shape)]
    target = np.zeros(lead + node.shape, value.dtype)
    put(target, value, entries_of(node))
    return target


@EVALUATE.rule(primitive.RESHAPE)
def _reshape(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    (value,) = values
    lead = value.shape[: value.ndim - len(node.args[0].shape)]
    return value.reshape(lead + node.shape)


@EVALUATE.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    n = len(node.args[0].shape)
    best = np.max if node.op is primitive.REDUCE_MAX else np.min
    return np.asarray(best(values[0], axis=tuple(k - n for k in node.params)))


@EVALUATE.rule(primitive.SOLVE)
def _solve(node: Node, values: Sequence[np.ndarray], samples: Samples) -> np.ndarray:
    a, b = batched(values, node.args)
    return solve_systems(a, b)


def batched(values: Sequence[np.ndarray], nodes: Sequence[Node]) -> list[np.ndarray]:
    """The values of nodes with the same batch axes in front."""
    lead = np.broadcast_shapes(*(v.shape[: v.ndim - n.ndim] for v, n in zip(values, nodes)))
    return [np.broadcast_to(v, lead + n.shape) for v, n in zip(values, nodes)]


__all__ = ["EVALUATE", "Pass", "Samples", "batched", "evaluate", "evaluate_nodes"]
