"""Functions mapped over an axis, for users: ``vmap``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple, Union

from ..calculus.gates import finite_bound_too, is_finite
from ..canonical.contract import contract
from ..canonical.grouping import as_written
from ..canonical.operands import as_node
from ..errors import ShapeError
from ..functions.elementwise import is_boolean
from ..functions.rows import not_equal
from ..graph.leaves import bound
from ..graph.node import Node
from ..language.axes import normalize_axis
from ..support.integers import whole
from ..support.names import brief
from ..tree import Nesting, flatten, paths
from .graph import mapped_graph
from .rules import with_axes

#: an axis; None for what is equal for all entries; or a nesting of both, as far as the arguments are nested
Axes = Any

#: how many functions are being mapped; symbols of inner ones differ from those of outer ones
_depth: ContextVar[int] = ContextVar("depth", default=0)


class _Argument(NamedTuple):
    """A mapped argument: its name in messages, and the value with the mapped axis in front."""

    name: str
    value: Node


def vmap(
    f: Union[Callable[..., Nesting], Nesting], in_axes: Axes = 0, out_axes: Axes = 0, *, axis_size: int | None = None
) -> Callable[..., Nesting]:
    """A function of one entry as a function of all entries along an axis, as ``jax.vmap``.

    The function is called once, on symbols, and its graph gets one more axis.  So the graph of a thousand entries is as large as
    that of one.

    Args:
        f: a function of expressions, or of nestings of them; a layer or a chain of ``symnn`` is one.  Or an expression (or a
            nesting of expressions): the result is then a function of a dict from symbols to their values.
        in_axes: the mapped axis of each argument: an integer for all, or a tuple with one for each argument.  None is for an
            argument that is equal for all entries.  Where an argument is a nesting, its axis is for all leaves, or a nesting with
            an axis for each part.  For an expression, a dict from symbols to axes.
        out_axes: the axis of the results along which the entries stand; likewise a nesting for nested results.  None is for a
            result that is equal for all entries.
        axis_size: the number of entries; by default the length of the mapped axes.

    Returns:
        A function of the same arguments, with one more axis where they are mapped.  Arguments by name are mapped along their
        first axis.

    Raises:
        ShapeError: mapped axes have different lengths, or a mapped argument is a scalar.
        AxisError: an axis is out of range.
        ValueError: no argument is mapped, and there is no ``axis_size``; or a result whose axis is None differs between entries.
        TypeError: axes are nested otherwise than the arguments.

    >>> import exprgraph as eg
    >>> points = eg.Symbol("points", (4, 3))
    >>> distances = eg.vmap(lambda p: eg.vmap(lambda q: eg.norm(p - q))(points))(points)
    >>> distances.shape
    (4, 4)
    >>> x, y = eg.symbols("x y")
    >>> ys = eg.Symbol("ys", 5)
    >>> eg.vmap(eg.diff(x**2 * y, x), {y: 0})({y: ys}) is 2 * (x * ys)
    True
    """
    size = None if axis_size is None else whole(axis_size)
    if axis_size is not None and (size is None or size < 0):
        raise ValueError(f"vmap: axis_size is a whole number of at least 0, got {brief(axis_size)}")
    if callable(f):
        return _Function(f, in_axes, out_axes, size)
    leaves = flatten(f)[0]
    if not any(isinstance(leaf, Node) for leaf in leaves):
        raise TypeError(f"vmap maps a function or an expression, got {brief(f)}")
    return _Expression(f, in_axes, out_axes, size)


class _Function:
    """A mapped function."""

    def __init__(self, f: Callable[..., Nesting], in_axes: Axes, out_axes: Axes, size: int | None) -> None:
        self.f, self.in_axes, self.out_axes, self.size = f, in_axes, out_axes, size
        if isinstance(in_axes, (dict, list)):
            raise TypeError(f"vmap: in_axes is an axis, None, or a tuple with one for each argument, got {brief(in_axes)}")

    def __repr__(self) -> str:
        return f"vmap({getattr(self.f, '__qualname__', self.f)})"

    def __call__(self, *args: Nesting, **named: Nesting) -> Nesting:
        axes = self.in_axes if isinstance(self.in_axes, tuple) else (self.in_axes,) * len(args)
        if len(axes) != len(args):
            raise TypeError(f"vmap: in_axes has {len(axes)} entries, and the call {len(args)} arguments")
        names = [_name(f"argument {k}", p) for k, a in enumerate(args, 1) for p in paths(a)]
        names += [_name(f"{key}=", p) for key, a in named.items() for p in paths(a)]
        leaves, nest = flatten((args, named))
        each = _spread((axes, dict.fromkeys(named, 0)), (args, named), "in_axes")
        given = [None if k is None else _in_front(leaf, k, name) for leaf, k, name in zip(leaves, each, names)]
        size = _size(given, self.size)
        depth = _depth.get() + 1
        symbols = [None if g is None else bound(f"r{k}", g.value.shape[1:], g.value.per_sample, depth) for k, g in enumerate(given, 1)]
        finite = {s for s, g in zip(symbols, given) if s is not None and g is not None and is_finite(g.value, True)}
        pairs = {_entry(s, g.value): g.value for s, g in zip(symbols, given) if s is not None and g is not None}
        one = iter(pairs)
        entries = [leaf if s is None else next(one) for s, leaf in zip(symbols, leaves)]
        token = _depth.set(depth)
        try:
            # as for a loop's step, the written form is kept
            with as_written(), finite_bound_too(finite):
                own, by_name = nest(entries)
                made = self.f(*own, **by_name)
        finally:
            _depth.reset(token)
        return _results(made, pairs, size, self.out_axes)


class _Expression:
    """A mapped expression."""

    def __init__(self, e: Nesting, in_axes: Axes, out_axes: Axes, size: int | None) -> None:
        self.e, self.in_axes, self.out_axes, self.size = e, in_axes, out_axes, size
        if isinstance(in_axes, (tuple, list)):
            raise TypeError(f"vmap: in_axes of an expression is an axis, or a dict from symbols to axes, got {brief(in_axes)}")

    def __repr__(self) -> str:
        return f"vmap({self.e})"

    def __call__(self, values: Mapping[Node, Any]) -> Nesting:
        if not isinstance(values, Mapping) or not all(isinstance(s, Node) for s in values):
            raise TypeError("vmap of an expression is a function of a dict from symbols to their values, as in vmap(e)({x: xs})")
        axes = self.in_axes if isinstance(self.in_axes, Mapping) else dict.fromkeys(values, self.in_axes)
        for symbol in axes:
            if symbol not in values:
                raise TypeError(f"vmap: in_axes has an axis for {brief(symbol)}, which is given no value")
        given: list[_Argument] = []
        image: dict[Node, Node] = {}
        for symbol, value in values.items():
            axis = axes.get(symbol)
            node, name = as_node(value), brief(symbol)
            if axis is not None:
                given.append(_in_front(node, axis, name))
                node = given[-1].value
            one = node.shape if axis is None else node.shape[1:]
            if one != symbol.shape:
                raise ShapeError(f"vmap: {name} has shape {symbol.shape}, and an entry of its values shape {one}")
            image[symbol] = node
        return _results(self.e, image, _size(given, self.size), self.out_axes)


def _results(made: Nesting, values: Mapping[Node, Node], size: int, out_axes: Axes) -> Nesting:
    """The results for all entries, from those for one."""
    leaves, nest = flatten(made)
    axes = _spread(out_axes, made, "out_axes")
    roots = [None if leaf is None else as_node(leaf) for leaf in leaves]
    images = iter(mapped_graph([r for r in roots if r is not None], values, (size,)))
    names = [_name("the result", p) for p in paths(made)]
    return nest([r if r is None else _placed(r, next(images), axis, size, name) for r, axis, name in zip(roots, axes, names)])


def _placed(before: Node, made: Node, axis: int | None, size: int, name: str) -> Node:
    """A result with the entries along an axis."""
    if axis is None:
        if made.ndim > before.ndim:
            raise ValueError(f"vmap: {name} differs between entries, and its axis in out_axes is None")
        return made
    at = normalize_axis(axis, before.ndim + 1, "vmap: out_axes")
    whole_node = with_axes(made, before.shape, (size,))
    own = range(1, before.ndim + 1)
    return contract([(whole_node, range(before.ndim + 1))], [*own[:at], 0, *own[at:]])


def _in_front(leaf: Any, axis: int, name: str) -> _Argument:
    """A mapped argument, with the mapped axis first."""
    node = as_node(leaf)
    if not node.ndim:
        raise ShapeError(f"vmap: {name} is a scalar, and has no axis to map over; its axis in in_axes is None")
    at = normalize_axis(axis, node.ndim, f"vmap: in_axes of {name}:")
    every = range(node.ndim)
    return _Argument(name, contract([(node, every)], [at, *every[:at], *every[at + 1 :]]))


def _entry(symbol: Node, value: Node) -> Node:
    """The argument for one entry; an entry of a comparison is a comparison."""
    return not_equal(symbol, 0.0) if is_boolean(value) else symbol


def _size(given: Sequence[_Argument | None], size: int | None) -> int:
    """The number of entries."""
    first = ""
    for g in given:
        if g is None:
            continue
        n = g.value.shape[0]
        if size is None:
            size, first = n, g.name
        elif n != size:
            other = f"{first} has {size}" if first else f"axis_size is {size}"
            raise ShapeError(f"vmap: {g.name} has {n} entries, and {other}")
    if size is None:
        raise ValueError("vmap: no argument is mapped; give an axis for one, or the number of entries, axis_size=")
    return size


def _name(what: str, path: str) -> str:
    """A part of an argument, in messages."""
    return f"{what}{path}" if not path or path[0] == "[" else f"{what}.{path}"


def _spread(axes: Axes, tree: Nesting, what: str) -> list[int | None]:
    """An axis for each leaf of a nesting; an axis stands for all leaves below it."""
    if axes is None or whole(axes) is not None:
        return [None if axes is None else whole(axes)] * len(flatten(tree)[0])
    if isinstance(axes, dict) and isinstance(tree, dict) and axes.keys() == tree.keys():
        return [k for key in tree for k in _spread(axes[key], tree[key], what)]
    if isinstance(axes, (list, tuple)) and isinstance(tree, (list, tuple)) and len(axes) == len(tree):
        return [k for part, sub in zip(axes, tree) for k in _spread(part, sub, what)]
    raise TypeError(f"vmap: {what} is nested otherwise than the values: {brief(axes)} for a {type(tree).__name__}")


__all__ = ["vmap"]
