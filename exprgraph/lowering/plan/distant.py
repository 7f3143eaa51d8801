"""Whether a loop over elements that are no neighbours in memory is quicker with vectors.

Each element that is not beside the one before it is moved into its lane by itself, or out of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...loops.program import Call, Expression, Let, Load, Name, Operation, Statement, Store
from ...loops.verify import parts_of

#: what an operation of a number takes, in times of a sum
_LONG = {"div": 4, "sqrt": 5}
#: a call of a function
_CALL = 12
#: moving an element into a lane or out of it
_MOVED = 2


def is_worth_vectors(body: Sequence[Statement], index: str) -> bool:
    """Whether vectors save more operations than it takes to bring elements into lanes and out of them."""
    work = moved = 0
    moving = {index}
    for s in body:
        assert isinstance(s, (Let, Store))
        if isinstance(s, Let) and s.value.type == "index":
            moving.add(s.name)
        addresses = [s.at] if isinstance(s, Store) else []
        for x in parts_of(s.value):
            if isinstance(x, Load):
                addresses.append(x.at)
            elif isinstance(x, Call):
                work += 0 if x.library else _CALL
            elif isinstance(x, Operation) and x.type == "real":
                work += _LONG.get(x.op, max(len(x.args) - 1, 1))
        moved += sum(not _is_beside(at, moving, index) for at in addresses)
    return work >= _MOVED * moved


def _is_beside(at: Expression, moving: set[str], index: str) -> bool:
    """Whether the next address is the next number, or the same."""
    terms = at.args if isinstance(at, Operation) and at.op == "add" else (at,)
    found = [t for t in terms if any(isinstance(x, Name) and x.name in moving for x in parts_of(t))]
    return not found or found == [Name(index, "index")]


__all__ = ["is_worth_vectors"]
