"""The LLVM printer, with vectors of the target's width."""

from .alone import Copied, Given, Inside, Place, PlacedForm, print_alone
from .builder import LLVMTarget
from .driver import APART, ENTRY, PART
from .module import pieces_of, print_pieces, print_program

__all__ = [
    "APART", "ENTRY", "PART", "Copied", "Given", "Inside", "LLVMTarget", "Place", "PlacedForm", "pieces_of", "print_alone",
    "print_pieces", "print_program",
]  # fmt: skip
