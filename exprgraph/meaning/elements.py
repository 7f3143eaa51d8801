"""Scalar views: the elements of an array expression, each as an expression of scalars.

An index is pushed down to the leaves: the element of a matrix product is a sum of products of
elements, the element of ``tanh(a)`` is ``tanh`` of an element of ``a``, the element of a symbol is
``W[0, 1]``.  Display and sparse derivatives use it.  A value without a formula for its elements (the solution of a
linear system) stays one array node, and an element of it is selected.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import product as grid
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from ..canonical.arithmetic import linear, product
from ..canonical.extrema import extremum
from ..canonical.joining import ends_of, stack
from ..canonical.operands import as_node
from ..canonical.over_samples import sample_sum
from ..canonical.select import indices_of, select
from ..functions.along_axes import AxisFunction
from ..functions.elementwise import Function
from ..functions.rows import maximum, minimum
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import Symbol, constant, number
from ..graph.node import Node, Operand
from ..graph.traverse import REBUILD
from ..graph.views import Contraction, Entries, Entry, Linear, axis_of, data_of, entries_of
from .counting import COUNT

Index = tuple[int, ...]
_Key = tuple[Node, Index]
T = TypeVar("T")


class Get(Protocol):
    """The argument of a rule: ``get(arg, index)`` is an element of an argument."""

    def __call__(self, arg: Node, at: Index) -> Node: ...

    def table(self, node: Node, make: Callable[[Node], T]) -> T:
        """A table for all elements of a node, made once."""


#: ``(node, index, get)``: one element of a node as a scalar node
ELEMENT: Column[Callable[[Node, Index, Get], Node]] = Column("element", "one element of a node, from elements of its arguments", __name__)


class Expansion(NamedTuple):
    """What one element of a node is made of."""

    #: scalar operations
    operations: int
    #: how many elements of each argument it needs; nothing where the node is elementary only as a whole
    needs: Sequence[int]
    #: how many numbers are reduced to one
    terms: int = 1


EXPANSION: Column[Callable[[Node], Expansion]] = Column("expansion", "the parts of one element of a node", __name__, leaves=False)


def elements(node: Operand) -> np.ndarray:
    """Every element as a scalar expression: an object array of the node's shape.

    The expansion takes time and memory in proportion to the scalar operations of all elements (a 64 x 64 matrix
    product has 262,144 products).

    >>> import exprgraph as eg
    >>> W, x = eg.Symbol("W", shape=(1, 2)), eg.Symbol("x", shape=2)
    >>> eg.elements(eg.tanh(W @ x))[0]
    tanh(W[0, 0]*x[0] + W[0, 1]*x[1])
    """
    node = as_node(node)
    out = np.empty(node.shape, dtype=object)
    get = _Known({})
    for index in np.ndindex(*node.shape):
        out[index] = _element(node, index, get)
    return out


def element(node: Node, index: Index) -> Node:
    """One element as a scalar expression; the index is within bounds and not negative."""
    return _element(node, index, _Known({}))


#: placeholder of an unknown element while a rule lists what it needs
_PENDING = Symbol(" pending")


class _Known:
    """The known elements, for a rule that asks for them.

    A rule runs at most twice: first to list the elements it needs, then with all of them known.  No rule's
    requests depend on the answers.
    """

    def __init__(self, memo: dict[_Key, Node]) -> None:
        self.memo = memo
        self.missing: list[_Key] = []
        self._tables: dict[Node, Any] = {}

    def __call__(self, arg: Node, at: Index) -> Node:
        found = self.memo.get((arg, at))
        if found is None:
            self.missing.append((arg, at))
            return _PENDING
        return found

    def table(self, node: Node, make: Callable[[Node], T]) -> T:
        """The table of a rule for all elements of a node, made once."""
        if node not in self._tables:
            self._tables[node] = make(node)
        found: T = self._tables[node]
        return found


def _element(node: Node, index: Index, get: _Known) -> Node:
    memo = get.memo
    pending = [(node, index)]
    while pending:
        key = pending[-1]
        if key in memo:
            pending.pop()
            continue
        get.missing.clear()
        value = ELEMENT[key[0].op](key[0], key[1], get)
        if get.missing:
            pending.extend(get.missing)
        else:
            memo[key] = value
            pending.pop()
    return memo[node, index]


def _at(arg: Node, index: Index) -> Index:
    """The index into an argument of an elementwise operation; scalars act on every element."""
    return index if arg.shape else ()


def _are_own(node: Node, parts: Sequence[Node]) -> bool:
    """Whether a node is a function of just these scalars already."""
    return not node.shape and all([a is b for a, b in zip(parts, node.args)])  # noqa: C419  (slower as a generator)


# ---------------------------------------------------------------- one rule a primitive


@ELEMENT.rule(primitive.CONSTANT)
def _constant(node: Node, index: Index, get: Get) -> Node:
    return constant(node.params[0])


@ELEMENT.rule(primitive.ARRAY)
def _array(node: Node, index: Index, get: Get) -> Node:
    return constant(float(data_of(node)[index]))


@ELEMENT.rule(primitive.IDENTITY)
def _identity(node: Node, index: Index, get: Get) -> Node:
    return constant(float(index[0] == index[1]))


@ELEMENT.rule(primitive.SUM)
def _sum(node: Node, index: Index, get: Get) -> Node:
    parts = [get(a, _at(a, index)) for a in node.args]
    if _are_own(node, parts):
        return node
    const, coefficients = Linear.of(node)
    terms: list[tuple[float, Node]] = []
    for c, a, part in zip(coefficients, node.args, parts):
        if a.op is primitive.CONTRACT and part.op is primitive.SUM:  # nobody wrote an order for the terms of W @ x
            inner = Linear.of(part)
            terms += [(c * k, t) for k, t in zip(inner.coefficients, part.args)]
            const += c * inner.constant
        else:
            terms.append((c, part))
    return linear(terms, const)


@ELEMENT.rule(primitive.PRODUCT)
def _product(node: Node, index: Index, get: Get) -> Node:
    parts = [get(a, _at(a, index)) for a in node.args]
    return node if _are_own(node, parts) else product(list(zip(parts, node.params)))


@ELEMENT.rule(Function)
def _function(node: Node, index: Index, get: Get) -> Node:
    assert isinstance(node.op, Function)
    parts = [get(a, _at(a, index)) for a in node.args]
    return node if _are_own(node, parts) else REBUILD[node.op](node, tuple(parts))


@ELEMENT.rule(primitive.CONTRACT)
def _contract(node: Node, index: Index, get: Get) -> Node:
    labels, _ = Contraction.of(node)
    terms = []
    for at in _terms(node, index):
        positions = [tuple(at[k] for k in ks) for ks in labels]
        terms.append((1.0, product([(get(a, i), 1.0) for a, i in zip(node.args, positions)])))
    return linear(terms)


def _terms(node: Node, index: Index) -> Iterator[Index]:
    """Positions along all labels of the terms of an element, except where a known operand is 0."""
    labels, sizes = Contraction.of(node)
    n = len(index)
    live: np.ndarray | None = None
    for a, ks in zip(node.args, labels):
        if a.op is primitive.IDENTITY and max(ks) < n and index[ks[0]] != index[ks[1]]:
            return
        if a.op is primitive.ARRAY:
            part = data_of(a)[tuple(index[k] if k < n else slice(None) for k in ks)]
            over = [k - n for k in ks if k >= n]
            own = np.einsum(part, over, sorted(set(over)))
            live = np.ones(sizes[n:], dtype=bool) if live is None else live
            live &= own.reshape([size if k in over else 1 for k, size in enumerate(sizes[n:])]) != 0
    rest = grid(*(range(size) for size in sizes[n:])) if live is None else map(tuple, np.argwhere(live).tolist())
    yield from (index + r for r in rest)


@ELEMENT.rule(primitive.SELECT)
def _select(node: Node, index: Index, get: Get) -> Node:
    return get(node.args[0], _selected(node.params, index))


def _selected(entries: Entries, index: Index) -> Index:
    """The position of an element of a selection in the original array."""
    rest = iter(index)
    return tuple(e if isinstance(e, int) else next(rest) if e is None else indices_of(e, 0)[next(rest)] for e in entries)


@ELEMENT.rule(primitive.PLACE)
def _place(node: Node, index: Index, get: Get) -> Node:
    (arg,) = node.args
    sources: list[Sequence[int]] = []
    for (entry, found), i in zip(get.table(node, _sources), index):
        if isinstance(entry, int):
            if entry != i:
                return constant(0.0)
        else:
            sources.append(found.get(i, ()))
    return linear([(1.0, get(arg, at)) for at in grid(*sources)])


def _sources(node: Node) -> list[tuple[Entry, dict[int, list[int]]]]:
    """For each axis of a placed node, the positions of the argument and their targets."""
    out: list[tuple[Entry, dict[int, list[int]]]] = []
    for entry, n in zip(entries_of(node), node.shape):
        found: dict[int, list[int]] = {}
        if not isinstance(entry, int):
            for k, p in enumerate(indices_of(entry, n)):
                found.setdefault(p, []).append(k)
        out.append((entry, found))
    return out


@ELEMENT.rule(primitive.STACK)
def _stack(node: Node, index: Index, get: Get) -> Node:
    axis = axis_of(node)
    return get(node.args[index[axis]], index[:axis] + index[axis + 1 :])


@ELEMENT.rule(primitive.CONCATENATE)
def _concatenate(node: Node, index: Index, get: Get) -> Node:
    axis = axis_of(node)
    ends = ends_of(node)
    part = bisect_right(ends, index[axis])
    at = index[axis] - (ends[part - 1] if part else 0)
    return get(node.args[part], (*index[:axis], at, *index[axis + 1 :]))


@ELEMENT.rule(primitive.RESHAPE)
def _reshape(node: Node, index: Index, get: Get) -> Node:
    flat = 0
    for i, n in zip(index, node.shape):
        flat = flat * n + i
    at: list[int] = []
    for n in reversed(node.args[0].shape):
        flat, i = divmod(flat, n)
        at.append(i)
    return get(node.args[0], tuple(reversed(at)))


@ELEMENT.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum(node: Node, index: Index, get: Get) -> Node:
    (arg,) = node.args
    kept = iter(index)
    ranges = [range(n) if k in node.params else (next(kept),) for k, n in enumerate(arg.shape)]
    parts = [get(arg, at) for at in grid(*ranges)]
    if len(parts) == 2:
        return (maximum if node.op is primitive.REDUCE_MAX else minimum)(*parts)
    # one extremum of all: ties of three share the derivative equally, as they would not in extrema of two
    return extremum(node.op, stack(parts), (0,)) if len(parts) > 1 else parts[0]


@ELEMENT.rule(primitive.SYMBOL, primitive.SOLVE, AxisFunction)
def _whole(node: Node, index: Index, get: Get) -> Node:
    """The rule of leaves, and of operations without element formulas."""
    return select(node, index)


@ELEMENT.rule(primitive.SAMPLE_COUNT)
def _sample_count(node: Node, index: Index, get: Get) -> Node:
    return node


@ELEMENT.rule(primitive.SAMPLE_SUM)
def _sample_sum(node: Node, index: Index, get: Get) -> Node:
    return sample_sum(get(node.args[0], index))


# ---------------------------------------------------------------- the size beforehand


def expanded_size(node: Node, limit: int = 10_000) -> int:
    """An estimate of the scalar operations in the expansion of all elements, shared ones counted once.

    Nothing is expanded.  A result above ``limit`` only means that there are more: the walk stops there.

    >>> import exprgraph as eg
    >>> from exprgraph.meaning.elements import expanded_size
    >>> W, x = eg.Symbol("W", shape=(1, 2)), eg.Symbol("x", shape=2)
    >>> expanded_size(W @ x)
    3
    """
    order = _users_first(node, limit)
    if order is None:
        return limit + 1
    wanted = {node: node.size}
    total = 0
    for n in order:
        count = wanted[n]
        total += count * EXPANSION[n.op](n).operations if n.args else 0
        if total > limit:
            return limit + 1
        for a, each in _needs(n):
            wanted[a] = min(a.size, wanted.get(a, 0) + (count * each if a.shape else 1))
    return total


def _users_first(root: Node, limit: int) -> list[Node] | None:
    """The graph with users before arguments, or None if it has more nodes than the limit."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            if len(seen) > limit or len(node.args) > limit:
                return None
            stack.append((node, True))
            stack.extend((a, False) for a, _ in _needs(node) if a not in seen)
    return order[::-1]


