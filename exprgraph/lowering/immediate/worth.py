"""What the interpreter and LLVM take for a graph of elements, in nanoseconds by counts.

No clock is read, so equal programs do the same.  The numbers are rough: who answers changes no bit.
"""

from __future__ import annotations

#: a call by the interpreter, the Python around it included; an instruction for one sample; one of a lane
CALL, INSTRUCTION, LANE = 7_000, 1.5, 0.5
#: LLVM: a function; a statement; the interpreter, or the function of a row
FUNCTION, STATEMENT, PART = 5e6, 5e4, 4e6
#: the most elements of arrays that are computed one by one; LLVM's time does not depend on them
ELEMENTS = 100_000
#: a bound call waits for LLVM if that takes less: Python would stay in the calls of a loop
BOUND = 2.5e8
#: LLVM begins when calls have taken this share of its time, and after so many calls in any case
SHARE, CALLS = 1 / 8, 32
#: NumPy, for an operation on scalars
NUMPY = 2e3
#: to load the interpreter from disk
LOAD = 5e6
#: parts that are kept on disk are for later processes, too: they may take this many times as long as another way to the first result
KEPT = 4


def time_of_call(instructions: int, samples: int | None) -> float:
    """The time of a call by the interpreter: for one sample, or for some.

    >>> time_of_call(1000, None), time_of_call(1000, 10_000)
    (8500.0, 5007000.0)
    """
    return CALL + (instructions * INSTRUCTION if samples is None else instructions * samples * LANE)


def time_to_compile(statements: int) -> float:
    """The time until there is machine code, which has a loop for the instructions of an array.

    >>> time_to_compile(100) * 1e-6
    10.0
    """
    return FUNCTION + statements * STATEMENT


def is_worth_interpreting(statements: int, missing: int, kept: bool, by_numpy: bool, declined: float = 0.0) -> bool:
    """Whether the first result should wait for what the interpreter lacks, so many parts, rather than for the function, or for NumPy.

    ``declined`` is the time that other functions took which did not wait: so a few of them make the parts.

    >>> is_worth_interpreting(100, 2, False, False), is_worth_interpreting(100, 3, False, False), is_worth_interpreting(100, 3, True, False)
    (True, False, True)
    """
    otherwise = statements * NUMPY if by_numpy else time_to_compile(statements)
    return missing * PART <= otherwise * (KEPT if kept else 1) + declined


def is_worth_evaluating(nodes: int) -> bool:
    """Whether NumPy has the first result of a graph before the interpreter is loaded.

    >>> is_worth_evaluating(1000), is_worth_evaluating(10_000)
    (True, False)
    """
    return nodes * NUMPY <= LOAD


def is_worth_binding(statements: int) -> bool:
    """Whether a bound call waits for the machine code.

    >>> is_worth_binding(1000), is_worth_binding(10_000)
    (True, False)
    """
    return time_to_compile(statements) <= BOUND


def is_worth_compiling(statements: int, calls: int, spent: float) -> bool:
    """Whether LLVM should begin, after so many calls that took this time."""
    return calls >= CALLS or spent >= SHARE * time_to_compile(statements)


__all__ = [
    "ELEMENTS",
    "is_worth_binding",
    "is_worth_compiling",
    "is_worth_evaluating",
    "is_worth_interpreting",
    "time_of_call",
    "time_to_compile",
]
