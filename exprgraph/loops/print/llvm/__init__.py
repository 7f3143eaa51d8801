"""The LLVM printer, with vectors of the target's width."""

from .builder import LLVMTarget
from .driver import ENTRY, PART
from .module import print_alone, print_program

__all__ = ["ENTRY", "PART", "LLVMTarget", "print_alone", "print_program"]
