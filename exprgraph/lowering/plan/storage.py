"""Storage of values: rows of lanes, reused after the last read; shared numbers; constants."""

from __future__ import annotations

import math

import numpy as np

from ...graph.node import Node, Shape
from ...graph.primitive import ARRAY, RESHAPE
from ...graph.views import data_of
from .access import Location, contiguous, range_of_vector


class Storage:
    """The buffers of one program, and the offset of each value in them."""

    def __init__(self, lanes: bool = True) -> None:
        self.lanes = lanes  # whether the values of samples are rows of lanes, or arrays of one sample
        self.locations: dict[object, Location] = {}
        self.constants: list[np.ndarray] = []
        self.known = 0  # numbers in them
        self.shared = 0  # numbers used so far
        self.rows = 0  # rows used so far, in this pass over the samples
        self.most_rows = 0  # in any pass
        self._free: list[tuple[int, int]] = []  # start and length of runs of rows
        self.homes: dict[object, Location] = {}  # the target of a shared value

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
