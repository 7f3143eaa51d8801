"""Teams: the memory and the tables with which machine code divides the samples of a call or of a descent among threads."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ...support.processors import processors
from ..native.descend import CALLED, COMMON, ENDED, SEAT, TEAM, TERM, descend
from ..native.programs import Code
from ..plan.program import Program
from .memory import LINE, Addressed
from .threads import ask, let_others_run

#: every part but the last has a multiple of this many samples, or of a block if that is less: they work on whole vectors
GRAIN = 16
#: parts for each thread: threads that come late, or lose their processor for a while, take fewer
FINE = 4
#: numbers in the totals of all parts, beyond which there are fewer parts
TOTALS = 1 << 20
#: the places of words in the tables of descents and of terms
COMMON_AT, TERM_AT = ({word: k for k, word in enumerate(words)} for words in (COMMON, TERM))


def rows_of(words: Sequence[Mapping[str, int]], at: Mapping[str, int]) -> np.ndarray:
    """Rows of words, of shape (rows, columns); words that are not given are 0."""
    rows = np.zeros((len(words), len(at)), np.uint64)
    rows[...] = [[row.get(word, 0) for word in at] for row in words]
    return rows


def grain_of(program: Program) -> int:
    """A batch of fewer than two grains is not divided, and parts are multiples of it."""
    return min(GRAIN, program.block)


def seats_for(threads: int) -> int:
    """How many of so many threads may come: more than there are processors would only wait, so others compute their parts."""
    return min(threads, processors()) if threads > 1 else 1


class Sizes(NamedTuple):
    """The numbers of a division.

    Attributes:
        threads: how many threads share the samples: the bits depend on this number alone.
        seats: how many may come.
        samples: the most of a call.
        sums: numbers in the results that are the same for all samples.
    """

    threads: int
    seats: int
    samples: int
    sums: int


def division(memory: Addressed, program: Program, code: Code, sizes: Sizes, wanted: Callable[[int], int]) -> dict[str, int]:
    """The words of a term whose samples are divided, with memory for all threads.

    Args:
        wanted: the table of results for a thread, from the address of its own sums.
    """
    seats = np.zeros((sizes.seats, len(SEAT)), np.uint64)  # machine code writes a word of each
    for seat in seats:
        own = memory.numbers(sizes.sums)
        seat[...] = [wanted(own), memory.numbers(program.workspace), memory.numbers(program.shared), own, 0]
    totals, longest = [], 0
    for of_part in program.totals:
        at = 0
        for buffer, offset, size in of_part:
            totals.append((int(buffer == "s"), offset, size, at))
            at += size
        longest = max(longest, at)
    longest += -longest % (LINE // 4)
    threads, grain = sizes.threads, grain_of(program)
    most = threads * max(1, min(FINE, TOTALS // max(1, threads * longest)))
    parts = min(most, -(-sizes.samples // grain))
    ends = np.cumsum([0, *map(len, program.totals)])
    return {
        "threads": threads, "most": most, "block": program.block, "grain": grain, "part": code.part,
        "parts": len(program.totals), "seats": memory.address(seats), "shared_size": program.shared, "sums_size": sizes.sums,
        "totals_at": memory.table(ends), "totals": memory.table(np.ravel(totals)), "pieces": memory.numbers(parts * longest),
        "piece_size": longest,
    }  # fmt: skip


class Team:
    """Threads that work together: the one that calls machine code, and helpers that may come late or not at all.

    Args:
        seats: the most threads.
        bits: of the numbers of the code.
    """

    def __init__(self, seats: int, bits: int) -> None:
        words = np.zeros(TEAM.size + LINE // 8, np.int64)
        self._words = words[-words.ctypes.data % LINE // 8 :]
        self._words[TEAM.rest], self._words[TEAM.seats], self._words[TEAM.state] = let_others_run(), seats, ENDED
        self.address = self._words.ctypes.data
        self._help = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(descend(bits, True).help)
        # a process made by fork has none of its parent's helpers
        self._process = os.getpid()
        self._helpers = seats - 1
        # helpers that were asked and have not come, by the last call, and one entry for each that has come since
        self._asked = 0
        self._came: list[None] = []

    @property
    def is_here(self) -> bool:
        """Whether it was made in this process."""
        return self._process == os.getpid()

    def call(self) -> None:
        """Call the helpers; they leave when the code that is called next has ended.

        One that was asked before and is late helps this time: it is not asked again.
        """
        self._words[TEAM.state] = self._words[TEAM.state] & -4 | CALLED
        came = len(self._came)
        del self._came[:came]
        self._asked = max(0, self._asked - came)
        self._asked += ask(self.help, self._helpers - self._asked)

    def help(self) -> None:
        """Help until the team has ended."""
        self._came.append(None)
        self._help(self.address)


class Division:
    """The memory of calls that divide their samples, one call at a time.

    Args:
        arguments: their number.
        results: the number of results that differ by sample.
    """

    def __init__(self, program: Program, code: Code, sizes: Sizes, bits: int, arguments: int, results: int) -> None:
        self._memory = memory = Addressed(np.dtype(f"f{bits // 8}"))
        memory.keep(code)
        self._samples = sizes.samples
        self.team = Team(sizes.seats, bits)
        # the tables of results: of the whole call, and of each thread
        self._wanted = np.zeros((sizes.seats + 1, 1 + results), np.uint64)
        self._given = np.zeros(max(1, arguments), np.uint64)
        places = iter(range(1, sizes.seats + 1))

        def wanted(own: int) -> int:
            k = next(places)
            self._wanted[k, 0] = own
            return int(self._wanted[k].ctypes.data)

        words = division(memory, program, code, sizes, wanted)
        words |= {
            "given": self._given.ctypes.data, "wanted": self._wanted.ctypes.data, "own_lanes": memory.numbers(program.workspace),
            "own_shared": memory.numbers(program.shared),
        }  # fmt: skip
        (self._row,) = rows_of([words], TERM_AT)
        pointer = ctypes.c_void_p
        self._conduct = ctypes.CFUNCTYPE(None, pointer, pointer, ctypes.c_int64)(descend(bits, True).conduct)

    def fits(self, samples: int) -> bool:
        """Whether it has room for so many samples, and helpers in this process."""
        return samples <= self._samples and self.team.is_here

    def __call__(self, arguments: Sequence[np.ndarray], results: Sequence[np.ndarray], samples: int) -> None:
        """Compute flat results from flat arguments."""
        self._given[: len(arguments)] = [a.ctypes.data for a in arguments]
        addresses = [a.ctypes.data for a in results]
        self._wanted[:, 1:] = addresses[1:]
        self._wanted[0, 0] = self._row[TERM_AT["sums"]] = addresses[0]
        self.team.call()
        self._conduct(self.team.address, self._row.ctypes.data, samples)


def dividing(program: Program, code: Code, threads: int, bits: int) -> Callable[[Sequence[np.ndarray], Sequence[np.ndarray], int], bool]:
    """A function that computes flat results from flat arguments with several threads; ``False`` if there are too few samples."""
    spare: list[Division] = []  # kept between calls; each is used by one of them at a time
    fewest = 2 * grain_of(program)

    def divide(arguments: Sequence[np.ndarray], results: Sequence[np.ndarray], samples: int) -> bool:
        if samples < fewest:
            return False
        try:
            divided = spare.pop()
        except IndexError:
            divided = None
        if divided is None or not divided.fits(samples):
            sizes = Sizes(threads, seats_for(threads), samples, results[0].size)
            divided = Division(program, code, sizes, bits, len(arguments), len(results) - 1)
        divided(arguments, results, samples)
        spare.append(divided)
        return True

    return divide


__all__ = [
    "COMMON_AT",
    "FINE",
    "GRAIN",
    "LINE",
    "TERM_AT",
    "Addressed",
    "Division",
    "Sizes",
    "Team",
    "descend",
    "dividing",
    "division",
    "grain_of",
    "rows_of",
    "seats_for",
]  # fmt: skip
