"""Files of parameters and checkpoints are not taken for each other; which samples a step takes is said once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symnn import MSE, Adam, Dense, NeuralNetworkParameters, SymbolicNeuralNetwork, train
from symnn.errors import ArgumentError, ParameterFileError
from symnn.parameters.archives import write_npz

NN = SymbolicNeuralNetwork(Dense(1, 2))
X = np.linspace(-1, 1, 8)[:, None]
Y = np.concatenate([X, X**2], 1)


def fit(**more: Any) -> Any:
    return train(NN, MSE(), (X, Y), **{"optimizer": Adam(0.01), "rng": 0, "progress": False, "epochs": 5, **more})


def test_a_checkpoint_is_no_file_of_parameters(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    r = fit(checkpoint=path)
    said = f"is a checkpoint of train, not a file of parameters: go on from it with .*resume='{path}'.*epochs=0"
    with pytest.raises(ParameterFileError, match=said):
        NeuralNetworkParameters.load(path)
    assert fit(resume=path, epochs=0).params == r.params  # what the message says


def test_a_file_of_parameters_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "ps.npz"
    fit().params.save(path)
    with pytest.raises(ParameterFileError, match=f"is not a checkpoint of train, .*params=NeuralNetworkParameters.load\\('{path}'\\)"):
        fit(resume=path)
    assert fit(params=NeuralNetworkParameters.load(path)).epochs == 5


def test_parameters_named_like_parts_of_a_checkpoint_are_parameters(tmp_path: Path) -> None:
    ps = NeuralNetworkParameters(run=[1.0], state=[[2.0]], best=[3.0], steps=4.0)
    ps.save(tmp_path / "ps.npz")
    assert NeuralNetworkParameters.load(tmp_path / "ps.npz") == ps
    with pytest.raises(ParameterFileError, match="is not a checkpoint"):
        fit(resume=tmp_path / "ps.npz")


def test_a_checkpoint_without_a_digest_or_of_another_format(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    arrays = {"run": np.frombuffer(b"{}", np.uint8), "state": np.ones(2)}
    np.savez(path, **arrays)
    with pytest.raises(ParameterFileError, match="is a damaged checkpoint of train: it has no digest .earlier versions"):
        fit(resume=path)
    write_npz(path, arrays)
    with pytest.raises(ParameterFileError, match="is a damaged checkpoint of train: it is in another format than 3"):
        fit(resume=path)


def test_batches_and_a_batch_size_are_two_ways_to_say_one_thing() -> None:
    with pytest.raises(ArgumentError, match="batch_size= and batches= both say which samples a step takes; give one of them"):
        fit(batches=np.zeros((5, 2, 3), int), batch_size=3)
