"""A pool of worker threads, shared by all compiled functions of a process.

The standard library's pools and conditions are Python code: an interrupt inside of them can leave a lock
taken for ever.  This module uses only locks, queues and dictionaries, whose operations are atomic in the
interpreter, and a loop that can restart after any interrupt.
"""

from __future__ import annotations

import _thread
import atexit
import ctypes
import os
from collections.abc import Callable
from functools import cache
from queue import Empty, SimpleQueue

from ...support.forking import lock

Task = Callable[[], None]
_lock = lock()
_pool: tuple[int, SimpleQueue[Task]] | None = None  # process, work
_started = 0
_ending = False  # threads are about to be stopped wherever they are


class _Parts:
    """Pieces of work, each done once: by a thread of the pool, or by the calling thread if nobody has begun it."""

    def __init__(self, work: Callable[[int], None], count: int) -> None:
        self.work, self.count = work, count
        self.errors: list[BaseException] = []
        self._owners: dict[int, object] = {}  # who does each; setdefault tells one claimant that it is the first
        self._ended = [False] * count
        self._finished: SimpleQueue[int] = SimpleQueue()

    def task(self, k: int) -> Task:
        """A part, for a thread of the pool."""

        def run() -> None:
            if self._owners.setdefault(k, run) is not run:
                return
            try:
                self.work(k)
            except BaseException as e:  # raised in the calling thread
                self.errors.append(e)
            self._ended[k] = True
            self._finished.put(k)

        return run

    def take(self, do: Callable[[int], None] | None) -> None:
        """Do all parts that nobody has begun, or leave them undone, without ``do``; also again, after an interrupt."""
        for k in range(self.count):
            if not self._ended[k] and self._owners.setdefault(k, self) is self:
                if do is not None and not self.errors:
                    do(k)
                self._ended[k] = True

    def wait(self) -> None:
        """Wait until all parts have ended.

        Raises:
            Empty: some have not; an interrupt may have lost a completion, so the caller looks again.
        """
        while not all(self._ended):
            self._finished.get(timeout=0.01 if self.errors else None)


def together(work: Callable[[int], None], count: int) -> None:
    """Run ``work(0)`` to ``work(count - 1)`` in parallel; the calling thread runs the first and all that no thread has begun.

    All have ended when this returns or raises, so that the caller may free their data.
    """
    queue, parts = _threads(count - 1), _Parts(work, count)
    if queue is not None:
        try:
            for k in range(1, count):
                queue.put(parts.task(k))
        except BaseException as e:
            parts.errors.append(e)
    while True:
        try:
            parts.take(work)
            parts.wait()
            break
        except Empty:
            pass
        except BaseException as e:
            parts.errors.append(e)
    if parts.errors:
        raise parts.errors[0]


def alongside(main: Callable[[], None], help: Callable[[], None], stop: Callable[[], None], count: int) -> None:  # noqa: A002
    """Run ``main`` in the calling thread, and ``help`` in up to ``count`` others, which may begin late or not at all.

    ``stop`` makes every ``help`` end soon; it is called once ``main`` has returned or raised.  All have ended when this
    returns or raises.
    """
    queue, parts = _threads(count), _Parts(lambda k: help(), count)
    begun = False
    while True:
        try:
            if not begun:
                begun = True
                if queue is not None:
                    for k in range(count):
                        queue.put(parts.task(k))
                main()
            stop()
            parts.take(None)  # those that have not begun never do
            parts.wait()
            break
        except Empty:
            pass
        except BaseException as e:
            parts.errors.append(e)
    if parts.errors:
        raise parts.errors[0]


def _threads(count: int) -> SimpleQueue[Task] | None:
    """A queue that so many threads serve; ``None`` if no threads can be started."""
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
        except RuntimeError:  # no more threads can be started: the existing ones and the calling thread do the work
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


@cache
def let_others_run() -> int:
    """The address of a C function without arguments that lets other threads run."""
    # the library stays loaded, so the address outlives these objects
    function = ctypes.CDLL("kernel32").SwitchToThread if os.name == "nt" else ctypes.CDLL(None).sched_yield
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address


__all__ = ["alongside", "let_others_run", "together"]
