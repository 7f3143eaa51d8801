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

from .tree import ROOT, Child, run_tests

PACKAGES = ("exprgraph", "symnn")


class Recorder:
    """A plugin for pytest: the lines each test executes, and its time if it passes."""

    def __init__(self, tree: Path) -> None:
        import coverage

        self.tree = tree
        self.coverage = coverage.Coverage(data_file=None, config_file=False, source=[str(tree / p) for p in PACKAGES], messages=False)
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self.asked: dict[str, set[str]] = {}
        self.test = ""
        self.coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.test = nodeid
        self._watch_sources()
        self._forget()
        self.coverage.switch_context(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def _forget(self) -> None:
        """What is computed once in a process, by the packages or by helpers of the tests, is computed by each test that needs it."""
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(f"{self.tree}/"):
                for value in list(vars(module).values()):
                    if hasattr(value, "cache_clear") and value.__module__ == name:
                        value.cache_clear()
        from exprgraph.lowering import module as with_numba
        from exprgraph.lowering.native import loading

        loading._modules.clear()
        with_numba._modules.clear()

    def _watch_sources(self) -> None:
        from exprgraph.lowering import emit

        original = vars(emit)["needed"]
        if getattr(original, "watched", False):
            return

        def needed(names: Any, narrow: bool) -> list[str]:
            found: list[str] = original(names, narrow)
            self.asked.setdefault(self.test, set()).update(f"{name}/{narrow}" for name in found)
            return found

        needed.watched = True  # type: ignore[attr-defined]
        vars(emit)["needed"] = needed

    def result(self) -> dict[str, Any]:
        import inspect

        from exprgraph.lowering import library

        self.coverage.stop()
        data = self.coverage.get_data()
        tests: dict[str, dict[str, Any]] = {
            name: {"seconds": round(seconds, 4), "lines": {}} for name, seconds in self.seconds.items() if name not in self.failed
        }

        def add(test: str, path: str, lines: Sequence[int]) -> None:
            if test in tests:
                tests[test]["lines"].setdefault(path, []).extend(lines)

        for file in data.measured_files():
            path = str(Path(file).relative_to(self.tree))
            for line, contexts in data.contexts_by_lineno(file).items():
                for test in contexts:
                    add(test, path, [line])
        for test, names in self.asked.items():
            for key in names:
                name, narrow = key.split("/")
                function = library.elementary(narrow == "True").get(name)
                if function is None:
                    from exprgraph.lowering import runtime

                    function = getattr(runtime, name)
                text, first = inspect.getsourcelines(function)
                add(test, str(Path(inspect.getfile(function)).relative_to(self.tree)), range(first, first + len(text)))
        return {"tests": tests}


def _digest(tree: Path, paths: Sequence[Path]) -> bytes:
    digest = blake2b(digest_size=16)
    for path in sorted(paths):
        digest.update(path.relative_to(tree).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.digest()


#: the folders of the tests, in the order of the quickest
FOLDERS = ("exprgraph", "symnn", "testing", "hostile", "oracles")


def _helpers(tree: Path) -> list[Path]:
    helpers = (p for folder in FOLDERS for p in (tree / "tests" / folder).glob("*.py") if not p.name.startswith("test_"))
    return [tree / "tests" / "conftest.py", *helpers, tree / "tests" / "mutation" / "executed.py"]


def _units(tree: Path) -> Iterator[tuple[str, list[Path]]]:
    """What is run at once: a test file, or the examples of a package."""
    for folder in FOLDERS:
        for path in sorted((tree / "tests" / folder).glob("test_*.py")):
            yield str(path.relative_to(tree)), [path]
    for package in PACKAGES:
        yield package, []


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
        """Those that execute a line; of a line that importing executes, those that use most of the module."""
        found = self._by_line.get((path, line))
        if found:
            return found
        if line in _inside_functions((ROOT / path).read_text()):
            return []
        users = self._by_module.get(path, {})
        return sorted(users, key=lambda t: -users[t])[:300]


def find(tree: Path) -> Executed:
    """Runs what has changed since the last time, in a copy of the tree, and with no machine code from before."""
    kept = Path(tempfile.gettempdir()) / "exprgraph-mutation"
    kept.mkdir(exist_ok=True)
    engine = _digest(tree, [p for package in PACKAGES for p in (tree / package).rglob("*.py")])
    pieces = []
    for unit, files in _units(tree):
        name = blake2b(engine + _digest(tree, [*files, *_helpers(tree)]) + unit.encode(), digest_size=16).hexdigest()
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
