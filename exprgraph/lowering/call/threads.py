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
#: the process, work in order, and work that comes before it
_pool: tuple[int, SimpleQueue[Task], SimpleQueue[Task]] | None = None
_started = 0
_ending = False  # threads are about to be stopped wherever they are


class _Once:
    """Work that is done once: by a thread of the pool, or by the calling thread if no other has begun it."""

    def __init__(self, work: Task) -> None:
        self._work = work
        self.errors: list[BaseException] = []
        self._owner: dict[str, object] = {}  # who does it; setdefault tells one claimant that it is the first
        self._ended = False
        self._finished: SimpleQueue[None] = SimpleQueue()

    def task(self) -> None:
        """For a thread of the pool."""
        me = object()
        if self._owner.setdefault("owner", me) is not me:
            return
        try:
            self._work()
        except BaseException as e:  # raised in the calling thread
            self.errors.append(e)
        self._ended = True
        self._finished.put(None)

    def finish(self) -> None:
        """Do it, or leave it undone after an error, unless another thread has begun; then wait.  Also again, after an interrupt.

        Raises:
            Empty: it has not ended; an interrupt may have lost its completion, so the caller looks again.
        """
        if not self._ended and self._owner.setdefault("owner", self) is self:
            if not self.errors:
                self._work()
            self._ended = True
        while not self._ended:
            self._finished.get(timeout=0.01 if self.errors else None)


def ask(task: Task, count: int) -> int:
    """Hand a task to so many threads, each of which may begin late or not at all; it raises no errors.

    Returns:
        how many were asked: none if no thread can be started.
    """
    queues = _threads(count)
    if queues is None:
        return 0
    for _ in range(count):
        queues[0].put(task)
    return count


def _ask_first(task: Task) -> None:
    """Hand a task to one thread, before anything that others were asked and have not begun."""
    queues = _threads(1)
    if queues is not None:
        queues[1].put(task)
        queues[0].put(_nothing)


def _nothing() -> None:
    """Wake a thread that waits."""


def alongside(main: Callable[[], None], work: Callable[[], None]) -> None:
    """Run ``work`` in another thread while ``main`` runs in the calling thread, or after it if no thread has come.

    Both have ended when this returns or raises.  After an error of ``main``, work that has not begun is left out.
    """
    once, begun = _Once(work), False
    while True:
        try:
            if not begun:
                begun = True
                _ask_first(once.task)
                main()
            once.finish()
            break
        except Empty:
            pass
        except BaseException as e:
            once.errors.append(e)
    if once.errors:
        raise once.errors[0]


def _threads(count: int) -> tuple[SimpleQueue[Task], SimpleQueue[Task]] | None:
    """Two queues that so many threads serve, the second first; ``None`` if no threads can be started."""
    global _pool, _started
    with _lock:
        if _ending or count < 1:
            return None
        if _pool is None or _pool[0] != os.getpid():  # a process made by fork has none of its parent's threads
            _pool, _started = (os.getpid(), SimpleQueue(), SimpleQueue()), 0
        try:
            while _started < count:
                _thread.start_new_thread(_serve, _pool[1:])
                _started += 1
        except RuntimeError:  # no more threads can be started: the existing ones and the calling thread do the work
            if not _started:
                return None
        return _pool[1:]


def _serve(queue: SimpleQueue[Task], first: SimpleQueue[Task]) -> None:
    while True:
        task = queue.get()
        try:
            while True:
                first.get_nowait()()
        except Empty:
            pass
        task()


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


__all__ = ["alongside", "ask", "let_others_run"]
