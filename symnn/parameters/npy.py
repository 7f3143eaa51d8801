"""NumPy's format of one array, read with distrust: sizes are checked before memory is allocated.

NumPy's own reader trusts the header: it allocates the memory it asks for, and a damaged header causes errors of any kind.
"""

from __future__ import annotations

import ast
import math
import re
from io import BufferedIOBase
from typing import IO, cast

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
    data, at = np.empty(expected, np.uint8), 0
    while at < expected:
        count = cast(BufferedIOBase, f).readinto(data[at : at + _CHUNK].data)
        if not count:
            raise ValueError("the array is cut off")
        at += count
    if f.read(1):  # reach the end, where an archive compares the checksum
        raise ValueError("there is more than the array")
    flat = data.view(dtype)
    return flat.reshape(shape[::-1]).T if by_columns else flat.reshape(shape)


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


__all__ = ["read_array"]
