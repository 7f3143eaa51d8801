"""The functions of users that typed loops cannot express, and only Numba compiles."""

from __future__ import annotations

from collections.abc import Sequence

from ...functions.elementwise import Function
from ...graph.node import Node
from ...graph.traverse import with_inner


def unread_functions(outputs: Sequence[Node]) -> dict[str, str]:
    """The user-defined functions whose code only Numba compiles, with the reasons."""
    rows = {n.op for n in with_inner(outputs) if isinstance(n.op, Function) and n.op.added}
    return {r.name: str(r.template.unread) for r in sorted(rows, key=lambda r: r.name) if r.template.unread is not None}


def left_to_numba(outputs: Sequence[Node]) -> str | None:
    """The first user-defined function that only Numba compiles, and why; ``None`` if there is none."""
    return next((f"{name}, which only Numba compiles: {why}" for name, why in unread_functions(outputs).items()), None)


__all__ = ["left_to_numba", "unread_functions"]
