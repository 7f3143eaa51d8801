"""Arrays of HDF5 and Zarr files, by the file's name, a colon and the array's name."""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import Any

from .problem import InputError

#: a file, and the name of an array in it
_NAMED = re.compile(r"(.*\.(h5|hdf5|zarr))/?(?::(.*))?")


def file_of(path: str) -> str:
    """The name of the file, without that of an array in it.

    >>> from symnn.cli.datasets import file_of
    >>> file_of("run.h5:/points"), file_of("points.csv")
    ('run.h5', 'points.csv')
    """
    named = _NAMED.fullmatch(path)
    return path if named is None else named[1]


def read_dataset(path: str) -> Any:
    """The array of an HDF5 or Zarr file, which is read by rows; ``None`` if it is another file.

    Raises:
        InputError: the file or the array cannot be read, or the package that reads it is not installed.
    """
    named = _NAMED.fullmatch(path)
    if named is None:
        return None
    file, kind, name = named.groups()
    package = "zarr" if kind == "zarr" else "h5py"
    try:
        reader = import_module(package)
    except ImportError:
        raise InputError(f"{path}: files that end in .{kind} need {package}; to install it: pip install {package}") from None
    if not os.path.exists(file):
        raise InputError(f"{file}: there is no such file")
    try:
        found = reader.File(file, "r") if package == "h5py" else reader.open(file, mode="r")
    except OSError as e:
        raise unreadable(file, e) from e
    except (ValueError, KeyError) as e:
        raise InputError(f"{file}: not a file of arrays: {e}") from e
    return _array_of(found, file, name)


def _array_of(found: Any, file: str, name: str | None) -> Any:
    """The array of this name, or the only one, of a file or of a group of arrays."""
    if hasattr(found, "dtype"):
        if name:
            raise InputError(f"{file}: is one array, without names; leave out :{name}")
        return found
    names = sorted(str(n) for n in found)
    known = f"it has {', '.join(names[:8]) or 'none'}"
    if not name:
        arrays = [n for n in names if hasattr(found[n], "dtype")]
        if len(arrays) != 1:
            raise InputError(f"{file}: give the name of an array, as in {file}:/{names[0] if names else 'points'}; {known}")
        name = arrays[0]
    try:
        array = found[name.strip("/")]
    except KeyError:
        raise InputError(f"{file}: has no array {name}; {known}") from None
    if not hasattr(array, "dtype"):
        raise InputError(f"{file}: {name} is a group; it has {', '.join(sorted(map(str, array))[:8]) or 'no arrays'}")
    return array


def unreadable(path: str, error: OSError) -> InputError:
    """The error for a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return InputError(f"{path}: there is no such file")
    return InputError(f"{path}: cannot be read: {error.strerror or error}")


__all__ = ["file_of", "read_dataset", "unreadable"]
