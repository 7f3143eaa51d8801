"""The LLVM printer, with vectors of the target's width."""

from .builder import LLVMTarget
from .driver import APART, ENTRY, PART
from .module import pieces_of, print_pieces, print_program

__all__ = ["APART", "ENTRY", "PART", "LLVMTarget", "pieces_of", "print_pieces", "print_program"]
