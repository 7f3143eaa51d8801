"""What is counted, each measure with all of its findings, the worst first."""

from __future__ import annotations

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from statistics import median_high
from typing import NamedTuple

from .sources import Import, Module, Place

Modules = Mapping[str, Module]
Edges = Mapping[str, Collection[str]]

#: what a ``NamedTuple`` offers under a private name
OF_NAMED_TUPLES = frozenset({"_asdict", "_fields", "_make", "_replace"})
#: a file of fewer lines of code needs more than one user
SMALL = 25
LONG_FILE, LONG_FUNCTION = 450, 60


class Measure(NamedTuple):
    """A number, and what it counts or where it is reached."""

    name: str
    value: int
    findings: tuple[str, ...]


def measures(modules: Modules) -> list[Measure]:
    """All of them, in the order of the table."""
    sized = by_size(modules)
    named = files_by_primitive(modules)
    return [
        _count("circles of modules, imports at the head", circles(edges(modules, ["head"]))),
        _count("circles of modules, imports in functions too", circles(edges(modules, ["head", "function"]))),
        _count("circles of modules, imports for types too", circles(edges(modules, ["head", "function", "types"]))),
        _count("circles of folders", circles(between_folders(modules))),
        _count("imports in functions", (_line(m, i) for m, i in inner_imports(modules))),
        _count("imports in functions without a reason", (_line(m, i) for m, i in inner_imports(modules) if not i.reason)),
        Measure("lines of the longest file", sized[0][0], tuple(f"{lines} {name}" for lines, _, name in sized[:10])),
        Measure("lines of code of the longest file", max(c for _, c, _ in sized), _by_code(sized)),
        _count(f"files above {LONG_FILE} lines", (f"{lines} {name}" for lines, _, name in sized if lines > LONG_FILE)),
        *_of_functions(modules),
        _count(f"files below {SMALL} lines of code with one user", small_files(modules)),
        Measure("files that ask for one primitive, at most", max(map(len, named.values()), default=0), _by_files(named)),
        Measure("files that ask for one primitive, the median", median_high(map(len, named.values())), _by_files(named)),
        _count("class names that several modules of a package define", shared_class_names(modules)),
        _count("private names used by another module", private_uses(modules)),
        _count("engine modules imported by symnn", engine_modules(modules)),
        _count("unused imports hidden by __all__", hidden_imports(modules)),
    ]


def _count(name: str, findings: Iterable[str]) -> Measure:
    found = tuple(findings)
    return Measure(name, len(found), found)


def _line(module: Module, one: Import) -> str:
    return f"{module.path}:{one.line} {one.target}: {one.reason or 'no reason given'}"


def edges(modules: Modules, places: Collection[Place]) -> dict[str, set[str]]:
    """Which modules each one imports, at these places; the packages' own ``__init__`` import everything and are left out."""
    return {
        path: {i.target for i in m.imports if i.own and i.place in places and not modules[i.target].is_facade and i.target != path}
        for path, m in modules.items()
        if not m.is_facade
    }


def between_folders(modules: Modules) -> dict[str, Counter[str]]:
    """How many imports, at the head or in functions, lead from each folder into each other one."""
    found: dict[str, Counter[str]] = {m.folder: Counter() for m in modules.values() if not m.is_facade}
    for path, targets in edges(modules, ["head", "function"]).items():
        here = modules[path].folder
        found[here].update(modules[t].folder for t in targets if modules[t].folder != here)
    return found


def reachable(graph: Edges) -> dict[str, set[str]]:
    """What each member leads to, directly or not; itself only along a circle."""
    found = {}
    for start in graph:
        seen: set[str] = set()
        todo = list(graph[start])
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                todo.extend(graph[at])
        found[start] = seen
    return found


def circles(graph: Edges) -> list[str]:
    """The strongly connected components of more than one member, the largest first."""
    reach = reachable(graph)
    components = {tuple(sorted(b for b in reach[a] if a in reach[b])) for a in graph if a in reach[a]}
    return [" <-> ".join(c) for c in sorted(components, key=lambda c: (-len(c), c))]


def inner_imports(modules: Modules) -> list[tuple[Module, Import]]:
    """Imports in functions, of our modules and of the standard library: optional packages, and Numba, have their reason by their name."""
    return [
        (m, i)
        for m in modules.values()
        for i in m.imports
        if i.place == "function" and (i.own or i.target.split(".")[0] in {"numpy", *sys.stdlib_module_names})
    ]


def by_size(modules: Modules) -> list[tuple[int, int, str]]:
    """Lines, lines of code and name of each file."""
    return sorted(((m.lines, len(m.code_lines), path) for path, m in modules.items()), reverse=True)


def _by_code(sized: list[tuple[int, int, str]]) -> tuple[str, ...]:
    return tuple(f"{code} {name}" for _, code, name in sorted(sized, key=lambda s: -s[1])[:10])


