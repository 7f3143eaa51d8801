"""The kernel of a saved module, for code that Numba compiles.

This package does not run these functions.  A saved module contains their source, from the line of dashes on, after that of
:mod:`.calling`.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .numba_form import compiled
from .starting import form_for

if TYPE_CHECKING:
    from .numba_form import ARGUMENTS, BARE, FROZEN, KERNEL, RESULTS, SHARED, WORKSPACE, R

# ---------------------------------------------------------------- the kernel


@cache
def numba_kernel() -> Any:
    """The function as a value for code that Numba compiles: the machine code that was started, or a C function made by Numba."""
    names, run = kernel_names(), form_for((1,)).run
    owner = run if hasattr(run, "address") else entry()
    results = tuple((shape, per_sample, False) for shape, per_sample in RESULTS)
    interface = names["KernelInterface"](tuple(ARGUMENTS), results, BARE, R is np.float32, tuple(FROZEN))
    return names["NumbaKernel"](owner.address, interface, (WORKSPACE, SHARED), owner, (numba_kernel, ()), list(FROZEN.values()))


@cache
def kernel_names() -> dict[str, Any]:
    """The names of the kernel's text, which imports Numba."""
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(KERNEL, "<KERNEL>", "exec"), names)
    return names


def entry() -> Any:
    """The definition as a C function, compiled by Numba."""
    from numba import carray, cfunc, types

    given = iter((math.prod(shape), per_sample) for _, shape, per_sample in ARGUMENTS)
    sizes = [(FROZEN[k].size, False) if k in FROZEN else next(given) for k in range(len(ARGUMENTS) + len(FROZEN))]
    arrays = [f"carray(a[{k}], ({size}{' * samples' * per_sample},))" for k, (size, per_sample) in enumerate(sizes)]
    common = sum(math.prod(shape) for shape, per_sample in RESULTS if not per_sample)
    own = [math.prod(shape) for shape, per_sample in RESULTS if per_sample]
    arrays += [f"carray(r[0], ({common},))", *(f"carray(r[{k}], ({size} * samples,))" for k, size in enumerate(own, 1))]
    arrays += [f"carray(w, ({WORKSPACE},))", f"carray(s, ({SHARED},))"]
    names = {**compiled(), "carray": carray}
    text = f"def entry(a, r, w, s, samples):\n    definition({', '.join(arrays)}, CONSTANTS, TABLE, STEPS, np.uint64(samples))\n"
    exec(text, names)
    numbers = types.CPointer(types.float32 if R is np.float32 else types.float64)
    return cfunc(types.void(types.CPointer(numbers), types.CPointer(numbers), numbers, numbers, types.int64))(names["entry"])


def __getattr__(name: str) -> Any:
    """What imports Numba is made when somebody asks for it: ``kernel``, and its type."""
    if name == "kernel":
        return numba_kernel()
    if name == "KernelType":
        return kernel_names()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
