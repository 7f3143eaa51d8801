"""The mutants of a module: one change of its syntax tree each.

Hard changes are tried everywhere.  Plain ones, exchanged operators and numbers, are mutmut's in the functions that it
switches; they are tried here in all other code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, NamedTuple

Change = tuple[ast.AST, str]

#: functions of these files and folders are compiled from their source, which mutmut's switch would be part of
COMPILED = {"elementary", "formulas", "runtime.py"}
COMPARISONS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
}  # fmt: skip
REVERSED: dict[type, type] = {ast.Lt: ast.Gt, ast.Gt: ast.Lt}
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
#: a function for another
TWINS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "reversed": "list"}
#: the order of their arguments does not matter, or another order fails in any call
SYMMETRIC = {
    "min", "max", "may_share_memory", "gcd", "array_equal", "isinstance", "issubclass", "getattr", "setattr", "hasattr",
    "namedtuple", "field", "cast", "TypeVar", "Rule",
}  # fmt: skip


class Mutant(NamedTuple):
    """A changed module: ``number`` counts the mutants of a module from its head to its end."""

    path: str
    line: int
    number: int
    change: str
    original: str  # the line of source

    def __str__(self) -> str:
        return f"{self.path}:{self.line} #{self.number}: {self.change}    | {self.original}"


class _Site(NamedTuple):
    """A node that may change, and the field of its parent that holds it."""

    node: ast.AST
    parent: ast.AST
    field: str
    at: int | None
    ends_loop: bool  # it is the last statement of a loop
    switched: bool  # mutmut makes the plain mutants of it

    def put(self, new: Any) -> None:
        if self.at is None:
            setattr(self.parent, self.field, new)
        else:
            getattr(self.parent, self.field)[self.at] = new


def mutants(path: str, text: str) -> list[Mutant]:
    """All mutants of a module."""
    lines = text.splitlines()
    found = []
    for number, (node, change) in enumerate(_changes(path, ast.parse(text))):
        line = (node.target if isinstance(node, ast.comprehension) else node).lineno  # type: ignore[attr-defined]
        found.append(Mutant(path, line, number, change, lines[line - 1].strip()))
    return found


def mutated(path: str, text: str, number: int) -> str:
    """The source of a mutant."""
    tree = ast.parse(text)
    for k, _ in enumerate(_changes(path, tree)):
        if k == number:
            return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    raise IndexError(f"the module has no mutant {number}")


def _changes(path: str, tree: ast.Module) -> Iterator[Change]:
    """The tree is changed while each mutant is given, and changed back after it."""
    before = ast.dump(tree)
    compiled = bool(COMPILED & set(PurePath(path).parts))
    for site in list(_sites(tree)):
        seen = {ast.dump(site.node)}
        plain = _plain(site.node) if compiled or not site.switched else ()
        for new, change in [*_hard(site.node, site.ends_loop), *plain]:
            kind = ast.dump(new)
            if kind in seen:
                continue
            seen.add(kind)
            if hasattr(site.node, "lineno"):
                ast.copy_location(new, site.node)
            site.put(new)
            yield site.node, change
            site.put(site.node)
    assert ast.dump(tree) == before


# -- which nodes


def _sites(tree: ast.Module) -> Iterator[_Site]:
    pending = [_Site(s, tree, "body", k, False, False) for k, s in reversed(list(enumerate(tree.body)))]
    while pending:
        site = pending.pop()
        node = site.node
        if _is_left_alone(node):
            continue
        yield site
        switched = site.switched or _is_switched(node, site.parent)
        inner = []
        for field in _fields(node):
            value = getattr(node, field)
            if isinstance(value, list):
                # the last statement of an if that ends a loop ends the loop as well
                ends = (isinstance(node, (ast.For, ast.While)) and field == "body") or (isinstance(node, ast.If) and site.ends_loop)
                last = len(value) - 1
                inner += [_Site(v, node, field, k, ends and k == last, switched) for k, v in enumerate(value) if isinstance(v, ast.AST)]
            elif isinstance(value, ast.AST):
                inner.append(_Site(value, node, field, None, False, switched))
        pending += reversed(inner)


def _is_switched(node: ast.AST, parent: ast.AST) -> bool:
    """Whether mutmut mutates a function: at the head of a module or a class, and not decorated."""
    if not isinstance(node, ast.FunctionDef) or node.name in ("__getattribute__", "__setattr__", "__new__"):
        return False
    if isinstance(parent, ast.ClassDef) and parent.decorator_list:
        return False
    return isinstance(parent, (ast.Module, ast.ClassDef)) and all(_name(d) in ("staticmethod", "classmethod") for d in node.decorator_list)


def _fields(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return ("args", "body")
    if isinstance(node, ast.arguments):
        return ("defaults", "kw_defaults")
    if isinstance(node, ast.ClassDef):
        return ("body",)
    if isinstance(node, (ast.AnnAssign, ast.FormattedValue)):
        return ("value",)
    if isinstance(node, ast.JoinedStr):
        return ("values",)
    return node._fields


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Raise, ast.Assert, ast.Global, ast.Nonlocal, ast.Pass)):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(t, ast.Name) and t.id in ("__all__", "__slots__") for t in targets):
            return True
        value = node.value
        if isinstance(value, ast.Subscript) and _name(value.value) in ("Literal", "Union", "Callable", "Sequence", "tuple", "dict", "list"):
            return True  # an alias of a type
    if isinstance(node, ast.FunctionDef) and any(_name(d) == "overload" for d in node.decorator_list):
        return True
    if isinstance(node, ast.ClassDef) and any(_name(b) == "Protocol" for b in node.bases):
        return True
    return isinstance(node, ast.Call) and _name(node.func) in ("cast", "TypeVar")


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


# -- what they become


def _plain(node: ast.AST) -> Iterator[Change]:
    """What mutmut would change."""
    if isinstance(node, ast.Compare):
        yield from _compared(node, COMPARISONS)
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC and not _is_display(node):
        op = ARITHMETIC[type(node.op)]()
        other = ast.BinOp(node.left, op, node.right) if isinstance(node, ast.BinOp) else ast.AugAssign(node.target, op, node.value)
        yield other, f"{type(node.op).__name__} -> {type(op).__name__}"
    elif isinstance(node, ast.BoolOp):
        kind = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield ast.BoolOp(kind(), node.values), f"{type(node.op).__name__} -> {kind.__name__}"
    elif isinstance(node, ast.UnaryOp):
        yield node.operand, f"{type(node.op).__name__} left out"
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        value = not node.value if isinstance(node.value, bool) else node.value + 1 if abs(node.value) < 1e6 else node.value * 2
        yield ast.Constant(value), f"{node.value} -> {value}"


def _hard(node: ast.AST, ends_loop: bool) -> Iterator[Change]:
    """What mutmut does not change."""
    if isinstance(node, ast.stmt):
        yield from _of_statement(node, ends_loop)
    elif isinstance(node, ast.Compare):
        yield from _compared(node, REVERSED)
    elif isinstance(node, ast.BoolOp):
        for k in range(len(node.values)):
            rest = [*node.values[:k], *node.values[k + 1 :]]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest), f"operand {k + 1} of {type(node.op).__name__} left out"
    elif isinstance(node, ast.IfExp):
        yield node.body, "condition -> True"
        yield node.orelse, "condition -> False"
    elif isinstance(node, ast.comprehension):
        for k in range(len(node.ifs)):
            rest = [*node.ifs[:k], *node.ifs[k + 1 :]]
            yield ast.comprehension(node.target, node.iter, rest, node.is_async), f"condition {k + 1} of the comprehension left out"
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Slice):
        if node.lower is not None:
            yield ast.Slice(None, node.upper, node.step), "lower bound of the slice left out"
        if node.upper is not None:
            yield ast.Slice(node.lower, None, node.step), "upper bound of the slice left out"


def _compared(node: ast.Compare, others: dict[type, type]) -> Iterator[Change]:
    for k, was in enumerate(node.ops):
        if type(was) in others:
            other = others[type(was)]
            ops = [*node.ops[:k], other(), *node.ops[k + 1 :]]
            yield ast.Compare(node.left, ops, node.comparators), f"{type(was).__name__} -> {other.__name__}"


def _is_display(node: ast.AST) -> bool:
    """Text, or a list and the like written out, for which there is no arithmetic but +."""
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, ast.BinOp):
            pending += [one.left, one.right]
        elif isinstance(one, ast.AugAssign):
            pending.append(one.value)
        elif isinstance(one, (ast.List, ast.ListComp, ast.JoinedStr, ast.Tuple, ast.Set, ast.Dict)) or _is_text(one):
            return True
    return False


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))


def _of_call(node: ast.Call) -> Iterator[Change]:
    name = _name(node.func)
    if isinstance(node.func, ast.Name) and name in TWINS and not (TWINS[name] == "list" and len(node.keywords) > 1):
        keywords = [] if TWINS[name] == "list" else node.keywords
        yield ast.Call(ast.Name(TWINS[name], ast.Load()), node.args, keywords), f"{name} -> {TWINS[name]}"
    starred = any(isinstance(a, ast.Starred) for a in node.args[:2])
    if len(node.args) >= 2 and not starred and name not in SYMMETRIC:
        yield ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords), "first two arguments exchanged"


def _of_statement(node: ast.stmt, ends_loop: bool) -> Iterator[Change]:
    if isinstance(node, (ast.If, ast.While)):
        if isinstance(node.test, ast.Constant):
            return
        if isinstance(node, ast.If):
            yield ast.If(ast.Constant(True), node.body, node.orelse), "condition -> True"
        if not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass) and not node.orelse):
            yield type(node)(ast.Constant(False), node.body, node.orelse), "condition -> False"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass(), "call left out"
    elif isinstance(node, ast.AugAssign):
        yield ast.Pass(), "statement left out"
    elif isinstance(node, ast.Assign) and all(isinstance(t, (ast.Subscript, ast.Attribute)) for t in node.targets):
        yield ast.Pass(), "assignment left out"
    elif isinstance(node, ast.Continue):
        if not ends_loop:
            yield ast.Pass(), "continue left out"
    elif isinstance(node, ast.Break):
        yield ast.Pass(), "break left out"
    elif isinstance(node, ast.Return):
        value = node.value
        if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(ast.Constant(None)), "return -> None"


__all__ = ["Mutant", "mutants", "mutated"]
