"""A compiled function as a module file that needs only numpy and numba."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .function import CompiledOutputs

_CALLER = '''
_TABLE = np.array(TABLE, dtype=np.uint64)
_STEPS = np.array(STEPS, dtype=np.int64).reshape(-1, 2)
_CONSTANTS = np.array(CONSTANTS, dtype=R)
#: (name, shape, whether each sample has its own value) of each argument
ARGUMENTS = {arguments}
#: (shape, whether it differs from sample to sample) of each result
RESULTS = {results}


def evaluate(*values):
    """The results, as a list, for one value an argument: batch axes first where samples differ."""
    if len(values) != len(ARGUMENTS):
        raise TypeError(f"expected {{len(ARGUMENTS)}} values, got {{len(values)}}")
    arrays, lead = [], ()
    for value, (name, shape, per_sample) in zip(values, ARGUMENTS):
        a = np.asarray(value, dtype=R)
        n = a.ndim - len(shape)
        if n < 0 or a.shape[n:] != shape or (n and not per_sample):
            raise ValueError(f"argument {{name!r}}: expected shape {{shape}}, got {{a.shape}}")
        lead = np.broadcast_shapes(lead, a.shape[:n])
        arrays.append(a)
    flat = [
        np.ascontiguousarray(np.broadcast_to(a, lead + shape) if per_sample else a).reshape(-1)
        for a, (name, shape, per_sample) in zip(arrays, ARGUMENTS)
    ]
    samples, sizes = 1, [0 if per_sample else int(np.prod(shape)) for shape, per_sample in RESULTS]
    for n in lead:
        samples *= n
    shared_results = np.empty(sum(sizes), R)
    own = [np.empty(samples * int(np.prod(shape)), R) for shape, per_sample in RESULTS if per_sample]
    workspace, shared = np.empty({workspace}, R), np.empty({shared}, R)
    kernel(*flat, shared_results, *own, workspace, shared, _CONSTANTS, _TABLE, _STEPS, np.uint64(samples))
    rest, parts = iter(own), np.split(shared_results, np.cumsum(sizes)[:-1])
    return [
        next(rest).reshape(lead + shape) if per_sample else part.reshape(shape)
        for part, (shape, per_sample) in zip(parts, RESULTS)
    ]
'''


def save_module(core: CompiledOutputs, names: Sequence[str], path: Path) -> None:
    """Write the generated module with a plain Python caller, atomically."""
    program = core.program(batch=any(a.per_sample for a in core.arguments))
    arguments = []
    for name, a in zip(names, core.arguments):
        arguments.append((name, a.shape, a.per_sample))
    results = [(o.shape, p) for o, p in zip(core.outputs, program.per_sample)]
    text = program.source + _CALLER.format(
        arguments=repr(arguments), results=repr(results), workspace=program.workspace, shared=program.shared
    )
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            f.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
