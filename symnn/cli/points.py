"""Points from a file: numbers separated by commas or by spaces, or an array of NumPy, HDF5 or Zarr."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np

import exprgraph as eg

from ..parameters.npy import read_array, rows_of
from .datasets import read_dataset, unreadable
from .problem import InputError
from .syntax import shortened

_SEPARATED = "numbers separated by commas or by spaces"


def read_points(path: str, columns: int) -> Any:
    """The points of a file, one per row; those of an array that is larger than a block are read later, by rows.

    ``.npy`` is NumPy's format, of shape ``(..., columns)``.  ``.h5`` and ``.zarr``, which may be followed by a colon and the
    name of an array in it, are read by h5py and Zarr.  Anything else is read as numbers separated
    by commas, spaces or tabs, one point per line.  A first line without a number is a header.  Empty lines
    and lines that begin with ``#`` are skipped.

    Raises:
        InputError: the file cannot be read, or is not such a file; the message names the line.
    """
    if path.endswith(".npy"):
        return _checked(path, _read_array(path), columns)
    if path.endswith(".npz"):
        raise InputError(f"{path}: points are read from .npy or comma-separated text, not from an .npz archive")
    if (found := read_dataset(path)) is not None:
        return _checked(path, found, columns)
    return _read_text(path, columns)


def _checked(path: str, points: Any, columns: int) -> Any:
    """An array of points; a small one that is still in its file is read."""
    if points.dtype.kind not in "fiub":
        raise InputError(f"{path}: expected real numbers, got an array of dtype {points.dtype}")
    if not points.ndim or points.shape[-1] != columns:
        raise InputError(f"{path}: expected an array of shape (number of points, {columns}), got {tuple(points.shape)}")
    if not points.size:
        raise InputError(f"{path}: holds no points: an array of shape {tuple(points.shape)}")
    large = points.ndim > 1 and points.size * points.dtype.itemsize > eg.blocks.BLOCK
    return points if isinstance(points, np.ndarray) or large else np.asarray(points[()])


def _read_array(path: str) -> Any:
    try:
        if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
            raise InputError(f"{path}: an array is read from a regular file")
        with ExitStack() as stack:
            f = stack.enter_context(open(path, "rb"))
            size = os.fstat(f.fileno()).st_size
            if size > eg.blocks.BLOCK:
                rows = rows_of(f, size)
                if rows is not None:
                    stack.pop_all()  # the file stays open for the rows
                    return rows
                f.seek(0)
            return read_array(f, size)
    except OSError as e:
        raise unreadable(path, e) from e
    except ValueError as e:
        raise InputError(f"{path}: not an .npy file of numbers: {e}") from e


def _read_text(path: str, columns: int) -> np.ndarray:
    rows: list[list[float]] = []
    header = ""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            for first, line, cells in _lines(file):
                if first and not any(_is_number(c) for c in cells):
                    header = ",".join(cells)
                    if not _separated_otherwise(header):
                        continue
                rows.append(_numbers(path, line, cells, columns))
    except OSError as e:
        raise unreadable(path, e) from e
    except UnicodeDecodeError as e:
        raise InputError(f"{path}: not text (at byte {e.start}); points are {_SEPARATED}, or an .npy file") from e
    except csv.Error as e:
        raise InputError(f"{path}: not {_SEPARATED}: {e}") from e
    if not rows:
        only = f" but the header {shortened(header)!r}" if header else ""
        raise InputError(f"{path}: holds no points{only}; expected lines of {_count(columns)}, {_SEPARATED}")
    return np.array(rows)


def _lines(file: Iterator[str]) -> Iterator[tuple[bool, int, list[str]]]:
    """Each line that is not empty: whether it is the first, its number, its cells."""
    reader = csv.reader(file, skipinitialspace=True)
    first = True
    for cells in reader:
        if not any(c.strip() for c in cells) or cells[0].startswith("#"):
            continue
        words = cells[0].split() if len(cells) == 1 else []
        yield first, reader.line_num, words if words and all(map(_is_number, words)) else cells
        first = False


def _separated_otherwise(line: str) -> bool:
    """Whether a line has numbers with another separator: a mistake, not a header."""
    return all(map(_is_number, re.split(r"[;|:/]\s*|\s+", line.strip().rstrip(";"))))


def _numbers(path: str, line: int, cells: list[str], columns: int) -> list[float]:
    if len(cells) != columns:
        came = ",".join(cells)
        hint = f"; points are {_SEPARATED}" if _separated_otherwise(came) else ""
        raise InputError(
            f"{path}, line {line}: expected {_count(columns)}, one for each input of the network, "
            f"got {len(cells)}: {shortened(came)!r}{hint}"
        )
    for column, cell in enumerate(cells, 1):
        if not _is_number(cell):
            raise InputError(f"{path}, line {line}, column {column}: expected a number, got {shortened(cell)!r}")
    return [float(c) for c in cells]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # other programs do not read Python's 1_000


def _count(columns: int) -> str:
    return "1 column" if columns == 1 else f"{columns} columns"
