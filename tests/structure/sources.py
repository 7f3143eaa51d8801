"""The packages' modules as their sources show them: imports, functions, lines of code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("exprgraph", "symnn")

#: where an import stands: at the head, in a function, or where only type checkers read it
Place = Literal["head", "function", "types"]


@dataclass(frozen=True)
class Import:
    """One imported module: its file if it is one of ours, else the name of its package."""

    line: int
    place: Place
    target: str
    names: tuple[str, ...]
    reason: str = ""

    @property
    def own(self) -> bool:
        return self.target.endswith(".py")


@dataclass(frozen=True)
class Function:
    """A function or a method; lines of code are those without docstrings, comments and blank lines."""

    name: str
    line: int
    lines: int
    code: int


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """One source file; ``path`` is relative to the root, with slashes."""

    path: str
    text: str = field(repr=False)
    known: frozenset[str] = field(repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @property
    def folder(self) -> str:
        """The folder; a module beside a package's ``__init__`` stands for itself."""
        parent, _, name = self.path.rpartition("/")
        return parent if "/" in parent or name == "__init__.py" else self.path.removesuffix(".py")

    @property
    def is_facade(self) -> bool:
        """Whether it is the ``__init__`` of a package, which imports everything by its nature."""
        return self.path in {f"{p}/__init__.py" for p in PACKAGES}

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def code_lines(self) -> frozenset[int]:
        """Read from the tree: the tokens of all files take ten times as long."""
        found = {k for k, line in enumerate(self._text_lines, 1) if line.strip() and not line.lstrip().startswith("#")}
        documented = []
        for node in self.nodes:
            if isinstance(node, (ast.Constant, ast.JoinedStr)) and (node.end_lineno or node.lineno) > node.lineno:
                found.update(range(node.lineno, (node.end_lineno or 0) + 1))  # what looks blank, or like a comment, in a string
            elif isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
                documented.append(node.body[0])
        for text in documented:
            found.difference_update(range(text.lineno, (text.end_lineno or 0) + 1))
        return frozenset(found)

    def _comment(self, line: int) -> str:
        """The comment of a line that imports, or of the line above: few have a # in a string.  Directions to tools are left out."""
        text = self._text_lines[line - 1] if line else ""
        return re.sub(r"#\s*(noqa|type:|fmt:|pragma|ruff:)[^#]*", "", "#" + text.partition("#")[2]).strip("# ")

    @cached_property
    def _text_lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        found = []
        for node in self.nodes:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inside = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                found.append(Function(node.name, node.lineno, len(inside), len(self.code_lines.intersection(inside))))
        return tuple(found)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(self._imports(self.tree.body, "head"))

    def _imports(self, body: list[ast.stmt], place: Place) -> Iterator[Import]:
        reason, end = "", -1
        for statement in body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                if statement.lineno > end + 1:  # a comment holds for the imports that follow without a gap
                    reason = self._comment(statement.lineno - 1)
                end = statement.end_lineno or statement.lineno
                reason = next(filter(None, map(self._comment, range(statement.lineno, end + 1))), reason)
                for target, names in self._targets(statement):
                    yield Import(statement.lineno, place, target, names, reason)
            else:
                yield from self._below(statement, place)

    def _below(self, statement: ast.AST, place: Place) -> Iterator[Import]:
        """Imports in the blocks of a compound statement."""
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            place = "function" if place == "head" else place
        for name, value in ast.iter_fields(statement):
            only_types = isinstance(statement, ast.If) and name == "body" and "TYPE_CHECKING" in ast.unparse(statement.test)
            if name in {"body", "orelse", "finalbody"} and isinstance(value, list):
                yield from self._imports(value, "types" if only_types else place)
            elif name in {"handlers", "cases"}:
                for part in value:
                    yield from self._below(part, place)

    def _targets(self, statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, tuple[str, ...]]]:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield self._file(alias.name.split(".")) or alias.name, (alias.asname or alias.name.split(".")[0],)
            return
        above = list(Path(self.path).parts[: -statement.level]) if statement.level else []
        base = [*above, *(statement.module or "").split(".")] if statement.module else above
        of_base = []
        for alias in statement.names:
            submodule = self._file([*base, alias.name])
            if submodule:
                yield submodule, (alias.name,)
            else:
                of_base.append(alias.name)
        if of_base:
            yield self._file(base) or ".".join(base), tuple(of_base)

    def _file(self, parts: list[str]) -> str | None:
        """The file of a dotted name, if it is one of ours."""
        path = "/".join(parts)
        return next((f for f in (f"{path}.py", f"{path}/__init__.py") if f in self.known), None)


def read(root: Path = ROOT) -> dict[str, Module]:
    """All modules of both packages by their paths."""
    files = {p.relative_to(root).as_posix(): p for package in PACKAGES for p in sorted((root / package).rglob("*.py"))}
    known = frozenset(files)
    return {path: Module(path, p.read_text(encoding="utf-8"), known) for path, p in files.items()}


__all__ = ["PACKAGES", "ROOT", "Function", "Import", "Module", "Place", "read"]
