"""Parameter files: one .npz archive, an array for each leaf, written whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .errors import ArgumentError, ParameterFileError

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(path: str | os.PathLike[str], what: str) -> None:
    """Find out that ``write_npz`` can write there, before there is anything to lose; leaves nothing behind."""
    target = _target(path, what)
    draft = _draft(target)
    try:
        draft.open("xb").close()  # what may be written is not what permissions say: a disk may be read-only
        draft.unlink()
    except OSError as e:
        raise OSError(e.errno, f"cannot save {what}: {e.strerror}", str(target)) from e


def _target(path: str | os.PathLike[str], what: str) -> Path:
    from pathlib import Path  # at import, this costs more than the rest of this module

    try:
        target = Path(path)
    except TypeError:
        raise ArgumentError(f"cannot save {what}: expected the path of a file, got {path!r}") from None
    try:
        there, taken = target.parent.is_dir(), target.is_dir()
    except OSError as e:  # a name too long
        raise OSError(e.errno, f"cannot save {what}: {e.strerror}", str(target)) from e
    if not there:
        raise FileNotFoundError(f"cannot save {what} to {target}: there is no directory {target.parent}; make it first")
    if taken:
        raise IsADirectoryError(f"cannot save {what} to {target}: it is a directory; give the name of a file")
    return target


def _draft(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}")


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], what: str = "parameters") -> None:
    """Write the arrays to exactly this path; an existing file is replaced only when all is written."""
    from zipfile import ZipFile

    target = _target(path, what)
    for name in arrays:
        if len(f"{name}.npy".encode()) > 0xFFFF:
            raise ParameterFileError(
                f"cannot save {what} to {target}: the name {name[:40]!r}... has {len(name)} characters; "
                "an .npz archive takes names of up to 65,531 bytes"
            )
    draft = _draft(target)
    try:
        with open(draft, "xb") as f:
            with ZipFile(f, "w") as archive:  # np.savez cannot name an array "file"
                for name, value in arrays.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, value, allow_pickle=False)
            f.flush()
            os.fsync(f.fileno())
        os.replace(draft, target)
    except OSError as e:
        raise OSError(e.errno, f"cannot save {what}: {e.strerror}", str(target)) from e
    finally:
        draft.unlink(missing_ok=True)


def read_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of a parameter file by their names, in the order they were written."""
    from pathlib import Path
    from zipfile import BadZipFile, ZipFile
    from zlib import error as deflate_error

    source = Path(path)
    if not source.exists():
        raise FileNotFoundError(f"parameter file {source} does not exist")
    if source.is_dir():
        raise IsADirectoryError(f"parameter file {source} is a directory")
    arrays: dict[str, np.ndarray] = {}
    member = ""
    try:
        with ZipFile(source) as archive:
            for member in archive.namelist():
                if member.removesuffix(".npy") in arrays:
                    raise ValueError("there are two arrays of this name")
                with archive.open(member) as f:
                    # arrays of Python objects are refused: reading them would run code of the file
                    arrays[member.removesuffix(".npy")] = np.lib.format.read_array(f, allow_pickle=False)
    except (ValueError, EOFError, BadZipFile, deflate_error, NotImplementedError, RuntimeError, OSError) as e:
        if isinstance(e, OSError) and e.errno != errno.EINVAL:  # EINVAL: a place in the archive that cannot be
            raise
        where = f" at {member!r}" if member else ""
        raise ParameterFileError(
            f"{source} is not a file of parameters, an .npz archive of real arrays as NeuralNetworkParameters.save writes it: {e}{where}"
        ) from e
    return arrays


def is_checkpoint(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether a training run wrote these: its text is kept as bytes, which parameters never are."""
    return "state" in arrays and "run" in arrays and arrays["run"].dtype == np.uint8


def nest(arrays: Mapping[str, np.ndarray], source: str) -> dict[str, object]:
    """Nested dicts from names such as ``L1/W``."""
    if is_checkpoint(arrays):
        raise ParameterFileError(
            f"{source} is a checkpoint of train, not a file of parameters: go on from it with train(..., resume={source!r}), "
            "with epochs=0 to have its parameters alone"
        )
    if not arrays:
        raise ParameterFileError(f"{source} holds no parameters")
    root: dict[str, object] = {}
    for name, value in arrays.items():
        if value.dtype.kind not in "fiub":
            raise ParameterFileError(f"{source}: {name} is of dtype {value.dtype}; expected real numbers")
        *path, last = name.split("/")
        at = root
        for part in path:
            inner = at.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ParameterFileError(f"{source}: {name} lies inside {part}, which is an array itself")
            at = inner
        if not all((*path, last)) or last in at:
            raise ParameterFileError(
                f"{source}: {name!r} is not a parameter's name, or stands for two things; expected names such as 'L1/W'"
            )
        at[last] = value
    return root
