"""The directory of machine code, full, read-only, damaged, planted or raced for: a right answer, and nothing foreign is run."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.native import disk, machine, programs

ROOT = str(Path(eg.__file__).parent.parent)
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are those of POSIX")
root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files to somebody else")
not_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(programs, "_modules", type(programs._modules)())  # what this process has compiled is forgotten
    return tmp_path / "cache"


@pytest.fixture
def compiled(monkeypatch):
    """How often LLVM was asked to compile."""
    calls: list[int] = []
    inner = machine.compile_object
    monkeypatch.setattr(machine, "compile_object", lambda text: calls.append(1) or inner(text))
    return calls


def forget() -> None:
    programs._modules.clear()


def answer() -> float:
    x = eg.Symbol("x", 3)
    return float(eg.compile(eg.sum(eg.sin(x) * eg.exp(x)), x)(np.array([0.5, 1.0, -2.0])))


X = np.array([0.5, 1.0, -2.0])
WANT = pytest.approx(float(np.sum(np.sin(X) * np.exp(X))), rel=1e-14)


def entries(kept: Path) -> list[Path]:
    return sorted(p for p in kept.iterdir() if p.is_file()) if kept.exists() else []


def test_a_missing_directory_is_made_for_this_user_alone(kept, compiled) -> None:
    before = os.umask(0) if hasattr(os, "umask") else 0
    try:
        assert answer() == WANT
    finally:
        os.umask(before)
    assert len(entries(kept)) == 1
    if hasattr(os, "geteuid"):
        assert stat.S_IMODE(kept.stat().st_mode) == 0o700
        assert stat.S_IMODE(entries(kept)[0].stat().st_mode) == 0o600
    forget()
    assert answer() == WANT
    assert len(compiled) == 1


def test_a_directory_that_vanishes(kept, compiled) -> None:
    import shutil

    for count in (1, 2):
        assert answer() == WANT
        assert len(compiled) == count
        shutil.rmtree(kept)
        forget()


@not_root
def test_a_read_only_directory(kept, compiled) -> None:
    kept.mkdir(mode=0o500)
    assert answer() == WANT
    assert entries(kept) == []
    kept.chmod(0o700)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("where", ["mkdir", "mkstemp", "write", "replace", "scandir"])
def test_every_call_may_fail(kept, compiled, monkeypatch, where: str, code: int) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(code, os.strerror(code))

    class Full:
        """A file on a disk that is full."""

        def __init__(self, handle: int, mode: str) -> None:
            self.handle = handle
            self.write = fail

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            os.close(self.handle)

    with monkeypatch.context() as m:
        if where == "mkdir":
            m.setattr(Path, "mkdir", fail)
        elif where == "mkstemp":
            m.setattr("tempfile.mkstemp", fail)
        elif where == "write":
            inner = os.fdopen
            m.setattr(disk.os, "fdopen", lambda handle, mode: Full(handle, mode) if mode == "wb" else inner(handle, mode))
        else:
            m.setattr(disk.os, where, fail)
        assert answer() == WANT
    assert not [p for p in entries(kept) if p.name.endswith(".tmp")]
    forget()
    assert answer() == WANT  # and all is well once there is room
    assert len(entries(kept)) == 1


@root_only
@pytest.mark.skipif(sys.platform != "linux", reason="a file system in memory is mounted as on Linux")
def test_a_full_disk(kept, compiled) -> None:
    kept.mkdir(mode=0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=700", "tmpfs", str(kept)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not permitted here")
    try:
        assert answer() == WANT
        assert [p.name for p in kept.iterdir()] == []
        forget()
        assert answer() == WANT
        assert len(compiled) == 2
    finally:
        subprocess.run(["umount", str(kept)], check=True)


def test_an_interrupt_while_writing_leaves_nothing(kept, monkeypatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as m:
        m.setattr(disk.os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            disk.write("entry", b"code")
    assert list(kept.iterdir()) == []
    assert answer() == WANT


def test_every_damaged_byte_and_every_cut_is_found(kept, compiled) -> None:
    assert answer() == WANT
    (path,) = entries(kept)
    good = path.read_bytes()
    name = path.name
    head = len(disk._MARK) + disk._CHECK
    places = {*range(head + 8), *range(head, len(good), max(1, len(good) // 40)), len(good) - 1}
    for at in sorted(places):
        damaged = bytearray(good)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        assert disk.read(name) is None, at
        path.write_bytes(good[:at])
        assert disk.read(name) is None, at
    for more in (b"\0", good):
        path.write_bytes(good + more)
        assert disk.read(name) is None
    for at in (0, len(disk._MARK), head, len(good) // 2):  # and the whole way: it is compiled again, and mended
        path.write_bytes(good[:at] + b"\xff\xfe" + good[at + 2 :])
        forget()
        before = len(compiled)
        assert answer() == WANT
        assert len(compiled) == before + 1
        assert path.read_bytes() == good


@posix
def test_a_file_or_a_directory_of_somebody_else_is_not_used(kept, compiled, monkeypatch) -> None:
    assert answer() == WANT
    forget()
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    before = entries(kept)[0].stat()
    assert answer() == WANT
    assert len(compiled) == 2
    assert entries(kept)[0].stat().st_mtime_ns == before.st_mtime_ns
    assert not disk.write("another", b"code")


@root_only
def test_a_planted_file_is_not_run(kept, compiled) -> None:
    assert answer() == WANT
    (path,) = entries(kept)
    os.chown(path, 12345, 12345)
    forget()
    assert answer() == WANT
    assert len(compiled) == 2
    assert path.stat().st_uid == os.geteuid()  # it was replaced
    os.chown(kept, 12345, 12345)
    forget()
    assert answer() == WANT
    assert len(compiled) == 3


@posix
@pytest.mark.parametrize("kind", ["link to a file", "link to nothing", "directory", "pipe", "link to a device", "socket", "hard link"])
def test_what_is_planted_under_the_name_of_an_entry(kept, compiled, tmp_path, kind: str) -> None:
    import socket

    assert answer() == WANT
    (path,) = entries(kept)
    good = path.read_bytes()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"not code")
    path.unlink()
    if kind == "link to a file":
        path.symlink_to(elsewhere)
    elif kind == "link to nothing":
        path.symlink_to(tmp_path / "nothing")
    elif kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path, 0o600)
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "hard link":
        os.link(elsewhere, path)
    else:
        here = os.getcwd()
        os.chdir(kept)  # the path of a socket is short
        try:
            socket.socket(socket.AF_UNIX).bind(path.name)
        finally:
            os.chdir(here)
    forget()
    begun = time.perf_counter()
    assert answer() == WANT
    assert time.perf_counter() - begun < 30
    assert len(compiled) == 2
    assert elsewhere.read_bytes() == b"not code"
    if kind != "directory":
        assert stat.S_ISREG(os.lstat(path).st_mode) and path.read_bytes() == good


@posix
def test_a_directory_that_is_a_link(kept, compiled, tmp_path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o777)
    (tmp_path / "theirs").chmod(0o777)
    kept.symlink_to(tmp_path / "theirs")
    for _ in range(2):
        assert answer() == WANT
        forget()
    assert len(compiled) == 2
    assert list((tmp_path / "theirs").iterdir()) == []


def test_an_entry_of_another_function_under_this_name(kept, compiled) -> None:
    assert answer() == WANT
    (path,) = entries(kept)
    x = eg.Symbol("x", 3)
    assert eg.compile(eg.sum(eg.cos(x)), x)(np.zeros(3)) == 3
    (other,) = [p for p in entries(kept) if p != path]
    path.write_bytes(other.read_bytes())
    forget()
    assert answer() == WANT
    assert len(compiled) == 3


def test_odd_places(tmp_path, monkeypatch, compiled) -> None:
    monkeypatch.chdir(tmp_path)
    odd = [
        "a b",
        "'; touch pwned; '",
        "ü",
        "x\ny",
        "relative/of/four/parts",
        "n" * 300,
        "/dev/null",
        "/dev/null/below",
        "~",
        "$HOME",
        "\udc80",
    ]
    for name in odd:
        monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", name)
        forget()
        assert answer() == WANT
    assert not (tmp_path / "pwned").exists()
    monkeypatch.delenv("EXPRGRAPH_CACHE_DIR")
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    forget()
    assert answer() == WANT
    assert (tmp_path / "nothing" / "exprgraph").is_dir()


_PROGRAM = """
import sys, time, numpy as np, exprgraph as eg
x = eg.Symbol("x", 3)
fns = [eg.compile(eg.sum(eg.sin(x) * eg.exp(x) * k), x, immediate=False) for k in range(1, int(sys.argv[1]) + 1)]
print("ready", flush=True)
print(sum(float(f(np.array([0.5, 1.0, -2.0]))) for f in fns))
"""


def process(kept: Path, count: int = 1) -> subprocess.Popen[str]:
    own = {**os.environ, "EXPRGRAPH_CACHE_DIR": str(kept), "PYTHONPATH": ROOT}
    return subprocess.Popen([sys.executable, "-c", _PROGRAM, str(count)], env=own, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_eight_processes_that_compile_the_same(kept) -> None:
    running = [process(kept, 12) for _ in range(8)]
    values = {p.communicate(timeout=120)[0].split()[-1] for p in running}
    assert [float(v) for v in values] == [pytest.approx(78 * float(np.sum(np.sin(X) * np.exp(X))))]
    found = entries(kept)
    assert not [p for p in found if p.name.startswith(".")]
    assert all(disk.read(p.name) is not None for p in found)


def _killed(kept: Path, moments: list[float]) -> None:
    for moment in moments:
        p = process(kept, 40)
        assert p.stdout is not None
        assert p.stdout.readline() == "ready\n"
        time.sleep(moment)
        p.send_signal(signal.SIGKILL)
        p.communicate()
    for path in entries(kept):
        assert path.name.endswith(".tmp") or disk.read(path.name) is not None
    assert answer() == WANT
    p = process(kept, 3)
    assert float(p.communicate()[0].split()[-1]) == pytest.approx(6 * float(np.sum(np.sin(X) * np.exp(X))))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are killed as POSIX does it")
def test_a_process_that_is_killed_leaves_a_usable_directory(kept) -> None:
    _killed(kept, [0.15])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are killed as POSIX does it")
def test_processes_that_are_killed_at_any_time(kept) -> None:
    _killed(kept, [0.0, *np.linspace(0.05, 1.0, 9)])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are killed as POSIX does it")
def test_a_process_that_is_killed_while_it_writes(kept, compiled) -> None:
    kill = "import os, signal; os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    own = {**os.environ, "EXPRGRAPH_CACHE_DIR": str(kept), "PYTHONPATH": ROOT}
    done = subprocess.run([sys.executable, "-c", kill + _PROGRAM, "1"], env=own, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    (left,) = kept.iterdir()
    assert left.name.endswith(".tmp")
    assert answer() == WANT and len(compiled) == 1
    forget()
    assert answer() == WANT and len(compiled) == 1


def test_what_killed_processes_left_is_removed_in_time(kept, monkeypatch) -> None:
    disk.write("entry", b"code")
    left = [kept / f".exprgraph-{n}.tmp" for n in range(3)]
    for path, data in zip(left, (b"", disk._MARK[:5], disk._MARK + b"half of it")):
        path.write_bytes(data)
        os.utime(path, (1e9, 1e9))
    monkeypatch.setattr(disk, "MOST", 3)
    for k in range(4):
        disk.write(disk.key(f"e{k}"), b"code")
    assert not any(path.exists() for path in left)


def test_a_key_is_of_everything_the_code_depends_on(kept, compiled, monkeypatch) -> None:
    assert answer() == WANT
    host = machine.host()
    for other in (("x86_64-unknown-none", *host[1:]), (host[0], "another processor", host[2]), (*host[:2], host[2] + ",+more")):
        assert disk.key("source", *other) != disk.key("source", *host)
    assert disk.key("ab", "c") != disk.key("a", "bc") != disk.key("abc")
    monkeypatch.setattr(sys, "version", "3.99")
    forget()
    assert answer() == WANT
    assert len(compiled) == 2
