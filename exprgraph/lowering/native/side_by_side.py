"""Modules compiled side by side: LLVM compiles modules of different contexts at once, while Python writes the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from threading import Thread, current_thread, main_thread

from ...support.compiling import ending
from ...support.processors import processors

Compiled = Callable[[str], bytes]


class _Work:
    """Texts that wait, and what became of them."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._caller = current_thread()
        self._waiting: SimpleQueue[tuple[int, str] | None] = SimpleQueue()
        self.made: dict[int, bytes] = {}
        self.errors: list[BaseException] = []

    def is_needless(self) -> bool:
        """Whether the process ends, and another thread than the main one asked: only pieces that LLVM has begun are finished then."""
        return ending() and self._caller is not main_thread()

    def add(self, number: int, text: str) -> None:
        self._waiting.put((number, text))

    def close(self, threads: int) -> None:
        for _ in range(threads):
            self._waiting.put(None)

    def run(self, wait: bool = True) -> None:
        """Compile until there is no more; without ``wait``, until nothing waits."""
        while True:
            try:
                item = self._waiting.get(block=wait)
            except Empty:
                return
            if item is None:
                return
            try:
                if not self.errors and not self.is_needless():
                    self.made[item[0]] = self._compiled(item[1])
            except BaseException as error:  # raised for the caller
                self.errors.append(error)


def compiled_side_by_side(texts: Iterable[str], compiled: Compiled) -> list[bytes]:
    """The object files of modules, in order.

    Args:
        texts: the modules, written one by one while others are compiled.
        compiled: compiles one; called by several threads.
    """
    work = _Work(compiled)
    threads: list[Thread] = []
    count = 0
    try:
        for text in texts:
            if not work.errors:
                work.add(count, text)
            count += 1
            if len(threads) < processors() - 1 and (count > len(threads) + 1 or not threads):
                _start(threads, work)
        work.run(wait=False)  # the caller compiles, too
    except BaseException as error:
        work.errors.append(error)  # what waits is not compiled
        raise
    finally:
        work.close(len(threads))
        _join(threads, work)  # nobody is inside of LLVM when the caller leaves it
    if work.errors:
        raise work.errors[0]
    if work.is_needless():
        raise SystemExit
    return [work.made[k] for k in range(count)]


def _start(threads: list[Thread], work: _Work) -> None:
    thread = Thread(target=work.run, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the system gives no more threads: the caller compiles
        return
    threads.append(thread)


def _join(threads: Iterable[Thread], work: _Work) -> None:
    """Wait for all threads; an interrupt is an error like others, so nothing more is compiled."""
    for thread in threads:
        while thread.is_alive():
            try:
                thread.join()
            except BaseException as error:  # of the system, at any moment
                work.errors.append(error)


__all__ = ["compiled_side_by_side"]
