"""What programs are planned and printed for: sizes of memory, and vectors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A machine as far as plans and printers ask; a plan for machines that are alike is the same.

    A plan asks for blocks and rows.  The rest is for printers: a vector has ``lanes`` reals of ``bits`` bits, and there are
    ``registers`` vectors.
    """

    lanes: int = 8
    bits: int = 64
    registers: int = 32
    #: samples in a block: the most for which the workspace is small enough
    blocks: tuple[int, ...] = (128, 64, 32, 16, 8)
    #: What the workspace on lanes should not exceed, in bytes.  Measured: up to here a longer block gains more (each
    #: product of matrices loads its shared side once for a block) than a workspace in second-level cache does.
    workspace: int = 2 * 1024 * 1024
    #: what rows are further apart than a block is long: powers of two would crowd a few sets of a cache
    padding: int = 8

    def row_length(self, block: int) -> int:
        """The distance of two rows of lanes.

        >>> CPU.row_length(128), CPU.row_length(8)
        (136, 8)
        """
        return block + self.padding if block > self.padding else block

    def block_for(self, rows: int, bits: int) -> int:
        """The samples in a block, for a workspace of so many rows of reals.

        >>> CPU.block_for(100, 64), CPU.block_for(3000, 64), CPU.block_for(10**6, 64)
        (128, 64, 8)
        """
        fitting = (b for b in self.blocks if rows * self.row_length(b) * (bits // 8) <= self.workspace)
        return next(fitting, self.blocks[-1])


#: processors with caches and vectors
CPU = Target()


__all__ = ["CPU", "Target"]
