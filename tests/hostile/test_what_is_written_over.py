"""Writers: what they replace, under which names, with which mode, and what is left when a signal ends them."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.save.formats import suffixes
from exprgraph.support import files
from symnn import MSE, Chain, Dense, NeuralNetworkParameters, SymbolicNeuralNetwork, build_nn_function, train
from symnn.cli.main import main

ROOT = str(Path(eg.__file__).parent.parent)
x = eg.Symbol("x")
NN = SymbolicNeuralNetwork(Chain(Dense(1, 1)))
POSIX = pytest.mark.skipif(os.name != "posix", reason="modes, links and pipes as POSIX has them")


def evaluate(path: str) -> None:
    """The command line; its error as an exception."""
    points = Path(path).parent / "points.csv"
    if not points.exists():
        points.write_text("1\n2\n")
    status = main(["evaluate", "--network", "Dense(1,1)", "--init", "0", "--points", str(points), "--out", path, "--backend", "numpy"])
    points.unlink()
    if status:
        raise ValueError(f"exit status {status}")


WRITERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "a function": (".py", eg.compile(eg.sin(x), x).save),
    "a function of a network": (".py", build_nn_function(NN.output, NN).save),
    "parameters": (".npz", NN.chain.initial_parameters(0).save),
    "a checkpoint": (".npz", lambda p: train(NN, MSE(), ([[1.0]], [[1.0]]), epochs=1, checkpoint=p, progress=False)),
    "results": (".npz", evaluate),
    "a table of results": (".csv", evaluate),
}
each = pytest.mark.parametrize("writer", WRITERS)


@pytest.mark.one_in(3)
@POSIX
@each
def test_the_mode_is_the_umasks_or_stays(tmp_path: Path, writer: str) -> None:
    suffix, write = WRITERS[writer]
    path = tmp_path / f"new{suffix}"
    before = os.umask(0o027)
    try:
        write(str(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        for mode in (0o644, 0o755, 0o600):
            path.chmod(mode)
            write(str(path))
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@POSIX
@each
def test_only_regular_files_are_replaced(tmp_path: Path, writer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    suffix, write = WRITERS[writer]
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    pipe, plug, folder = (tmp_path / f"{name}{suffix}" for name in ("pipe", "plug", "folder"))
    os.mkfifo(pipe)
    folder.mkdir()
    (tmp_path / f"to_a_pipe{suffix}").symlink_to(pipe)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(plug.name)
        there = {p.name: p.lstat() for p in tmp_path.iterdir()}
        for name in there:
            with pytest.raises((OSError, ValueError)):
                write(str(tmp_path / name))
            after = (tmp_path / name).lstat()
            assert (after.st_ino, after.st_mode) == (there[name].st_ino, there[name].st_mode)
    assert {p.name for p in tmp_path.iterdir()} == set(there)


@POSIX
@each
def test_links_stay_and_what_they_lead_to_is_replaced(tmp_path: Path, writer: str) -> None:
    suffix, write = WRITERS[writer]
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / f"target{suffix}"
    for name, content in (("link", "old"), ("dangling", None)):
        link = tmp_path / f"{name}{suffix}"
        link.symlink_to(Path("elsewhere") / target.name)
        if content:
            target.write_text(content)
        write(str(link))
        assert link.is_symlink() and target.read_bytes() not in (b"", b"old")
        assert [p.name for p in target.parent.iterdir()] == [target.name]
        target.unlink()
    circle = tmp_path / f"circle{suffix}"
    circle.symlink_to(circle.name)
    with pytest.raises((OSError, ValueError)):
        write(str(circle))
    assert circle.is_symlink()


@each
def test_a_write_protected_file_stays(tmp_path: Path, writer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    suffix, write = WRITERS[writer]
    path = tmp_path / f"mine{suffix}"
    path.write_text("mine")
    path.chmod(0o444)
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # root may write everywhere
        monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with pytest.raises((OSError, ValueError)):
        write(str(path))
    assert path.read_text() == "mine"


@each
@pytest.mark.parametrize("suffix", [".c", ".H", ".o", ".so", ".csv", ".txt", ".json", ".npz", ".npy", ".py", ".pkl", ".png", ".tar", ".PY"])
def test_an_ending_that_means_something_else(tmp_path: Path, writer: str, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    own, write = WRITERS[writer]
    path = tmp_path / f"f{suffix}"
    allowed = {own, ".npz", ".csv"} if "results" in writer else set(suffixes()) if "function" in writer else {own}
    if suffix.lower() in allowed:
        write(str(path))
        assert path.exists()
        return
    with pytest.raises(ValueError, match="the ending|exit status 2") as caught:
        write(str(path))
    said = f"{caught.value} {capsys.readouterr().err}"
    assert f"the ending {suffix.lower()} means" in said
    assert f"give a name that ends in {'.npz or .csv' if 'results' in writer else own}" in said
    assert list(tmp_path.iterdir()) == []


@each
def test_other_names_are_taken(tmp_path: Path, writer: str) -> None:
    _, write = WRITERS[writer]
    for name in ("evaluator", "run-0.5", "v1.2.final", ".hidden", "名前", "a b", "$(touch pwned)", "x" * 240):
        path = tmp_path / name
        if "function" in writer:  # its ending is one of many formats
            with pytest.raises(eg.errors.FileNameError, match="means no format|it has none"):
                write(str(path))
            path = path.with_name(f"{name[:200]}.py")
        write(str(path))
        assert [p.name for p in tmp_path.iterdir()] == [path.name]
        path.unlink()
    for wrong in ("zero\0byte", "x" * 300, "folder/", "folder/file"):
        with pytest.raises((OSError, ValueError)):
            write(f"{tmp_path}/{wrong}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, ValueError, OSError(28, "No space left on device")])
def test_what_ends_the_writing_leaves_the_old_file(tmp_path: Path, error: Any) -> None:
    path = tmp_path / "p.npz"
    path.write_text("old")
    handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]

    def write() -> None:
        with files.written_whole(path, "it", [".npz"]) as f:
            f.write(b"new")
            raise error

    with pytest.raises(error if isinstance(error, type) else OSError):
        write()
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["p.npz"]
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers


SAVE = """
import signal, sys
import numpy as np
from symnn import NeuralNetworkParameters
if sys.argv[2] == "SIGINT":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
elif sys.argv[2] == "Ctrl-C":
    signal.signal(signal.SIGINT, signal.default_int_handler)
