"""From expressions to compiled functions."""

from __future__ import annotations

from .call.function import CompiledFunction, compile  # noqa: A004
from .call.inspection import inspect

__all__ = ["CompiledFunction", "compile", "inspect"]
