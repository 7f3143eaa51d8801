"""Random expressions, grown one primitive at a time, with every function smooth at its argument.

All rows of the table can be grown: an elementwise row needs no rule, a structural row has a rule in :data:`GROW`.
Choices are made by hypothesis, which can shrink them, or by a random generator, which is quick.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from random import Random
from typing import Any, Protocol, TypeVar

import numpy as np

from .. import over_samples
from ..canonical import joining
from ..canonical.arithmetic import linear, power
from ..canonical.contract import contract
from ..canonical.extrema import extremum
from ..canonical.place import place
from ..canonical.select import select, selected_shape
from ..canonical.solve import solve_node
from ..functions import rows as functions
from ..functions.along_axes import NORM, AxisFunction, along
from ..functions.elementwise import ByFormula, Function
from ..graph import primitive
from ..graph.column import Column
from ..graph.leaves import Symbol, array, constant, identity
from ..graph.node import Node, Shape
from ..graph.primitive import TABLE, Primitive
from ..graph.traverse import topological
from ..graph.views import Entry, Slice, Take
from ..language import operators, reductions, shapes
from .bounds import BOX, EVERYTHING, Interval, bounds_of

T = TypeVar("T")
#: the interval for arguments of functions that are defined everywhere
MODERATE: Interval = (-2.0, 2.0)


#: ``(garden, row)``: a node of a row, unless it simplifies to another
GROW: Column[Callable[[Garden, Primitive], Node]] = Column("grow", "a random node of it, from a garden's expressions", __name__)


class Choice(Protocol):
    """The source of choices."""

    def pick(self, options: Sequence[T]) -> T: ...
    def whole(self, low: int, high: int) -> int: ...
    def number(self, low: float, high: float) -> float: ...
    def more(self, most: int) -> bool: ...
    def together(self, make: Callable[[], T]) -> T: ...


class AtRandom:
    """Choices of a pseudo-random generator."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)

    def pick(self, options: Sequence[T]) -> T:
        return options[self.rng.randrange(len(options))]

    def whole(self, low: int, high: int) -> int:
        return self.rng.randint(low, high)

    def number(self, low: float, high: float) -> float:
        return round(self.rng.uniform(low, high), 3)

    def more(self, most: int) -> bool:
        return True

    def together(self, make: Callable[[], T]) -> T:
        return make()


class Garden:
    """The pool of grown expressions, with the interval of each one's values."""

    def __init__(self, choice: Choice, symbols: Sequence[Node], max_side: int = 3, max_size: int = 12) -> None:
        self.choice = choice
        self.max_side = max_side
        self.max_size = max_size
        self.pool: list[Node] = list(symbols)
        self.interval: dict[Node, Interval] = dict.fromkeys(symbols, BOX)

    def bounds(self, node: Node) -> Interval:
        """The interval of a node; computes those of new parts."""
        pending = [node]
        while pending:
            n = pending[-1]
            missing = [a for a in n.args if a not in self.interval]
            if n in self.interval:
                pending.pop()
            elif missing:
                pending += missing
            else:
                self.interval[n] = bounds_of(n, [self.interval[a] for a in n.args])
                pending.pop()
        return self.interval[node]

    def add(self, node: Node) -> bool:
        """Keep an expression unless it is too large, has unknown values, or is in the pool."""
        low, high = self.bounds(node)
        good = node.size <= self.max_size and low > -1e3 and high < 1e3 and node.ndim <= 3
        if good:
            self.pool.append(node)
        return good

    def shape(self, ndim: int | None = None) -> Shape:
        n = self.choice.pick((0, 1, 1, 2)) if ndim is None else ndim
        return tuple(self.choice.whole(1, self.max_side) for _ in range(n))

    def any(self, wanted: Callable[[Node], bool] = lambda n: True) -> Node:
        """An expression of the pool, most often a new one."""
        found = [n for n in self.pool if wanted(n)]
        if not found:
            return constant(self.choice.number(0.25, 1.75), self.shape())
        return found[-1] if self.choice.whole(0, 2) == 0 else self.choice.pick(found)

    def like(self, shape: Shape) -> Node:
        """An expression of a given shape, from the pool or made of it."""
        found = [n for n in self.pool if n.shape == shape]
        if found:
            return self.choice.pick(found)
        other = self.any()
        if not other.shape:
            return shapes.broadcast_to(other, shape)
        if other.size == math.prod(shape):
            return joining.reshape(other, shape)
        total = linear([(1.0, reductions.mean(other))])
        return shapes.broadcast_to(total, shape) * self.numbers(shape)

    def numbers(self, shape: Shape) -> Node:
        """A constant array of moderate numbers."""
        values = np.reshape([self.choice.number(-1.5, 1.5) for _ in range(math.prod(shape))], shape)
        return array(values)

    def within(self, node: Node, target: Interval) -> Node:
        """The expression, mapped into an interval if its values may lie outside."""
        low, high = self.bounds(node)
        a, b = target
        if a <= low and high <= b:
            return node
        bent = self.choice.pick((functions.sin, functions.tanh))(node)
        out = linear([((b - a) / 2 * 0.95, bent)], (a + b) / 2, node.shape)
        self.bounds(out)
        return out


