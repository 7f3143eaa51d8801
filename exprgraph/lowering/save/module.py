"""A function as a Python module that needs only NumPy and Numba: its definition first, quick forms of it last."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from importlib.util import find_spec
from inspect import getsource
from types import ModuleType
from typing import TYPE_CHECKING

from ...loops.print.python import definitions
from ...meaning.query import count_ops
from ...support.batches import batch_axes, misfit
from ...support.files import written_whole
from ...support.names import is_identifier, shown
from ...support.offered import offered
from ...support.processors import granted, limit_of, usable_processors
from ..plan.data import array_text
from . import calling, dividing, kernel_form, numba_form, starting
from .check import GOLDEN, Compared, expected, points
from .formats import WHAT
from .options import Options
from .programs import program_of
from .quick_forms import Packed, forms, tables
from .saved import Saved

if TYPE_CHECKING:
    from ..plan.program import Program

#: the most operations of a sample with which a self-check lets Python run the definition, in a second or so
PLAIN = 1_000_000
#: the largest relative difference in a self-check
TOLERANCES = {"float64": 1e-9, "float32": 1e-3}
#: the most arguments, and results, in the docstring; the most characters of a name there
_LISTED, _NAMED = 40, 60
_PUBLIC = ("ARGUMENTS", "RESULTS", "WAYS", "ShapeError", "StartError", "evaluate", "self_check", "start", "workspace")

#: before the parts of the module
_LINE = "\n# ----------------------------------------------------------------"

_DOCSTRING = '''"""A function of {arguments}, saved by exprgraph {version}.  It needs NumPy, and Numba on some machines.

    import {module}
    {results} = {module}.evaluate({names})

Arguments, in order:

{taken}

Results, in order:

{given}

Numbers are {real}.  Batch axes come first.  The definition, below, is plain Python that Numba can compile.  Quick forms of it,
for batches and for one sample, are at the end of the file.  The first call of ``evaluate`` starts the function in the first of
these ways that the machine has:

    x86-64-v4   machine code of this file, for 64-bit x86 with AVX-512, under Linux
    x86-64-v3   machine code of this file, for 64-bit x86 with AVX2 and FMA, under Linux
    llvm        assembly of this file, compiled by llvmlite within a second, for any machine that Numba knows
    numba       the definition, compiled by Numba within seconds; its cache is beside this file, if Numba can write there
    python      the definition as Python runs it, which is slow; for machines without Numba

``start()`` returns the way, and ``start(way)`` chooses one.  Different ways differ in the last digits.  A form is not run if its
digest says that it is damaged: a ``RuntimeWarning`` tells of it, and the next way is taken.  ``self_check()`` compares results with
stored ones and with the definition.  To change the function, save it again: forms do not follow changes of the definition.
Several threads may call ``evaluate``, and so may forked processes; ``evaluate(..., threads=2)`` divides a batch between two.

Code that Numba compiles gets ``kernel`` as an argument, and calls ``kernel(arguments...)``, which returns new arrays, or
``kernel(arguments..., same, results..., workspace, samples)``, which writes into others: all results that are the same for all
samples into ``same``, one after another.  ``workspace()`` makes the workspace.  Numba can cache such code.
"""'''

_HEAD = """from __future__ import annotations

import base64
import ctypes
import json
import math
import mmap
import os
import struct
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

__all__ = {public!r}

R = np.{real}
u64 = np.uint64
BLOCK = np.uint64({block})
GOLDEN = {golden}
"""

_ERROR = '''class ShapeError(ValueError):
    """Shapes that do not fit together."""
'''

_MAIN = """if __name__ == "__main__":
    print(f"self-check passed, largest relative difference {self_check():.2g}, started by {start()}")
