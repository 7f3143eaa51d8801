"""Products that are computed in blocks: those whose matrices leave the cache, and those with a matrix in the wrong order.

Samples in lanes give a product of a matrix that all share more columns: an array of a block of samples is a few rows, in which the
samples and the array's last axes alternate.
"""

from __future__ import annotations

from typing import NamedTuple

from ...loops.program import Expression, Operation, Run, Statement, index
from .access import Affine
from .inputs import COUNT, Inputs

Sizes = dict[str, int]

#: the fewest rows, columns and terms of a product in blocks
LEAST = 16
#: the fewest columns of a product whose rows need no other order: for few, a copy of the left side takes long
WIDE = 128
#: the fewest rows of a matrix times its transpose, of which half is computed
SYMMETRIC = 96


class Factor(NamedTuple):
    """An operand: its buffer, the index of its elements, and whether its zeros silence the other operand."""

    buffer: str
    lanes: bool
    at: Affine
    silences: bool = False

    def step(self, name: str | None) -> int:
        """The distance of neighbours along a variable."""
        return dict(self.at.terms).get(name, 0) if name else 0


class _Shape(NamedTuple):
    """The variables of rows, columns and terms; with lanes, the columns are those of groups of samples."""

    row: str
    column: str | None
    term: str


def in_blocks(inputs: Inputs, a: Factor, b: Factor, c: Factor, outer: list[str], inner: list[str], size: Sizes) -> list[Statement] | None:
    """A sum of products as a product in blocks; None if it is small, or of another form."""
    if not inputs.memory.target.cache or a.silences or b.silences or len(inner) != 1 or not outer:
        return None
    for x, y in ((a, b),) if inputs.lanes else ((a, b), (b, a)):
        shape = _shape(inputs, x, y, c, outer, inner[0], size)
        if shape is not None and _is_worth_it(inputs, x, y, shape, size):
            return _called(inputs, x, y, c, outer, shape, size)
    return None


def _shape(inputs: Inputs, a: Factor, b: Factor, c: Factor, outer: list[str], term: str, size: Sizes) -> _Shape | None:
    """The variables, with a as the left side."""
    row = max((v for v in outer if a.step(v) and not b.step(v)), key=lambda v: size[v], default=None)
    if row is None:
        return None
    if inputs.lanes:
        if a.lanes or not b.lanes:
            return None
        return _Shape(row, max((v for v in outer if b.step(v) and not a.step(v)), key=lambda v: size[v], default=None), term)
    column = outer[-1]  # the last axis of a result is contiguous in memory
    if a.step(column) or c.step(column) != 1 or 1 not in (b.step(column), b.step(term)) or not b.step(column):
        return None
    return _Shape(row, column, term)


def _is_worth_it(inputs: Inputs, a: Factor, b: Factor, shape: _Shape, size: Sizes) -> bool:
    """Whether the copies of blocks cost less than they save."""
    memory = inputs.memory
    columns = size[shape.column] if shape.column else 1
    m, k, n = size[shape.row], size[shape.term], columns * memory.row if inputs.lanes else columns
    if min(m, k, n) < LEAST:
        return False
    turned = not inputs.lanes and b.step(shape.column) != 1
    if _is_symmetric(a, b, shape, size):
        return m >= SYMMETRIC
    if turned or n < WIDE:
        return turned
    return (m * k + k * n + m * n) * memory.bits // 8 > memory.target.cache


def _called(inputs: Inputs, a: Factor, b: Factor, c: Factor, outer: list[str], shape: _Shape, size: Sizes) -> list[Statement]:
    """Loops around a call of ``large_product``."""
    inputs.functions.add("large_product")
    memory, (row, column, term), whole = inputs.memory, shape, inputs.integer
    loops = [v for v in outer if v not in (row, column)]
    columns = size[column] if column else 1
    group: Expression = Operation("whole_vectors", (COUNT,), "index") if inputs.lanes else whole(columns)
    between = [f.step(column) if inputs.lanes else 0 for f in (c, b)]
    n: Expression = Operation("mul", (group, whole(columns)), "index") if inputs.lanes else group
    symmetric, target = _is_symmetric(a, b, shape, size), memory.target
    scratch = memory.room(lambda row: target.packed(size[term], columns * row if inputs.lanes else columns, memory.bits), inputs.samples)

    def start(f: Factor) -> list[Expression]:
        return [inputs.pointer(f.buffer), inputs.start(f.at, loops)]

    args = [*start(c), whole(c.step(row)), whole(between[0]), *start(a), whole(a.step(row)), whole(a.step(term))]
    args += [*start(b), whole(b.step(term)), index(1) if inputs.lanes else whole(b.step(column)), whole(between[1])]
    args += [inputs.pointer(scratch.buffer), whole(scratch.offset), whole(size[row]), whole(size[term]), n, group]
    args += [whole(1 if symmetric else size[row]), index(target.high), index(target.terms(memory.bits)), index(target.wide)]
    body: list[Statement] = [Run("large_product", tuple(args))]
    if symmetric:
        inputs.functions.add("mirrored")
        body.append(Run("mirrored", (*start(c), whole(c.step(row)), whole(size[row]))))
    return inputs.loops(loops, [size[v] for v in loops], body)


def _is_symmetric(a: Factor, b: Factor, shape: _Shape, size: Sizes) -> bool:
    """Whether it is a matrix times its transpose."""
    row, column, _ = shape
    if column is None or a.buffer != b.buffer or a.lanes != b.lanes or size[row] != size[column]:
        return False
    turned = {column if v == row else v: step for v, step in a.at.terms}
    return a.at.const == b.at.const and turned == dict(b.at.terms)


__all__ = ["Factor", "Sizes", "in_blocks"]