def target_of(domain: Interval, sample: Interval) -> Interval:
    """The interval for an argument of a function: the sampled one, or one near 0 if the function is defined everywhere."""
    return MODERATE if domain == EVERYTHING else sample


@GROW.rule(Function)
def _function(garden: Garden, row: Primitive) -> Node:
    assert isinstance(row, Function)
    main = garden.any()
    args: list[Node] = []
    for k, (domain, sample) in enumerate(zip(row.domain, row.sample)):
        if k in row.fixed:
            args.append(constant(garden.choice.pick(row.fixed[k])))
            continue
        operand = main if len(args) == sum(i < k for i in row.fixed) else garden.like(main.shape if garden.choice.whole(0, 1) else ())
        args.append(garden.within(operand, target_of(domain, sample)))
    return row.build(*args)


# ---------------------------------------------------------------- structural rows


@GROW.rule(primitive.SUM)
def _sum(g: Garden, row: Primitive) -> Node:
    a = g.any()
    b = g.like(a.shape if g.choice.whole(0, 1) else ())
    terms = [(g.choice.pick((1.0, -1.0, 2.0, 0.5)), a), (g.choice.pick((1.0, -1.0, -0.75)), b)]
    return linear(terms, g.choice.pick((0.0, 0.0, 1.0, -0.5)), a.shape)


@GROW.rule(primitive.PRODUCT)
def _product(g: Garden, row: Primitive) -> Node:
    a = g.any()
    b = g.like(a.shape if g.choice.whole(0, 1) else ())
    factors = []
    for n in (a, b):
        e = g.choice.pick((1.0, 1.0, 2.0, -1.0, 0.5, -0.5, 3.0, -2.0, 1.5, -1.5))
        factors.append((g.within(n, MODERATE if e > 0 and e == int(e) else (0.25, 2.0)), e))
    (x, p), (y, q) = factors
    return operators.multiply(power(x, p), power(y, q))


@GROW.rule(primitive.CONTRACT)
def _contract(g: Garden, row: Primitive) -> Node:
    operands = [g.any() for _ in range(g.choice.whole(1, 3))]
    labels: list[list[int]] = []
    sizes: dict[int, int] = {}
    for n in operands:
        own = []
        for size in n.shape:
            same = [k for k, m in sizes.items() if m == size]
            k = g.choice.pick(same) if same and g.choice.whole(0, 2) else len(sizes)
            sizes[k] = size
            own.append(k)
        labels.append(own)
    out: list[Any] = [k for k in sizes if g.choice.whole(0, 1)]
    if len(out) > 1 and g.choice.whole(0, 1):
        out = out[::-1]
    extra: dict[Any, int] = {}
    if len(out) < 2 and g.choice.whole(0, 4) == 0:
        extra["new"] = g.choice.whole(1, g.max_side)
        out.insert(g.choice.whole(0, len(out)), "new")
    return contract(list(zip(operands, labels)), out, extra)


