"""What is left of a training that an error ends: parameters, losses, and no file that was not there."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exprgraph.support import files
from symnn import LBFGS, MSE, Adam, Chain, Dense, GradientDescent, NonFiniteLossError, SymbolicNeuralNetwork, train
from symnn.errors import ArgumentError

NN = SymbolicNeuralNetwork(Chain(Dense(1, 3), Dense(3, 1, "identity")))
X = np.linspace(-1, 1, 12)[:, None]
Y = np.tanh(2 * X)
START = NN.chain.initial_parameters(0)


def fit(epochs: int = 20, **more: Any) -> Any:
    return train(NN, MSE(), (X, Y), START, **{"optimizer": Adam(0.01), "rng": 0, "progress": False, "epochs": epochs, **more})


def refuses_to_begin(error: type[Exception], text: str, **more: Any) -> None:
    seen: list[Any] = []
    with pytest.raises(error, match=text) as caught:
        fit(callback=seen.append, **more)
    assert seen == [] and not hasattr(caught.value, "params")


def test_a_checkpoint_that_cannot_be_written_is_found_out_first(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    nowhere = f"cannot save the checkpoint to .*run.npz: there is no directory .*{tmp_path.name}/nowhere; make it first"
    refuses_to_begin(FileNotFoundError, nowhere, checkpoint=tmp_path / "nowhere" / "run.npz")
    refuses_to_begin(FileNotFoundError, "there is no directory", checkpoint=tmp_path / "file" / "run.npz")
    refuses_to_begin(IsADirectoryError, "is a directory; give the name of a file", checkpoint=tmp_path / "folder")
    refuses_to_begin(OSError, "cannot save the checkpoint: File name too long", checkpoint=tmp_path / ("x" * 300))
    refuses_to_begin(ArgumentError, "expected the path of a file, got 3", checkpoint=3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_a_directory_without_permission_is_found_out_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, *more: Any) -> Any:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(files, "open", refuse, raising=False)  # root may write everywhere
    refuses_to_begin(PermissionError, "cannot save the checkpoint: Permission denied: '.*run.npz'", checkpoint=tmp_path / "run.npz")


def test_an_older_checkpoint_stays_until_there_is_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    path.write_text("old")
    refuses_to_begin(ArgumentError, "batch_size is a positive whole number", checkpoint=path, batch_size=0)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_costs_no_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="cannot save the checkpoint: No space left on device") as caught:
        fit(checkpoint=tmp_path / "run.npz", checkpoint_every=6)
    monkeypatch.undo()
    want = fit(6)
    e: Any = caught.value
    assert e.epoch == 6 and e.params == want.params and e.best == want.best and e.history == want.history
    assert any("6 epochs" in note and ".params" in note for note in getattr(e, "__notes__", [".params of 6 epochs"]))
    assert list(tmp_path.iterdir()) == []


class Mistake(Exception):  # noqa: N818
    """What a callback raises here."""


@pytest.mark.parametrize("optimizer", [Adam(0.01), LBFGS()], ids=["Adam", "LBFGS"])
def test_a_mistake_in_a_callback_costs_no_parameters(optimizer: Any) -> None:
    def callback(epoch: Any) -> None:
        if epoch.number == 4:
            raise Mistake("on purpose")

    with pytest.raises(Mistake, match="on purpose") as caught:
        fit(optimizer=optimizer, callback=callback)
    want = fit(optimizer=optimizer, callback=lambda epoch: epoch.number == 4)
    e: Any = pickle.loads(pickle.dumps(caught.value))
    assert e.epoch == 4 and e.params == want.params and e.best == want.best and e.history == want.history


def test_what_an_error_has_of_its_own_stays() -> None:
    class Own(Exception):  # noqa: N818
        params = "mine"

        @property
        def history(self) -> str:
            return "mine too"

    def callback(epoch: Any) -> None:
        raise Own

    with pytest.raises(Own) as caught:
        fit(callback=callback)
    e: Any = caught.value
    assert (e.params, e.history, e.epoch) == ("mine", "mine too", 1)


def test_a_run_that_diverges_has_its_best_parameters_too() -> None:
    with pytest.raises(NonFiniteLossError) as caught:
        fit(optimizer=GradientDescent(lambda step: 0.1 if step < 9 else 1e300), callback=lambda epoch: False)
    e: Any = caught.value
    assert e.epoch == 11 and np.isfinite(e.params.flat).all() and np.isfinite(e.best.flat).all()
