"""The formats of ``fn.save``: which ending means which, the writer of each, and its options."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from ...errors import FileNameError
from ...support.files import check_writable, checked_name
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
        abi: the conventions of calls, if they are not the package's own.
    """

    suffixes: tuple[str, ...]
    module: str
    what: str
    options: frozenset[str] = frozenset()
    abi: str | None = None

    @property
    def writer(self) -> Writer:
        """The function that writes such files."""
        write: Writer = import_module(f"{__package__}.{self.module}").write
        return write


#: the options of everything that LLVM compiles
MACHINE_CODE = frozenset(["dtype", "name", "params", "batch", "target", "cpu", "features"])
#: the options of files in CasADi's conventions
CASADI = frozenset(["name", "params", "abi", "derivatives", "by"])

FORMATS = (
    Format((".py",), "module", "a Python module", frozenset(("dtype", "params"))),
    Format((".c",), "c", "a file of C", frozenset(("dtype", "name", "params", "batch", "libm"))),
    Format((".c",), "casadi.file", "a file of C in CasADi's conventions", CASADI, "casadi"),
    Format((".so", ".dylib", ".dll"), "casadi.library", "a library in CasADi's conventions", CASADI, "casadi"),
    Format((".o", ".obj"), "machine_code", "an object file", MACHINE_CODE),
    Format((".so", ".dylib", ".dll"), "library", "a shared library", MACHINE_CODE),
    Format((".wasm",), "web_assembly", "a module of WebAssembly", MACHINE_CODE),
)  # fmt: skip


def suffixes() -> list[str]:
    """All endings that have a meaning here."""
    return list(dict.fromkeys(suffix for f in FORMATS for suffix in f.suffixes))


def format_of(name: str, abi: str | None = None) -> Format:
    """The format of a file name with an ending of :func:`suffixes`, in the package's conventions or in those of ``abi``.

    Raises:
        ValueError: files of this ending have no such conventions; the message names those that do.
    """
    ending = os.path.splitext(name)[1].lower()
    found = [f for f in FORMATS if ending in f.suffixes]
    for f in found:
        if f.abi == abi:
            return f
    known = list(dict.fromkeys(f.abi for f in FORMATS if f.abi is not None))
    if abi is None:
        raise ValueError(f"cannot save {WHAT} to {name}: such files have an abi, {' or '.join(map(repr, known))}")
    if abi not in known:
        raise ValueError(f"cannot save {WHAT} to {name}: there is no abi {abi!r}; there is {' and '.join(map(repr, known))}")
    having = " or ".join(suffix for f in FORMATS if f.abi == abi for suffix in f.suffixes)
    raise ValueError(f"cannot save {WHAT} to {name}: such files have no abi {abi!r}; files that end in {having} have it")


def save(function: Saved, path: str | os.PathLike[str], options: Options) -> None:
    """Write a function to a file in the format that its name's ending means.

    Raises:
        FileNameError: the ending is another one, or there is none; the message lists those that are known.
        ValueError: the format does not have an option, or these conventions of calls; the message names the endings that do.
        OSError: the file cannot be written.
    """
    name = checked_name(path, WHAT, suffixes())
    if os.path.basename(name).lower() in suffixes():
        raise FileNameError(f"cannot save {WHAT} to {name}: it is an ending without a name")
    ending = os.path.splitext(name)[1]
    if ending.lower() not in suffixes():
        if os.path.isdir(name):
            check_writable(name, WHAT, suffixes())  # says what it is
        why = f"the ending {ending} means no format" if ending else "its ending would be the format, and it has none"
        raise FileNameError(f"cannot save {WHAT} to {name}: {why}; give a name that ends in {' or '.join(suffixes())}")
    form = format_of(name, options.abi)
    for option in options.given:
        if option not in form.options:
            others = [f"{suffix} with abi={f.abi!r}" if f.abi else suffix for f in FORMATS if option in f.options for suffix in f.suffixes]
            having = f"files that end in {' or '.join(others)} have it" if others else "no format has it"
            raise ValueError(f"cannot save {WHAT} to {name}: {form.what} has no option {option!r}; {having}")
    form.writer(function, name, options)


__all__ = ["FORMATS", "WHAT", "Format", "Writer", "format_of", "save", "suffixes"]
