"""Results: named arrays in an .npz or .csv file, and a table that summarises them."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, Union

import numpy as np

import exprgraph as eg
from exprgraph.support import files

from ..errors import FileNameError
from ..parameters.archives import some_rows, write_npz
from ..parameters.container import NeuralNetworkParameters
from ..parameters.npy import RowsOfFile
from .given import check_not_read
from .problem import InputError

#: results in memory, or in a file
Array = Union[np.ndarray, RowsOfFile]
_WHAT = "the results"
_ENDINGS = (".npz", ".csv")


def named_arrays(value: Any, name: str) -> dict[str, np.ndarray]:
    """A value as arrays by their names in the file.

    A gradient has an array for each parameter, named ``L1/W`` as in a file of parameters; anything
    else is one array, named after the derivative.
    """
    if isinstance(value, NeuralNetworkParameters):
        return {label.replace(".", "/"): np.asarray(leaf) for label, leaf in value.leaves().items()}
    return {name: np.asarray(value)}


def check_target(path: str, *sources: str | None) -> None:
    """Check that the file can be written, before anything is computed."""
    check_not_read(path, *sources)
    try:
        files.check_writable(path, _WHAT, _ENDINGS)
    except (OSError, FileNameError) as e:
        raise _unwritable(path, e) from e


def write_results(path: str, arrays: Mapping[str, Array], lead: int) -> None:
    """Write the arrays in the format of the file's ending; the file is written completely or not at all.

    Args:
        lead: the number of axes that count points.
    """
    try:
        if path.lower().endswith(".csv"):
            with files.written_whole(path, _WHAT, _ENDINGS) as f:
                f.writelines(line.encode() for line in as_csv(arrays, lead))
        else:
            write_npz(path, arrays, _WHAT)
    except (OSError, FileNameError) as e:
        raise _unwritable(path, e) from e


def _unwritable(path: str, reason: OSError | FileNameError) -> InputError:
    if isinstance(reason, OSError) and reason.errno is not None:
        return InputError(f"--out: {reason.strerror}: {path}")
    return InputError(f"--out: {reason}")


def as_csv(arrays: Mapping[str, Array], lead: int) -> Iterator[str]:
    """The lines of a table: one line per point, one column per entry, headed by the array's name and the indices.

    Numbers are written with all their digits.

    >>> import numpy as np
    >>> from symnn.cli.results import as_csv
    >>> print(*as_csv({"jacobian": np.array([[[0.5, -1.0]], [[0.25, 2.0]]])}, 1), sep="", end="")
    jacobian[0][0],jacobian[0][1]
    0.5,-1.0
    0.25,2.0
    """
    heads = [name + "".join(f"[{i}]" for i in index) for name, a in arrays.items() for index in np.ndindex(*a.shape[lead:])]
    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\n")
    for cells in itertools.chain([heads], _lines(list(arrays.values()), lead)):
        writer.writerow(map(str, cells))
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _lines(arrays: list[Array], lead: int) -> Iterator[Iterator[Any]]:
    """The numbers of each point; of arrays in files, some points at a time."""
    stored = any(isinstance(a, RowsOfFile) for a in arrays)
    points = arrays[0].shape[0] if stored else 1
    for first, stop in eg.blocks.blocks_of([], points, sum(a.nbytes for a in arrays) // points) if stored else [(0, 0)]:
        blocks = [np.asarray(a[first:stop] if stored else a) for a in arrays]
        flat = [b.reshape(math.prod(b.shape[:lead]), -1) for b in blocks]
        yield from (itertools.chain.from_iterable(rows) for rows in zip(*flat))


def table(arrays: Mapping[str, Array]) -> str:
    """The arrays' names, shapes, types and ranges.

    >>> import numpy as np
    >>> from symnn.cli.results import table
    >>> print(table({"jacobian": np.array([[0.5, -1.0]])}))
    array     shape   dtype    min  max
    jacobian  (1, 2)  float64  -1   0.5
    """
    rows = [("array", "shape", "dtype", "min", "max"), *(_row(name, a) for name, a in arrays.items())]
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows)


def _row(name: str, a: Array) -> tuple[str, str, str, str, str]:
    bounds = np.array([(rows.min(), rows.max()) for rows in some_rows(a)] if a.size else [])
    low, high = (f"{bounds[:, 0].min():.6g}", f"{bounds[:, 1].max():.6g}") if a.size else ("", "")
    return name, str(a.shape), str(a.dtype), low, high
