"""The LLVM printer, with vectors of the target's width."""

from .alone import Copied, Form, Given, Inside, Place, print_alone
from .builder import LLVMTarget
from .driver import ENTRY, PART
from .module import print_program

__all__ = ["ENTRY", "PART", "Copied", "Form", "Given", "Inside", "LLVMTarget", "Place", "print_alone", "print_program"]
