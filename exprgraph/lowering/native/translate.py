"""Generated Python as LLVM instructions: statements and loops.

The generated source is the one description of what is computed: Numba compiles it, CPython runs
it, and this module translates it.  It knows just the Python that is generated: straight assignments,
``for`` over ranges, and what :mod:`expressions` knows.  What it gains over a general compiler is time
(no type inference, no search for what can be vectorised) and certainty: the loop over lanes, and
innermost loops over neighbouring elements, become vectors here.
"""

from __future__ import annotations

import ast

from .builder import Value
from .expressions import Expressions
from .operations import NotVectorError


class Translation(Expressions):
    """One kernel."""

    def _store(self, target: ast.Subscript, value: Value, add: bool) -> None:
        b = self.builder
        pointer, index = self.expression(target.value), self.expression(target.slice)
        self.require("real", target, value)
        vector = index.kind == "lane"
        if value.vector and not vector:
            raise NotVectorError
        if self.vector_loop and not vector:
            raise NotVectorError  # the last element would win
        at = b.at(pointer, index)
        if add:
            value = self.arithmetic("fadd", b.load(at, vector, self.mask if vector else None), value)
        b.store(b.wide(value) if vector else value, at, self.mask if vector else None)

    # -- statements

    def statements(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, s: ast.stmt) -> None:
        if isinstance(s, ast.Assign):  # of several names, the others are unknown
            target = s.targets[0]
            value = self.expression(s.value)
            if isinstance(target, ast.Name):
                self.env[target.id] = value
            elif isinstance(target, ast.Subscript):
                self._store(target, value, False)
            else:
                raise self.unsupported(s)
        elif isinstance(s, ast.AugAssign) and isinstance(s.op, ast.Add):
            value = self.expression(s.value)
            if isinstance(s.target, ast.Subscript):
                self._store(s.target, value, True)
            elif isinstance(s.target, ast.Name):
                self._accumulate(s.target.id, value)
            else:
                raise self.unsupported(s)
        elif isinstance(s, ast.For) and isinstance(s.target, ast.Name) and isinstance(s.iter, ast.Call):
            self._for(s, s.target.id, [self.expression(a) for a in s.iter.args])
        elif isinstance(s, ast.Expr) and isinstance(s.value, ast.Call):
            self.effect(s.value)
        elif isinstance(s, ast.Pass) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)):
            pass
        else:
            raise self.unsupported(s)

    def effect(self, call: ast.Call) -> None:
        """A call for what it does to memory."""
        name = ast.unparse(call.func)
        if name == "keep_apart":
            return
        passed = [self.expression(a) for a in call.args]
        if name.startswith("product") and (ast.unparse(call.args[0]), ast.unparse(call.args[-1])) == ("w", "n"):
            # rows of lanes: whole vectors, as all that is computed on lanes, so that none is left as it was in the workspace
            b, lanes = self.builder, self.target.lanes
            passed[-1] = b.binary("and", b.binary("add", passed[-1], b.integer(lanes - 1)), b.integer(-lanes))
        self.builder.do(f"call void @{name}({self.listed(passed)})")

    def listed(self, values: list[Value]) -> str:
        return ", ".join(f"{self.target.type_of(v.kind)} {v.text}" for v in values)

    def _accumulate(self, name: str, value: Value) -> None:
        b = self.builder
        before = self.env[name]
        new = self.arithmetic("fadd", before, value)
        if self.vector_loop and self.mask_of_lanes is not None:
            new = b.select(self.mask_of_lanes, new, before)
        self.env[name] = new

    mask_of_lanes: Value | None = None

    def _for(self, s: ast.For, name: str, bounds: list[Value]) -> None:
        b = self.builder
        start, end = (b.integer(0), bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
        step = 1
        if len(bounds) == 3:
            if not b.is_literal(bounds[2]):
                raise self.unsupported(s)
            step = int(bounds[2].text)
        if name == "l":
            self._loop(s, name, start, end, "lane")
            return
        innermost = not any(isinstance(n, ast.For) for n in ast.walk(ast.Module(s.body, []))) and not any(
            isinstance(n, ast.Expr) for n in s.body
        )
        if innermost and step == 1 and self.vector_loop is None and not self._assigned_before(s.body, plain=True):
            saved = len(b.lines), [dict(k) for k in b.known], dict(self.env), b.block
            try:
                self._loop(s, name, start, end, "element")
                return
            except NotVectorError:
                del b.lines[saved[0] :]
                while len(b.loops) >= len(saved[1]):
                    b.loops.pop()
                b.known, self.env, b.block = saved[1], saved[2], saved[3]
                self.vector_loop = self.mask = self.mask_of_lanes = None
        carried = {n: self.env[n] for n in sorted(self._assigned_before(s.body))}
        inside = b.open(start, end, step, "int", carried)
        self.env.update(inside)
        self.env[name] = b.loops[-1].index
        self.statements(s.body)
        self.env.update(b.close({n: self.env[n] for n in carried}))

    def _assigned_before(self, body: list[ast.stmt], plain: bool = False) -> set[str]:
        """Variables that exist before a loop and change in it; ``plain``: other than by ``+=``."""
        found = set()
        for node in ast.walk(ast.Module(body, [])):
            if isinstance(node, ast.Assign) or (isinstance(node, ast.AugAssign) and not plain):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {t.id for t in targets if isinstance(t, ast.Name) and t.id in self.env and self._is_variable(t.id)}
        return found

    def _is_variable(self, name: str) -> bool:
        # generated names are used once, but for accumulators
        return name == "acc"

    def _loop(self, s: ast.For, name: str, start: Value, end: Value, kind: str) -> None:
        """A loop over vectors of neighbouring elements."""
        b = self.builder
        sums = {n: self.env[n] for n in sorted(self._assigned_before(s.body))}
        zero = b.wide(b.real(0.0))
        inside = b.open(start, end, self.target.lanes, "lane", dict.fromkeys(sums, zero))
        self.env.update(inside)
        index = b.loops[-1].index
        self.env[name] = index
        self.vector_loop = kind
        existing = b.below(index, end) if kind == "element" or sums else None
        self.mask = existing if kind == "element" else None
        self.mask_of_lanes = existing
        self.statements(s.body)
        self.vector_loop = self.mask = self.mask_of_lanes = None
        after = b.close({n: self.env[n] for n in sums})
        for n, v in after.items():
            self.env[n] = b.binary("fadd contract", sums[n], b.total(v))


__all__ = ["Translation"]
