"""The options of ``fn.save``, and which of them a format has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


@dataclass(frozen=True)
class Options:
    """The options of one file; each has the value that means "not given"."""

    dtype: DTypeLike | None = None
    name: str | None = None
    params: Mapping[int, np.ndarray] | None = None  # by position of the argument
    batch: bool = True
    libm: bool = False
    abi: str | None = None
    derivatives: str | Sequence[str] = ()
    by: Any = None
    target: str | None = None
    cpu: str | None = None
    features: str | None = None

    def __post_init__(self) -> None:
        """Check the switches.

        Raises:
            TypeError: one is neither on nor off, as "no" or 2.
        """
        for name in ("batch", "libm"):
            value = getattr(self, name)
            if not isinstance(value, (int, np.bool_)) or value not in (0, 1):
                raise TypeError(f"{name} is True or False, got {value!r}")

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the options that the caller gave."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) != f.default)

    @property
    def derivative_names(self) -> list[str]:
        """The derivatives, one by one.

        Raises:
            TypeError: they are neither text nor several texts.
        """
        given = self.derivatives
        names = given.split(",") if isinstance(given, str) else list(given) if isinstance(given, Iterable) else [given]
        if not all(isinstance(n, str) for n in names):
            raise TypeError(f'derivatives are names, as in "jac, adj" or ["jac", "adj"], got {given!r}')
        return [n.strip() for n in names if n.strip()]

    @property
    def single(self) -> bool:
        """Whether the file computes in float32.

        Raises:
            ValueError: the type is another one.
        """
        try:
            kind = np.dtype(np.float64 if self.dtype is None else self.dtype)
        except TypeError:
            kind = np.dtype(object)
        if kind not in (np.float32, np.float64):
            raise ValueError(f"dtype is float64 or float32, got {self.dtype!r}")
        return bool(kind == np.float32)


__all__ = ["Options"]