def _of_functions(modules: Modules) -> list[Measure]:
    every = [(f, f"{path}:{f.line} {f.name}") for path, m in modules.items() for f in m.functions]
    by_code = sorted(every, key=lambda f: (-f[0].code, f[1]))
    by_lines = sorted(every, key=lambda f: (-f[0].lines, f[1]))
    return [
        Measure("lines of the longest function", by_lines[0][0].lines, tuple(f"{f.lines} {name}" for f, name in by_lines[:10])),
        Measure("lines of code of the longest function", by_code[0][0].code, tuple(f"{f.code} {name}" for f, name in by_code[:10])),
        _count(f"functions above {LONG_FUNCTION} lines of code", (f"{f.code} {name}" for f, name in by_code if f.code > LONG_FUNCTION)),
    ]


def small_files(modules: Modules) -> list[str]:
    """Files of a few lines that at most one module imports; not those that a package offers to its users."""
    users: defaultdict[str, set[str]] = defaultdict(set)
    for path, m in modules.items():
        for i in m.imports:
            if i.own and i.place != "types":
                users[i.target].add(path)
    small = [(len(m.code_lines), path) for path, m in modules.items() if len(m.code_lines) < SMALL and "/__" not in path]
    hidden = [(lines, path) for lines, path in sorted(small) if not any(u.endswith("__init__.py") for u in users[path])]
    return [f"{lines} {path}, used by {''.join(users[path]) or 'none'}" for lines, path in hidden if len(users[path]) < 2]


def primitives(modules: Modules) -> set[str]:
    """The constants of structural primitives: names in capitals, set to something made by ``Primitive(...)``."""
    found = set()
    for m in modules.values():
        for statement in m.tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name) and statement.targets[0].id.isupper():
                called = {ast.unparse(c.func) for c in ast.walk(statement.value) if isinstance(c, ast.Call)}
                if "Primitive" in called:
                    found.add(statement.targets[0].id)
    return found


def files_by_primitive(modules: Modules) -> dict[str, list[str]]:
    """The files that name each structural primitive's constant, but to register a rule: a test names the rules that are missing."""
    found: dict[str, list[str]] = {name: [] for name in sorted(primitives(modules))}
    for path, m in modules.items():
        rules = {a for n in m.nodes if isinstance(n, ast.Call) and _registers(n) for a in n.args}
        named = {n.id for n in m.nodes if isinstance(n, ast.Name) and n not in rules}
        named |= {n.attr for n in m.nodes if isinstance(n, ast.Attribute) and n not in rules}
        for name in named & found.keys():
            found[name].append(path)
    return found


def _registers(call: ast.Call) -> bool:
    """Whether a call registers a rule of a column, or says why there is none."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("rule", "fill", "leave_out")


def _by_files(named: dict[str, list[str]]) -> tuple[str, ...]:
    return tuple(f"{len(files)} {name}: {' '.join(files)}" for name, files in sorted(named.items(), key=lambda n: -len(n[1])))


def shared_class_names(modules: Modules) -> list[str]:
    """Names of classes that several modules of one package define: words with several meanings."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for path, m in modules.items():
        for statement in m.tree.body:
            if isinstance(statement, ast.ClassDef) and not _is_private(statement.name):
                found[path.partition("/")[0], statement.name].append(path)
    return [f"{name}: {' '.join(paths)}" for (_, name), paths in sorted(found.items()) if len(paths) > 1]


def private_uses(modules: Modules) -> list[str]:
    """Private names of a module that another imports, or reads as attributes without having such a name itself."""
    defined = {path: _private_names(m) for path, m in modules.items()}
    everywhere = set().union(*defined.values()) - OF_NAMED_TUPLES
    found: dict[tuple[str, str], str] = {}
    for path, m in modules.items():
        found |= {(path, n): f"{path}:{i.line} {n} of {i.target}" for i in m.imports if i.own for n in i.names if _is_private(n)}
        for node in m.nodes:
            if isinstance(node, ast.Attribute) and _is_private(node.attr) and node.attr in everywhere - defined[path]:
                found.setdefault((path, node.attr), f"{path}:{node.lineno} {ast.unparse(node)}")
    return list(found.values())


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def _private_names(module: Module) -> set[str]:
    """Private names that a module defines: functions, classes, variables, attributes, slots."""
    found: set[str] = set()
    for node in module.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):  # in ``__slots__``
            found.add(node.value)
    return set(filter(_is_private, found))


def engine_modules(modules: Modules) -> list[str]:
    """Modules of the engine that the networks import past its public names, with the number of importing modules."""
    imported = edges(modules, ["head", "function", "types"])
    used = Counter(t for path, targets in imported.items() if path.startswith("symnn/") for t in targets)
    return [f"{count} {path}" for path, count in used.most_common() if path.startswith("exprgraph/")]


def hidden_imports(modules: Modules) -> list[str]:
    """Imported names that only ``__all__`` mentions, and that no module imports from there."""
    taken = {(i.target, name) for m in modules.values() for i in m.imports if i.own for name in i.names}
    found = []
    for path, m in modules.items():
        if path.endswith("__init__.py"):
            continue
        used = {n.id for n in m.nodes if isinstance(n, ast.Name)}
        for i in m.imports:
            found += [f"{path}:{i.line} {n}" for n in i.names if n in _exported(m.tree) - used and (path, n) not in taken]
    return found


def _exported(tree: ast.Module) -> set[str]:
    """The names in ``__all__``."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            return {c.value for c in ast.walk(statement.value) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
    return set()


__all__ = ["Measure", "between_folders", "circles", "edges", "inner_imports", "measures", "reachable"]
