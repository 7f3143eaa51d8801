"""The instructions of the interpreter: two words each, with an operation, a place for the result, and places of operands.

Places are rows of the workspace: first the elements of the arguments, then temporary values, whose places are reused, then numbers.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from ...functions.elementwise import Function

#: the bits of a place, of an operation, and of the number of a function
PLACE_BITS, OPERATION_BITS, FUNCTION_BITS = 28, 8, 8
#: the number of places and of functions that instructions can name
PLACES, FUNCTIONS = 1 << PLACE_BITS, 1 << FUNCTION_BITS
#: the most operands of a function that is applied
OPERANDS = 3


class Op(IntEnum):
    """The operations, each rounded as written: ``a*b + c`` twice."""

    ADD = 0
    SUB = 1
    MUL = 2
    DIV = 3
    #: a*b + c
    MUL_ADD = 4
    NEG = 5
    SQRT = 6
    #: 1/a, for the power -1
    INVERSE = 7
    #: a function of the table, of up to three operands
    APPLY = 8
    #: behind the last instruction
    END = 9


class Purpose(NamedTuple):
    """What the interpreter's code is for: the bits of its numbers, and whether samples are lanes."""

    bits: int
    lanes: bool

    @classmethod
    def of(cls, batch: bool, single: bool) -> Purpose:
        """The purpose of a form."""
        return cls(32 if single else 64, batch)


class Instructions:
    """A function of numbers as instructions.

    Attributes:
        words: two words for each instruction, and for the end.
        arguments: the elements of all arguments, which have the first places.
        places: how many places there are.
        numbers: the values of the last places.
        functions: the rows that instructions apply, in the order of their numbers.
        results: for each output, the places of its elements.
        statements: how many instructions there are if those of all elements of an array are one.
    """

    __slots__ = "arguments", "functions", "numbers", "places", "results", "statements", "words"

    def __init__(
        self,
        words: np.ndarray,
        arguments: int,
        places: int,
        numbers: np.ndarray,
        functions: tuple[Function, ...],
        results: tuple[np.ndarray, ...],
        statements: int,
    ) -> None:
        self.words = words
        self.arguments = arguments
        self.places = places
        self.numbers = numbers
        self.functions = functions
        self.results = results
        self.statements = statements

    def __len__(self) -> int:
        return len(self.words) // 2 - 1


def packed(operation: np.ndarray, result: np.ndarray, operands: np.ndarray, function: np.ndarray) -> np.ndarray:
    """The words of instructions, and of the end behind them; ``operands`` has three rows.

    >>> [hex(w) for w in packed(np.array([8]), np.array([5]), np.array([[3], [2], [1]]), np.array([7]))]
    ['0x1000000508', '0x700000020000003', '0x9', '0x0']
    """
    a, b, c = operands
    words = np.zeros((len(operation) + 1, 2), np.int64)
    words[:-1, 0] = operation | result << OPERATION_BITS | c << (OPERATION_BITS + PLACE_BITS)
    words[:-1, 1] = a | b << PLACE_BITS | function << (2 * PLACE_BITS)
    words[-1, 0] = Op.END
    return words.reshape(-1).view(np.uint64)


__all__ = ["FUNCTIONS", "FUNCTION_BITS", "OPERANDS", "OPERATION_BITS", "PLACES", "PLACE_BITS", "Instructions", "Op", "Purpose", "packed"]
