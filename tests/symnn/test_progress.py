"""How a long run shows how far it is: bars where they can be seen, lines elsewhere, a user's function."""

from __future__ import annotations

import io
import logging
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from symnn import LBFGS, MSE, Adam, ArgumentError, Dense, train
from symnn.reports import ProgressReport
from symnn.training import progress as module
from symnn.training.progress import Progress

DATA = (np.ones((5, 1)), np.zeros((5, 1)))


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


class Bar:
    """What is used of tqdm's bars."""

    made: ClassVar[list[Bar]]

    def __init__(self, **options: Any) -> None:
        self.options, self.count, self.closed, self.shown = options, 0, False, {}
        type(self).made.append(self)

    def set_postfix(self, shown: dict[str, str], refresh: bool) -> None:
        self.shown = shown

    def update(self, count: int) -> None:
        self.count += count

    def close(self) -> None:
        self.closed = True


def _tqdm(monkeypatch: pytest.MonkeyPatch, name: str) -> type[Bar]:
    """A module of tqdm's whose bars are looked at; the other one has none."""

    class Own(Bar):
        made: ClassVar[list[Bar]] = []

    for other in ("tqdm", "tqdm.auto"):
        stand_in = ModuleType(other)
        if other == name:
            stand_in.tqdm = Own  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, other, stand_in)
    return Own


def _notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = type("ZMQInteractiveShell", (), {})()
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: kernel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)


def test_a_notebook_has_a_bar_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = _tqdm(monkeypatch, "tqdm.auto")
    _notebook(monkeypatch)
    train(Dense(1, 1), MSE(), DATA, epochs=7, rng=0)
    (bar,) = bars.made
    assert bar.count == bar.options["total"] == 7 and bar.closed and "loss" in bar.shown


