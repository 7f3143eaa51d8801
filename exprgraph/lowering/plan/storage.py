"""Storage of values: rows of lanes, reused after the last read; shared numbers; constants."""

from __future__ import annotations

import math

import numpy as np

from ...graph.node import Node, Shape
from ...graph.primitive import ARRAY, RESHAPE
from ...graph.views import data_of
from .access import Location, contiguous, range_of_vector

#: the numbers of a line of the cache, or more
LINE = 16


class Storage:
    """The buffers of one program, and the offset of each value in them."""

    def __init__(self, lanes: bool = True, row: int = 1) -> None:
        self.lanes = lanes  # whether the values of samples are rows of lanes, or arrays of one sample
        self.row = row  # the numbers of a row
        self.locations: dict[object, Location] = {}
        self.constants: list[np.ndarray] = []
        self.known = 0  # numbers in them
        self.shared = 0  # numbers used so far
        self.rows = 0  # rows used so far, in this pass over the samples
        self.most_rows = 0  # in any pass
        self._free: list[tuple[int, int]] = []  # start and length of runs of rows
        self.homes: dict[object, Location] = {}  # the target of a shared value
        self._scratch: tuple[int, int] = (0, 0)  # shared numbers for a single step: the first, and how many
        self._rooms: list[tuple[tuple[str, int], Shape]] = []  # rows for the running step

    def location(self, key: object) -> Location:
        if key not in self.locations and isinstance(key, Node):
            if key.op is ARRAY:
                data = data_of(key)
                self.locations[key] = Location("c", self.known, contiguous(key.shape), False)
                self.constants.append(data)
                self.known += data.size
            else:
                assert key.op is RESHAPE, f"{key.op.name} has no location"  # a reshaped value shares the storage of the value
                vector, start = range_of_vector(key.args[0]) or (key.args[0], 0)
                base = self.location(vector)
                self.locations[key] = base._replace(strides=contiguous(key.shape), offset=base.offset + start)
        return self.locations[key]

    def new_shared(self, key: object, shape: Shape) -> None:
        if key in self.homes:
            self.locations[key] = self.homes[key]
            return
        self.locations[key] = Location("s", self.shared, contiguous(shape), False)
        self.shared += math.prod(shape)

    def new_rows(self, key: object, shape: Shape) -> None:
        size = math.prod(shape)
        for i, (start, n) in enumerate(self._free):
            if n >= size:
                self._free[i] = (start + size, n - size)
                break
        else:
            start = self.rows
            self.rows += size
        self.locations[key] = Location("w", start, contiguous(shape), self.lanes)

    def room(self, size: int, samples: bool) -> Location:
        """Scratch space for one step, at the start of a line of the cache; the offset counts numbers.

        It is part of the workspace of a pass over the samples until ``leave_rooms``, or a shared one for all steps.
        """
        if samples:
            key = ("room", len(self._rooms))
            self._rooms.append((key, (-(-(size + LINE) // self.row),)))
            self.new_rows(*self._rooms[-1])
            return Location("w", -(-self.locations[key].offset * self.row // LINE) * LINE, (1,), False)
        first, known = self._scratch
        if known < size:
            first = -(-self.shared // LINE) * LINE
            self._scratch, self.shared = (first, size), first + size
        return Location("s", first, (1,), False)

    def leave_rooms(self) -> None:
        """Reuse the scratch space of a step."""
        while self._rooms:
            self.release(*self._rooms.pop())

    def release(self, key: object, shape: Shape) -> None:
        start, size = self.locations[key].offset, math.prod(shape)
        merged = sorted([*(f for f in self._free if f[1]), (start, size)])
        self._free = []
        for a, n in merged:
            if self._free and self._free[-1][0] + self._free[-1][1] == a:
                self._free[-1] = (self._free[-1][0], self._free[-1][1] + n)
            else:
                self._free.append((a, n))

    def new_pass(self) -> None:
        """Lane values do not outlive a pass over the samples."""
        self.most_rows = max(self.most_rows, self.rows)
        self.rows, self._free = 0, []
        for key in [k for k, p in self.locations.items() if p.buffer == "w"]:
            del self.locations[key]


def kept(out: Node) -> Node:
    """The value below reshapes, with the same elements in the same order."""
    while out.op is RESHAPE:
        out = out.args[0]
    return out