ps = NeuralNetworkParameters(W=np.ones(200_000))
ps.save(sys.argv[1])
print("begun", flush=True)
while True:
    ps.save(sys.argv[1])
"""


@pytest.mark.slow
@POSIX
@pytest.mark.one_in(4)
@pytest.mark.parametrize("kind", ["SIGTERM", "SIGHUP", "SIGINT", "Ctrl-C"])
def test_a_signal_at_any_time_leaves_nothing_behind(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "p.npz"
    number = signal.SIGINT if kind == "Ctrl-C" else getattr(signal, kind)
    own = {**os.environ, "PYTHONPATH": ROOT}
    for k in range(6):
        command = [sys.executable, "-c", SAVE, str(path), kind]
        process = subprocess.Popen(command, env=own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(0.0037 * k)
        process.send_signal(number)
        process.wait(timeout=60)
        process.stdout.close()
        assert process.returncode != 0
        assert [p.name for p in tmp_path.iterdir()] == ["p.npz"]
        assert NeuralNetworkParameters.load(path).size == 200_000
    if kind != "Ctrl-C":
        assert process.returncode == -number  # as a process ends that does not handle it


@pytest.mark.one_in(4)
@POSIX
@pytest.mark.parametrize("moment", ["evaluating", "numpy.linalg", "symnn.training.train", "symnn.cli.walk"])
def test_ctrl_c_of_the_command_line_is_one_line(tmp_path: Path, moment: str) -> None:
    """Also while modules are imported; and the exit status is that of an interrupted program."""
    (tmp_path / "points.csv").write_text("1\n2\n")
    options = ["--network", "Dense(1,1)", "--init", "0", "--points", "points.csv", "--out", "result.csv"]
    (tmp_path / "sitecustomize.py").write_text(f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {moment!r}:
            interrupt()
        if name == "symnn.cli.walk" and {moment!r} == "evaluating":
            sys.modules["symnn.cli.evaluate"].named_arrays = interrupt
sys.meta_path.insert(0, Finder())
""")
    path = os.pathsep.join([str(tmp_path), ROOT])
    own = {k: v for k, v in os.environ.items() if not k.startswith("COV")} | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "symnn", "evaluate", *options]
    done = subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "symnn: interrupted\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["points.csv", "sitecustomize.py"]


def test_ctrl_c_of_other_programs_is_theirs() -> None:
    code = "import signal, symnn; assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    own = {**os.environ, "PYTHONPATH": ROOT}
    begin = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    assert subprocess.run([sys.executable, "-c", begin + code, "-m", "symnn"], env=own).returncode == 0


def test_writing_in_a_thread_leaves_signals_alone(tmp_path: Path) -> None:
    ps = NeuralNetworkParameters(W=np.ones(3))
    handler = signal.getsignal(signal.SIGTERM)
    threads = [threading.Thread(target=ps.save, args=(tmp_path / "p.npz",)) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert NeuralNetworkParameters.load(tmp_path / "p.npz") == ps
    assert [p.name for p in tmp_path.iterdir()] == ["p.npz"] and signal.getsignal(signal.SIGTERM) is handler
