"""Counts of what Python does, without a clock."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any


def calls_of(do: Callable[[], Any]) -> tuple[int, Any]:
    """The number of calls of Python functions, and the result."""
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # nodes of other tests that are freed call Python, too
    sys.setprofile(counted)
    try:
        result = do()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count, result