def _needs(node: Node) -> Iterator[tuple[Node, int]]:
    """The expanded arguments, and the most elements of each that one element needs."""
    if node.args:
        yield from zip(node.args, EXPANSION[node.op](node).needs)


@EXPANSION.rule(primitive.SUM)
def _expanded_sum(node: Node) -> Expansion:
    const, coefficients = Linear.of(node)
    operations = len(node.args) - 1 + int(const != 0.0) + len([c for c in coefficients if c not in (1.0, -1.0)])
    return Expansion(max(operations, 1), _once(node))


@EXPANSION.rule(primitive.PRODUCT)
def _expanded_product(node: Node) -> Expansion:
    return Expansion(len(node.args) - 1 + len([e for e in node.params if e != 1.0]), _once(node))


@EXPANSION.rule(primitive.CONTRACT)
def _expanded_contract(node: Node) -> Expansion:
    labels, sizes = Contraction.of(node)
    terms: int = math.prod(sizes[node.ndim :])
    factors = sum(a.op is not primitive.IDENTITY and number(a) is None for a in node.args)
    needs = [math.prod(sizes[k] for k in set(own) if k >= node.ndim) for own in labels]
    return Expansion(max(terms * factors - 1, 0), needs, terms)


@EXPANSION.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _expanded_extremum(node: Node) -> Expansion:
    among = math.prod(node.args[0].shape[k] for k in node.params)
    return Expansion(among - 1, [among], among)


@EXPANSION.rule(primitive.SOLVE, AxisFunction)
def _not_expanded(node: Node) -> Expansion:
    return Expansion(COUNT[node.op](node) // max(node.size, 1), ())


@EXPANSION.rule(Function, primitive.SAMPLE_SUM)
def _expanded_function(node: Node) -> Expansion:
    return Expansion(1, _once(node))


@EXPANSION.rule(*primitive.MOVEMENTS)
def _expanded_movement(node: Node) -> Expansion:
    return Expansion(0, _once(node))


def _once(node: Node) -> Sequence[int]:
    return (1,) * len(node.args)


__all__ = ["ELEMENT", "EXPANSION", "Expansion", "Get", "element", "elements", "expanded_size"]
