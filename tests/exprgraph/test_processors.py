"""The processors of this process, and the threads of the BLAS that NumPy carries."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.lowering.call import outputs
from exprgraph.support import blas, processors
from exprgraph.support.blas import Library, blas_threads


def test_control_groups_limit_the_processors(tmp_path: Path) -> None:
    """Of both versions, and of the groups around a group."""

    def found(lines: str) -> list[int]:
        (tmp_path / "own").write_text(lines)
        return list(processors.granted(tmp_path / "own", tmp_path))

    for name, text in {
        "cpu.max": "max 100000", "a/cpu.max": "350000 100000", "a/b/cpu.max": "150000 100000", "damaged/cpu.max": "many",
        "cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000", "cpu/c/cpu.cfs_quota_us": "50000",
        "cpu/c/cpu.cfs_period_us": "100000",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert found("0::/a/b/none") == [2, 4]
    assert found("0::/a") == [4]
    assert found("7:memory:/a\n3:cpu,cpuacct:/c\n0::/") == [1]
    assert found("0::/damaged\n1:cpu:/") == []
    assert list(processors.granted(tmp_path / "nowhere", tmp_path)) == []


def test_all_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    assert 1 <= processors.processors() <= available
    monkeypatch.setattr(processors, "processors", lambda: 3)
    x = eg.Symbol("x", per_sample=True)
    fn = eg.compile(eg.over_samples.sum(eg.sin(x)), x, threads=None)
    assert fn.core.threads == 3
    values = np.linspace(0, 1, 100)
    three = outputs.CompiledOutputs(fn.outputs, fn.core.arguments, "native", 3)(values)[0]
    assert fn(values) == three


def test_the_least_limit_of_a_blas_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [8]
    library = Library(lambda: now[0], lambda n: now.__setitem__(0, n))
    monkeypatch.setattr(blas, "libraries", lambda: [library])
    with blas_threads(12):
        assert now == [8]
        with blas_threads(2):
            assert now == [2]
            with contextlib.suppress(KeyError), blas_threads(4):
                assert now == [2]
                raise KeyError
        assert now == [8]
    assert now == [8]


@pytest.mark.parametrize("threads", [0, -1, 1.5, "two"])
def test_numbers_of_threads_of_a_blas_are_checked(threads: object) -> None:
    with pytest.raises(ValueError, match="positive whole number"), blas_threads(threads):  # type: ignore[arg-type]
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_the_limits_of_the_thread_that_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [8]
    monkeypatch.setattr(blas, "libraries", lambda: [Library(lambda: now[0], lambda n: now.__setitem__(0, n))])
    begun, end = threading.Event(), threading.Event()

    def other() -> None:
        with blas_threads(2):
            begun.set()
            end.wait()

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait()
    try:
        with blas_threads(3):
            child = os.fork()
            if not child:
                os._exit(now[0])
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
            assert now == [2]
    finally:
        end.set()
        thread.join()
    assert now == [8]


def test_the_blas_of_numpy_obeys() -> None:
    (library, *_) = blas.libraries() or [None]
    if library is None:
        pytest.skip("this NumPy has another BLAS than OpenBLAS")
    before = library.get()
    with blas_threads(1):
        assert library.get() == 1
    assert library.get() == before
