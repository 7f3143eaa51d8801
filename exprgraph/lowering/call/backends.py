"""The choices of ``backend=``, and the functions that only Numba can compile."""

from __future__ import annotations

from collections.abc import Sequence

from ...functions.elementwise import Function
from ...graph.node import Node
from ...graph.traverse import topological

_BACKENDS = {
    "native": "machine code, made by LLVM at the first call",
    "numba": "the printed Python, compiled by Numba at the first call",
    "numpy": "evaluation without compiling",
    "auto": "NumPy while the machine code is made in the background, then that",
}


def backends() -> dict[str, str]:
    """The choices of ``backend=`` with a description of each; the first is the default.

    >>> import exprgraph as eg
    >>> list(eg.backends())
    ['native', 'numba', 'numpy', 'auto']
    """
    return dict(_BACKENDS)


def checked(backend: object) -> str:
    """Check that a backend exists.

    Raises:
        ValueError: there is no backend of that name; the message lists all of them.
    """
    if not isinstance(backend, str) or backend not in _BACKENDS:
        raise ValueError(f"unknown backend {backend!r}; expected one of {', '.join(_BACKENDS)}")
    return backend


def unread_functions(outputs: Sequence[Node]) -> dict[str, str]:
    """The user-defined functions whose code only Numba compiles, with the reasons."""
    rows = {n.op for n in topological(outputs) if isinstance(n.op, Function) and n.op.added}
    return {r.name: str(r.template.unread) for r in sorted(rows, key=lambda r: r.name) if r.template.unread is not None}


__all__ = ["backends", "checked", "unread_functions"]