def _entries(g: Garden, shape: Shape) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for n in shape:
        kind = g.choice.whole(0, 3)
        if kind == 1:
            entries.append(g.choice.whole(0, n - 1))
        elif kind == 2:
            start = g.choice.whole(0, n - 1)
            if g.choice.whole(0, 1):
                entries.append(Slice(start, 1, g.choice.whole(1, n - start)))
            else:
                entries.append(Slice(start, -1, g.choice.whole(1, start + 1)))
        elif kind == 3:
            entries.append(Take(tuple(g.choice.whole(0, n - 1) for _ in range(g.choice.whole(1, 3)))))
        else:
            entries.append(None)
    return tuple(entries)


@GROW.rule(primitive.SELECT)
def _select(g: Garden, row: Primitive) -> Node:
    node = g.any(lambda n: n.ndim > 0)
    return select(node, _entries(g, node.shape)) if node.shape else node


@GROW.rule(primitive.PLACE)
def _place(g: Garden, row: Primitive) -> Node:
    whole = g.shape(g.choice.whole(1, 2))
    entries = _entries(g, whole)
    return place(g.like(selected_shape(whole, entries)), entries, whole)


@GROW.rule(primitive.STACK)
def _stack(g: Garden, row: Primitive) -> Node:
    a = g.any(lambda n: n.ndim < 2)
    return joining.stack([a, *(g.like(a.shape) for _ in range(g.choice.whole(0, 2)))], g.choice.whole(0, a.ndim))


@GROW.rule(primitive.CONCATENATE)
def _concatenate(g: Garden, row: Primitive) -> Node:
    a = g.any(lambda n: n.ndim > 0)
    if not a.shape:
        return a
    axis = g.choice.whole(0, a.ndim - 1)
    return joining.concatenate([a, g.like(a.shape)], axis)


