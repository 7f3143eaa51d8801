"""One mutant and its tests."""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .executed import Executed
from .operators import Mutant
from .tree import ROOT, TIMED_OUT, Child, run_tests

#: of each turn: how many tests, of how many files, and their seconds
TURNS = ((60, 3, 5.0), (60, 100, 10.0), (10**6, 3, 60.0), (10**6, 100, 30.0))
#: tests of the modules of a folder, besides those of the module's own name
NEAR = {
    "calculus": ("test_rules", "test_modes"),
    "lowering": ("test_lowering", "test_compiled_graphs"),
    "native": ("test_native", "test_compiled_graphs"),
    "elementary": ("test_elementary",),
}


class Outcome(NamedTuple):
    mutant: Mutant
    status: str  # "killed", "survived", "unexecuted"
    why: str  # the test that failed, or what else happened


def choice(executed: Executed, mutant: Mutant, seed: int) -> list[list[str]]:
    """The tests of a mutant, in turns: some of the quickest of few files, the quickest over all, the others of those few, and of all."""
    found = executed.tests(mutant.path, mutant.line)
    files: defaultdict[str, list[str]] = defaultdict(list)
    for test in sorted(found, key=lambda t: (executed.seconds[t], t)):
        files[_file(test)].append(test)
    module = Path(mutant.path)
    near = (f"test_{module.stem}", *NEAR.get(module.parent.name, ()))
    # a file of the module's name first, then those near it, then those with most tests of the line
    order = sorted(files, key=lambda f: (near.index(Path(f).stem) if Path(f).stem in near else len(near), -len(files[f]), f))
    spread = [files[f][k] for k in range(max(map(len, files.values()), default=0)) for f in order if k < len(files[f])]
    turns: list[list[str]] = []
    taken: set[str] = set()
    for number, (most, of, seconds) in enumerate(TURNS):
        left = [t for t in spread if t not in taken and _file(t) in order[:of]]
        if number == len(TURNS) - 1:
            random.Random(f"{seed} {mutant}").shuffle(left)
        turn: list[str] = []
        for test in left:
            if len(turn) < most and executed.seconds[test] <= seconds:
                turn.append(test)
                seconds -= executed.seconds[test]
        taken.update(turn)
        if turn:
            turns.append(sorted(turn, key=order_of(order)))
    return turns


def _file(test: str) -> str:
    return test.split("::")[0]


def order_of(files: Sequence[str]) -> Callable[[str], int]:
    """Tests of one file one after another, so that the quickest are not behind a module that is slow to import."""
    place = {f: k for k, f in enumerate(files)}
    return lambda test: place[_file(test)]


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
        self._forget_compiled()
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

    def _forget_compiled(self) -> None:
        """Compiled files are told from their sources by size and whole seconds, which mutants may share."""
        for compiled in (self._target.parent / "__pycache__").glob(f"{self._target.stem}.*.pyc"):
            compiled.unlink()

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


def is_a_test(why: str) -> bool:
    return "::" in why


__all__ = ["Outcome", "Trial", "choice", "is_a_test", "read_report", "source"]
