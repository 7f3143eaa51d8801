"""Places of values, used again as soon as nothing reads the value any more."""

from __future__ import annotations

import numpy as np


def places(operands: np.ndarray, stays: np.ndarray, first: int) -> list[int]:
    """The place of the result of each instruction.

    Args:
        operands: a column for each instruction, with the numbers of the instructions that compute its operands; -1 for other
            operands.
        stays: the numbers of instructions whose results stay.
        first: the first place.
    """
    rows, count = operands.shape
    turns = np.arange(count)
    last = np.full(count + 1, -1)  # the last of all stands for other operands
    is_result = operands >= 0
    np.maximum.at(last, operands[is_result], np.broadcast_to(turns, operands.shape)[is_result])
    last[stays] = count
    ends = is_result & (last[operands] == turns)
    for k in range(1, rows):  # once, if it is several operands
        for j in range(k):
            ends[k] &= operands[k] != operands[j]
    # the result takes the place of one operand that ends with it; those of others are free from then on
    heir = ends.argmax(axis=0)
    heirs = np.where(ends[heir, turns], operands[heir, turns], -1)
    ends[heir, turns] = False
    others = iter(operands.T[ends.T].tolist())
    found: list[int] = []
    free: list[int] = []
    for inherited, more in zip(heirs.tolist(), ends.sum(axis=0).tolist()):
        if inherited >= 0:
            found.append(found[inherited])
        elif free:
            found.append(free.pop())
        else:
            found.append(first)
            first += 1
        while more:
            free.append(found[next(others)])
            more -= 1
    return found


__all__ = ["places"]
