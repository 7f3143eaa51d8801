"""SymPy, imported when needed, and the names that both directions share."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy


@cache
def load() -> Any:
    """The package SymPy, or an ImportError that says how to install it."""
    try:
        return importlib.import_module("sympy")
    except ImportError as e:
        raise ImportError("exprgraph.interop needs SymPy, which is not installed: pip install sympy") from e


@cache
def sample() -> sympy.Symbol:
    """The sample an expression is of, and the index of sums over samples."""
    return load().Symbol("sample", integer=True, nonnegative=True)


@cache
def samples() -> sympy.Symbol:
    """The number of samples."""
    return load().Symbol("samples", integer=True, positive=True)
