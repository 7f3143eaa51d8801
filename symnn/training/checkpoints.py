"""Checkpoints: files from which a training run resumes exactly."""

from __future__ import annotations

import json
import math
import os
from array import array
from typing import Any

import numpy as np

from ..errors import ParameterFileError
from ..parameters.archives import check_writable, read_npz, write_npz
from ..parameters.storage import is_checkpoint
from ..reports import History

_LISTS = ("loss", "validation", "validated")
_ARRAYS = {"run", "state", "best", "steps", "terms", *_LISTS}
_WHAT = "the checkpoint"
#: the version of the format
_FORMAT = 3
#: the position of a generator in its buffer: beyond the end it would read foreign memory
_FURTHEST = {"pos": 624, "buffer_pos": 4, "has_uint32": 1}


def check_checkpoint(path: str | os.PathLike[str]) -> None:
    """Check that a checkpoint can be written there, before a run begins."""
    check_writable(path, _WHAT)


def write_checkpoint(
    path: str | os.PathLike[str], about: dict[str, Any], now: dict[str, Any], state: np.ndarray, best: np.ndarray, history: History
) -> None:
    """Write the file completely, or leave the existing one.

    Args:
        about: the description that a resumed run must match.
        now: the position of the run.
        state: parameters and the optimizer's memory.
    """
    text = json.dumps({"format": _FORMAT, "about": about, "now": now}, default=_plain)
    lists = {name: np.array(getattr(history, name), np.int64 if name == "validated" else np.float64) for name in _LISTS}
    arrays = {"run": np.frombuffer(text.encode(), np.uint8), "state": state, "best": best, "steps": np.array(history.steps)}
    arrays["terms"] = np.array(list(history.terms.values()), float).reshape(len(history.terms), len(history.loss))
    write_npz(path, {**arrays, **lists}, _WHAT)


def read_checkpoint(
    path: str | os.PathLike[str], about: dict[str, Any], state: np.ndarray, best: np.ndarray, random: dict[str, Any], terms: list[str]
) -> tuple[dict[str, Any], np.ndarray, np.ndarray, History]:
    """Read the position of a run, its state, its best parameters, and its history.

    Args:
        about: the description of the resumed run, as for :func:`write_checkpoint`.
        state, best: arrays with the required shapes and type.
        random: a state of a random generator, in the required form.
        terms: the names of the terms whose losses are listed.

    Raises:
        ParameterFileError: the file is not a checkpoint, is damaged, or belongs to a run with another ``about``.
    """
    name = os.fspath(path)
    arrays, digested = read_npz(path)
    if not is_checkpoint(arrays):
        raise ParameterFileError(
            f"{name} is not a checkpoint of train, which train(..., checkpoint=...) writes; "
            f"to start from a file of parameters, train(..., params=NeuralNetworkParameters.load({name!r}))"
        )
    try:
        if not digested:
            raise ValueError("it has no digest (earlier versions of symnn wrote none: train again, or use the version that wrote it)")
        run = json.loads(arrays["run"].tobytes(), object_hook=_as_it_was)
        if not isinstance(run, dict) or run.get("format") != _FORMAT:
            raise ValueError(f"it is in another format than {_FORMAT}, which this version of symnn reads")
        found, now = run["about"], run["now"]
        if not isinstance(found, dict) or not isinstance(now, dict):
            raise ValueError(f"about is {found!r:.60}, now {now!r:.60}")
        _check_now(now)
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise _damaged(name, error) from None
    for what, expected in about.items():
        if found.get(what) != expected:
            came, here = _where_they_differ(found.get(what), expected)
            raise ParameterFileError(
                f"{name} is the checkpoint of another run: its {what} are {came}, here {here}; give what it was made with, "
                "or begin a new run from its parameters: train(..., params=...)"
            )
    try:
        _check_arrays(arrays, state, best, now["epoch"], about["batches in an epoch"], len(terms))
        _check_like(now["random"], random, "random numbers")
    except ValueError as error:
        raise _damaged(name, error) from None
    history = History(steps=array("d", arrays["steps"].tobytes()), terms=dict(zip(terms, arrays["terms"].tolist())))
    for name in _LISTS:
        getattr(history, name).extend(arrays[name].tolist())
    return now, arrays["state"], arrays["best"], history


