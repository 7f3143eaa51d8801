"""The mutants of a module: what is changed in its syntax tree, one place at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

COMPARISONS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitXor: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}
#: a function for another
TWINS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "reversed": "list"}
#: the order of their arguments does not matter, or another order fails in any call
SYMMETRIC = {
    "min", "max", "may_share_memory", "gcd", "array_equal", "isinstance", "issubclass", "getattr", "setattr", "hasattr",
    "namedtuple", "field", "cast", "TypeVar", "Rule",
}  # fmt: skip


class Mutant(NamedTuple):
    """A changed module: ``number`` counts the mutants of a module in the order of their places."""

    path: str
    line: int
    number: int
    change: str
    original: str  # the line of source

    def __str__(self) -> str:
        return f"{self.path}:{self.line} #{self.number}: {self.change}    | {self.original}"


class _Place(NamedTuple):
    """Where a node hangs in its parent: a field, and which of a list."""

    parent: ast.AST
    field: str
    at: int | None

    def put(self, new: Any) -> None:
        if self.at is None:
            setattr(self.parent, self.field, new)
        else:
            getattr(self.parent, self.field)[self.at] = new


def mutants(path: str, text: str) -> list[Mutant]:
    """All mutants of a module."""
    lines = text.splitlines()
    found = []
    for number, (node, change) in enumerate(_changes(ast.parse(text))):
        line = (node.target if isinstance(node, ast.comprehension) else node).lineno  # type: ignore[attr-defined]
        found.append(Mutant(path, line, number, change, lines[line - 1].strip()))
    return found


def mutated(text: str, number: int) -> str:
    """The source of a mutant."""
    tree = ast.parse(text)
    for k, _ in enumerate(_changes(tree)):
        if k == number:
            return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    raise IndexError(f"the module has no mutant {number}")


def _changes(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """The tree is changed while each mutant is given, and changed back after it."""
    before = ast.dump(tree)
    for node, place, in_loop_end in list(_nodes(tree)):
        seen = {ast.dump(node)}
        for new, change in list(_replacements(node, in_loop_end)):
            kind = ast.dump(new)
            if kind in seen:
                continue
            seen.add(kind)
            if hasattr(node, "lineno"):
                ast.copy_location(new, node)
            place.put(new)
            yield node, change
            place.put(node)
    assert ast.dump(tree) == before


# -- which nodes


def _nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, _Place, bool]]:
    """What may be changed, where it hangs, and whether it is the last statement of a loop."""
    pending: list[tuple[ast.AST, _Place, bool]] = [(s, _Place(tree, "body", k), False) for k, s in enumerate(tree.body)]
    pending.reverse()
    while pending:
        node, place, last = pending.pop()
        if _is_left_alone(node):
            continue
        yield node, place, last
        inner = []
        for field in _fields(node):
            value = getattr(node, field)
            if isinstance(value, list):
                loop = isinstance(node, (ast.For, ast.While)) and field == "body"
                # the last statement of an if that ends a loop ends the loop as well
                ends = (isinstance(node, ast.If) and last) or loop
                inner += [
                    (v, _Place(node, field, k), ends and k == len(value) - 1) for k, v in enumerate(value) if isinstance(v, ast.AST)
                ]
            elif isinstance(value, ast.AST):
                inner.append((value, _Place(node, field, None), False))
        pending += reversed(inner)


def _fields(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return ("args", "body")
    if isinstance(node, ast.arguments):
        return ("defaults", "kw_defaults")
    if isinstance(node, ast.ClassDef):
        return ("body",)
    if isinstance(node, ast.AnnAssign):
        return ("value",)
    if isinstance(node, ast.JoinedStr):
        return ("values",)
    if isinstance(node, ast.FormattedValue):
        return ("value",)
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


def _replacements(node: ast.AST, ends_loop: bool) -> Iterator[tuple[ast.AST, str]]:
    if isinstance(node, ast.stmt):
        yield from _of_statement(node, ends_loop)
        return
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for op in COMPARISONS.get(type(node.ops[0]), ()):
            if not (op is ast.Is and _is_number(node)):
                yield ast.Compare(node.left, [op()], node.comparators), f"{type(node.ops[0]).__name__} -> {op.__name__}"
    elif isinstance(node, ast.Compare):
        for k, was in enumerate(node.ops):
            for op in COMPARISONS.get(type(was), ()):
                ops = [*node.ops[:k], op(), *node.ops[k + 1 :]]
                yield ast.Compare(node.left, ops, node.comparators), f"{type(was).__name__} -> {op.__name__}"
    elif isinstance(node, ast.BinOp):
        if not any(map(_is_display, _operands(node))):
            for op in ARITHMETIC.get(type(node.op), ()):
                yield ast.BinOp(node.left, op(), node.right), f"{type(node.op).__name__} -> {op.__name__}"
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield ast.BoolOp(other(), node.values), f"{type(node.op).__name__} -> {other.__name__}"
        for k in range(len(node.values)):
            rest = [*node.values[:k], *node.values[k + 1 :]]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest), f"operand {k + 1} of {type(node.op).__name__} left out"
    elif isinstance(node, ast.UnaryOp):
        if not (isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)):
            yield node.operand, f"{type(node.op).__name__} left out"
        else:
            yield node.operand, "negative number -> positive"
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node)
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


def _operands(node: ast.AST) -> list[ast.AST]:
    return [*_operands(node.left), *_operands(node.right)] if isinstance(node, ast.BinOp) else [node]


def _is_display(node: ast.AST) -> bool:
    """Text, or a list and the like written out, for which there is no arithmetic but +."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (str, bytes))
    return isinstance(node, (ast.List, ast.ListComp, ast.JoinedStr, ast.Tuple, ast.Set, ast.Dict))


