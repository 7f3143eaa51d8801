"""symnn is built on what the engine promises: its public names, and a few modules that are named here, each with a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import exprgraph as eg
import exprgraph.testing

ROOT = Path(eg.__file__).parents[1]
FILES = sorted((ROOT / "symnn").rglob("*.py"))

#: modules of the engine that symnn may import from, beside exprgraph itself
ALLOWED = {
    "exprgraph.descent": "many steps of training in one call of machine code, for packages that train",
    "exprgraph.testing": "the kit of tests, which needs packages that the rest does not",
    "exprgraph.support.files": "knows no graph: files written whole or not at all",
    "exprgraph.support.integers": "knows no graph: whole numbers and shapes that users give",
    "exprgraph.support.names": "knows no graph: names and values of users in messages",
}
#: what exprgraph has beside the names in its __all__
FURTHER = {"__all__", "__version__", "descent", "interop", "testing"}


def imported(tree: ast.Module) -> Iterator[tuple[int, str, list[str]]]:
    """Each import of the engine: its line, the module, the names that are taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "exprgraph":
                    yield node.lineno, alias.name, []
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] == "exprgraph":
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in ALLOWED:
                    yield node.lineno, inner, []
                else:
                    yield node.lineno, node.module, [alias.name]


def private_uses(path: str, source: str) -> list[str]:
    """Lines that use what the engine does not promise."""
    tree = ast.parse(source)
    found = []
    for line, module, names in imported(tree):
        if module == "exprgraph":
            found += [f"{path}:{line}: exprgraph.{name} is not public" for name in names if name not in eg.__all__ and name not in FURTHER]
        elif module not in ALLOWED:
            found.append(f"{path}:{line}: {module} is a private module of the engine")
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        if isinstance(node.value, ast.Name) and node.value.id == "eg" and node.attr not in eg.__all__ and node.attr not in FURTHER:
            found.append(f"{path}:{node.lineno}: eg.{node.attr} is not public")
        if node.attr == "op":
            found.append(f"{path}:{node.lineno}: .op asks how a node is stored; ask eg.is_symbol, eg.contains, eg.over_samples.used_in")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_no_private_part_of_the_engine_is_used(file: Path) -> None:
    assert not private_uses(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("from exprgraph.graph.leaves import as_node", "exprgraph.graph.leaves is a private module"),
        ("def f():\n    import exprgraph.lowering.call.form", "symnn/a.py:2: exprgraph.lowering.call.form is a private module"),
        ("from exprgraph import graph", "exprgraph.graph is not public"),
        ("from exprgraph.support import values", "exprgraph.support is a private module"),
        ("import exprgraph as eg\neg.lowering.save", "eg.lowering is not public"),
        ("def f(n): return n.op", ".op asks how a node is stored"),
    ],
)
def test_what_is_private_is_found(source: str, said: str) -> None:
    assert any(said in line for line in private_uses("symnn/a.py", source))


def test_every_exception_is_used_and_no_other() -> None:
    """A reason that no file needs any more is taken off the list."""
    used = {f.relative_to(ROOT).as_posix(): {m for _, m, _ in imported(ast.parse(f.read_text(encoding="utf-8")))} for f in FILES}
    assert set(ALLOWED) <= set().union(*used.values())
