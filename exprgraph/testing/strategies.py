"""Hypothesis strategies: shapes, symbols, numbers, expressions of any primitive, and points for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

import numpy as np
from hypothesis import strategies as st

from ..canonical.operands import as_node
from ..functions.elementwise import Function
from ..graph.leaves import Symbol, array, constant
from ..graph.node import Node, Shape
from ..graph.primitive import TABLE, Primitive
from ..graph.traverse import symbols_of, topological
from ..meaning.query import free_symbols
from ..support.integers import normalize_shape
from ..tree import flatten
from .bounds import BOX, Interval
from .growing import T, grow, rows, symbols_for, values_for

#: special points of functions
_EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 5e-324, 1e-300, -1e-8, 1e8, -1e8, 1e300, math.inf, -math.inf, math.nan)


class _Drawn:
    """Choices that hypothesis makes, and shrinks."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def pick(self, options: Sequence[T]) -> T:
        return options[self.draw(st.integers(0, len(options) - 1))]

    def whole(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def number(self, low: float, high: float) -> float:
        return self.draw(st.integers(0, 64)) / 64 * (high - low) + low

    def more(self, most: int) -> bool:
        return self.draw(st.integers(0, 2 * most)) > 0  # shrinks to an end here

    def together(self, make: Callable[[], T]) -> T:
        """Draw the choices of a step as one part, which hypothesis can leave out as a whole."""
        return self.draw(st.builds(make))


def shapes(max_ndim: int = 2, max_side: int = 3, min_side: int = 1) -> st.SearchStrategy[Shape]:
    """Shapes with few axes and elements; ``min_side=0`` includes arrays without elements."""
    return st.lists(st.integers(min_side, max_side), max_size=max_ndim).map(tuple)


@st.composite
def symbols(draw: st.DrawFn, shape: Shape | None = None, *, per_sample: bool | None = False, names: str = "xyzuvw") -> Node:
    """A symbol; its shape is drawn if not given, and ``per_sample=None`` draws that too."""
    name = draw(st.sampled_from(list(names)))
    own = draw(shapes()) if shape is None else shape
    return Symbol(name, own, per_sample=draw(st.booleans()) if per_sample is None else per_sample)


@st.composite
def constants(draw: st.DrawFn, shape: Shape | None = None, *, low: float = -2.0, high: float = 2.0) -> Node:
    """A constant: a scalar, a uniform array, or an array of numbers."""
    own = draw(shapes()) if shape is None else shape
    if not own or draw(st.booleans()):
        return constant(draw(st.floats(low, high)), own)
    values = draw(st.lists(st.floats(low, high), min_size=math.prod(own), max_size=math.prod(own)))
    return array(np.reshape(values, own))


def functions(names: Collection[str] | None = None) -> st.SearchStrategy[Function]:
    """Rows of elementwise functions, also users' rows."""
    found = [row for row in rows(names) if isinstance(row, Function)]
    return st.sampled_from(found)


@st.composite
def expressions(
    draw: st.DrawFn,
    *,
    symbols: Sequence[Node] | None = None,
    shape: int | Shape | None = None,
    steps: int = 5,
    functions: Collection[str] | None = None,
    per_sample: bool = True,
    end: str | Primitive | None = None,
) -> Node:
    """An expression whose functions are smooth at their arguments, for symbols' values in ``points(e)``.

    Args:
        symbols: the symbols it may contain; by default up to three of different shapes.
        shape: its shape; any by default.
        steps: the most operations.
        functions: names of its elementwise functions; by default all rows of the table, also those added with
            :func:`exprgraph.function`.
        per_sample: whether sums over samples, and a drawn symbol that differs by sample, may occur.
        end: the primitive of the last operation, by name or row.

    >>> from hypothesis import given
    >>> import exprgraph as eg
    >>> from exprgraph.testing import expressions
    >>> @given(expressions(shape=()))
    ... def test_a_sum_with_itself(e):
    ...     assert e + e is 2 * e
    >>> test_a_sum_with_itself()
    """
    choice = _Drawn(draw)
    if symbols is None:
        symbols = symbols_for(choice, choice.whole(1, 3), per_sample and draw(st.booleans()))
    if isinstance(end, str) and end not in TABLE:
        raise ValueError(f"expressions: there is no primitive {end!r} to end with; there are {', '.join(sorted(TABLE))}")
    last = TABLE[end] if isinstance(end, str) else end
    return grow(choice, symbols, steps, functions, None if shape is None else normalize_shape(shape), last, per_sample)


@st.composite
def points(draw: st.DrawFn, e: Node | Sequence[Node], *, box: Interval = BOX, samples: int = 3) -> dict[Node, np.ndarray]:
    """A value for each symbol of an expression, for expressions made by :func:`expressions`.

    Symbols that differ by sample get ``samples`` samples.
    """
    wanted = free_symbols(e)
    seed = draw(st.integers(0, 2**32 - 1))
    return values_for(np.random.default_rng(seed), wanted, box, samples)


@st.composite
def edge_points(draw: st.DrawFn, e: Node | Sequence[Node], *, samples: int = 3) -> dict[Node, np.ndarray]:
    """A value for each symbol, including zeros of both signs, ends of domains, tiny and huge numbers, infinities and NaN."""
    roots = [as_node(n) for n in flatten(e)[0]]
    ends = {v for n in topological(roots) if isinstance(n.op, Function) for interval in n.op.domain for v in interval}
    special = st.sampled_from(sorted(_EDGES, key=repr) + sorted(ends - set(_EDGES)))
    values: dict[Node, np.ndarray] = {}
    for s in symbols_of(roots):
        lead = (samples,) if s.per_sample else ()
        n = math.prod(lead) * s.size
        values[s] = np.reshape(draw(st.lists(special | st.floats(-2, 2), min_size=n, max_size=n)), lead + s.shape).astype(float)
    return values


__all__ = ["constants", "edge_points", "expressions", "functions", "points", "shapes", "symbols"]
