"""Who computes: the choices of ``backend=``, and what only Numba can compile."""

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
    """The choices of ``backend=``, and what each is; the first is taken where none is given.

    >>> import exprgraph as eg
    >>> list(eg.backends())
    ['native', 'numba', 'numpy', 'auto']
    """
    return dict(_BACKENDS)


def checked(backend: object) -> str:
    """A choice that there is.

    Raises:
        ValueError: there is none of that name; the message has them all.
    """
    if not isinstance(backend, str) or backend not in _BACKENDS:
        raise ValueError(f"unknown backend {backend!r}; expected one of {', '.join(_BACKENDS)}")
    return backend


def unread_functions(outputs: Sequence[Node]) -> dict[str, str]:
    """The functions of users whose code only Numba compiles, with the reasons."""
    rows = {n.op for n in topological(outputs) if isinstance(n.op, Function) and n.op.added}
    return {r.name: str(r.template.unread) for r in sorted(rows, key=lambda r: r.name) if r.template.unread is not None}


__all__ = ["backends", "checked", "unread_functions"]
