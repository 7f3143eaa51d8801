"""Progress of a long run: a bar where one is visible, plain lines elsewhere or in a file, or calls of a function."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from types import MappingProxyType, TracebackType
from typing import Any, Union

from ..errors import ArgumentError
from ..reports import ProgressReport

#: seconds before the first line, so that a quick run prints nothing
FIRST = 10.0
#: the next line comes when the elapsed time has grown by this factor, but at most so many seconds later
GROWTH, LONGEST = 1.25, 600.0
#: seconds between two calls of a function
BETWEEN_CALLS = 1.0
_NO_TERMS: Mapping[str, float] = MappingProxyType({})
#: endings of files for lines
ENDINGS = (".log", ".txt")
Wanted = Union[bool, str, "os.PathLike[str]", Callable[[ProgressReport], Any], None]


class Progress:
    """The display of a run's epochs.

    Args:
        total: the number of all epochs.
        wanted: ``True`` for a bar (in a notebook, or on a terminal with tqdm) or else lines on standard error; ``"log"`` for
            lines there in any case; a file that ends in ``.log`` or ``.txt``, to which lines are appended; ``False`` for nothing;
            a function is called with a :class:`ProgressReport` about once a second, and at the end.

    Raises:
        ArgumentError: ``wanted`` is none of these.
        OSError: the file cannot be written.
    """

    def __init__(self, total: int, wanted: Wanted) -> None:
        self._total, self._begun = total, time.monotonic()
        self._bar: Any = None
        self._show: Callable[[ProgressReport], Any] | None = None
        self._first = self._made = 0
        self._last: ProgressReport | None = None
        self._shown: ProgressReport | None = None
        self._file: _LogFile | None = None
        self._calls = callable(wanted)
        if callable(wanted):
            self._show = wanted
        elif wanted is True:
            self._bar = _bar(total)
            self._show = _line if self._bar is None else None
        elif wanted == "log":
            self._show = _line
        elif isinstance(wanted, (str, os.PathLike)) and os.fspath(wanted).endswith(ENDINGS):
            self._file = _LogFile(wanted)
            self._show = self._file.line
        elif wanted is not False and wanted is not None:
            raise ArgumentError(
                'progress is True, False, "log" for lines, a file that ends in .log or .txt, '
                f"or a function of a ProgressReport such as print, got {wanted!r}"
            )
        #: whether the last report is shown, however short the run
        self._to_the_end = self._calls or self._file is not None
        self._next = self._begun + (BETWEEN_CALLS if self._to_the_end else FIRST)

    def __enter__(self) -> Progress:
        return self

    def begin(self, epoch: int) -> None:
        """A run resumes from a checkpoint, after so many epochs."""
        self._first = epoch
        if self._bar is not None:
            self._bar.update(epoch)

    def advance(self, count: int, loss: float, validation: float | None, terms: Mapping[str, float] = _NO_TERMS) -> None:
        """Some epochs were made."""
        if self._bar is not None:
            shown = {"loss": f"{loss:.3g}", **{name: f"{value:.3g}" for name, value in terms.items()}}
            if validation is not None:
                shown["validation"] = f"{validation:.3g}"
            self._bar.set_postfix(shown, refresh=False)
            self._bar.update(count)
        elif self._show is not None:
            now = time.monotonic()
            self._made += count
            seen = validation if validation is not None or self._last is None else self._last.validation
            took = now - self._begun
            epoch = self._first + self._made
            left = took / self._made * (self._total - epoch)
            self._last = ProgressReport(epoch, self._total, loss, seen, took, left, terms)
            if now >= self._next:
                self._tell(now)

    def _tell(self, now: float) -> None:
        assert self._show is not None and self._last is not None
        pause = BETWEEN_CALLS if self._calls else min((GROWTH - 1) * (now - self._begun), LONGEST)
        self._next = now + pause
        self._shown = self._last
        self._show(self._last)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
            return
        if self._last is not None and self._last is not self._shown and self._ends_with_a_report(error):
            self._tell(time.monotonic())
        if self._file is not None and error is not None:
            self._file.line(f"ended by {type(error).__name__}: {error}".rstrip(": "))

    def _ends_with_a_report(self, error: BaseException | None) -> bool:
        if error is not None:
            return self._file is not None
        return self._to_the_end or self._shown is not None


class _LogFile:
    """A file of lines, each with date and time.  It is opened for each line: another program may move it away."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(path)
        open(self.path, "a").close()  # an error now, not after an hour

    def line(self, text: object) -> None:
        with open(self.path, "a", encoding="utf-8") as f:
            f.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}\n")


def _bar(total: int) -> Any:
    """A bar of tqdm in a notebook or on a terminal; ``None`` elsewhere."""
    notebook = _in_notebook()
    if not notebook and (sys.stderr is None or not sys.stderr.isatty()):
        return None
    try:
        if not notebook:
            return import_module("tqdm").tqdm(total=total, unit="epoch", delay=1.0)
        with warnings.catch_warnings():  # without ipywidgets it draws in text, and says so
            warnings.simplefilter("ignore")
            return import_module("tqdm.auto").tqdm(total=total, unit="epoch", delay=1.0)
    except ImportError:  # an extra; without it there are lines
        return None


def _in_notebook() -> bool:
    """Whether this is a kernel of Jupyter, whose output is not a terminal but shows bars."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def _line(report: ProgressReport) -> None:
    if sys.stderr is not None:
        print(report, file=sys.stderr, flush=True)


__all__ = ["Progress", "Wanted"]
