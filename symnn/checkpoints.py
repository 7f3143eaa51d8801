"""Files from which a training run goes on exactly."""

from __future__ import annotations

import json
import os
from array import array
from typing import Any

import numpy as np

from .errors import ParameterFileError
from .reports import History
from .storage import check_writable, is_checkpoint, read_npz, write_npz

_LISTS = ("loss", "validation", "validated")
_WHAT = "the checkpoint"


def check_checkpoint(path: str | os.PathLike[str]) -> None:
    """Find out that a checkpoint can be written there, before a run begins."""
    check_writable(path, _WHAT)


def write_checkpoint(
    path: str | os.PathLike[str], about: dict[str, Any], now: dict[str, Any], state: np.ndarray, best: np.ndarray, history: History
) -> None:
    """Write the file whole, or leave the one that is there.

    Args:
        about: what a run that goes on from here must agree in.
        now: where the run is.
        state: parameters and the optimizer's memory.
    """
    text = json.dumps({"about": about, "now": now}, default=_plain)
    lists = {name: np.array(getattr(history, name), int if name == "validated" else float) for name in _LISTS}
    arrays = {"run": np.frombuffer(text.encode(), np.uint8), "state": state, "best": best, "steps": np.array(history.steps)}
    write_npz(path, {**arrays, **lists}, _WHAT)


def read_checkpoint(
    path: str | os.PathLike[str], about: dict[str, Any], shapes: tuple[tuple[int, ...], tuple[int, ...]]
) -> tuple[dict[str, Any], np.ndarray, np.ndarray, History]:
    """Where the run is, its state, its best parameters, both of these shapes, and its history.

    Raises:
        ParameterFileError: the file is no checkpoint, or one of a run that differs in ``about``.
    """
    arrays = read_npz(path)
    if not is_checkpoint(arrays):
        raise ParameterFileError(
            f"{os.fspath(path)} is not a checkpoint of train, which train(..., checkpoint=...) writes; "
            f"to start from a file of parameters, train(..., params=NeuralNetworkParameters.load({os.fspath(path)!r}))"
        )
    try:
        run = json.loads(arrays["run"].tobytes(), object_hook=_as_it_was)
        found, now = run["about"], run["now"]
        state, best = arrays["state"], arrays["best"]
        history = History(steps=array("d", arrays["steps"].astype(float).tobytes()))
        for name in _LISTS:
            getattr(history, name).extend(arrays[name].tolist())
        for name, kind in (("epoch", int), ("since_best", int), ("least", float), ("random", dict)):
            if type(now[name]) is not kind or (kind is int and now[name] < 0):
                raise ValueError(f"{name} is {now[name]!r:.60}")
    except (KeyError, ValueError, TypeError) as error:
        raise ParameterFileError(f"{os.fspath(path)} is a damaged checkpoint of train: {error!r}") from None
    if not isinstance(found, dict):
        raise ParameterFileError(f"{os.fspath(path)} is a damaged checkpoint of train: about is {found!r:.60}")
    for what, expected in about.items():
        if found.get(what) != expected:
            came = found.get(what)
            raise ParameterFileError(f"{os.fspath(path)} is the checkpoint of another run: its {what} are {came}, here {expected}")
    if (state.shape, best.shape) != shapes:
        raise ParameterFileError(
            f"{os.fspath(path)} is a damaged checkpoint of train: its arrays have shapes {state.shape} and {best.shape}, "
            f"expected {shapes[0]} and {shapes[1]}"
        )
    return now, state, best, history


def _plain(value: Any) -> Any:
    """The state of some generators of random numbers holds arrays."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name}
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _as_it_was(value: dict[str, Any]) -> Any:
    return np.array(value["array"], value["dtype"]) if value.keys() == {"array", "dtype"} else value


__all__ = ["check_checkpoint", "read_checkpoint", "write_checkpoint"]
