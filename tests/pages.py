"""The blocks of a page of the documentation, read and run.

A block begins with its language, and may say more in further words:

* ``python``, and what it needs: names of modules or programs.  All blocks of a page share their names.
* ``c`` or another language, and the name of the file that it is.  C without a name is a fragment, which a compiler accepts.
* ``sh``, and what it needs.  ``python`` is this Python, with this package.
* ``text`` after one of these is what it prints.

A block does not run if something that it needs is not there.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]


class Block(NamedTuple):
    """A fenced block: its language, the further words, the line it starts on, its text."""

    language: str
    words: tuple[str, ...]
    line: int
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order."""
    fence: list[str] | None = None
    start, lines = 0, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("```"):
            lines.append(line)
        elif fence is None:
            fence, start, lines = line[3:].split() or [""], number, []
        else:
            yield Block(fence[0], tuple(fence[1:]), start, "\n".join(lines))
            fence = None
    assert fence is None, f"{page.name}: the block that starts on line {start} is not closed"


def assert_printed(came: str, stated: str, where: str) -> None:
    """Equal texts, but for the last digits of numbers that are not whole: those differ between machines."""
    number = r"(?<![\w.])\d+\.\d*(?:e[+-]?\d+)?"
    assert re.sub(number, "#", came.rstrip()) == re.sub(number, "#", stated.rstrip()), where
    for a, b in zip(re.findall(number, came), re.findall(number, stated), strict=True):
        assert float(a) == pytest.approx(float(b), rel=1e-5, abs=1e-15), where


def run(page: Path, folder: Path, commands: bool = True) -> dict[str, list[int]]:
    """Run the blocks of a page in a folder, the working directory; those of ``sh`` if commands are run, too.

    Returns:
        What is not there, with the lines of the blocks that need it.
    """
    names: dict[str, object] = {"__name__": "__main__"}
    lacking: dict[str, list[int]] = {}
    found = list(blocks(page))
    for block, after in zip(found, [*found[1:], None][: len(found)], strict=True):
        if block.language == "sh" and not commands:
            continue
        missing = [name for name in _needed(block) if not _is_there(name)]
        for name in missing:
            lacking.setdefault(name, []).append(block.line)
        if missing:
            continue
        where = f"{page.name}, line {block.line}"
        printed = _printed(block, page, folder, names, where)
        if printed is not None and after is not None and after.language == "text":
            assert_printed(printed, after.text, where)
    return lacking


def _needed(block: Block) -> tuple[str, ...]:
    if block.language in ("python", "sh"):
        return block.words if block.language == "python" else ("sh", *block.words)
    return ("cc",) if block.language == "c" and not block.words else ()


def _is_there(name: str) -> bool:
    return shutil.which(name) is not None or (name.isidentifier() and find_spec(name) is not None)


def _printed(block: Block, page: Path, folder: Path, names: dict[str, object], where: str) -> str | None:
    """What a block prints; ``None`` if it is of no language that runs."""
    if block.language == "python":
        code = compile("\n" * block.line + block.text, str(page), "exec")  # so that a traceback has the page's lines
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        return printed.getvalue()
    if block.language == "c" and not block.words:
        ran = subprocess.run(
            ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused", "-fsyntax-only", "-include", "stdint.h", "-x", "c", "-"],
            input=block.text + "\n", capture_output=True, text=True,
        )  # fmt: skip
        assert ran.returncode == 0, f"{where}: {ran.stderr}"
    elif block.language == "sh":
        environment = _with_this_python(folder)
        ran = subprocess.run(["sh", "-e"], input=block.text + "\n", cwd=folder, env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, f"{where}: {ran.stderr}"
        return ran.stdout
    elif block.words:
        (folder / block.words[0]).write_text(block.text + "\n", encoding="utf-8")
    return None


def _with_this_python(folder: Path) -> dict[str, str]:
    """The environment of commands."""
    programs = folder / ".programs"
    if not programs.exists():
        programs.mkdir()
        (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (programs / "python").chmod(0o755)
    own = os.environ
    paths = {"PATH": programs, "PYTHONPATH": ROOT}
    return {**own, **{name: os.pathsep.join([str(first), own.get(name, "")]) for name, first in paths.items()}}


__all__ = ["ROOT", "Block", "assert_printed", "blocks", "run"]
