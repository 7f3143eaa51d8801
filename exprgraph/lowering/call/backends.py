"""The choices of ``backend=``."""

from __future__ import annotations

_BACKENDS = {
    "native": "machine code, made by LLVM at the first call, or in the background while an interpreter answers",
    "numba": "the printed Python, compiled by Numba at the first call",
    "numpy": "evaluation without compiling",
    "auto": "machine code made in the background; NumPy or an interpreter answers until it is there",
}

#: the backends that make machine code while calls are answered
IN_BACKGROUND = ("native", "auto")


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


def checked_immediate(immediate: object, backend: str) -> bool | None:
    """Check that ``immediate=`` is a truth value or ``None``, and that the backend can do as it says.

    Raises:
        TypeError, ValueError: it is not, or it cannot.
    """
    if immediate is not None and not isinstance(immediate, bool):
        raise TypeError(f"immediate is True, False or None, got {immediate!r}")
    if immediate and backend not in IN_BACKGROUND:
        raise ValueError(f"immediate=True: only backends {' and '.join(map(repr, IN_BACKGROUND))} make machine code, got {backend!r}")
    return immediate


__all__ = ["IN_BACKGROUND", "backends", "checked", "checked_immediate"]
