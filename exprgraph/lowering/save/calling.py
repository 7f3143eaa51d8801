"""Calls of a saved module: values to arrays, results, and the comparison with the definition.

This package does not run these functions.  A saved module contains their source, from the line of dashes on, after that of
:mod:`.dividing`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ShapeError
from ...support.batches import batch_axes
from .check import points
from .dividing import number_of, run_in
from .numba_form import by_numba
from .starting import StartedForm, by_python, form_for, form_of

if TYPE_CHECKING:
    from .numba_form import ARGUMENTS, CHECK, CHECKED_BY, FROZEN, RESULTS, SHARED, SLOTS, TOLERANCE, WORKSPACE, R

# ---------------------------------------------------------------- how it is called


def evaluate(*values: Any, threads: int | None = 1) -> list[np.ndarray]:
    """The results, in order, for a value of each argument: batch axes come first, and broadcast.

    A result that is the same for all samples has no batch axes.  ``threads`` is how many divide a batch; ``None``: one on each
    processor.  Equal calls with as many threads have equal bits.  Code that is started by "numba" or "python" uses one.

    Raises:
        TypeError: the number of values is wrong, or one is not real; or ``threads`` is no number.
        ValueError: ``threads`` is not positive.
        ShapeError: a value has another shape, or batch axes do not fit together.
    """
    if len(values) != len(ARGUMENTS):
        raise TypeError(f"expected {len(ARGUMENTS)} values, got {len(values)}")
    arrays, lead = arrays_of(values)
    return results_of(form_for(lead), arrays, lead, number_of(threads))


def arrays_of(values: Sequence[Any]) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """One flat array for each argument, and the batch axes."""
    arrays = [numbers(value, called) for value, (called, _, _) in zip(values, SLOTS)]
    lead = batch_axes(arrays, SLOTS)
    for k, (a, (_, shape, per_sample)) in enumerate(zip(arrays, SLOTS)):
        whole = lead + shape if per_sample else shape
        b = a if a.shape == whole else np.broadcast_to(a, whole)
        arrays[k] = (b if b.flags.c_contiguous and b.flags.aligned else np.array(b, order="C")).reshape(-1)
    return arrays, lead


def workspace() -> np.ndarray:
    """A workspace for ``kernel``, for any number of samples; threads need one each."""
    return np.empty(WORKSPACE + SHARED, R)


def numbers(value: Any, called: str) -> np.ndarray:
    """A value as an array of real numbers."""
    try:
        a = np.asarray(value)
    except ValueError as e:
        raise ShapeError(f"{called}: cannot make an array of the given value: {e}") from None
    masked = type(value) is not np.ndarray and isinstance(value, np.ndarray) and np.ma.is_masked(value)
    if a.dtype.kind not in "fiub" or masked:
        raise TypeError(f"{called}: expected real numbers, got {type(value).__name__} of dtype {a.dtype}")
    return a.astype(R, copy=False)


def results_of(form: StartedForm, arrays: Sequence[np.ndarray], lead: tuple[int, ...], threads: int = 1) -> list[np.ndarray]:
    """The results for flat arrays.  The form writes some one after another, and others apart."""
    given, samples = iter(arrays), math.prod(lead)
    whole = [FROZEN[k] if k in FROZEN else next(given) for k in range(len(arrays) + len(FROZEN))]
    sizes = [math.prod(shape) * (samples if per_sample else 1) for shape, per_sample in RESULTS]
    ends = [0, *accumulate(0 if apart else size for size, apart in zip(sizes, form.apart))]
    together = np.empty(ends[-1], R)
    own = [np.empty(size, R) for size, apart in zip(sizes, form.apart) if apart]
    run_in(threads, form, whole, [together, *own], samples)
    each = iter(own)
    return [
        (next(each) if apart else together[first:last]).reshape(lead + shape if per_sample else shape)
        for (shape, per_sample), apart, first, last in zip(RESULTS, form.apart, ends, ends[1:])
    ]


def self_check() -> float:
    """Compare with values that NumPy computed when this file was written, and with the definition; the largest relative difference.

    The definition is run by ``CHECKED_BY``, on one sample and on a batch of three.

    Raises:
        AssertionError: a difference is larger than ``TOLERANCE``.
    """
    positions = [k for k in range(len(ARGUMENTS) + len(FROZEN)) if k not in FROZEN]
    at = [[points(shape, k + j / 8).astype(R) for k, (_, shape, _) in zip(positions, ARGUMENTS)] for j in range(3)]
    stored = [difference(np.ravel(got)[::step], np.array(values, R)) for got, (step, values) in zip(evaluate(*at[0]), CHECK)]
    batches = [np.stack(a) if per_sample else a[0] for a, (_, _, per_sample) in zip(zip(*at), ARGUMENTS)]
    defined = [difference(*pair) for values in (at[1], batches) for pair in zip(evaluate(*values), by_definition(values))]
    for what, found in (("the stored values", stored), ("the definition", defined)):
        if not max(found, default=0.0) <= TOLERANCE:
            raise AssertionError(f"self-check failed: relative difference {max(found):.3g} from {what}, allowed {TOLERANCE}")
    return max(*stored, *defined, 0.0)


def by_definition(values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The results from the definition in this file."""
    if CHECKED_BY == "python":
        try:
            return results_of(form_of(by_python()), *arrays_of(values))
        except (ArithmeticError, ValueError):  # functions of Python's math raise errors where those of compiled code give infinities
            pass
    return results_of(form_of(by_numba()), *arrays_of(values))


def difference(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference, relative to the largest entry; infinite if only one is a number."""
    same = (wanted == got) | (np.isnan(wanted) & np.isnan(got))
    with np.errstate(all="ignore"):
        error = np.where(same, 0.0, np.abs(got - wanted) / np.maximum(np.max(np.abs(wanted), initial=0.0), np.finfo(R).tiny))
    return float(np.max(np.where(np.isnan(error), np.inf, error), initial=0.0))
