"""One mutant and its tests."""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .executed import Executed
from .operators import Mutant
from .tree import ROOT, TIMED_OUT, Child, run_tests

#: the tests of the files nearest to the mutant may take so many seconds; then a sample of all others
NEAR, NEAR_SECONDS, OTHER_SECONDS = 3, 60.0, 30.0


class Outcome(NamedTuple):
    mutant: Mutant
    status: str  # "killed", "survived", "unexecuted"
    why: str  # the test that failed, or what else happened

    def __str__(self) -> str:
        return f"{self.status}\t{self.why}\t{self.mutant}"


def choice(executed: Executed, mutant: Mutant, seed: int) -> list[list[str]]:
    """The tests of a mutant, in two turns: those of the nearest files, the quickest first, and a sample of the others."""
    by_file: defaultdict[str, list[str]] = defaultdict(list)
    for test in sorted(executed.tests(mutant.path, mutant.line), key=lambda t: (executed.seconds[t], t)):
        by_file[test.split("::")[0]].append(test)
    own = f"test_{Path(mutant.path).stem}"
    order = sorted(by_file, key=lambda f: (Path(f).stem != own, -len(by_file[f]), f))
    near = [t for f in order[:NEAR] for t in by_file[f]]
    others = [t for f in order[NEAR:] for t in by_file[f]]
    random.Random(f"{seed} {mutant}").shuffle(others)
    turns = [_within(near, NEAR_SECONDS, executed), sorted(_within(others, OTHER_SECONDS, executed))]
    return [turn for turn in turns if turn]


def _within(tests: Sequence[str], seconds: float, executed: Executed) -> list[str]:
    found = []
    for test in tests:
        if executed.seconds[test] <= seconds:
            found.append(test)
            seconds -= executed.seconds[test]
    return found


class _Failure:
    """A plugin: the first test that fails."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid


class Trial:
    """A mutant in its copy of the tree, while its tests run."""

    def __init__(self, mutant: Mutant, changed: str, turns: Sequence[Sequence[str]], executed: Executed, tree: Path, cache: Path) -> None:
        self.mutant = mutant
        self._turns = list(turns)
        self._executed = executed
        self._tree = tree
        self._cache = cache
        self._note = tree / "failed.txt"
        self._target = tree / mutant.path
        self._text = self._target.read_text()
        self._target.write_text(changed)
        # compiled files are told from their sources by size and whole seconds, which mutants may share
        for compiled in (self._target.parent / "__pycache__").glob(f"{self._target.stem}.*.pyc"):
            compiled.unlink()
        self._child = self._start(self._turns.pop(0))

    def _start(self, tests: Sequence[str]) -> Child:
        self._note.write_text("")

        def work() -> int:
            sys.dont_write_bytecode = True
            failure = _Failure()
            code = run_tests(["-x", *tests], [failure])
            self._note.write_text(failure.name)
            return code

        seconds = sum(self._executed.seconds[t] for t in tests)
        # time enough for the whole; an endless loop is noticed by the clock alone
        return Child(self._tree, self._cache, work, 20.0 + min(10.0 * seconds, 200.0))

    def outcome(self) -> Outcome | None:
        code = self._child.result()
        if code is None:
            return None
        if code == 0 and self._turns:
            self._child = self._start(self._turns.pop(0))
            return None
        self._target.write_text(self._text)
        if code == 0:
            return Outcome(self.mutant, "survived", "")
        if code == 5:
            raise RuntimeError(f"no tests were found for {self.mutant}: {self._child.output.read_text()[-2000:]}")
        if code == TIMED_OUT:
            return Outcome(self.mutant, "killed", "time")
        if code < 0:
            return Outcome(self.mutant, "killed", f"signal {-code}")
        return Outcome(self.mutant, "killed", self._note.read_text() or f"import (exit code {code})")


def read_report(file: Path) -> dict[str, tuple[str, str]]:
    """What became of each mutant, and why; the last line of a mutant counts."""
    lines = (line.split("\t") for line in file.read_text().splitlines())
    return {mutant: (status, why) for status, why, mutant in lines}


def source(path: str) -> str:
    return (ROOT / path).read_text()


__all__ = ["Outcome", "Trial", "choice", "read_report", "source"]
