"""``fn.save("f.so", abi="casadi")``: the file of C as a shared library, by a C compiler on the path."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence

from ....errors import CompilationError
from ....support.files import written_whole
from ..formats import WHAT
from ..interface import stem
from ..options import Options
from ..saved import Saved
from .file import source

#: for this machine
_FLAGS = ("-std=c99", "-O3", "-march=native", "-shared", "-fPIC")
_SUFFIXES = (".so", ".dylib", ".dll")


def write(saved: Saved, path: str, options: Options) -> None:
    """Write the library, completely or not at all.

    Raises:
        CompilationError: no C compiler is found, or it fails; the message has the command to run on a file of C.
    """
    text, compiler = source(saved, path, options), _compiler()
    with written_whole(path, WHAT, _SUFFIXES) as f:
        f.write(_compiled(text, os.path.basename(path), compiler))


def _compiler() -> list[str]:
    """The first words of the command."""
    chosen = [shlex.split(os.environ["CC"])] if os.environ.get("CC", "").strip() else []
    return next((words for words in (*chosen, ["cc"], ["gcc"], ["clang"]) if shutil.which(words[0])), [])


def _compiled(text: str, name: str, compiler: Sequence[str]) -> bytes:
    def failed(what: str) -> CompilationError:
        given = f"{stem(name)}.c"
        command = " ".join([*(compiler or ["cc"]), *_FLAGS, given, "-o", name, "-lm"])
        return CompilationError(f"cannot save the function to {name}: {what}; save a file of C, {given}, and run: {command}")

    if not compiler:
        raise failed("no C compiler is on the path (cc, gcc, clang)")
    with tempfile.TemporaryDirectory(prefix="exprgraph-") as folder:
        given, made = os.path.join(folder, "f.c"), os.path.join(folder, name)
        with open(given, "xb") as code:
            code.write(text.encode("ascii"))
        ran = subprocess.run([*compiler, *_FLAGS, given, "-o", made, "-lm"], capture_output=True, text=True, errors="replace", check=False)
        if ran.returncode or not os.path.exists(made):
            said = (ran.stderr or ran.stdout).strip()[:2000] or f"exit status {ran.returncode}"
            raise failed(f"{compiler[0]} fails: {said}")
        with open(made, "rb") as library:
            return library.read()


__all__ = ["write"]
