"""The formats of ``fn.save``: which ending means which, the writer of each, and its options."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from ...support.files import checked_name
from .options import Options
from .saved import Saved

#: what a writer is: it writes the function to the path, or raises an error and leaves all files as they were
Writer = Callable[[Saved, str, Options], None]

#: the contents, in messages
WHAT = "the function"


class Format(NamedTuple):
    """A format of files.

    Attributes:
        suffixes: the endings of its files, in lower case.
        module: the module of this folder with its writer, a function ``write``; loaded when it is used.
        what: the words for such a file.
        options: the options that it has.
    """

    suffixes: tuple[str, ...]
    module: str
    what: str
    options: frozenset[str] = frozenset()

    @property
    def writer(self) -> Writer:
        """The function that writes such files."""
        write: Writer = import_module(f"{__package__}.{self.module}").write
        return write


#: the options of everything that LLVM compiles
MACHINE_CODE = frozenset(["dtype", "name", "params", "batch", "target", "cpu", "features"])

#: the first is the format of names that have no known ending
FORMATS = (
    Format((".py",), "module", "a Python module"),
    Format((".c",), "c", "a file of C", frozenset(("dtype", "name", "params", "batch"))),
    Format((".o", ".obj"), "machine_code", "an object file", MACHINE_CODE),
    Format((".so", ".dylib", ".dll"), "library", "a shared library", MACHINE_CODE),
    Format((".wasm",), "web_assembly", "a module of WebAssembly", MACHINE_CODE),
)  # fmt: skip


def suffixes() -> list[str]:
    """All endings that have a meaning here."""
    return [suffix for f in FORMATS for suffix in f.suffixes]


def format_of(name: str) -> Format:
    """The format of a file name."""
    ending = os.path.splitext(name)[1].lower()
    return next((f for f in FORMATS if ending in f.suffixes), FORMATS[0])


def save(function: Saved, path: str | os.PathLike[str], options: Options) -> None:
    """Write a function to a file in the format that its name's ending means.

    Raises:
        FileNameError: the ending means something else; the message lists those that are known.
        ValueError: the format does not have an option; the message names the endings that do.
        OSError: the file cannot be written.
    """
    name = checked_name(path, WHAT, suffixes())
    form = format_of(name)
    for option in options.given:
        if option not in form.options:
            others = [suffix for f in FORMATS if option in f.options for suffix in f.suffixes]
            having = f"files that end in {' or '.join(others)} have it" if others else "no format has it"
            raise ValueError(f"cannot save {WHAT} to {name}: {form.what} has no option {option!r}; {having}")
    form.writer(function, name, options)


__all__ = ["FORMATS", "WHAT", "Format", "Writer", "format_of", "save", "suffixes"]