def _is_number(node: ast.Compare) -> bool:
    return any(isinstance(x, ast.Constant) and isinstance(x.value, (int, float)) for x in [node.left, *node.comparators])


def _of_constant(node: ast.Constant) -> Iterator[tuple[ast.AST, str]]:
    v = node.value
    if isinstance(v, bool):
        yield ast.Constant(not v), f"{v} -> {not v}"
    elif isinstance(v, int):
        for new in (1 - v,) if v in (0, 1) else (v + 1,):
            yield ast.Constant(new), f"{v} -> {new}"
        if v == 1:
            yield ast.Constant(2), "1 -> 2"
    elif isinstance(v, float):
        if v:
            yield ast.UnaryOp(ast.USub(), ast.Constant(v)), f"{v} -> -{v}"
        yield ast.Constant(v + 1 if abs(v) < 1e6 else v * 2), f"{v} -> {v + 1 if abs(v) < 1e6 else v * 2}"


def _of_call(node: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    name = _name(node.func)
    if isinstance(node.func, ast.Name) and name in TWINS and not (TWINS[name] == "list" and len(node.keywords) > 1):
        keywords = [] if TWINS[name] == "list" else node.keywords
        yield ast.Call(ast.Name(TWINS[name], ast.Load()), node.args, keywords), f"{name} -> {TWINS[name]}"
    plain = not any(isinstance(a, ast.Starred) for a in node.args[:2])
    if len(node.args) >= 2 and plain and name not in SYMMETRIC and not (name == "zip" and ast.dump(node.args[0]) == ast.dump(node.args[1])):
        yield ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords), "first two arguments exchanged"


def _of_statement(node: ast.stmt, ends_loop: bool) -> Iterator[tuple[ast.AST, str]]:
    if isinstance(node, (ast.If, ast.While)):
        if isinstance(node.test, ast.Constant):
            return
        kind = type(node)
        if kind is ast.If:
            yield ast.If(ast.Constant(True), node.body, node.orelse), "condition -> True"
        if not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass) and not node.orelse):
            yield kind(ast.Constant(False), node.body, node.orelse), "condition -> False"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass(), "call left out"
    elif isinstance(node, ast.AugAssign):
        yield ast.Pass(), "statement left out"
        if not any(map(_is_display, _operands(node.value))):
            for op in ARITHMETIC.get(type(node.op), ()):
                yield ast.AugAssign(node.target, op(), node.value), f"{type(node.op).__name__}= -> {op.__name__}="
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
