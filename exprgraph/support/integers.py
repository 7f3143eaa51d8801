"""Whole numbers that users give: Python's or NumPy's, never a truth value or a float."""

from __future__ import annotations

from typing import Any

import numpy as np


def whole(value: Any) -> int | None:
    """The number as Python's own; ``None`` for anything else.  What a node keeps is part of its digest as text."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer, np.ndarray)):
        return None
    if isinstance(value, np.ndarray) and (value.ndim or value.dtype.kind not in "iu"):
        return None
    return int(value)


__all__ = ["whole"]
