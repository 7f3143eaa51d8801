"""Which tests execute which lines, and how long they take."""

from __future__ import annotations

import ast
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from .tree import PACKAGES, ROOT, Child, run_tests


class Recorder:
    """A plugin for pytest: the lines each test executes, and its time if it passes."""

    def __init__(self, tree: Path) -> None:
        import coverage

        self.tree = tree
        self.coverage = coverage.Coverage(data_file=None, config_file=False, source=[str(tree / p) for p in PACKAGES], messages=False)
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self.coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._forget()
        self.coverage.switch_context(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def _forget(self) -> None:
        """A result that is cached in the process is computed again by each test that needs it."""
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(f"{self.tree}/"):
                for value in list(vars(module).values()):
                    if hasattr(value, "cache_clear") and value.__module__ == name:
                        value.cache_clear()

    def result(self) -> dict[str, Any]:
        self.coverage.stop()
        data = self.coverage.get_data()
        tests: dict[str, dict[str, Any]] = {
            name: {"seconds": round(seconds, 4), "lines": {}} for name, seconds in self.seconds.items() if name not in self.failed
        }
        for file in data.measured_files():
            path = str(Path(file).relative_to(self.tree))
            for line, contexts in data.contexts_by_lineno(file).items():
                for test in tests.keys() & set(contexts):
                    tests[test]["lines"].setdefault(path, []).append(line)
        return {"tests": tests}


def _digest(tree: Path, paths: Sequence[Path]) -> bytes:
    digest = blake2b(digest_size=16)
    for path in sorted(paths):
        digest.update(path.relative_to(tree).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.digest()


#: folders whose tests say nothing of the engine's code, or need packages that may be missing
LEFT_OUT = {"benchmarks", "fuzz", "mutation", "peers", "structure"}


def _units(tree: Path, patterns: Sequence[str]) -> Iterator[tuple[str, list[Path]]]:
    """The tests that run together, with the files they are made of: a test file, or the examples of a package.

    ``patterns`` choose test files; without any these are all, and the packages.
    """
    folders = [f for f in sorted((tree / "tests").iterdir()) if f.is_dir() and f.name not in LEFT_OUT]
    files = [p for folder in folders for p in sorted(folder.rglob("*.py"))]
    shared = [tree / "tests" / "conftest.py", *(p for p in files if not p.name.startswith("test_"))]
    wanted = {p for pattern in patterns for p in tree.glob(pattern)}
    for path in files:
        if path not in shared and (path in wanted or not patterns):
            yield str(path.relative_to(tree)), [path, *shared]
    for package in () if patterns else PACKAGES:
        yield package, shared


@cache
def _inside_functions(text: str) -> frozenset[int]:
    """The lines that importing a module does not execute."""
    bodies = [n.body for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
    return frozenset(line for body in bodies for s in body for line in range(s.lineno, (s.end_lineno or s.lineno) + 1))


class Executed:
    """Of each line, the tests that execute it."""

    def __init__(self, pieces: Sequence[dict[str, Any]]) -> None:
        self.seconds: dict[str, float] = {}
        self._by_line: dict[tuple[str, int], list[str]] = {}
        self._by_module: dict[str, dict[str, int]] = {}
        for piece in pieces:
            for test, record in piece["tests"].items():
                self.seconds[test] = record["seconds"]
                for path, lines in record["lines"].items():
                    counted = self._by_module.setdefault(path, {})
                    counted[test] = counted.get(test, 0) + len(lines)
                    for line in set(lines):
                        self._by_line.setdefault((path, line), []).append(test)

    def tests(self, path: str, line: int) -> list[str]:
        """The tests that execute a line; for a line that importing executes, the tests that use most of the module."""
        found = self._by_line.get((path, line))
        if found:
            return found
        if line in _inside_functions((ROOT / path).read_text()):
            return []
        users = self._by_module.get(path, {})
        return sorted(users, key=lambda t: -users[t])[:300]


def find(tree: Path, patterns: Sequence[str] = ()) -> Executed:
    """Run the tests that changed since the last time, in a copy of the tree, without machine code from before."""
    kept = Path(tempfile.gettempdir()) / "exprgraph-mutation"
    kept.mkdir(exist_ok=True)
    engine = _digest(tree, [p for package in PACKAGES for p in (tree / package).rglob("*.py")])
    pieces = []
    for unit, files in _units(tree, patterns):
        name = blake2b(engine + _digest(tree, files) + unit.encode(), digest_size=16).hexdigest()
        path = kept / f"{name}.json"
        if not path.exists():
            start = time.monotonic()

            def work(unit: str = unit, path: Path = path) -> int:
                recorder = Recorder(tree)
                run_tests([unit], [recorder])
                temporary = path.with_suffix(".new")
                temporary.write_text(json.dumps(recorder.result()))
                temporary.replace(path)
                return 0

            child = Child(tree, "", work, 3600.0)
            if child.wait():
                raise RuntimeError(f"the tests of {unit} could not be run: {child.output.read_text()[-2000:]}")
            print(f"lines executed by {unit}: {time.monotonic() - start:.0f} s", flush=True)
        pieces.append(json.loads(path.read_text()))
    return Executed(pieces)


__all__ = ["Executed", "find"]
