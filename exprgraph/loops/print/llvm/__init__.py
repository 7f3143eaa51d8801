"""The LLVM printer, with vectors of the target's width."""

from .builder import Target
from .driver import ENTRY, PART
from .module import print_program

__all__ = ["ENTRY", "PART", "Target", "print_program"]
