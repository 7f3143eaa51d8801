"""Arrays that are not in memory: files, which are read by slices of rows, and lazy collections."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

#: bytes of the arguments and results of a block
BLOCK = 1 << 24
#: a file's own chunks make a block larger, but not above so many times
_LARGER = 4


def is_stored(value: Any) -> bool:
    """Whether a value is read block by block: an HDF5 or Zarr array, or another one with chunks, or a ``np.memmap`` larger than a block.

    >>> import numpy as np
    >>> from exprgraph.blocks import is_stored
    >>> is_stored(np.zeros(3)), is_stored([1.0, 2.0])
    (False, False)
    """
    if isinstance(value, np.ndarray):
        return isinstance(value, np.memmap) and value.nbytes > BLOCK
    kind = type(value)
    return all(hasattr(kind, name) for name in ("chunks", "shape", "dtype", "__getitem__")) and not is_lazy(value)


def is_lazy(value: Any) -> bool:
    """Whether a value is a Dask array, dataframe or series."""
    kind = type(value)
    return hasattr(kind, "__dask_graph__") and (hasattr(kind, "rechunk") or hasattr(kind, "to_dask_array"))


def is_elsewhere(value: Any) -> bool:
    """Whether a value is not in memory: :func:`is_stored` or :func:`is_lazy`."""
    return is_stored(value) or is_lazy(value)


def stand_in(value: Any) -> np.ndarray:
    """An array of the shape and type of one that is not in memory, for checks: a zero, repeated; of an unknown length one row.

    >>> import numpy as np
    >>> from exprgraph.blocks import stand_in
    >>> stand_in(np.ones((2, 3), np.float32)).dtype
    dtype('float32')
    """
    dtype = np.float32 if value.dtype == np.float32 else np.float64
    return np.broadcast_to(np.zeros((), dtype), tuple(int(n) if n == n else 1 for n in value.shape))


def read(value: Any, first: int, stop: int) -> np.ndarray:
    """Some rows of an array, in memory."""
    return np.asarray(value[first:stop])


def blocks_of(arrays: Sequence[Any], samples: int, row: int, block: int = BLOCK) -> list[tuple[int, int]]:
    """The first and last row of each block, so that a file's chunks are read once.

    Args:
        arrays: those that are read.
        samples: the number of rows.
        row: the bytes of a row.
        block: the bytes of a block.

    >>> import numpy as np
    >>> from exprgraph.blocks import blocks_of
    >>> blocks_of([np.zeros(10)], 10, 8, block=32)
    [(0, 4), (4, 8), (8, 10)]
    """
    step = max(1, block // max(1, row))
    for a in arrays:
        chunks = getattr(a, "chunks", None)
        longest = int(chunks[0]) if isinstance(chunks, tuple) and chunks and isinstance(chunks[0], int) else 1
        if 1 < longest <= _LARGER * step:
            step = max(1, step // longest) * longest
            break
    return [(first, min(samples, first + step)) for first in range(0, samples, step)]


def rows_of(array: Any) -> Iterator[tuple[int, np.ndarray]]:
    """The rows of an array block by block, each with the number of its first row.

    >>> import numpy as np
    >>> from exprgraph.blocks import rows_of
    >>> [(first, rows.shape) for first, rows in rows_of(np.zeros((5, 2)))]
    [(0, (5, 2))]
    """
    shape = tuple(array.shape)
    if not shape:  # one number, which has no rows
        yield 0, np.asarray(array[()])
        return
    for first, stop in blocks_of([array], shape[0], math.prod(shape[1:]) * np.dtype(array.dtype).itemsize):
        yield first, read(array, first, stop)


__all__ = ["BLOCK", "blocks_of", "is_elsewhere", "is_lazy", "is_stored", "read", "rows_of", "stand_in"]
