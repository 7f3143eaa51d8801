"""A saved module's definition, compiled by Numba.

This package does not run these functions.  A saved module contains their source, from the first line of dashes to the second
before its definition, and from the second on after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # what the module defines before
    #: the type of numbers, the type of indices, samples in a block
    R: type[np.floating]
    u64: type[np.uint64]
    BLOCK: np.uint64
    #: the data of the definition
    CONSTANTS: np.ndarray
    TABLE: np.ndarray
    STEPS: np.ndarray
    #: (name, shape, whether each sample has its own value) of each argument; (shape, whether it differs by sample) of each result
    ARGUMENTS: list[tuple[str, tuple[int, ...], bool]]
    RESULTS: list[tuple[tuple[int, ...], bool]]
    #: the arguments, as messages call them
    SLOTS: list[tuple[str, tuple[int, ...], bool]]
    #: flat numbers of arguments that the module holds, by position
    FROZEN: dict[int, np.ndarray]
    #: numbers in the workspace of a block, and in that of all samples
    WORKSPACE: int
    SHARED: int
    #: of each part, the totals of a pass over the samples: in the results (0) or in what all samples share (1), offset, size
    TOTALS: list[list[tuple[int, int, int]]]
    #: of each result, every how manieth entry is compared, and its values; the largest relative difference; what runs the definition
    CHECK: list[tuple[int, list[float]]]
    TOLERANCE: float
    CHECKED_BY: str
    #: whether the only result has no place in a nesting; the text of the kernel's type for Numba
    BARE: bool
    KERNEL: str
    #: quick forms for any number of samples, and for one; numbers in the workspaces of the latter
    FAST: Forms
    ONE: Forms
    ONE_SIZES: tuple[int, int]

# ---------------------------------------------------------------- the definition


def njit(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Numba's decorator, which waits until Numba is needed: its import takes longer than the function's start."""

    def noted(f: Callable[..., Any]) -> Callable[..., Any]:
        vars(f).update(options=options)
        return f

    return noted


def keep_apart() -> None:
    """Keep Numba from inlining the caller, so that each kernel is compiled once."""

# ---------------------------------------------------------------- for Numba

Arrays = Sequence[np.ndarray]
#: by way: digest, and bytes in base64
Forms = dict[str, tuple[str, str]]


@cache
def compiled() -> dict[str, Any]:
    """The names of this module, with functions that Numba compiles at their first call; its cache is beside this file."""
    from numba import njit, types
    from numba.extending import intrinsic

    @intrinsic  # type: ignore[untyped-decorator]
    def keep_apart(typing_context: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            builder.function.attributes.add("noinline")
            return context.get_dummy_value()

        return types.void(), code

    names = globals().copy()
    for name, f in globals().items():
        if hasattr(f, "options"):
            names[name] = njit(**f.options)(FunctionType(f.__code__, names, name))
    names["keep_apart"] = keep_apart
    with suppress(RuntimeError):  # there is no folder that Numba could write into
        names["definition"].enable_caching()
    return names


def by_numba() -> Callable[..., None]:
    """The definition, compiled by Numba."""
    definition, *tables = (compiled()[name] for name in ("definition", "CONSTANTS", "TABLE", "STEPS"))

    def run(arguments: Arrays, results: Arrays, workspace: np.ndarray, shared: np.ndarray, samples: int) -> None:
        definition(*arguments, *results, workspace, shared, *tables, np.uint64(samples))

    return run
