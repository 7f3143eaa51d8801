"""LLVM: the machine code's text, in vectors as wide as the target has them."""

from .builder import Target
from .driver import ENTRY, PART
from .module import print_program

__all__ = ["ENTRY", "PART", "Target", "print_program"]
