"""A generated module as one LLVM module: its kernels, and the driver that runs them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from ..data import ORDER
from .builder import Target, Value
from .expressions import Functions
from .operations import UnsupportedError
from .tiles import TILES
from .translate import Translation

#: the entry: pointers to the arguments and to the results, workspace on lanes and shared, samples
ENTRY = "run"
#: a part of it: the same, then the number of the part, and the range of samples of a pass
PART = "part"
#: addresses of arrays that the driver keeps at hand; of more, each is looked up where it is used
AT_HAND = 64
#: the driver's names of the data
_DATA = {"c": "CONSTANTS", "T": "TABLE", "STEPS": "STEPS"}


def assemble(source: str, target: Target) -> str:
    """The text of the LLVM module.

    Raises:
        UnsupportedError: the source has something only Numba can compile.
    """
    definitions: dict[str, ast.FunctionDef] = {}  # of what kernels call; a kernel's own tree is dropped when it is translated
    values: dict[str, ast.expr] = {}
    functions = Functions(definitions, target)
    bodies: list[str] = []
    for text, statement in _statements(source):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            values[statement.targets[0].id] = statement.value
        elif isinstance(statement, ast.FunctionDef):
            name = statement.name
            if name in TILES:
                tile, intrinsics = TILES[name](target)
                bodies.append(tile)
                functions.declared |= intrinsics
            elif _is_procedure(statement) and name not in ("kernel", "keep_apart"):
                bodies.append(_procedure(functions, statement, text))
            else:
                definitions[name] = statement
    bodies += _driver(functions, definitions["kernel"], values)
    parts = [
        f"@DATA = global [{len(ORDER)} x ptr] zeroinitializer",  # told when the code is loaded
        *sorted(functions.declared),
        *functions.called.values(),
        *bodies,
        # vectors as wide as the machine has them, whatever the tuning of its model prefers
        'attributes #0 = { noinline nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }',
        'attributes #1 = { noinline nounwind memory(none) "min-legal-vector-width"="512" "prefer-vector-width"="512" }',
        "attributes #2 = { nounwind memory(none) }",
        '!0 = !{!"branch_weights", i32 1, i32 100000}',
    ]
    return "\n\n".join(parts)


def _integer(node: ast.expr) -> int:
    assert isinstance(node, ast.Constant) and isinstance(node.value, int)
    return node.value


def _statements(source: str) -> Iterator[tuple[str, ast.stmt]]:
    """The statements of a module, each with the text it is in: the syntax tree of the whole is never there at once."""
    starts = [0, *(m.start() for m in re.finditer("^@", source, re.MULTILINE)), len(source)]
    for start, end in zip(starts, starts[1:]):
        text = source[start:end]
        try:
            body = ast.parse(text).body
        except SyntaxError:  # not a decorator: a line of somebody's text between quotes
            text, end = source[start:], len(source)
            body = ast.parse(text).body
        for statement in body:
            yield text, statement
        if end == len(source):
            return


def _is_procedure(d: ast.FunctionDef) -> bool:
    """Whether a function is called for what it does to memory."""
    pending: list[ast.stmt] = list(d.body)
    while pending:
        s = pending.pop()
        if isinstance(s, ast.Return) and s.value is not None:
            return False
        for part in ("body", "orelse", "finalbody"):
            pending += getattr(s, part, ())
    return True


def _kind(name: str) -> str:
    if name == "T":
        return "table"
    if name in ("w", "s", "c", "o", "a", "b", "out") or (name[0] in "ao" and name[1:].isdigit()):
        return "pointer"
    return "int"


def _procedure(functions: Functions, d: ast.FunctionDef, text: str) -> str:
    code = Translation(functions, Counter(re.findall(r"(?<![.\w])([^\W\d]\w*)\(", text)))
    names = [a.arg for a in d.args.args]
    code.env = {n: Value(f"%{n}", _kind(n), False, 0) for n in names}
    code.flag = functions.flag_of(d, code.flag)
    code.statements(d.body)
    functions.declared |= code.builder.intrinsics
    types = functions.target
    listed = ", ".join(f"{types.type_of(_kind(n))} %{n}" for n in names)
    return f"define internal void @{d.name}({listed}) #0 {{\nentry:\n{code.builder.text()}\n  ret void\n}}"


def _driver(functions: Functions, d: ast.FunctionDef, values: dict[str, ast.expr]) -> list[str]:
    """``run``, and ``part``: one of the driver's parts, a pass over samples from ``first`` to ``last``."""
    code = _Driver(functions)
    _bind(code, d, values)
    code.env["start"], code.env["stop"] = code.builder.integer(0), code.env["samples"]
    code.statements(d.body)
    texts = [code.builder.text()]
    code = _Driver(functions)
    b = code.builder
    _bind(code, d, values)
    code.env["start"], code.env["stop"] = (Value(f"%{n}", "int", False, 0) for n in ("start", "stop"))
    pieces = parts(d)
    labels = [b.label("part") for _ in pieces]
    listed = " ".join(f"i64 {k}, label %{label}" for k, label in enumerate(labels))
    b.do(f"switch i64 %index, label %done [ {listed} ]")
    for piece, label in zip(pieces, labels):
        b.start(label)
        code.statements(piece)
        b.do("br label %done")
    b.start("done")
    texts.append(b.text())
    functions.declared |= b.intrinsics
    given = "ptr %arguments, ptr %results, ptr %w, ptr %s, i64 %samples"
    heads = (f"@{ENTRY}({given})", f"@{PART}({given}, i64 %index, i64 %start, i64 %stop)")
    return [f"define void {head} #0 {{\nentry:\n{text}\n  ret void\n}}" for head, text in zip(heads, texts)]


