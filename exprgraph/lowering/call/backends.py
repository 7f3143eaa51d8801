"""The choices of ``backend=``."""

from __future__ import annotations

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


__all__ = ["backends", "checked"]
