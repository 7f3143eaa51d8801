"""Results: named arrays in an .npz file, and the table that says what was written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..parameters import NeuralNetworkParameters
from ..storage import write_npz
from .problem import InputError


def named_arrays(value: Any, name: str) -> dict[str, np.ndarray]:
    """A value as arrays by their names in the file.

    A gradient has an array for each parameter, named ``L1/W`` as in a file of parameters; anything
    else is one array, named after the derivative.
    """
    if isinstance(value, NeuralNetworkParameters):
        return {label.replace(".", "/"): np.asarray(leaf) for label, leaf in value.leaves().items()}
    return {name: np.asarray(value)}


def check_target(path: str, *sources: str | None) -> None:
    """That a file can be written there, found out before anything is computed."""
    target = Path(path)
    try:
        if target.is_dir():
            raise InputError(f"--out: cannot write {path}: it is a directory")
        if not target.parent.is_dir():
            raise InputError(f"--out: cannot write {path}: there is no directory {target.parent}")
        for source in sources:
            if source is not None and target.exists() and Path(source).exists() and target.samefile(source):
                raise InputError(f"--out: {path} would replace the file that is read from, {source}")
    except OSError as e:
        raise _unwritable(path, e) from e


def write_results(path: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the arrays; the file appears whole or not at all."""
    try:
        write_npz(path, arrays)
    except OSError as e:
        raise _unwritable(path, e.__cause__ if isinstance(e.__cause__, OSError) else e) from e


def _unwritable(path: str, reason: OSError) -> InputError:
    return InputError(f"--out: cannot write {path}: {reason.strerror or reason}")


def table(arrays: Mapping[str, np.ndarray]) -> str:
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


def _row(name: str, a: np.ndarray) -> tuple[str, str, str, str, str]:
    low, high = (f"{a.min():.6g}", f"{a.max():.6g}") if a.size else ("", "")
    return name, str(a.shape), str(a.dtype), low, high
