"""A bar on standard error while something long runs, with tqdm where it is installed."""

from __future__ import annotations

import sys
from importlib import import_module
from types import TracebackType
from typing import Any


class Progress:
    """A bar over so many epochs; nothing where standard error is no terminal."""

    def __init__(self, total: int, wanted: bool) -> None:
        self._bar: Any = None
        if wanted and sys.stderr is not None and sys.stderr.isatty():
            try:
                tqdm: Any = import_module("tqdm")
            except ImportError:  # an extra: without it, there is no bar
                return
            self._bar = tqdm.tqdm(total=total, unit="epoch", delay=1.0)

    def __enter__(self) -> Progress:
        return self

    def advance(self, count: int, loss: float, validation: float | None) -> None:
        """Some epochs were made."""
        if self._bar is not None:
            shown = {"loss": f"{loss:.3g}"}
            if validation is not None:
                shown["validation"] = f"{validation:.3g}"
            self._bar.set_postfix(shown, refresh=False)
            self._bar.update(count)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()


__all__ = ["Progress"]