@GROW.rule(primitive.RESHAPE)
def _reshape(g: Garden, row: Primitive) -> Node:
    a = g.any(lambda n: n.size > 1)
    options = [s for s in ((a.size,), (1, a.size), (a.size, 1), *((k, a.size // k) for k in (2, 3) if a.size % k == 0)) if s != a.shape]
    return joining.reshape(a, g.choice.pick(options))


@GROW.rule(primitive.REDUCE_MAX, primitive.REDUCE_MIN)
def _extremum(g: Garden, row: Primitive) -> Node:
    a = g.any(lambda n: n.size > 1)
    return extremum(row, a, _some_axes(g, a))


@GROW.rule(AxisFunction)
def _along(g: Garden, row: Primitive) -> Node:
    assert isinstance(row, AxisFunction)
    a = g.any(lambda n: n.size > 1)
    if row is NORM:  # which has a kink at 0
        a = g.within(a, (0.25, 2.0))
    return along(row, a, _some_axes(g, a))


def _some_axes(g: Garden, a: Node) -> tuple[int, ...]:
    return tuple(k for k in range(a.ndim) if g.choice.whole(0, 1)) or tuple(range(a.ndim))


@GROW.rule(primitive.SOLVE)
def _solve(g: Garden, row: Primitive) -> Node:
    n = g.choice.whole(1, 3)
    # diagonally dominant, so that no system is nearly singular
    matrix = linear([(1.0, g.within(g.like((n, n)), (-0.7, 0.7))), (float(n) + 0.5, identity(n))], 0.0, (n, n))
    right = g.like((n,) if g.choice.whole(0, 1) else (n, g.choice.whole(1, 2)))
    low, high = g.bounds(right)
    most = max(abs(low), abs(high)) * n
    out = solve_node(matrix, right)
    if out not in g.interval:
        g.interval[out] = (-most, most)
    return out


@GROW.rule(primitive.SAMPLE_SUM)
def _sample_sum(g: Garden, row: Primitive) -> Node:
    a = g.any(lambda n: n.per_sample)
    return (over_samples.mean if g.choice.whole(0, 1) else over_samples.sum)(a)


@GROW.rule(primitive.CONSTANT)
def _constant(g: Garden, row: Primitive) -> Node:
    return constant(g.choice.pick((0.5, 1.0, 2.0, -1.0, 0.0, math.pi, g.choice.number(-2.0, 2.0))), g.shape())


GROW.fill(lambda g, row: g.any(lambda n: n.op is primitive.SYMBOL), primitive.SYMBOL)
GROW.fill(lambda g, row: g.numbers(g.shape(g.choice.whole(1, 2))), primitive.ARRAY)
GROW.fill(lambda g, row: identity(g.choice.whole(1, g.max_side)), primitive.IDENTITY)
GROW.fill(lambda g, row: over_samples.sum(1.0), primitive.SAMPLE_COUNT)

#: rows whose nodes need samples
OVER_SAMPLES = (primitive.SAMPLE_SUM, primitive.SAMPLE_COUNT)


def rows(functions: Collection[str] | None = None, per_sample: bool = True) -> list[Primitive]:
    """The rows to grow with: all of the table, or the structural ones and the named functions."""
    unknown = [f for f in functions or () if f not in TABLE]
    if unknown:
        raise ValueError(f"there is no function named {unknown[0]!r} in the primitive table")
    out: list[Primitive] = []
    for name in sorted(TABLE):
        row = TABLE[name]
        if isinstance(row, Function):
            if functions is None or name in functions:
                out.append(row)
        elif GROW.find(row) is not None and (per_sample or row not in OVER_SAMPLES):
            out.append(row)
    return out


def step(garden: Garden, row: Primitive) -> Node:
    """A node of a row, unless it simplifies to another."""
    return GROW[row](garden, row)


def grow(
    choice: Choice,
    symbols: Sequence[Node],
    steps: int,
    functions: Collection[str] | None = None,
    shape: Shape | None = None,
    end: Primitive | None = None,
    sums: bool = True,
) -> Node:
    """An expression of at most ``steps`` steps; a choice may end earlier.

    Args:
        symbols: the symbols it may contain.
        functions: names of elementwise functions to use; all of the table by default.
        shape: the shape of the result.
        end: the row of the last step.
        sums: whether there may be sums over samples.
    """
    per_sample = sums and any(s.per_sample for s in symbols)
    table = rows(functions, per_sample)
    # most rows are functions; structural rows are as frequent as all of them
    structural = [r for r in table if not isinstance(r, Function) and not r.leaf]
    leaves = [r for r in table if r.leaf]
    elementwise = [r for r in table if isinstance(r, Function)]
    special = [r for r in elementwise if isinstance(r.numpy, ByFormula)]  # a thousand times slower in NumPy
    elementary = [r for r in elementwise if r not in special]
    garden = Garden(choice, symbols)
    every: tuple[Sequence[Primitive], ...] = (*[structural] * 6, *[elementary] * 5, special, *[leaves] * 2)
    kinds = [k for k in every if k]

    def grown() -> bool:
        if not choice.more(steps):
            return False
        made = step(garden, choice.pick(choice.pick(kinds)))
        if functions is None or _has_only(made, functions):
            garden.add(made)
        return True

    for _ in range(steps):
        if not choice.together(grown):
            break
    if end is not None:
        made = step(garden, end)
        garden.bounds(made)
        garden.pool.append(made)
    if shape is not None:
        return garden.like(shape)
    return garden.pool[-1]


def _has_only(node: Node, functions: Collection[str]) -> bool:
    """Whether it has these functions alone: the exponential of a matrix of one number is another function."""
    return all(n.op.name in functions for n in topological([node]) if isinstance(n.op, Function))


def symbols_for(choice: Choice, count: int, per_sample: bool) -> list[Node]:
    """Symbols of different shapes; the first ones are shared by the samples."""
    out = []
    for k in range(count):
        ndim = choice.pick((0, 1, 2))
        shape = tuple(choice.whole(1, 3) for _ in range(ndim))
        out.append(Symbol("xyzuvw"[k % 6] + (str(k // 6) if k > 5 else ""), shape, per_sample=per_sample and k == count - 1))
    return out


def values_for(rng: np.random.Generator, symbols: Sequence[Node], box: Interval = BOX, samples: int = 3) -> dict[Node, np.ndarray]:
    """Random values of symbols; symbols that differ by sample get a batch."""
    return {s: rng.uniform(*box, ((samples,) if s.per_sample else ()) + s.shape) for s in symbols}


__all__ = ["GROW", "AtRandom", "Choice", "Garden", "grow", "rows", "step", "symbols_for", "values_for"]
