"""Sums of products as calls of tiled procedures: products of matrices, and inner products.

A nest of this shape becomes loops around one call of ``product`` or ``dots``.  ``product_left`` and similar ones are for
sums of gates, where zeros of one operand silence the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...graph.node import Node
from ...graph.primitive import CONSTANT, SAMPLE_COUNT
from ...loops.program import Expression, Operation, Run, Statement, Store, real
from .access import Affine, Location, MultiIndex, through_views
from .inputs import COUNT, Inputs
from .large_products import Factor, Sizes, in_blocks

#: A row times a matrix reads long rows, eight at a time, if the matrix has so many numbers: narrow columns of it would be read from
#: far away.
LONG, FAR = 64, 1 << 14


def factors_of(
    inputs: Inputs, operands: Sequence[tuple[Node, MultiIndex]], is_stored: Callable[[Node], bool], gated: bool
) -> tuple[Factor, Factor] | None:
    """Two operands as numbers in buffers, if they are; one without lanes first."""
    found = [_factor(inputs, a, i, is_stored) for a, i in operands]
    if len(found) != 2 or found[0] is None or found[1] is None:
        return None
    a, b = found[0]._replace(silences=gated), found[1]
    return (b, a) if a.lanes and not b.lanes else (a, b)


def _factor(inputs: Inputs, node: Node, index: MultiIndex, is_stored: Callable[[Node], bool]) -> Factor | None:
    found = through_views(node, index)
    if found.node is None or found.equal or found.node.op in (CONSTANT, SAMPLE_COUNT) or not is_stored(found.node):
        return None
    location = inputs.memory.location(found.node)
    return result(inputs, location, location.at(found.at))


def result(inputs: Inputs, location: Location, at: Affine) -> Factor:
    """The elements of a stored value."""
    return Factor(location.buffer, location.lanes, at.scaled(inputs.memory.row if location.lanes else 1))


def product_of_matrices(
    inputs: Inputs, factors: tuple[Factor, Factor], c: Factor, outer: list[str], inner: list[str], size: Sizes
) -> list[Statement] | None:
    """A sum of products as a product of matrices with rows of neighbours, or as inner products of such rows."""
    a, b = factors
    sizes = [size[v] for v in outer]
    merged = _merged(inner, size, [a, b, c])
    large = in_blocks(inputs, a, b, c, outer, merged, size)
    if large is not None:
        return large
    if inputs.lanes:
        if a.lanes and b.lanes and not (a.silences or b.silences) and len(merged) == 1:
            return _products(inputs, a, b, c, outer, merged[0], size)
        if a.lanes or not b.lanes or len(merged) != 1:
            return None
        return _product(inputs, a, b, c, outer, merged[0], size, Operation("whole_vectors", (COUNT,), "index"))
    if outer and len(merged) == 1:  # the last axis of a result is contiguous in memory
        last = outer[-1]
        for x, y in ((a, b), (b, a)):
            if x.step(last) == 0 and y.step(last) == 1:
                return _product(inputs, x, y, c, outer[:-1], merged[0], size, inputs.integer(size[last]), size[last])
    rows = [k for k in merged if a.step(k) == b.step(k) == 1]
    if not rows:
        return None
    clear = inputs.loops(outer, sizes, [Store(inputs.pointer(c.buffer), inputs.start(c.at, outer), real(0.0))])
    rest = [k for k in merged if k != rows[0]]
    return clear + inner_products(inputs, a, b, c, outer, rest, size, inputs.integer(size[rows[0]]))


def _product(
    inputs: Inputs, a: Factor, b: Factor, c: Factor, outer: list[str], inner: str, size: Sizes, length: Expression, columns: int = 0
) -> list[Statement]:
    row = max((v for v in outer if b.step(v) == 0), key=lambda v: size[v], default=None)
    loops = [v for v in outer if v != row]
    name = "product_left" if a.silences else "product_right" if b.silences else "product"
    if (row is None or size[row] == 1) and name == "product" and columns >= LONG and columns * size[inner] >= FAR:
        loops = outer
        return _call(inputs, "weighted_rows", [(c, ()), (a, (inner,)), (b, (inner,))], (inner,), loops, size, length)
    return _call(inputs, name, [(c, (row,)), (a, (row, inner)), (b, (inner,))], (row, inner), loops, size, length)


def _products(inputs: Inputs, a: Factor, b: Factor, c: Factor, outer: list[str], inner: str, size: Sizes) -> list[Statement]:
    """A product of matrices in each lane."""
    row = max((v for v in outer if not b.step(v)), key=lambda v: size[v], default=None)
    column = max((v for v in outer if not a.step(v) and v != row), key=lambda v: size[v], default=None)
    loops = [v for v in outer if v not in (row, column)]
    factors = [(c, (row, column)), (a, (row, inner)), (b, (inner, column))]
    return _call(inputs, "products", factors, (row, inner, column), loops, size, Operation("whole_vectors", (COUNT,), "index"))


def inner_products(
    inputs: Inputs, a: Factor, b: Factor, c: Factor, outer: list[str], inner: list[str], size: Sizes, length: Expression
) -> list[Statement]:
    """Inner products of rows of neighbours, added to the result."""
    if b.silences:
        a, b = b, a
    row = max((v for v in outer if b.step(v) == 0), key=lambda v: size[v], default=None)
    column = max((v for v in outer if a.step(v) == 0 and v != row), key=lambda v: size[v], default=None)
    loops = [v for v in outer if v not in (row, column)] + inner
    name = "dots_left" if a.silences else "dots"
    return _call(inputs, name, [(c, (row, column)), (a, (row,)), (b, (column,))], (row, column), loops, size, length)


def _call(
    inputs: Inputs,
    name: str,
    factors: Sequence[tuple[Factor, Sequence[str | None]]],
    counts: Sequence[str | None],
    loops: list[str],
    size: Sizes,
    length: Expression,
) -> list[Statement]:
    """Loops around a call with the buffer, offset and strides of each factor, then the counts."""
    inputs.functions.add(name)
    args: list[Expression] = []
    for f, variables in factors:
        args += [inputs.pointer(f.buffer), inputs.start(f.at, loops), *(inputs.integer(f.step(v)) for v in variables)]
    args += [inputs.integer(size[v] if v else 1) for v in counts]
    return inputs.loops(loops, [size[v] for v in loops], [Run(name, (*args, length))])


def _merged(names: list[str], size: Sizes, factors: list[Factor]) -> list[str]:
    """Merge variables that run through all factors like a single one (in ``size`` as well)."""
    out: list[str] = []
    for name in names:
        if out and all(f.step(out[-1]) == f.step(name) * size[name] for f in factors):
            size[name] *= size[out.pop()]
        out.append(name)
    return out


__all__ = ["Factor", "factors_of", "inner_products", "product_of_matrices", "result"]
