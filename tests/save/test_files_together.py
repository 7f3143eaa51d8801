"""Several files written together: all of them or none."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from exprgraph.errors import FileNameError
from exprgraph.support.files import written_together


def write(folder: Path, first: bytes = b"new c", second: bytes = b"new h") -> None:
    written_together({str(folder / "f.c"): first, str(folder / "f.h"): second}, "it", [".c", ".h"])


def test_both_are_there_with_the_mode_of_the_umask_or_their_own(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path)
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"f.c": b"new c", "f.h": b"new h"}
        if os.name == "posix":
            assert stat.S_IMODE((tmp_path / "f.h").stat().st_mode) == 0o640
            (tmp_path / "f.h").chmod(0o600)
            write(tmp_path, b"2")
            assert stat.S_IMODE((tmp_path / "f.h").stat().st_mode) == 0o600 and (tmp_path / "f.c").read_bytes() == b"2"
    finally:
        os.umask(before)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_failure_between_the_two_leaves_both_as_they_were(tmp_path, monkeypatch, error, old):
    if old:
        write(tmp_path, b"old c", b"old h")
    there = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    replace, calls = os.replace, []

    def fails(draft: str, target: str) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise error
        replace(draft, target)

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(error if isinstance(error, type) else OSError):
        write(tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == there


def test_a_second_file_that_cannot_be_written_keeps_the_first(tmp_path):
    (tmp_path / "f.h").mkdir()
    with pytest.raises(IsADirectoryError, match="cannot save it to .*f.h: it is a directory"):
        write(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["f.h"]


def test_two_names_of_one_file(tmp_path):
    if os.name != "posix":
        pytest.skip("links as POSIX has them")
    (tmp_path / "f.h").symlink_to("f.c")
    with pytest.raises(FileNameError, match="are the same file"):
        write(tmp_path)
