"""Storage of values: rows of lanes, reused after the last read; shared numbers; constants."""

from __future__ import annotations

import math
from collections.abc import Callable

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
        self.scratch = 0  # numbers up to the end of the scratch space of any step
        self._end = 0  # of the scratch space of the running step
        self._rooms: list[Callable[[int], int]] = []  # the sizes of those in passes, by the numbers of a row

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

    def room(self, size: Callable[[int], int], samples: bool) -> Location:
        """Scratch space for one step, at the start of a line of the cache, until ``leave_rooms``; the offset counts numbers.

        It lies behind the rows that are in use in a pass over the ``samples``, and at the start of their workspace outside of one.  So
        each thread has its own, and nobody copies it.  Its size depends on the numbers of a row.
        """
        first = -(-max(self._end, self.rows * self.row if samples else 0) // LINE) * LINE
        self._end = first + size(self.row)
        self.scratch = max(self.scratch, self._end)
        if samples:
            self._rooms.append(size)
        return Location("w", first, (1,), False)

    def scratch_of_pass(self, row: int) -> int:
        """About how much scratch space a step of a pass would have with rows of so many numbers."""
        return max((size(row) for size in self._rooms), default=0)

    def leave_rooms(self) -> None:
        """Reuse the scratch space of a step."""
        self._end = 0

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
