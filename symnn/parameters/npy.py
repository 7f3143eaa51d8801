"""NumPy's format of one array, read with distrust: sizes are checked before memory is allocated.

NumPy's own reader trusts the header: it allocates the memory it asks for, and a damaged header causes errors of any kind.
"""

from __future__ import annotations

import ast
import math
import re
from io import BufferedIOBase
from typing import IO, cast
from weakref import finalize

import numpy as np

#: the longest header, in characters; NumPy has the same limit
_HEADER = 10_000
_CHUNK = 1 << 20
_DTYPE = re.compile(r"[<>|=]?([a-zA-Z?])\d*")


def read_array(f: IO[bytes], size: int) -> np.ndarray:
    """Read the array of a file of ``size`` bytes.

    Raises:
        ValueError: it is not an array of numbers or text, or it is damaged.
    """
    dtype, shape, by_columns, _ = _head(f, size)
    data = np.empty(math.prod(shape) * dtype.itemsize, np.uint8)
    _fill(f, data)
    if f.read(1):  # reach the end, where an archive compares the checksum
        raise ValueError("there is more than the array")
    flat = data.view(dtype)
    return flat.reshape(shape[::-1]).T if by_columns else flat.reshape(shape)


def rows_of(f: IO[bytes], size: int) -> RowsOfFile | None:
    """The array of an open file of ``size`` bytes, to be read by rows, which closes the file; ``None`` if it is stored by columns.

    Raises:
        ValueError: it is not an array of numbers or text, or it is damaged.
    """
    dtype, shape, by_columns, offset = _head(f, size)
    if by_columns or not shape:
        return None
    rows = RowsOfFile(f, dtype, shape, offset)
    finalize(rows, f.close)
    return rows


def _head(f: IO[bytes], size: int) -> tuple[np.dtype, tuple[int, ...], bool, int]:
    """The type, the shape, whether columns come first, and the position of the first number."""
    start = f.read(8)
    if start[:6] != b"\x93NUMPY" or len(start) < 8:
        raise ValueError(f"{'an archive' if start[:2] == b'PK' else 'it'} is not an array in NumPy's format")
    version = start[6]
    if version not in (1, 2, 3):
        raise ValueError(f"version {version} of NumPy's format is not known")
    count = 2 if version == 1 else 4
    length = int.from_bytes(f.read(count), "little")
    if length > _HEADER:
        raise ValueError(f"the description of the array has {length} characters")
    dtype, shape, by_columns = _described(f.read(length).decode("utf8" if version == 3 else "latin1"))
    expected = math.prod(shape) * dtype.itemsize
    if 8 + count + length + expected != size:
        raise ValueError(f"an array of shape {shape} and dtype {dtype} has {expected} bytes, here are {size - 8 - count - length}")
    return dtype, shape, by_columns, 8 + count + length


def _fill(f: IO[bytes], data: np.ndarray) -> None:
    """Read as many bytes as the array has, from the file's position on."""
    at = 0
    while at < data.size:
        count = cast(BufferedIOBase, f).readinto(data[at : at + _CHUNK].data)
        if not count:
            raise ValueError("the array is cut off")
        at += count


class RowsOfFile:
    """An array in an open file, row after row, which is read and written by slices of rows, and never mapped.

    >>> import tempfile
    >>> import numpy as np
    >>> from symnn.parameters.npy import RowsOfFile
    >>> with tempfile.TemporaryFile() as f:
    ...     rows = RowsOfFile(f, np.dtype(float), (4, 2))
    ...     rows[1:3] = np.ones((2, 2))
    ...     rows[2:3]
    array([[1., 1.]])
    """

    #: the file has no chunks of its own
    chunks = None

    def __init__(self, file: IO[bytes], dtype: np.dtype, shape: tuple[int, ...], offset: int = 0) -> None:
        self._file, self._dtype, self._shape, self._offset = file, dtype, shape, offset

    @property
    def shape(self) -> tuple[int, ...]:
        return self._shape

    @property
    def dtype(self) -> np.dtype:
        return self._dtype

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def size(self) -> int:
        return math.prod(self._shape)

    @property
    def nbytes(self) -> int:
        return self.size * self._dtype.itemsize

    def __len__(self) -> int:
        return self._shape[0]

    def _place(self, rows: slice | tuple[()]) -> tuple[int, tuple[int, ...]]:
        """The first byte of some rows, and their shape."""
        first, stop, _ = (rows or slice(None)).indices(len(self))
        row = math.prod(self._shape[1:]) * self._dtype.itemsize
        return self._offset + first * row, (max(0, stop - first), *self._shape[1:])

    def __getitem__(self, rows: slice | tuple[()]) -> np.ndarray:
        at, shape = self._place(rows)
        data = np.empty(math.prod(shape) * self._dtype.itemsize, np.uint8)
        self._file.seek(at)
        _fill(self._file, data)
        return data.view(self._dtype).reshape(shape)

    def __setitem__(self, rows: slice | tuple[()], values: object) -> None:
        at, shape = self._place(rows)
        self._file.seek(at)
        self._file.write(np.ascontiguousarray(np.broadcast_to(np.asarray(values), shape), self._dtype).data)


def _described(header: str) -> tuple[np.dtype, tuple[int, ...], bool]:
    try:
        found = ast.literal_eval(header.strip())
        descr, by_columns, shape = found["descr"], found["fortran_order"], found["shape"]
    except (SyntaxError, ValueError, TypeError, LookupError, MemoryError, RecursionError):
        raise ValueError(f"{header[:60]!r} does not describe an array") from None
    letter = _DTYPE.fullmatch(descr) if isinstance(descr, str) else None
    if letter is None or len(descr) > 12:
        raise ValueError(f"{descr!r:.60} is not a type of numbers")
    if letter[1] == "O":  # reading them would execute code of the file
        raise ValueError("Object arrays cannot be loaded")
    try:
        dtype = np.dtype(descr)
    except TypeError:
        raise ValueError(f"{descr!r} is not a type of numbers") from None
    if not isinstance(by_columns, bool) or not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"{shape!r:.60} is not a shape")
    if len(shape) > 32 or math.prod(n for n in shape if n) >= 1 << 62 or not dtype.itemsize:
        raise ValueError(f"no array has the shape {shape!r:.60}")
    return dtype, shape, by_columns


__all__ = ["RowsOfFile", "read_array", "rows_of"]
