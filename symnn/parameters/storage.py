"""Parameter files: an archive with an array for each leaf, named after the leaf."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from ..errors import ParameterFileError
from .archives import read_npz

#: the deepest nesting of names
_DEEPEST = 100


def read_parameters(path: str | os.PathLike[str]) -> dict[str, object]:
    """The arrays of a file of parameters, in nested dicts."""
    return nest(read_npz(path).arrays, str(path))


def is_checkpoint(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether a training run wrote these: a checkpoint holds text as bytes, which parameters never are."""
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
        if len(path) > _DEEPEST:
            raise ParameterFileError(f"{source}: {name[:40]!r}... lies {len(path)} names deep; parameters lie at most {_DEEPEST} deep")
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
