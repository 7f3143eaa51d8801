"""Threads that wait for work, shared by all compiled functions of a process.

The standard library's pools and conditions are Python code: an interrupt inside of them can leave a lock
taken for ever.  What is used here are locks, queues and dictionaries, each of whose steps is one step of the
interpreter, and a loop that begins anew wherever it was interrupted.
"""

from __future__ import annotations

import _thread
import atexit
import os
from collections.abc import Callable
from queue import Empty, SimpleQueue

from ...support.forking import lock

Task = Callable[[], None]
_lock = lock()
_pool: tuple[int, SimpleQueue[Task]] | None = None  # process, work
_started = 0
_ending = False  # threads are about to be stopped wherever they are


def together(work: Callable[[int], None], count: int) -> None:
    """``work(0)`` to ``work(count - 1)`` at the same time; the first in the calling thread, and those that no thread has begun.

    All are done when it returns or raises: what they work on is the caller's, who may let go of it.
    """
    queue = _threads(count - 1)
    owners: dict[int, object] = {}  # who makes each; setdefault tells one claimant that it is the first
    ended = [False] * count
    finished: SimpleQueue[int] = SimpleQueue()
    errors: list[BaseException] = []

    def task(k: int) -> Task:
        def run() -> None:
            if owners.setdefault(k, run) is not run:
                return
            try:
                work(k)
            except BaseException as e:  # raised in the calling thread
                errors.append(e)
            ended[k] = True
            finished.put(k)

        return run

    if queue is not None:
        try:
            for k in range(1, count):
                queue.put(task(k))
        except BaseException as e:
            errors.append(e)
    while True:
        try:
            for k in range(count):
                if not ended[k] and owners.setdefault(k, owners) is owners:
                    if not errors:
                        work(k)
                    ended[k] = True
            while not all(ended):
                finished.get(timeout=0.01 if errors else None)
            break
        except Empty:  # looked again, since an interrupt may have lost what was finished
            pass
        except BaseException as e:
            errors.append(e)
    if errors:
        raise errors[0]


def _threads(count: int) -> SimpleQueue[Task] | None:
    """Where so many threads wait for work; ``None`` where there can be none."""
    global _pool, _started
    with _lock:
        if _ending or count < 1:
            return None
        if _pool is None or _pool[0] != os.getpid():  # a process made by fork has none of its parent's threads
            _pool, _started = (os.getpid(), SimpleQueue()), 0
        try:
            while _started < count:
                _thread.start_new_thread(_serve, (_pool[1],))
                _started += 1
        except RuntimeError:  # no more threads: those there are do it, with the calling one
            if not _started:
                return None
        return _pool[1]


def _serve(queue: SimpleQueue[Task]) -> None:
    while True:
        queue.get()()


def _end() -> None:
    global _ending
    _ending = True


atexit.register(_end)

__all__ = ["together"]
