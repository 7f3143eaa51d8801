"""Forms that are compiled in the background, one after another, by one thread."""

from __future__ import annotations

import _thread
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ...support.compiling import ending
from ...support.forking import lock

if TYPE_CHECKING:
    from .form import Form

_guard = lock()
#: forms that no thread has begun, the next one first
_waiting: deque[Coming] = deque()
#: the process that they wait in, and whether it has a thread that takes them
_process, _served = 0, False


class Coming:
    """A form that is compiled in the background.

    Compilation has one lock, so more threads than one would wait for each other, each with a stack of its own.  The thread is one of the
    system's alone: ``threading.Thread`` waits until a thread runs, and the results at hand would wait, too.  Where the system has no
    thread to give, the form waits until one can begin, or until somebody asks for it.

    Args:
        make: compiles the form; ``None`` if nobody needs it any more.
    """

    def __init__(self, make: Callable[[], Form | None]) -> None:
        self._make = make
        self._made: Form | BaseException | None = None
        self._working = _thread.allocate_lock()
        self._working.acquire()
        _put(self)

    @property
    def is_ready(self) -> bool:
        """Whether there is a form, or the error of its compilation."""
        return self._made is not None

    def run(self) -> None:
        """Compile it; an error is raised for the caller who asks for the result."""
        try:
            self._made = self._make()
        except BaseException as error:
            self._made = error
        finally:
            self._working.release()

    def result(self) -> Form:
        """The form, compiled here if no thread has begun; raises the error that ended its compilation."""
        if _taken(self):
            try:
                self._made = self._make()
            except Exception as error:
                self._made = error
            finally:
                if self._made is None:  # an interrupt
                    _put(self)
                else:
                    self._working.release()
        with self._working:
            pass
        assert self._made is not None
        if isinstance(self._made, BaseException):
            raise self._made
        return self._made


def _put(form: Coming) -> None:
    """Let a form wait for the thread, which begins if there is none."""
    global _process, _served
    with _guard:
        if _process != os.getpid():  # a process made by fork has none of its parent's threads
            _waiting.clear()
            _process, _served = os.getpid(), False
        _waiting.append(form)
        if not _served:
            with suppress(RuntimeError):  # there is none to have: the next form asks again
                _thread.start_new_thread(_serve, ())
                _served = True


def _taken(form: Coming) -> bool:
    """Whether no thread has begun a form; the caller compiles it then."""
    with _guard:
        try:
            _waiting.remove(form)
        except ValueError:
            return False
        return True


def _serve() -> None:
    """Compile all that wait."""
    global _served
    while True:
        with _guard:
            if not _waiting or ending():
                _served = False
                return
            form = _waiting.popleft()
        form.run()


__all__ = ["Coming"]
