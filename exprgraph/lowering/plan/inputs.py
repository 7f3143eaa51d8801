"""The inputs of a kernel: buffers, and the integers in which isomorphic nests differ.

Equal layers have equal kernels: offsets, strides and sizes are read from a table, in which each step of the driver has
its own entry.  A kernel for a single nest has literals instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from ...loops.program import Add, Expression, Let, Load, Loop, Name, Operation, Statement, index
from ...loops.target import Target
from ...loops.types import FEWEST_ANYWHERE, Axis
from ...loops.verify import why_not_anywhere, why_not_neighbours
from .access import Affine, Location, is_round
from .distant import is_worth_vectors

#: the table of indices, the entry of the running step, the samples of a block, the lane, the samples of the call
TABLE, ENTRY, COUNT, LANE, SAMPLES = (
    Name("T", "indices"), Name("t", "index"), Name("n", "index"), Name("l", "index"), Name("samples", "index"),
)  # fmt: skip


class Memory(NamedTuple):
    """The addresses of values, the distance of rows of lanes, the offsets of positions in the table, and whether samples are lanes.

    ``room`` finds scratch space for one step, in a pass over the samples or outside of one, by its size for rows of some length;
    ``bits`` are those of a number.
    """

    location: Callable[[object], Location]
    row: int
    positions: Callable[[Sequence[int]], int]
    room: Callable[[Callable[[int], int], bool], Location]
    target: Target
    bits: int
    lanes: bool = True


class Inputs:
    """The inputs of one kernel; they grow while the kernel is emitted."""

    def __init__(
        self, memory: Memory, lanes: bool, literal: bool, samples: bool = False, dropped: frozenset[str] = frozenset()
    ) -> None:
        self.memory = memory
        self.lanes = lanes
        self.samples = samples  # in a pass over the samples
        self.literal = literal
        self.values: list[int] = []  # of the step, in the order of the names p0, p1, ...
        self.buffers: set[str] = set()
        self.uses_samples = False
        self.uses_table = False  # beside its values
        self.rounds: set[str] = set()  # the loops over rounds around it
        self.functions: set[str] = set()  # called functions and procedures
        self.reassociate = False
        self.dropped = dropped  # variables of loops that are one loop with the innermost
        self.affines: set[Affine] = set()  # all that are used
        self._addresses: dict[tuple[str, Affine], Expression] = {}

    def integer(self, value: int) -> Expression:
        """A size, stride or offset; a negative stride wraps around."""
        if self.literal:
            return index(value)
        self.values.append(value % 2**64)
        return _numbered(len(self.values) - 1)

    def pointer(self, buffer: str) -> Name:
        """A buffer."""
        self.buffers.add(buffer)
        return _buffer(buffer)

    def address(self, location: Location, at: Affine) -> Expression:
        """The address of an element in its buffer; in a row of lanes, that of the lane."""
        key = location.buffer, at
        found = self._addresses.get(key)
        if found is None:
            unit = self.memory.row if location.lanes else 1
            terms = self._terms(at)
            parts = [self.integer(at.const * unit)] if at.const or not terms else []
            parts += [self._multiple(v, c * unit) for v, c in terms]
            found = self._addresses[key] = _total([*parts, LANE] if location.lanes else parts)
        return found

    def element(self, location: Location, at: Affine) -> Load:
        """An element of a stored value."""
        return Load(self.pointer(location.buffer), self.address(location, at))

    def affine(self, a: Affine) -> Expression:
        """An index of an array."""
        parts = [self._multiple(v, c) for v, c in self._terms(a)]
        if a.const or not parts:
            parts.append(self.integer(a.const))
        return _total(parts)

    def _terms(self, a: Affine) -> list[tuple[str, int]]:
        self.affines.add(a)
        return [(v, c) for v, c in a.terms if v not in self.dropped]

    def start(self, at: Affine, variables: Sequence[str]) -> Expression:
        """The start address for a procedure, without the variables of its own loops."""
        return _total([self.integer(at.const), *(self._multiple(v, c) for v, c in at.terms if v in variables or is_round(v))])

    def _multiple(self, variable: str, by: int) -> Expression:
        if is_round(variable):
            self.rounds.add(variable)
        if by == 1:
            return _variable(variable)
        if self.literal:
            return Operation("mul", (_variable(variable), index(by)), "index")
        self.values.append(by % 2**64)
        return _strided(variable, len(self.values) - 1)

    def position(self, name: str, positions: Sequence[int], at: Affine) -> Let:
        """A name for a position from a list."""
        self.uses_table = True
        first = self.integer(self.memory.positions(positions))
        return Let(name, Load(TABLE, Operation("add", (first, self.affine(at)), "index")))

    def loops(self, names: Sequence[str], sizes: Sequence[int], body: Sequence[Statement]) -> list[Statement]:
        """Loops around statements, the first name outermost; the innermost runs over neighbours if possible."""
        counts = [self.integer(n) for n in sizes]
        inside = list(body)
        for name, count, size in zip(reversed(names), reversed(counts), reversed(sizes)):
            inside = [Loop(name, self._axis(inside, name, size), index(0), count, tuple(inside))]
        return inside

    def _axis(self, body: Sequence[Statement], name: str, size: int) -> Axis:
        if isinstance(body[-1], Loop) or (not self.reassociate and any(isinstance(s, Add) for s in body)):
            return "plain"
        if why_not_neighbours(body, name) is None:
            return "neighbours"
        return "anywhere" if size >= FEWEST_ANYWHERE and why_not_anywhere(body, name) is None and is_worth_vectors(body, name) else "plain"

    def together(self, sizes: Sequence[int]) -> frozenset[str]:
        """The loops that are one loop with the innermost: at the end of its range, all addresses go on as at the next step of the outer."""
        found: set[str] = set()
        inner, length = f"i{len(sizes) - 1}", sizes[-1] if sizes else 1
        for k in reversed(range(len(sizes) - 1)):
            outer, steps = f"i{k}", [dict(a.terms) for a in self.affines]
            if sizes[k] > 1 and any(s.get(outer, 0) != length * s.get(inner, 0) for s in steps):
                break
            found.add(outer)
            length *= sizes[k]
        return frozenset(found)

    def over_lanes(self, body: Sequence[Statement]) -> list[Statement]:
        """Statements for each sample of a block."""
        return [Loop(LANE.name, "lanes", index(0), COUNT, tuple(body))] if self.lanes else list(body)

    def unpacked(self) -> list[Let]:
        """Names for the integers of the step."""
        return [_unpacked(k) for k in range(len(self.values))]

    def parameters(self) -> tuple[Name, ...]:
        """The parameters of the kernel, in order."""
        out = [_buffer(b) for b in sorted(self.buffers)]
        out += [SAMPLES] if self.uses_samples else []
        out += [_variable(r) for r in sorted(self.rounds)]
        out += [TABLE, ENTRY] if self.values or self.uses_table else []
        return (*out, COUNT) if self.lanes else tuple(out)


# common parts are one object, for quick comparison


@cache
def _variable(name: str) -> Name:
    return Name(name, "index")


@cache
def _numbered(k: int) -> Name:
    return Name(f"p{k}", "index")


@cache
def _strided(variable: str, k: int) -> Operation:
    return Operation("mul", (_variable(variable), _numbered(k)), "index")


@cache
def _unpacked(k: int) -> Let:
    return Let(f"p{k}", Load(TABLE, Operation("add", (ENTRY, index(k)), "index")))


@cache
def _buffer(name: str) -> Name:
    return Name(name, "reals")


def _total(parts: Sequence[Expression]) -> Expression:
    return parts[0] if len(parts) == 1 else Operation("add", tuple(parts), "index")


__all__ = ["COUNT", "ENTRY", "LANE", "SAMPLES", "TABLE", "Inputs", "Memory"]