"""


def write(function: Saved, path: str, options: Options) -> None:
    """Write the module, completely or not at all."""
    with written_whole(path, WHAT, [".py"]) as f:
        f.write(text(function, os.path.splitext(os.path.basename(path))[0], options).encode())


def text(function: Saved, module: str, options: Options) -> str:
    """The text of the module of that name."""
    single = options.single
    if options.params is not None:
        function = function.freeze(options.params)
    program = program_of(function, function.takes_batches, single)
    one = program_of(function, False, single) if function.takes_batches else None
    real = "float32" if single else "float64"
    sections = [
        _docstring(function, program, module, real),
        _HEAD.format(public=_PUBLIC, real=real, block=program.block, golden=GOLDEN),
        _parts(numba_form)[0],
        definitions(program.loops, "definition"),
        program.data.text().replace("import base64\n\n\n", ""),
        "\n".join(_facts(function, program, one, real)),
        _kernel(),
        _ERROR,
        *(getsource(f) for f in (batch_axes, misfit, points, usable_processors, granted, limit_of)),
        *(_parts(m)[-1] for m in (numba_form, starting, dividing, calling, kernel_form)),
        _fast(forms(program), {} if one is None else forms(one) | {"tables": tables(one)}),
        _MAIN,
    ]
    return "\n\n".join(s.strip("\n") + "\n" for s in sections)


def _facts(function: Saved, program: Program, one: Program | None, real: str) -> Iterator[str]:
    """Assignments of what the other functions of the module read."""
    kinds = {"CONSTANTS": "R", "TABLE": "u64", "STEPS": "u64"}
    yield from (f"{name} = np.array({name}, {kind}).reshape(-1)" for name, kind in kinds.items())
    yield "# numbers that each block of samples needs, and that all samples share; the same of the quick forms for one sample"
    yield f"WORKSPACE, SHARED = {program.workspace}, {program.shared}"
    yield "# of each part of the definition, the sums over samples: in the results (0) or in what all samples share (1), offset, size"
    yield f"TOTALS = {[[(int(buffer == 's'), offset, size) for buffer, offset, size in part] for part in program.totals]}"
    yield f"ONE_SIZES = {(0, 0) if one is None else (one.workspace, one.shared)}"
    yield "# (name, shape, whether each sample has its own value) of each argument"
    yield f"ARGUMENTS = {[(a.name, a.shape, a.per_sample) for k, a in enumerate(function.arguments) if k not in function.frozen]!r}"
    yield "# (shape, whether it differs from sample to sample) of each result"
    yield f"RESULTS = {[(o.shape, p) for o, p in zip(function.outputs, program.per_sample)]!r}"
    yield 'SLOTS = [(f"argument {name!r}", shape, per_sample) for name, shape, per_sample in ARGUMENTS]'
    yield "# arguments with numbers of this file, by position"
    for k, a in function.frozen.items():
        yield f"A{k} = np.array({array_text(a, a.tolist())}, R)"
    yield f"FROZEN = {{{', '.join(f'{k}: A{k}' for k in function.frozen)}}}"
    yield "# of each result, every how manieth entry is compared, and its values when this file was written"
    yield f"CHECK = {_listed(expected(function, real == 'float32'))}"
    yield f"TOLERANCE = {TOLERANCES[real]}"
    yield f"BARE = {function.names == ('',)}"
    yield f"CHECKED_BY = {'python' if count_ops(list(function.outputs)) <= PLAIN else 'numba'!r}"


def _listed(check: Sequence[Compared]) -> str:
    """The values as Python."""
    return repr([tuple(c) for c in check]).replace("inf", 'float("inf")').replace("nan", 'float("nan")')


def _parts(module: ModuleType) -> list[str]:
    """The texts of a module after its lines of dashes, each with its line."""
    return [_LINE + part for part in getsource(module).split(_LINE)[1:]]


def _kernel() -> str:
    """The text of the kernel's type, executed when somebody asks for the kernel: it imports Numba."""
    name = f"{__package__}.kernel"
    read = getattr(getattr(find_spec(name), "loader", None), "get_source", None)
    source: str = read(name) if read is not None else ""
    mechanism = blake2b(source.encode(), digest_size=8).hexdigest()
    source = re.sub(r"^MECHANISM = .*$", f'MECHANISM = "{mechanism}"', source, count=1, flags=re.M)
    return f"# the type of the kernel, for Numba\nKERNEL = r'''\n{source}'''"


def _fast(many: dict[str, Packed], one: dict[str, Packed]) -> str:
    """The forms, and those for one sample, unless there are only tables."""
    lines = [f"{_LINE} quick forms", "", "# by way: digest, and compressed bytes"]
    for name, found in (("FAST", many), ("ONE", one if len(one) > 1 else {})):
        lines += ["", f"{name} = {{"]
        for way, (digest, coded) in found.items():
            lines += [f'    "{way}": (', f'        "{digest}",', '        """']
            lines += [coded[i : i + 120] for i in range(0, len(coded), 120)]
            lines += ['""",', "    ),"]
        lines.append("}")
    return "\n".join(lines)


def _docstring(function: Saved, program: Program, module: str, real: str) -> str:
    arguments = [(a.name, a.shape, a.per_sample) for k, a in enumerate(function.arguments) if k not in function.frozen]
    results = [(name or "result", o.shape, lane) for name, o, lane in zip(function.names, function.outputs, program.per_sample)]
    few = len(arguments) <= _LISTED and all(is_identifier(name) and len(name) <= _NAMED for name, *_ in arguments)
    made = _DOCSTRING.format(
        arguments=f"{len(arguments)} argument{'s' * (len(arguments) != 1)}",
        version=offered("__version__"),
        module=module if is_identifier(module) else "evaluator",
        names=", ".join(name for name, *_ in arguments) if few else "...",
        results=f"[{', '.join(f'r{k}' for k in range(len(results)))}]" if len(results) <= 8 else "results",
        taken="\n".join(_quantities(arguments)),
        given="\n".join(_quantities(results)),
        real=real,
    )
    return '"""' + made[3:-3].replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + '"""'


def _quantities(some: Sequence[tuple[str, tuple[int, ...], bool]]) -> Iterator[str]:
    for name, shape, per_sample in some[:_LISTED]:
        said = shown(name)
        said = said if len(said) <= _NAMED else said[:_NAMED] + "..."
        yield f"    {said}: {f'shape {shape}' if shape else 'a number'}{' for each sample' * per_sample}"
    if len(some) > _LISTED:
        yield f"    and {len(some) - _LISTED} more"
    if not some:
        yield "    none"


__all__ = ["text", "write"]
