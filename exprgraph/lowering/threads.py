"""Threads that wait for work, shared by all compiled functions of a process."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from ..forking import lock

_lock = lock()
_pool: tuple[int, int, ThreadPoolExecutor] | None = None  # process, size, threads


def together(work: Callable[[int], None], count: int) -> None:
    """``work(0)`` to ``work(count - 1)`` at the same time; the first in the calling thread.

    All are done when it returns or raises: what they work on is the caller's, who may let go of it.
    """
    futures: list[Future[None]] = []
    try:
        for k in range(1, count):
            try:
                futures.append(_threads(count - 1).submit(work, k))
            except RuntimeError:  # the interpreter is about to end, and starts no threads any more
                work(k)
        work(0)
    finally:
        _finish(futures)


def _finish(futures: Sequence[Future[None]]) -> None:
    """Wait for all; an interrupt meanwhile is passed on when they are done."""
    interrupt: BaseException | None = None
    while not all(f.done() for f in futures):
        try:
            wait(futures)
        except BaseException as e:
            interrupt = e
    if interrupt is not None:
        raise interrupt
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
