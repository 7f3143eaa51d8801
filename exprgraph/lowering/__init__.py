"""From expressions to compiled functions."""

from __future__ import annotations

from .call.function import compile  # noqa: A004

__all__ = ["compile"]
