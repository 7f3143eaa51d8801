"""Targets of plans and printers: sizes of memory, and vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """The properties of a machine that plans and printers use; equal targets have equal plans.

    Plans use blocks and rows.  Printers use vectors: ``registers`` of them, with ``lanes`` reals of ``bits`` bits.  A vector
    of one lane is a scalar.
    """

    lanes: int = 8
    bits: int = 64
    registers: int = 32
    #: numbers of samples in a block; a plan takes the largest with a workspace that is small enough
    blocks: tuple[int, ...] = (128, 64, 32, 16, 8)
    #: The largest workspace on lanes, in bytes.  Measured: up to here a longer block, for which products of matrices load
    #: their shared side once, gains more than a workspace in the second-level cache.
    workspace: int = 2 * 1024 * 1024
    #: the padding of rows: distances of powers of two would crowd a few sets of a cache
    padding: int = 8
    #: the bits of an index, and of an address
    index: int = 64
    #: whether a load or a store of a vector may leave out lanes
    partial: bool = True
    #: Products are computed in blocks if their matrices have more bytes than this; 0: never.  A block has ``high`` rows of the left
    #: side, ``wide`` columns of the right side, and ``deep`` bytes of the terms of each sum: a panel of the left side stays in the
    #: first-level cache, a block of it in the second-level cache.
    cache: int = 1024 * 1024
    high: int = 96
    wide: int = 1024
    deep: int = 2048

    def terms(self, bits: int) -> int:
        """The terms of each sum in a block."""
        return self.deep * 8 // bits

    def packed(self, k: int, n: int, bits: int) -> int:
        """The numbers of scratch space for a product in blocks, with n columns of k terms.

        >>> CPU.packed(2048, 2048, 64) * 8 / 2**20  # megabytes
        2.31298828125
        """
        return self.terms(bits) * self.high + 64 + min(k, self.terms(bits)) * (min(n, self.wide) + 64)  # panels have whole vectors

    def row_length(self, block: int) -> int:
        """The distance of two rows of lanes.

        >>> CPU.row_length(128), CPU.row_length(8)
        (136, 8)
        """
        return block + self.padding if block > self.padding else block

    def block_for(self, rows: int, bits: int, scratch: Callable[[int], int] = lambda row: 0) -> int:
        """The number of samples in a block, for a workspace of ``rows`` rows of reals, and scratch space by the length of a row.

        Rows have room for whole vectors, so a block is no shorter than one.

        >>> CPU.block_for(100, 64), CPU.block_for(3000, 64), CPU.block_for(10**6, 64)
        (128, 64, 8)
        >>> CPU.block_for(10**6, 32)
        16
        """
        blocks = [b for b in self.blocks if b * bits >= self.lanes * self.bits] or self.blocks
        lengths = ((b, self.row_length(b)) for b in blocks)
        fitting = (b for b, row in lengths if (rows * row + scratch(row)) * (bits // 8) <= self.workspace)
        return next(fitting, blocks[-1])

    @property
    def tiles(self) -> dict[int, tuple[int, ...]]:
        """Tiles of a product of matrices that stay in registers: how many rows they may have, by vectors in a row.

        >>> Target(4, 64, 16).tiles
        {3: (4, 2, 1), 1: (6, 2, 1)}
        """
        if self.registers >= 32:
            return {4: (6, 4, 2, 1), 2: (8, 4, 2, 1), 1: (8, 4, 2, 1)}
        return {3: (4, 2, 1), 1: (6, 2, 1)}

    @property
    def side(self) -> int:
        """How many rows of each operand a tile of inner products has."""
        return 4 if self.registers >= 32 else 3

    @property
    def has_masks(self) -> bool:
        """Whether an instruction may leave out lanes."""
        return self.lanes * self.bits >= 512


#: processors with caches and vectors
CPU = Target()


__all__ = ["CPU", "Target"]
