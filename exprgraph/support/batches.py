"""The batch axes of the arrays of a call, and checks of their shapes.

These functions need only NumPy.  Saved modules contain their source, and define the errors under the same names.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import ShapeError


def batch_axes(
    arrays: Sequence[np.ndarray], slots: Sequence[tuple[str, tuple[int, ...], bool]], batches: str = "broadcast"
) -> tuple[int, ...]:
    """The common batch axes in front of the arrays.

    Args:
        arrays: one for each slot.
        slots: the array's name in messages, its shape for one sample, and whether it may have batch axes.
        batches: "broadcast": batch axes broadcast with each other.  "equal": arrays have the same batch axes, or none.
            "samples": an array that may have batch axes has exactly one, as long as the others'.

    Raises:
        ShapeError: an array has another shape, or batch axes do not fit together.
    """
    lead: tuple[int, ...] = ()
    leader = ""
    for a, (called, shape, per_sample) in zip(arrays, slots):
        n = a.ndim - len(shape)
        if n < 0 or a.shape[n:] != shape or (n and not per_sample) or (batches == "samples" and per_sample and n != 1):
            raise ShapeError(misfit(a.shape, called, shape, per_sample, batches == "samples"))
        own = a.shape[:n]
        if own and not leader:
            lead, leader = own, called
        elif own and own != lead:
            if batches == "samples":
                raise ShapeError(f"{called} has {own[0]} samples, {leader} has {lead[0]}")
            if batches == "equal":
                raise ShapeError(
                    f"{called}: the batch axes {own} do not fit those of {leader}, {lead}; expected shape {lead + shape}, got {a.shape}"
                )
            try:
                lead = np.broadcast_shapes(lead, own)
            except ValueError:
                raise ShapeError(f"{called}: the batch axes {own} do not fit those of the others, {lead}") from None
    return lead


def misfit(came: tuple[int, ...], called: str, shape: tuple[int, ...], per_sample: bool, samples: bool = False) -> str:
    """The message about an array of wrong shape; ``samples``: it has one batch axis, which counts samples."""
    if not per_sample:
        hint = ", or make the symbol with per_sample=True" if samples and came[1:] == shape else ""
        return f"{called}: expected shape {shape}, which all samples share, got {came}{hint}"
    last = len(shape) == 1 and len(came) == 2 and came[0] == shape[0]
    hint = "; samples come first, so pass the transpose" if last else ""
    rest = "".join(f", {n}" for n in shape)
    if samples:
        return f"{called}: expected samples of shape {shape}, so (n{rest or ','}), got {came}{hint}"
    batch = f"(...{rest})" if shape else "any"
    return f"{called}: expected shape {shape} for one sample, {batch} for a batch, got {came}{hint}"


__all__ = ["batch_axes", "misfit"]
