"""Samples on the workers of a Dask cluster, where functions of them run.

Everything that workers hold is the result of a task.  So the scheduler repeats what a lost worker held or did, on another one.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

import exprgraph as eg
from exprgraph import Node

from ..errors import ArgumentError
from ..quantities import described
from .places import OnBlock, Place, Share, divided, on_rows, prepared

#: arrays in memory are divided into at least so many blocks
_BLOCKS = 16


def check_client(client: Any) -> Any:
    """Check that it is a client of Dask's scheduler.

    Raises:
        ArgumentError: it is something else, or an asynchronous client.
    """
    if not all(callable(getattr(client, name, None)) for name in ("submit", "gather", "compute")):
        raise ArgumentError(f"cluster is a Client of dask.distributed, as in Client(LocalCluster()), got {described(client)}")
    if getattr(client, "asynchronous", False):
        raise ArgumentError("cluster is a client that waits for results: make it without asynchronous=True")
    return client


class _Mapped:
    """A memory-mapped file that the process of a worker opens again."""

    def __init__(self, array: np.memmap[Any, Any]) -> None:
        by_columns = array.flags.f_contiguous and not array.flags.c_contiguous
        self._file: dict[str, Any] = {name: getattr(array, name) for name in ("filename", "dtype", "offset", "shape")}
        self._file |= {"mode": "r", "order": "F" if by_columns else "C"}

    def __getitem__(self, rows: slice) -> np.ndarray:
        found: np.ndarray = np.memmap(**self._file)[rows]
        return found


def _sendable(value: Any) -> Any:
    """A file as something that a task brings to a worker.

    Raises:
        ArgumentError: it is open for writing, and another process may not read it.
    """
    mode = getattr(getattr(value, "file", None), "mode", "r")
    if mode != "r":
        raise ArgumentError(f'workers read the file themselves, so open it for reading: h5py.File(name, "r"); its mode is {mode!r}')
    whole = isinstance(value, np.memmap) and isinstance(value.base, mmap.mmap) and value.filename is not None
    return _Mapped(value) if whole else value


def _read(value: Any, first: int, stop: int) -> np.ndarray:
    return eg.blocks.read(value, first, stop)


def _same(value: Any) -> Any:
    return value


class OnCluster(Place):
    """Samples that the workers of a cluster hold.

    Args:
        client: the client of the cluster.
        symbols, arrays, samples, dtype: as for :class:`Here`.  Dask arrays keep their chunks, files are read by workers, and other
            arrays are sent once.
    """

    def __init__(self, client: Any, symbols: Sequence[Node], arrays: Sequence[Any], samples: int, dtype: np.dtype[Any]) -> None:
        self._client = client
        arrays = _with_equal_chunks(arrays)
        row = dtype.itemsize * sum(s.size for s in symbols)
        self.ranges = divided(arrays, samples, row, min(eg.blocks.BLOCK, -(-row * samples // _BLOCKS)))
        self._arrays = arrays  # what a user persisted stays, and so does what it was made of
        pieces = [self._pieces(a) for a in arrays]
        shapes = [s.shape for s in symbols]
        with import_module("dask").config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"}):
            self._blocks = [
                client.submit(prepared, shapes, [p[k] for p in pieces], stop - first, dtype, pure=False)
                for k, (first, stop) in enumerate(self.ranges)
            ]

    def _pieces(self, array: Any) -> list[Any]:
        """The rows of each block: what a worker has or reads, or the rows themselves."""
        client = self._client
        if eg.blocks.is_lazy(array):
            # Dask would rewrite the tasks that arrays share for each of them, and warn that a name has two meanings
            found: list[Any] = client.compute(list(array.to_delayed(optimize_graph=False).ravel()))
            return found
        if eg.blocks.is_stored(array):
            file = _sendable(array)
            return [client.submit(_read, file, first, stop, pure=False) for first, stop in self.ranges]
        return [array[first:stop] for first, stop in self.ranges]

    def _given(self, values: Sequence[Any]) -> list[Any]:
        """The values for all tasks, large ones as the results of tasks of their own."""
        client = self._client
        return [
            client.submit(_same, v, pure=False) if isinstance(v, np.ndarray) and v.nbytes >= eg.blocks.SENT_ONCE
            else self._given(v) if isinstance(v, (list, tuple)) else v
            for v in values
        ]  # fmt: skip

    def _submitted(self, f: OnBlock, given: Sequence[Any], shares: Sequence[Share]) -> list[Any]:
        submit, all_of_them = self._client.submit, self._given(given)
        return [submit(on_rows, f, self._blocks[s.block], s.rows, all_of_them, list(s.own), pure=False) for s in shares]

    def results(self, f: OnBlock, given: Sequence[Any], shares: Sequence[Share]) -> Iterable[Any]:
        found: list[Any] = self._client.gather(self._submitted(f, given, shares))
        return found

    def total(self, f: OnBlock, given: Sequence[Any], shares: Sequence[Share]) -> np.ndarray:
        level = self._submitted(f, given, shares)
        if not any(isinstance(v, np.ndarray) and v.nbytes >= eg.blocks.SENT_ONCE for v in given):
            return eg.blocks.added(self._client.gather(level))
        fan = eg.blocks.FAN
        while len(level) > 1:
            level = [self._client.submit(eg.blocks.added, level[k : k + fan], pure=False) for k in range(0, len(level), fan)]
        return np.array(self._client.gather(level[0]), float)


def _with_equal_chunks(arrays: Sequence[Any]) -> list[Any]:
    """Dask arrays whose samples are divided like those of the first one, and whose other axes are whole."""
    first: tuple[int, ...] | None = None
    made = []
    for a in arrays:
        if eg.blocks.is_lazy(a):
            first = tuple(a.chunks[0]) if first is None else first
            wanted = (first, *((n,) for n in a.shape[1:]))
            a = a if a.chunks == wanted else a.rechunk(wanted)
        made.append(a)
    return made


__all__ = ["OnCluster", "check_client"]
