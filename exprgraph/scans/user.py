"""Loops for users: ``scan`` and ``fori``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, Literal, Union

from ..canonical.grouping import as_written
from ..canonical.joining import concatenate, reshape
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError
from ..graph.leaves import bound, constant
from ..graph.node import Node
from ..graph.views import Slice
from ..support.integers import whole
from ..support.names import brief
from ..tree import flatten
from .body import Rounds
from .node import Carried, Over
from .node import scan as loop

#: the most rounds between two states that are kept: a number, or the square root of the length
Checkpoint = Union[int, Literal["sqrt"], None]
Step = Callable[[Any, Any], Any]

#: how many loops are being read; symbols of inner ones differ from those of outer ones
_depth: ContextVar[int] = ContextVar("depth", default=0)


def scan(
    step: Step, carry: Any, xs: Any = None, length: int | None = None, reverse: bool = False, checkpoint: Checkpoint = None
) -> tuple[Any, Any]:
    """A loop of constant length as one expression: ``carry, y = step(carry, x)`` for each entry x of xs, as ``jax.lax.scan``.

    The step is a Python function.  It is called on symbols, so the graph and the generated code do not grow with the length.
    It may use other expressions, whose values are equal in all rounds.

    Args:
        step: a function ``step(carry, x)`` that returns the next carry, of the same nesting and shapes, and a nesting of results
            (or None).
        carry: the first state: an expression, or a nesting of dicts, lists and tuples of them.
        xs: arrays whose first axis counts the rounds, in any nesting; None if there are none, and x is None.
        length: the number of rounds; by default the length of xs.
        reverse: start at the last entry of xs.
        checkpoint: derivatives in reverse mode keep the state of each round.  With a number, they keep the state after so many
            rounds, and compute those between again; ``"sqrt"`` takes the square root of the length.

    Returns:
        The last state, and the results of all rounds: arrays with one more axis in front, in the order of xs.

    Raises:
        ShapeError: an array of xs has another length; or the step changes the nesting or a shape of the carry.
        ValueError: there are neither xs nor a length.
        ExprGraphError: the step sums over samples what differs between rounds.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> last, powers = eg.scan(lambda c, _: (c * x, c), 1.0, length=4)
    >>> eg.evaluate([last, powers, eg.diff(last, x)], {x: 3.0})
    [np.float64(81.0), array([ 1.,  3.,  9., 27.]), np.float64(108.0)]
    """
    over = [as_node(n) for n in flatten(() if xs is None else xs)[0]]
    count = _length(over, _paths(() if xs is None else xs, "xs"), length)
    size = _segment(checkpoint, count)
    if size is not None and size < count:
        return _by_segments(step, carry, xs, count, size, reverse)
    return _scanned(step, carry, xs, Rounds(count, bool(reverse)))


def _scanned(step: Step, carry: Any, xs: Any, rounds: Rounds) -> tuple[Any, Any]:
    start, nest = flatten(carry)
    arrays, nest_x = flatten(() if xs is None else xs)
    nodes, over = [as_node(n) for n in start], [as_node(n) for n in arrays]
    # reading the step, the written form is kept, also inside of a derivative
    with as_written():
        read = _Reading(step, carry, nodes, over, nest, (lambda v: None) if xs is None else nest_x)
    made = loop(read.carry, read.over, (), read.gives, rounds)
    return nest(made.last), read.nest_gives(made.gives)


def fori(n: int, step: Callable[[Node, Any], Any], carry: Any, checkpoint: Checkpoint = None) -> Any:
    """The state after ``carry = step(i, carry)`` for i from 0 to n - 1, as one expression: :func:`scan` without arrays.

    Raises:
        ShapeError: the step changes the nesting or a shape of the carry.
        ValueError: n is not a whole number of at least 0.

    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> root = eg.fori(6, lambda i, y: (y + x / y) / 2, x)
    >>> eg.evaluate([root, eg.diff(root, x)], {x: 4.0})
    [np.float64(2.0), np.float64(0.25)]
    """
    count = whole(n)
    if count is None or count < 0:
        raise ValueError(f"fori(n, step, carry): n is a whole number of at least 0, got {brief(n)}")
    (_, last), _ = scan(lambda c, _: ((c[0] + 1.0, step(c[0], c[1])), None), (constant(0.0), carry), length=count, checkpoint=checkpoint)
    return last


class _Reading:
    """A step, called on symbols."""

    def __init__(
        self,
        step: Step,
        carry: Any,
        start: Sequence[Node],
        over: Sequence[Node],
        nest: Callable[[Sequence[Any]], Any],
        nest_x: Callable[[Sequence[Any]], Any],
    ) -> None:
        self.names = _paths(carry, "carry")
        differs = [n.per_sample for n in start]
        depth = _depth.get() + 1
        token = _depth.set(depth)
        try:
            while True:
                symbols = [bound(f"c{k}", n.shape, d, depth) for k, (n, d) in enumerate(zip(start, differs), 1)]
                entries = [bound(f"x{k}", n.shape[1:], n.per_sample, depth) for k, n in enumerate(over, 1)]
                then, self.gives, self.nest_gives = self._called(step, carry, nest(symbols), nest_x(entries))
                changed = [d or n.per_sample for d, n in zip(differs, then)]
                if changed == differs:
                    break
                differs = changed  # a state becomes per sample in the loop: its symbol says so from the start
        finally:
            _depth.reset(token)
        self.carry = [Carried(*parts) for parts in zip(symbols, start, then)]
        self.over = [Over(*parts) for parts in zip(entries, over)]

    def _called(self, step: Step, carry: Any, state: Any, entry: Any) -> tuple[list[Node], list[Node], Callable[[Sequence[Any]], Any]]:
        made = step(state, entry)
        if not isinstance(made, tuple) or len(made) != 2:
            raise TypeError(f"scan: step(carry, x) returns the next carry and a result, (carry, None) without one; got {_kind(made)}")
        then, given = made
        names = _paths(then, "carry")
        if names != self.names:
            gone, new = [n for n in self.names if n not in names], [n for n in names if n not in self.names]
            what = f"{gone[0]} is gone" if gone else f"{new[0]} is new" if new else "its entries have another order"
            raise ShapeError(f"scan: the step changes the nesting of the carry: {what}")
        nodes = [as_node(n) for n in flatten(then)[0]]
        for name, before, after in zip(names, flatten(state)[0], nodes):
            if before.shape != after.shape:
                raise ShapeError(f"scan: {name} has shape {before.shape} before a step, and {after.shape} after it")
        leaves, nest = flatten(() if given is None else given)
        return nodes, [as_node(n) for n in leaves], (lambda v: None) if given is None else nest


def _kind(value: Any) -> str:
    return f"a tuple of {len(value)}" if isinstance(value, tuple) else f"a {type(value).__name__}"


def _length(over: Sequence[Node], names: Sequence[str], length: int | None) -> int:
    """The number of rounds."""
    count = None if length is None else whole(length)
    if length is not None and (count is None or count < 0):
        raise ValueError(f"scan: length is a whole number of at least 0, got {brief(length)}")
    for node, name in zip(over, names):
        if not node.shape:
            raise ShapeError(f"scan: {name} is a number; the first axis of an array counts the rounds")
        if count is None:
            count = node.shape[0]
        elif node.shape[0] != count:
            raise ShapeError(f"scan: {name} has {node.shape[0]} entries along its first axis, expected {count}")
    if count is None:
        raise ValueError("scan: give xs, or the number of rounds, length=")
    return count


def _segment(checkpoint: Checkpoint, count: int) -> int | None:
    """The rounds between two states that are kept."""
    if checkpoint is None:
        return None
    if checkpoint == "sqrt":
        return max(math.isqrt(count), 1)
    size = whole(checkpoint)
    if size is None or size < 1:
        raise ValueError(f'scan: checkpoint is a number of rounds of at least 1, or "sqrt", got {checkpoint!r}')
    return size


def _by_segments(step: Step, carry: Any, xs: Any, count: int, size: int, reverse: bool) -> tuple[Any, Any]:
    """A loop over loops: reverse mode keeps the states of the outer one, and runs an inner one again when it needs its states."""
    many = count // size
    first, last = (count - many * size, count) if reverse else (0, many * size)
    leaves, nest = flatten(() if xs is None else xs)
    nodes = [as_node(n) for n in leaves]

    def part(start: int, stop: int, shape: tuple[int, ...]) -> Any:
        if xs is None:
            return None
        entries = [select(n, (Slice(start, 1, stop - start), *[None] * (n.ndim - 1))) for n in nodes]
        return nest([reshape(n, (*shape, *n.shape[1:])) for n in entries])

    def segment(state: Any, entries: Any) -> Any:
        return scan(step, state, entries, size, reverse)

    carry, gives = _scanned(segment, carry, part(first, last, (many, size)), Rounds(many, bool(reverse), frugal=True))
    listed, nest_gives = flatten(gives)
    joined = [n if n is None else reshape(n, (many * size, *n.shape[2:])) for n in listed]
    if count > many * size:
        at = (0, first) if reverse else (last, count)
        carry, rest = scan(step, carry, part(*at, (at[1] - at[0],)), at[1] - at[0], reverse)
        pairs = zip(joined, flatten(rest)[0])
        joined = [a if a is None else concatenate([b, a] if reverse else [a, b]) for a, b in pairs]
    return carry, nest_gives(joined)


def _paths(tree: Any, name: str) -> list[str]:
    """A name for each leaf of a nesting, in the order of :func:`exprgraph.tree.flatten`."""
    if isinstance(tree, Node):
        return [name]
    if isinstance(tree, dict):
        return [p for k, v in tree.items() for p in _paths(v, f"{name}[{k!r}]")]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return [p for k, v in zip(tree._fields, tree) for p in _paths(v, f"{name}.{k}")]
    if isinstance(tree, (list, tuple)):
        return [p for k, v in enumerate(tree) for p in _paths(v, f"{name}[{k}]")]
    if hasattr(type(tree), "__tree_flatten__"):
        return [p for k, v in enumerate(tree.__tree_flatten__()) for p in _paths(v, f"{name}[{k}]")]
    return [name]


__all__ = ["fori", "scan"]
