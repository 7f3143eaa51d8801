"""Archives of arrays: .npz files with a digest, written whole or not at all, and read with distrust.

The digest covers all names, types, shapes and numbers, so any damage is found.  It is the archive's comment, which
NumPy ignores.  An archive without a digest, written by ``numpy.savez``, is read as well; there each array has the
checksum of the zip format.

Files are not trusted: sizes are checked before memory is allocated, and no object is unpickled.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator, Mapping
from errno import EINVAL
from hashlib import blake2b
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile
from zlib import error as deflate_error

import numpy as np

import exprgraph as eg
from exprgraph.support import files

from ..errors import ArgumentError, ParameterFileError
from .npy import RowsOfFile, read_array

_ENDINGS = (".npz",)
#: in the comment before the digest: the writer, and the version of this format
_MARK = b"symnn archive 1 blake2b "
_ANY_MARK = b"symnn archive "
#: the size that any archive may unpack to, in bytes, and the factor by which a larger archive may grow
_SMALL, _TIMES = 1 << 28, 200


class Archive(NamedTuple):
    """The contents of a file: arrays by name in the order they were written, and whether a digest covers them."""

    arrays: dict[str, np.ndarray]
    digested: bool


def check_writable(path: str | os.PathLike[str], what: str) -> None:
    """Check that :func:`write_npz` can write there, before there is anything to lose; leaves no file behind."""
    files.check_writable(_path(path, what), what, _ENDINGS)


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray | RowsOfFile], what: str = "parameters") -> None:
    """Write the arrays to exactly this path; an existing file is replaced once everything is written."""
    path = _path(path, what)
    for name in arrays:
        if len(f"{name}.npy".encode()) > 0xFFFF:
            raise ParameterFileError(
                f"cannot save {what} to {path}: the name {name[:40]!r}... has {len(name)} characters; "
                "an .npz archive takes names of up to 65,531 bytes"
            )
    with files.written_whole(path, what, _ENDINGS) as f, ZipFile(f, "w") as archive:  # np.savez cannot name an array "file"
        for name, value in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                if isinstance(value, RowsOfFile):
                    head = {"descr": value.dtype.str, "fortran_order": False, "shape": value.shape}
                    np.lib.format.write_array_header_1_0(member, head)
                    member.writelines(rows.reshape(-1).view(np.uint8).data for rows in some_rows(value))
                else:
                    np.lib.format.write_array(member, value, allow_pickle=False)
        archive.comment = _MARK + _digest(arrays)


def _path(path: str | os.PathLike[str], what: str) -> str:
    try:
        return files.checked_name(path, what, _ENDINGS)
    except TypeError as e:
        raise ArgumentError(str(e)) from None


def _digest(arrays: Mapping[str, np.ndarray | RowsOfFile]) -> bytes:
    """The digest of names, types, shapes and numbers, each prefixed by its length."""
    digest = blake2b(digest_size=32)
    for name, a in arrays.items():
        a = a if isinstance(a, RowsOfFile) else np.asarray(a, order="C")
        for part in (name.encode(), a.dtype.str.encode(), repr(a.shape).encode()):
            digest.update(len(part).to_bytes(8, "little") + part)
        for rows in some_rows(a):
            digest.update(rows.reshape(-1).view(np.uint8).data)
    return digest.hexdigest().encode()


def some_rows(a: np.ndarray | RowsOfFile) -> Iterator[np.ndarray]:
    """An array, or the rows of one in a file, some at a time."""
    return (rows for _, rows in eg.blocks.rows_of(a)) if isinstance(a, RowsOfFile) else iter([a])


def read_npz(path: str | os.PathLike[str]) -> Archive:
    """The arrays of a file.

    Raises:
        FileNotFoundError, IsADirectoryError, PermissionError: there is no readable file.
        ParameterFileError: the file is not an archive of arrays, or is damaged.
    """
    source = os.fspath(path)
    try:
        mode = os.stat(source).st_mode
    except FileNotFoundError:
        raise FileNotFoundError(f"the file {source} does not exist") from None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{source} is a directory, not a file")
    if not stat.S_ISREG(mode):  # reading a pipe would block
        raise ParameterFileError(f"{source} is not a file of parameters: it is not a regular file")
    with open(source, "rb") as f:
        try:
            with ZipFile(f) as archive:
                return _read(archive, os.fstat(f.fileno()).st_size)
        except OSError as e:
            if e.errno != EINVAL:  # an impossible position in the archive; other errors come from the disk
                raise
            reason = str(e)
        except (BadZipFile, deflate_error, struct.error, EOFError, LookupError, RuntimeError, ValueError, OverflowError, MemoryError) as e:
            reason = str(e) or type(e).__name__
    raise ParameterFileError(
        f"{source} is not a file of parameters, an .npz archive of real arrays as NeuralNetworkParameters.save writes it: {reason:.300}"
    )


def _read(archive: ZipFile, size: int) -> Archive:
    members = archive.infolist()
    total = sum(m.file_size for m in members)
    if total > max(_SMALL, _TIMES * size):
        raise ValueError(f"its {size} bytes say that they unpack to {total}; unpack it by other means if you trust it")
    if any(m.compress_type not in (0, 8) or m.comment for m in members):  # a false comment hides the data after it
        raise ValueError("it is written in a way in which NumPy does not write archives")
    if any(m.compress_type == 0 and m.file_size > size for m in members):
        raise ValueError("it says that it holds more than there is in it")
    arrays: dict[str, np.ndarray] = {}
    for m in members:
        name = m.filename.removesuffix(".npy")
        if "\0" in m.orig_filename:  # where the name would be cut
            raise ValueError(f"a name holds a zero byte at {m.orig_filename!r:.60}")
        if name in arrays:
            raise ValueError(f"there are two arrays of this name at {m.filename!r}")
        try:
            with archive.open(m) as f:
                arrays[name] = read_array(f, m.file_size)
        except ValueError as e:
            raise ValueError(f"{e} at {m.filename!r}") from None
    comment = archive.comment
    if not comment:
        return Archive(arrays, False)
    if comment.startswith(_ANY_MARK) and not comment.startswith(_MARK):
        raise ValueError("a version of symnn wrote it that this one does not know")
    if comment != _MARK + _digest(arrays):
        raise ValueError("it is damaged: its digest does not fit its contents")
    return Archive(arrays, True)


__all__ = ["Archive", "check_writable", "read_npz", "write_npz"]
