"""Machine code on disk: found again, and never trusted where it might be somebody else's or damaged."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.native import disk

posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are those of POSIX")


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_round_trip(kept):
    assert disk.read("entry") is None
    assert disk.write("entry", b"code")
    assert disk.read("entry") == b"code"
    assert [p.name for p in kept.iterdir()] == ["entry"]
    if hasattr(os, "geteuid"):
        assert kept.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [lambda d: d[:-1], lambda d: d[:10], lambda d: b"", lambda d: d[:-2] + b"xx", lambda d: b"?" + d[1:]])
def test_damaged_entry_is_not_there(kept, damage):
    disk.write("entry", b"some code")
    path = kept / "entry"
    path.write_bytes(damage(path.read_bytes()))
    assert disk.read("entry") is None
    assert disk.write("entry", b"new code") and disk.read("entry") == b"new code"


@posix
@pytest.mark.parametrize("which", ["directory", "file"])
def test_what_others_may_write_is_not_read(kept, which):
    disk.write("entry", b"code")
    os.chmod(kept if which == "directory" else kept / "entry", 0o777)
    assert disk.read("entry") is None
    if which == "directory":
        assert not disk.write("another", b"code")


@posix
def test_what_belongs_to_another_user_is_not_read(kept, monkeypatch):
    disk.write("entry", b"code")
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert disk.read("entry") is None
    assert not disk.write("another", b"code")


@posix
def test_link_is_not_followed(kept, tmp_path):
    disk.write("entry", b"code")
    (kept / "entry").rename(tmp_path / "elsewhere")
    (kept / "entry").symlink_to(tmp_path / "elsewhere")
    assert disk.read("entry") is None


def test_entry_under_another_name_is_not_read(kept):
    disk.write("entry", b"code")
    os.link(kept / "entry", kept / "other")
    assert disk.read("other") is None and disk.read("entry") == b"code"


def name(k):
    return disk.key(f"entry {k}")


def test_entries_that_are_not_used_are_removed(kept, monkeypatch):
    monkeypatch.setattr(disk, "MOST", 8)
    for k in range(8):
        assert disk.write(name(k), b"code")
        os.utime(kept / name(k), (1e9 + k, 1e9 + k))
    (kept / ".exprgraph-abc.tmp").write_bytes(disk._MARK + b"by a process that was killed")
    os.utime(kept / ".exprgraph-abc.tmp", (1e9, 1e9))
    assert disk.read(name(1)) == b"code"  # used now
    assert disk.write(name(8), b"code")
    assert {p.name for p in kept.iterdir()} == {name(k) for k in (1, 6, 7, 8)}


def test_large_entries_push_old_ones_out(kept, monkeypatch):
    monkeypatch.setattr(disk, "MOST_BYTES", 9000)
    monkeypatch.setattr(disk, "_LARGE", 1500)
    for k in range(5):
        assert disk.write(name(k), bytes(1000))
        os.utime(kept / name(k), (1e9 + k, 1e9 + k))
    assert disk.write(name(5), bytes(2000)) and len(list(kept.iterdir())) == 6
    assert disk.read(name(0)) is not None  # used now
    os.utime(kept / name(5), (1e9 + 5, 1e9 + 5))
    assert disk.write(name(6), bytes(2500))
    assert {p.name for p in kept.iterdir()} == {name(k) for k in (0, 6)}
    assert disk.write(name(7), bytes(20_000))
    assert {p.name for p in kept.iterdir()} == {name(7)}


def test_files_of_others_are_left_alone(kept, tmp_path, monkeypatch):
    """Whatever their names, and whatever is in them, in a directory that holds too many entries."""
    monkeypatch.setattr(disk, "MOST", 4)
    kept.mkdir(mode=0o700)
    theirs = {
        "data.csv": b"1",
        "0" * 40: b"a digest for a name, and something else in it",
        "1" * 40: b"",
        "2" * 41: disk._MARK + b"copied by hand, under another name",
        ".exprgraph-notes.tmp": b"not ours",
        ".hidden.tmp": disk._MARK,
    }
    for file, data in theirs.items():
        (kept / file).write_bytes(data)
    (kept / ("3" * 40)).mkdir()
    (tmp_path / "elsewhere").write_bytes(disk._MARK)
    if hasattr(os, "geteuid"):
        (kept / ("4" * 40)).symlink_to(tmp_path / "elsewhere")
        os.mkfifo(kept / ("5" * 40), 0o600)
    (kept / ".exprgraph-now.tmp").write_bytes(disk._MARK)  # another process is writing it
    before = {p.name for p in kept.iterdir()}
    for p in kept.iterdir():
        if not p.is_symlink() and p.name != ".exprgraph-now.tmp":
            os.utime(p, (1e9, 1e9))
    for k in range(20):
        assert disk.write(name(k), b"code")
    assert before <= {p.name for p in kept.iterdir()}
    assert all((kept / file).read_bytes() == data for file, data in theirs.items())
    assert (tmp_path / "elsewhere").exists()


def test_many_files_of_others_do_not_push_entries_out(kept, monkeypatch):
    monkeypatch.setattr(disk, "MOST", 4)
    kept.mkdir(mode=0o700)
    for k in range(10):
        (kept / f"{k}.csv").write_bytes(b"1")
    for k in range(4):
        disk.write(name(k), b"code")
    assert all(disk.read(name(k)) == b"code" for k in range(4))


def test_no_directory(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for place in ("", str(tmp_path / "file"), str(tmp_path / "file" / "below")):
        monkeypatch.setenv("EXPRGRAPH_CACHE_DIR", place)
        assert not disk.write("entry", b"code")
        assert disk.read("entry") is None
        x = eg.Symbol("x")
        assert eg.compile(eg.sin(x) * (3.25 + len(place)), x)(0.0) == 0.0


_PROGRAM = """
import sys, numpy as np, exprgraph as eg
import exprgraph.lowering.native.machine as machine
compiled, inner = [], machine.compile_object
machine.compile_object = lambda text: compiled.append(1) or inner(text)
x = eg.Symbol("x", shape=(3,))
value = float(eg.compile(eg.sum(eg.tanh(x) ** 2), x, immediate=False)(np.array([0.5, 1.0, -2.0])))
print(value, len(compiled), "llvmlite" in sys.modules, "numba" in sys.modules)
"""


def _process(place):
    own = {**os.environ, "EXPRGRAPH_CACHE_DIR": str(place)}
    return subprocess.Popen([sys.executable, "-c", _PROGRAM], env=own, stdout=subprocess.PIPE, text=True)


def test_a_later_process_compiles_nothing_and_loads_neither_llvm_nor_numba(tmp_path):
    expected = float(np.sum(np.tanh([0.5, 1.0, -2.0]) ** 2))
    for count in ("1", "0"):
        value, *found = _process(tmp_path / "c").communicate()[0].split()
        assert float(value) == pytest.approx(expected, rel=1e-15)
        assert found == [count, str(count == "1"), "False"]


_ZIPPED = """
import sys
sys.path.insert(0, sys.argv[1])
import exprgraph
from exprgraph.lowering.native import disk
assert exprgraph.__file__.startswith(sys.argv[1])
print(disk.key("part"))
"""


@pytest.mark.slow
def test_the_key_holds_the_compiler_wherever_it_is_imported_from(tmp_path):
    """Of a zip archive the same as of the files in it; another one where one byte of the compiler differs."""
    root = Path(eg.__file__).parent

    def zipped(file, change):
        with zipfile.ZipFile(tmp_path / file, "w") as z:
            for p in sorted(root.rglob("*.py")):
                text = p.read_bytes()
                if p.name == change:
                    text += b"# changed\n"
                z.writestr(str(p.relative_to(root.parent)), text)
        command = [sys.executable, "-c", _ZIPPED, str(tmp_path / file)]
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout.strip()

    assert zipped("same.zip", "") == disk.key("part") != ""
    assert zipped("other.zip", "tiles.py") not in (disk.key("part"), "")


def test_nothing_is_kept_where_the_compiler_cannot_be_read(kept, monkeypatch):
    monkeypatch.setattr(disk, "_compiler", lambda: b"")
    assert disk.key("part") == ""
    assert not disk.write(disk.key("part"), b"code") and disk.read(disk.key("part")) is None
    assert not kept.exists()


@pytest.mark.slow
def test_processes_at_once(tmp_path):
    running = [_process(tmp_path / "c") for _ in range(8)]
    answers = {p.communicate()[0].split()[0] for p in running}
    assert len(answers) == 1
    assert not [p for p in (tmp_path / "c").iterdir() if p.name.startswith(".")]
