"""Files of parameters and checkpoints that were damaged or crafted: refused with the package's own error, or equal to what was written."""

from __future__ import annotations

import os
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import crafted_files
import numpy as np
import pytest

from symnn import MSE, Adam, Chain, Dense, NeuralNetworkParameters, SymbolicNeuralNetwork, train
from symnn.cli.main import main
from symnn.errors import ParameterFileError

CHAIN = Chain(Dense(1, 2), Dense(2, 1))
X = np.linspace(-1, 1, 8)[:, None]


@pytest.fixture(autouse=True)
def nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "pwned").exists()


def fit(chain: Chain = CHAIN, loss: Any = None, data: Any = (X, X**2), **more: Any) -> Any:
    return train(chain, loss or MSE(), data, **{"optimizer": Adam(0.01), "rng": 0, "progress": False, "epochs": 4, "batch_size": 4, **more})


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run.npz"
    fit(epochs=2, checkpoint=path, validation=(X, X))
    return path


def refusals(path: Path, files: dict[str, bytes], read: Callable[[Path], Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Which files were read, and which ended in something else than a short ParameterFileError that names the file."""
    come, wrong = {}, {}
    for name, data in files.items():
        path.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                come[name] = read(path)
        except ParameterFileError as e:
            if str(path) not in str(e) or len(str(e)) > 2000 or not str(e).isprintable():
                wrong[name] = f"message: {e}"
        except Exception as e:
            wrong[name] = repr(e)
    return come, wrong


def resumed(path: Path) -> Any:
    return fit(resume=path, validation=(X, X))


def test_every_crafted_file_is_refused(tmp_path: Path) -> None:
    files = crafted_files.files()
    assert len(files) > 150
    tracemalloc.start()
    read, wrong = refusals(tmp_path / "p.npz", files, NeuralNetworkParameters.load)
    assert tracemalloc.get_traced_memory()[1] < 1 << 27
    tracemalloc.stop()
    assert not read and not wrong, (list(read), wrong)


@pytest.mark.slow
def test_no_crafted_file_is_a_checkpoint(tmp_path: Path) -> None:
    for files in (crafted_files.files(), crafted_files.changed_lists({"L1/W": np.ones((1, 2))})):
        read, wrong = refusals(tmp_path / "p.npz", files, resumed)
        assert not read and not wrong, (list(read), wrong)


def test_an_archive_with_another_list_of_what_is_in_it(tmp_path: Path) -> None:
    """What was written, or an error."""
    arrays = {"L1/W": np.array([1.0, 2.0]), "L1/b": np.array([3.0])}
    files = crafted_files.changed_lists(arrays)
    assert len(files) > 130
    read, wrong = refusals(tmp_path / "p.npz", files, NeuralNetworkParameters.load)
    assert not wrong, wrong
    expected = NeuralNetworkParameters(L1={"W": [1.0, 2.0], "b": [3.0]})
    assert all(ps == expected for name, ps in read.items() if name.endswith("with a digest"))
    # without a digest the number of members is all that tells of a member less, where it is changed as well
    assert {name for name, ps in read.items() if ps != expected} == set()
    assert len(read) < len(files) / 2


@pytest.mark.one_in(4)
@pytest.mark.parametrize("part", range(4))
def test_every_crafted_checkpoint_is_refused(tmp_path: Path, checkpoint: Path, part: int) -> None:
    files = crafted_files.checkpoints(dict(np.load(checkpoint)))
    assert len(files) > 120
    files = dict(list(files.items())[part::4])
    path = tmp_path / "run.npz"
    for look in (resumed, NeuralNetworkParameters.load):
        read, wrong = refusals(path, files, look)
        assert not wrong, wrong
        assert not read, list(read)
    path.write_bytes(checkpoint.read_bytes())
    assert resumed(path).epochs == 4


FEW = NeuralNetworkParameters(W=np.zeros((2, 0)), b=np.float32(3))


@pytest.mark.parametrize("ps", [FEW, pytest.param(CHAIN.initial_parameters(0), marks=pytest.mark.slow)], ids=["few", "a chain"])
def test_every_changed_bit_is_found_or_changes_nothing(tmp_path: Path, ps: NeuralNetworkParameters) -> None:
    path = tmp_path / "p.npz"
    ps.save(path)
    good = path.read_bytes()
    same = 0
    for at in range(len(good)):
        for bit in range(8) if ps is not FEW or -110 <= at - len(good) < -80 else (at % 8,):
            damaged = bytearray(good)
            damaged[at] ^= 1 << bit
            path.write_bytes(damaged)
            try:
                read = NeuralNetworkParameters.load(path)
            except ParameterFileError:
                continue
            assert read == ps and read.dtype == ps.dtype, (at, bit)
            same += 1
    assert same < 3 * len(good)  # dates and the like


def test_every_cut_and_every_repeated_or_missing_stretch_is_found(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    ps = CHAIN.initial_parameters(0)
    ps.save(path)
    good = path.read_bytes()
    for at in range(0, len(good), 17):
        for damaged in (good[:at], good[:at] + good[at + 7 :], good[:at] + b"\0" * 16 + good[at + 16 :], good[:at] + good[at // 2 :]):
            path.write_bytes(damaged)
            try:
                read = NeuralNetworkParameters.load(path)
            except ParameterFileError:
                continue
            assert read == ps


def test_files_that_numpy_wrote_are_read(tmp_path: Path) -> None:
    arrays = {"L1/W": np.arange(6.0).reshape(2, 3), "L1/b": np.ones(2, np.float32), "k": np.array(3)}
    arrays |= {"f": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "n": np.zeros((0, 2))}
    for write in (np.savez, np.savez_compressed):
        write(tmp_path / "p.npz", **arrays)
        read = NeuralNetworkParameters.load(tmp_path / "p.npz")
        assert all(np.array_equal(leaf, arrays[name.replace(".", "/")]) for name, leaf in read.leaves().items()) and len(read.leaves()) == 5
    read.save(tmp_path / "q.npz")
    with np.load(tmp_path / "q.npz", allow_pickle=False) as file:  # and the other way round
        assert file.files == list(arrays) and all(np.array_equal(file[n], a) for n, a in arrays.items())


def test_crafted_points_are_one_line_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "points.npy"
    command = ["evaluate", "--network", "Dense(1,1)", "--init", "0", "--points", str(path), "--out", str(tmp_path / "out.npz")]
    for name, data in crafted_files.headers():
        path.write_bytes(data)
        assert main(command) == 2, name
        err = capsys.readouterr().err
        assert err.startswith("symnn: ") and err.count("\n") == 1 and len(err) < 500, (name, err)
    os.unlink(path)
    if os.name == "posix":
        os.mkfifo(path)
        assert main(command) == 2
        assert "read from a regular file" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices as POSIX has them")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero")):
        for read in (NeuralNetworkParameters.load, lambda p: fit(resume=p)):
            with pytest.raises(ParameterFileError, match="not a regular file"):
                read(path)
    (tmp_path / "nowhere").symlink_to(tmp_path / "not there")
    for error, path in ((FileNotFoundError, tmp_path / "nowhere"), (IsADirectoryError, tmp_path)):
        for read in (NeuralNetworkParameters.load, lambda p: fit(resume=p)):
            with pytest.raises(error):
                read(path)


OTHERS: dict[str, dict[str, Any]] = {
    "layers": {"chain": Chain(Dense(1, 2, "sin"), Dense(2, 1))},
    "terms of the loss": {"loss": "Huber"},
    "data": {"data": (X, X**2 + 1e-12)},
    "type of numbers": {"params": CHAIN.initial_parameters(0, np.float32)},
    "parameters": {"chain": Chain(Dense(1, 3), Dense(3, 1))},
    "optimizer": {"optimizer": Adam(0.02)},
    "samples of a batch": {"batch_size": 5},
    "batches in an epoch": {"batch_size": 8},
    "validation data": {"validation": (X, X + 1)},
    "random numbers": {"rng": np.random.Generator(np.random.MT19937(0))},
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("what", OTHERS)
def test_another_run_is_refused_and_what_differs_is_named(checkpoint: Path, what: str) -> None:
    from symnn import Huber

    change = {k: Huber() if v == "Huber" else v for k, v in OTHERS[what].items()}
    with pytest.raises(ParameterFileError, match=f"is the checkpoint of another run: its {what} are .*, here "):
        fit(**{"validation": (X, X), **change}, resume=checkpoint)


def test_losses_and_activations_without_names_are_told_apart(tmp_path: Path) -> None:
    import exprgraph as eg

    path = tmp_path / "run.npz"
    for k, other in (((lambda t: eg.tanh(t)), (lambda t: eg.sin(t))), ((lambda t: eg.tanh(2 * t)), (lambda t: eg.tanh(3 * t)))):
        fit(Chain(Dense(1, 2, k), Dense(2, 1)), checkpoint=path)
        fit(Chain(Dense(1, 2, k), Dense(2, 1)), resume=path, epochs=5)
        with pytest.raises(ParameterFileError, match="another run: its layers are"):
            fit(Chain(Dense(1, 2, other), Dense(2, 1)), resume=path, epochs=5)
    nn = SymbolicNeuralNetwork(CHAIN)
    for weight in (1.0, 2.0):
        call = {"loss": weight * eg.sum(nn.output**2), "data": {nn.input: X}, "epochs": 2, "rng": 0, "progress": False}
        if weight == 1.0:
            train(nn, **call, checkpoint=path)
        else:
            with pytest.raises(ParameterFileError, match="another run: its terms of the loss are .'an expression of digest"):
                train(nn, **call, resume=path)