def _damaged(name: str, error: Exception) -> ParameterFileError:
    reason = f"{error!r}" if isinstance(error, KeyError) else str(error)
    return ParameterFileError(f"{name} is a damaged checkpoint of train: {reason}")


def _check_now(now: dict[str, Any]) -> None:
    value: Any
    for name, kind in (("epoch", int), ("since_best", int), ("least", float), ("random", dict)):
        value = now[name]
        wrong = type(value) is not kind
        if isinstance(value, int):
            wrong |= not 0 <= value < 1 << 62
        if wrong or (isinstance(value, float) and math.isnan(value)):
            raise ValueError(f"{name} is {value!r:.60}")


def _check_arrays(arrays: dict[str, np.ndarray], state: np.ndarray, best: np.ndarray, epoch: int, batches: int, terms: int) -> None:
    if arrays.keys() != _ARRAYS:
        raise ValueError(f"it holds {', '.join(sorted(arrays))[:200]}, expected {', '.join(sorted(_ARRAYS))}")
    validated = arrays["validated"]
    expected = {
        "state": (state.shape, state.dtype),
        "best": (best.shape, best.dtype),
        "steps": ((epoch * batches,), np.dtype(np.float64)),
        "loss": ((epoch,), np.dtype(np.float64)),
        "terms": ((terms, epoch), np.dtype(np.float64)),
        "validation": (validated.shape, np.dtype(np.float64)),
        "validated": ((validated.size,), np.dtype(np.int64)),
    }
    for name, (shape, dtype) in expected.items():
        a = arrays[name]
        if a.shape != shape or a.dtype != dtype:
            raise ValueError(f"{name} is of shape {a.shape} and dtype {a.dtype}, expected {shape} and {dtype}")
        if not np.isfinite(a).all():
            raise ValueError(f"{name} is not finite")
    if validated.size and (validated[0] < 1 or validated[-1] > epoch or np.any(np.diff(validated) < 1)):
        raise ValueError("the validated epochs are not epochs of the run, one after another")


def _check_like(value: Any, here: Any, where: str) -> None:
    """Check that a generator's state has a valid form, down to the types and shapes of arrays."""
    if type(value) is not type(here):
        raise ValueError(f"{where}: expected {type(here).__name__}, got {value!r:.60}")
    if isinstance(here, dict):
        if value.keys() != here.keys():
            raise ValueError(f"{where}: expected {', '.join(here)}, got {', '.join(map(str, value))[:200]}")
        for key in here:
            _check_like(value[key], here[key], f"{where}: {key}")
    elif isinstance(here, np.ndarray):
        if value.shape != here.shape or value.dtype != here.dtype:
            raise ValueError(f"{where}: expected {here.dtype} of shape {here.shape}, got {value.dtype} of shape {value.shape}")
    elif isinstance(here, int) and not 0 <= value <= _FURTHEST.get(where.rpartition(" ")[2], 1 << 128):
        raise ValueError(f"{where}: {value!r:.60} is out of range")


def _where_they_differ(came: Any, here: Any) -> tuple[str, str]:
    """Two texts for a message; of lists, only the differences."""
    if isinstance(came, list) and isinstance(here, list):
        came, here = [c for c in came if c not in here] or came, [h for h in here if h not in came] or here
    return f"{came}"[:500], f"{here}"[:500]


def _plain(value: Any) -> Any:
    """The state of some generators of random numbers holds arrays."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name}
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _as_it_was(value: dict[str, Any]) -> Any:
    if value.keys() != {"array", "dtype"}:
        return value
    if value["dtype"] not in ("uint32", "uint64"):
        raise ValueError(f"an array of {value['dtype']!r:.60}")
    try:
        return np.array(value["array"], value["dtype"])
    except OverflowError as error:
        raise ValueError(str(error)) from None


__all__ = ["check_checkpoint", "read_checkpoint", "write_checkpoint"]
