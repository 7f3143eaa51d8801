"""Threads that wait for work, shared by all compiled functions of a process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_lock = threading.Lock()
_pool: tuple[int, int, ThreadPoolExecutor] | None = None  # process, size, threads


def together(work: Callable[[int], None], count: int) -> None:
    """``work(0)`` to ``work(count - 1)`` at the same time; the first in the calling thread."""
    pool = _threads(count - 1) if count > 1 else None
    futures = [pool.submit(work, k) for k in range(1, count)] if pool is not None else []
    try:
        work(0)
    finally:
        for future in futures:
            future.result()


def _threads(count: int) -> ThreadPoolExecutor:
    global _pool
    with _lock:
        # a process made by fork has none of its parent's threads
        if _pool is None or _pool[0] != os.getpid() or _pool[1] < count:
            _pool = os.getpid(), count, ThreadPoolExecutor(count, thread_name_prefix="exprgraph")
        return _pool[2]


__all__ = ["together"]