def parts(driver: ast.FunctionDef) -> list[list[ast.stmt]]:
    """The driver's statements, divided into shared work and passes over the samples."""
    out: list[list[ast.stmt]] = [[]]
    for s in driver.body:
        if isinstance(s, ast.For) and isinstance(s.target, ast.Name) and s.target.id == "first":
            clears: list[ast.stmt] = []
            while out[-1] and ast.unparse(out[-1][-1]).startswith("clear("):  # each pass clears its own totals
                clears.insert(0, out[-1].pop())
            out += [[*clears, s], []]
        else:
            out[-1].append(s)
    return out


def _bind(code: _Driver, d: ast.FunctionDef, values: dict[str, ast.expr]) -> None:
    """The driver's arguments, taken from the tables of pointers."""
    b = code.builder
    block = values["BLOCK"]
    assert isinstance(block, ast.Call)
    code.env["BLOCK"] = b.integer(_integer(block.args[0]))
    counts = {"a": 0, "o": 0}
    for name in (a.arg for a in d.args.args):
        if name in _DATA:
            at = b.here(f"getelementptr ptr, ptr @DATA, i64 {ORDER.index(_DATA[name])}", "pointer", False)
            code.env[name] = b.here(f"load ptr, ptr {at.text}", "pointer" if name == "c" else "table", False)
        elif name in ("w", "s", "samples"):
            code.env[name] = Value(f"%{name}", _kind(name), False, 0)
        else:
            k = counts[name[0]]
            counts[name[0]] += 1
            code.given[name] = "%arguments" if name[0] == "a" else "%results", k
    if len(code.given) <= AT_HAND:
        for name in code.given:
            code.env[name] = code.pointer(name)


class _Driver(Translation):
    """The driver: passes over the samples, and steps chosen from the table."""

    def __init__(self, functions: Functions) -> None:
        super().__init__(functions)
        self.given: dict[str, tuple[str, int]] = {}  # arrays of the caller's: the table that has the address, and where

    def pointer(self, name: str) -> Value:
        table, k = self.given[name]
        at = self.builder.here(f"getelementptr ptr, ptr {table}, i64 {k}", "pointer", False)
        return self.builder.here(f"load ptr, ptr {at.text}", "pointer", False)

    def expression(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Name) and node.id in self.given and node.id not in self.env:
            return self.pointer(node.id)
        return super().expression(node)

    def statement(self, s: ast.stmt) -> None:
        b = self.builder
        if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name) and s.targets[0].id == "n":
            left = b.binary("sub", self.env["stop"], self.env["first"])
            block = self.env["BLOCK"]
            self.env["n"] = b.select(b.binary("icmp ult", block, left, "bool"), block, left)
        elif isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Tuple):
            step = self.env["step"]
            for i, name in enumerate(s.targets[0].elts):
                assert isinstance(name, ast.Name)
                at = b.binary("add", b.binary("mul", step, b.integer(2)), b.integer(i))
                self.env[name.id] = self.load(self.env["STEPS"], at)
        elif isinstance(s, ast.If):
            self._choose(s)
        elif isinstance(s, ast.For) and isinstance(s.target, ast.Tuple):
            self._each(s, s.target)
        elif isinstance(s, ast.For) and isinstance(s.target, ast.Name) and s.target.id in ("first", "step"):
            assert isinstance(s.iter, ast.Call)
            bounds = [self.expression(a) for a in s.iter.args]
            if s.target.id == "first":
                b.open(self.env["start"], self.env["stop"], int(bounds[2].text), "int", {})
            else:
                start, stop = bounds if len(bounds) > 1 else (b.integer(0), bounds[0])
                b.open(start, stop, 1, "int", {})
            self.env[s.target.id] = b.loops[-1].index
            self.statements(s.body)
            b.close({})
        else:
            super().statement(s)

    def _each(self, s: ast.For, target: ast.Tuple) -> None:
        """``for k, a in enumerate((a4, a5, ...))``: neighbours in the table of addresses."""
        b = self.builder
        assert isinstance(s.iter, ast.Call) and isinstance(s.iter.args[0], ast.Tuple)
        number, array = (t.id for t in target.elts if isinstance(t, ast.Name))
        names = [n.id for n in s.iter.args[0].elts if isinstance(n, ast.Name)]
        table, first = self.given[names[0]]
        b.open(b.integer(0), b.integer(len(names)), 1, "int", {})
        index = self.env[number] = b.loops[-1].index
        at = b.here(f"getelementptr ptr, ptr {table}, i64 {b.binary('add', index, b.integer(first)).text}", "pointer", False)
        self.env[array] = b.here(f"load ptr, ptr {at.text}", "pointer", False)
        self.statements(s.body)
        b.close({})
        del self.env[array]

    def _choose(self, s: ast.If) -> None:
        """``if code == 3: ... elif ...``, in one level or in several, as a jump by the code."""
        b = self.builder
        after = b.label("next")
        cases: list[tuple[int, list[ast.stmt]]] = []
        rest: list[ast.stmt] = [s]
        while rest:
            test = rest.pop()
            assert isinstance(test, ast.If) and isinstance(test.test, ast.Compare)
            rest += test.orelse
            if isinstance(test.test.ops[0], ast.Lt):  # cases of a range
                rest += test.body
            else:
                cases.append((_integer(test.test.comparators[0]), test.body))
        labels = [b.label("step") for _ in cases]
        listed = " ".join(f"i64 {k}, label %{label}" for (k, _), label in zip(cases, labels))
        b.do(f"switch i64 {self.env['code'].text}, label %{after} [ {listed} ]")
        for (_, body), label in zip(cases, labels):
            b.start(label)
            self.statements(body)
            b.do(f"br label %{after}")
        b.start(after)


__all__ = ["ENTRY", "PART", "UnsupportedError", "assemble"]