def test_a_terminal_has_a_bar_and_a_run_that_goes_on_begins_where_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    train(Dense(1, 1), MSE(), DATA, epochs=5, rng=0, checkpoint=tmp_path / "c", progress=False)
    bars = _tqdm(monkeypatch, "tqdm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    train(Dense(1, 1), MSE(), DATA, epochs=8, rng=0, resume=tmp_path / "c")
    (bar,) = bars.made
    assert bar.count == bar.options["total"] == 8 and bar.closed and set(bar.shown) == {"loss"}


@pytest.mark.parametrize("place", ["terminal", "notebook"])
def test_without_tqdm_there_are_lines(place: str, monkeypatch: pytest.MonkeyPatch, clock: Clock, capsys: Any) -> None:
    for name in ("tqdm", "tqdm.auto"):
        monkeypatch.setitem(sys.modules, name, None)
    if place == "notebook":
        _notebook(monkeypatch)
    else:
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with Progress(10, True) as shown:
        clock.now = 20.0
        shown.advance(1, 0.5, None)
    assert capsys.readouterr().err == "epoch 1 of 10, loss 0.5, 20 s, about 3 min 0 s left\n"


def test_lines_in_a_log_file_are_few_and_plain(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Some ten in the first minutes, some tens in a day; none of what is quick."""
    counts = {}
    for seconds in (5.0, 9.9, 60.0, 86400.0):
        clock.now = 0.0
        with Progress(1000, True) as shown:
            for k in range(1000):
                clock.now = seconds * (k + 1) / 1000
                shown.advance(1, 1 / (k + 1), None)
        text = capsys.readouterr().err
        assert "\r" not in text and "\x1b" not in text
        counts[seconds] = text.count("\n")
        if counts[seconds]:
            assert text.splitlines()[-1].startswith("epoch 1000 of 1000, loss 0.001, ") and "left" not in text.splitlines()[-1]
    assert counts[5.0] == counts[9.9] == 0 and 5 <= counts[60.0] <= 12 and 100 <= counts[86400.0] <= 200


@pytest.mark.slow
def test_a_program_that_writes_into_a_file(tmp_path: Any) -> None:
    """In a process of its own: nothing of a quick run, and no carriage return."""
    code = (
        "import numpy as np, symnn.training.progress; from symnn import MSE, Dense, train\n"
        "symnn.training.progress.FIRST = FIRST\n"
        "train(Dense(1, 1), MSE(), (np.ones((5, 1)), np.zeros((5, 1))), epochs=300, rng=0, callback=lambda e: None)\n"
    )
    for first, lines in (("10.0", False), ("0.0", True)):
        done = subprocess.run([sys.executable, "-c", code.replace("= FIRST", f"= {first}")], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert bool(done.stderr) == lines and "\r" not in done.stderr and done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("epoch 300 of 300, loss ")


@pytest.mark.parametrize("optimizer", [Adam(), pytest.param(LBFGS(), id="LBFGS")])
def test_a_function_is_told(optimizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy")
    told: list[ProgressReport] = []
    r = train(Dense(1, 1), MSE(), DATA, optimizer=optimizer, epochs=4, rng=0, progress=told.append, validation=DATA)
    assert told[-1].epoch == r.epochs and told[-1].epochs == 4 and told[-1].loss == r.history.loss[-1]
    assert told[-1].validation == r.history.validation[-1] and told[-1].seconds >= 0
    monkeypatch.setattr(module, "BETWEEN_CALLS", 0.0)
    told.clear()
    train(Dense(1, 1), MSE(), DATA, epochs=4, rng=0, progress=told.append, callback=lambda epoch: None)
    assert [t.epoch for t in told] == [1, 2, 3, 4]
    assert told[1].left is not None and told[-1].left == 0


def test_a_logger_and_print_are_functions(capsys: pytest.CaptureFixture[str]) -> None:
    train(Dense(1, 1), MSE(), DATA, epochs=2, rng=0, progress=print)
    assert capsys.readouterr().out.startswith("epoch 2 of 2, loss ")
    stream = io.StringIO()
    logger = logging.getLogger("of a training")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    train(Dense(1, 1), MSE(), DATA, epochs=2, rng=0, progress=logger.info)
    logger.removeHandler(handler)
    assert stream.getvalue().startswith("epoch 2 of 2, loss ")


def test_an_error_of_the_function_is_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BETWEEN_CALLS", 0.0)

    def fails(report: ProgressReport) -> None:
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose") as caught:
        train(Dense(1, 1), MSE(), DATA, epochs=3, rng=0, progress=fails)
    assert caught.value.params.size == 2  # type: ignore[attr-defined]


def test_nothing_where_nothing_is_wanted_or_can_be(monkeypatch: pytest.MonkeyPatch, clock: Clock, capsys: Any) -> None:
    for wanted, error in ((False, sys.stderr), (None, sys.stderr), (True, None)):
        monkeypatch.setattr(sys, "stderr", error)
        with Progress(2, wanted) as shown:
            clock.now += 100.0
            shown.advance(2, 0.5, None)
    monkeypatch.undo()
    assert capsys.readouterr() == ("", "")
    for wrong in (1, "bar", 0.5, [], Path("parameters.npz")):
        with pytest.raises(ArgumentError, match=r"progress is True, False, .* or a function of a ProgressReport such as print, got"):
            train(Dense(1, 1), MSE(), DATA, epochs=1, progress=wrong)  # type: ignore[arg-type]


def test_lines_where_they_are_wanted_and_no_bar(monkeypatch: pytest.MonkeyPatch, clock: Clock, capsys: Any) -> None:
    bars = _tqdm(monkeypatch, "tqdm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with Progress(10, "log") as shown:
        clock.now = 20.0
        shown.advance(5, 0.5, None, {"inside": 0.2, "ends": 0.3})
    assert capsys.readouterr().err == "epoch 5 of 10, loss 0.5 (inside 0.2 + ends 0.3), 20 s, about 20 s left\n" and not bars.made


def test_a_file_gets_lines_with_the_time_and_the_error_that_ends_a_run(tmp_path: Any, capsys: Any) -> None:
    path = tmp_path / "run.log"
    train(Dense(1, 1), MSE(), DATA, epochs=3, rng=0, progress=path)

    def fails(epoch: Any) -> None:
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        train(Dense(1, 1), MSE(), DATA, epochs=3, rng=0, progress=str(path), callback=fails)
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "
    first, second, third = path.read_text().splitlines()
    assert re.match(stamp + "epoch 3 of 3, loss ", first) and re.match(stamp + "epoch 1 of 3, loss ", second)
    assert re.fullmatch(stamp + "ended by ValueError: no luck", third) and capsys.readouterr() == ("", "")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        train(Dense(1, 1), MSE(), DATA, epochs=1, progress=tmp_path / "nowhere" / "run.log")
