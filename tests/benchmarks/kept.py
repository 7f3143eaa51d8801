"""Machine code on disk as a program finds it: the interpreter and the functions that it applies, which earlier programs left there.

They are made once for a machine.  No function that is measured is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_MAKE = """
from exprgraph.functions.elementwise import Function
from exprgraph.graph.primitive import TABLE
from exprgraph.lowering.native.instructions import OPERANDS, Purpose
from exprgraph.lowering.native.rows import interpreter_address, row_address

one_sample = Purpose.of(batch=False, single=False)
interpreter_address(one_sample)
for row in TABLE.values():
    if isinstance(row, Function) and row.arity <= OPERANDS:
        row_address(row, one_sample)
"""


@cache
def _made() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="exprgraph-kept-")
    environment = {**os.environ, "EXPRGRAPH_CACHE_DIR": os.path.join(folder.name, "cache"), "PYTHONPATH": os.getcwd()}
    subprocess.run([sys.executable, "-c", _MAKE], check=True, env=environment)
    return folder


@contextmanager
def with_interpreter() -> Iterator[dict[str, str]]:
    """The environment of a process with a directory of its own."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder, "cache")
        shutil.copytree(Path(_made().name, "cache"), own)
        yield {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"EXPRGRAPH_CACHE_DIR": str(own)}


__all__ = ["with_interpreter"]
