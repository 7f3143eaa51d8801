"""One mutant and its tests."""

from __future__ import annotations

import random
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .executed import Executed
from .operators import Mutant, mutated
from .tree import ROOT, TIMED_OUT, Child, run_tests

QUICK = 60  # tests
QUICK_SECONDS = 15.0
REST_SECONDS = 60.0


class Outcome(NamedTuple):
    mutant: Mutant
    status: str  # "killed", "survived", "unexecuted"
    why: str  # the test that failed, or what else happened


def choice(executed: Executed, mutant: Mutant, seed: int) -> list[str]:
    """The tests of a mutant: the quickest first, in turns over the files, then the others in any order."""
    found = executed.tests(mutant.path, mutant.line)
    files: defaultdict[str, list[str]] = defaultdict(list)
    for test in sorted(found, key=lambda t: (executed.seconds[t], t)):
        files[test.split("::")[0]].append(test)
    stem = Path(mutant.path).stem
    order = sorted(files, key=lambda f: (f"test_{stem}" not in f, -len(files[f]), f))
    turns = [files[f][k] for k in range(max(map(len, files.values()), default=0)) for f in order if k < len(files[f])]
    first: list[str] = []
    spent = 0.0
    for test in turns:
        if len(first) < QUICK and spent + executed.seconds[test] <= QUICK_SECONDS:
            first.append(test)
            spent += executed.seconds[test]
    rest = [t for t in turns if t not in set(first)]
    random.Random(f"{seed} {mutant}").shuffle(rest)
    spent = 0.0
    for test in rest:
        if spent + executed.seconds[test] <= REST_SECONDS:
            first.append(test)
            spent += executed.seconds[test]
    return first


class _Failure:
    """A plugin: the first test that fails."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid


class Trial:
    """A mutant in its copy of the tree, while its tests run."""

    def __init__(self, mutant: Mutant, tests: Sequence[str], executed: Executed, tree: Path, cache: Path) -> None:
        self.mutant = mutant
        self._target = tree / mutant.path
        self._text = self._target.read_text()
        self._target.write_text(mutated(self._text, mutant.number))
        self._forget_compiled()
        self._note = tree / "failed.txt"
        self._note.write_text("")

        def work() -> int:
            sys.dont_write_bytecode = True
            failure = _Failure()
            code = run_tests(["-x", *tests], [failure])
            self._note.write_text(failure.name)
            return code

        seconds = sum(executed.seconds[t] for t in tests)
        # time enough for the whole; an endless loop is noticed by the clock alone
        self._child = Child(tree, cache, work, 20.0 + min(10.0 * seconds, 200.0))

    def _forget_compiled(self) -> None:
        """Compiled files are told from their sources by size and whole seconds, which mutants may share."""
        for compiled in (self._target.parent / "__pycache__").glob(f"{self._target.stem}.*.pyc"):
            compiled.unlink()

    def outcome(self) -> Outcome | None:
        code = self._child.result()
        if code is None:
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


def read_survivors(file: Path) -> set[str]:
    """The mutants of a report that survived, as text."""
    return {line.split("\t")[2] for line in file.read_text().splitlines() if line.startswith(("survived\t", "unexecuted\t"))}


def source(path: str) -> str:
    return (ROOT / path).read_text()


def is_a_test(why: str) -> bool:
    return bool(re.search("::", why))


__all__ = ["Outcome", "Trial", "choice", "is_a_test", "read_survivors", "source"]
