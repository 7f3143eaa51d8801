"""Calls with everything bound beforehand: machine code that finds its addresses in a table, and checks nothing.

A bound call is a built-in function without arguments.  Its ``self`` is an array of two objects: the table, and all that must live
as long.  The code is the same for every compiled function, so it is compiled once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ...loops.print.llvm.builder import SSAValue
from ...support.compiling import compiling
from ...support.not_pickled import NotPickled
from . import machine
from .kept import kept_object
from .layout import DATA, NOARGS, as_expected, callable_at
from .loaded import Loaded
from .objects import Objects
from .owner import owner

#: the words of the table; ``copies`` is the address of ``count`` rows of a source, a target, and a number of bytes
_WORDS = ("run", "arguments", "results", "workspace", "shared", "samples", "copies", "count", "answer")
_DOC = b"Compute the results from the bound arrays, in the bound arrays, and return these."


class Ready(NamedTuple):
    """What a bound call does.

    Attributes:
        run: the address of the driver.
        arguments: the addresses of the arguments.
        results: the addresses of the results, as the driver takes them.
        workspace, shared: the addresses of the two workspaces.
        samples: their number.
        copies: what is copied afterwards: from an address, to an address, so many bytes.
        brief: whether other threads of Python wait.
        answer: the object that it returns.
    """

    run: int
    arguments: Sequence[int]
    results: Sequence[int]
    workspace: int
    shared: int
    samples: int
    copies: Sequence[tuple[int, int, int]]
    brief: bool
    answer: object


def _function(name: str, brief: bool) -> str:
    b = Objects(64)
    objects = b.read("ptr", SSAValue("%self", "ptr", False, 0), DATA)
    table = b.read("ptr", b.read("ptr", objects), DATA)
    kinds = {"samples": "index", "count": "index"}
    known = {word: b.read(kinds.get(word, "ptr"), table, 8 * k) for k, word in enumerate(_WORDS)}
    state = None if brief else b.call("ptr", "@PyEval_SaveThread")
    b.run(known["run"].text, *(known[w] for w in ("arguments", "results", "workspace", "shared", "samples")))
    b.open(b.integer(0), known["count"], 1, "index", {})
    row = b.place(known["copies"], 0, 24, b.loops[-1].index)
    source, target, size = b.read("ptr", row), b.read("ptr", row, 8), b.read("index", row, 16)
    b.run("@llvm.memcpy.p0.p0.i64", target, source, size, b.integer(0, "i1"))
    b.close({})
    if state is not None:
        b.run("@PyEval_RestoreThread", state)
    b.run("@Py_IncRef", known["answer"])
    b.do(f"ret ptr {known['answer'].text}")
    return f"define ptr @{name}(ptr %self, ptr %nothing) {{\nentry:\n{b.text()}\n}}"


def _text() -> str:
    return f"""declare void @Py_IncRef(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
{_function("bound", False)}
{_function("bound_brief", True)}
"""


@cache
def _loaded() -> Loaded:
    with compiling:
        text = _text()
        return Loaded(kept_object(lambda: machine.compile_object(text), text))


def bound_call(ready: Ready, *kept: object) -> Callable[[], Any] | None:
    """The built-in function that makes a call; it keeps objects alive.  ``None`` if arrays are laid out in another way here."""
    if not as_expected():
        return None
    code = _loaded()
    copies = np.array(ready.copies, np.uint64).reshape(-1, 3)
    arguments, results = (np.array(a, np.uint64) for a in (ready.arguments, ready.results))
    tables = (arguments.ctypes.data, results.ctypes.data, ready.workspace, ready.shared, ready.samples, copies.ctypes.data, len(copies))
    words = np.array([ready.run, *tables, id(ready.answer)], np.uint64)
    of = owner(NotPickled(), code.owner, copies, arguments, results, ready.answer, *kept)
    held = np.empty(2, object)
    held[0], held[1] = words, of
    return callable_at(code.address("bound_brief" if ready.brief else "bound"), of, NOARGS, _DOC, held)


__all__ = ["Ready", "bound_call"]
