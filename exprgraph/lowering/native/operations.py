"""Operations on the values of a kernel as LLVM instructions, whatever was written for them.

Reals, whole numbers, truth values and bits are converted as in Python; calls of the C library are made a lane at a time.
"""

from __future__ import annotations

import ast

from .builder import Builder, Target, Value

_FLOAT_TESTS = {ast.Lt: "olt", ast.LtE: "ole", ast.Gt: "ogt", ast.GtE: "oge", ast.Eq: "oeq", ast.NotEq: "une"}
_INT_TESTS = {ast.Lt: "slt", ast.LtE: "sle", ast.Gt: "sgt", ast.GtE: "sge", ast.Eq: "eq", ast.NotEq: "ne"}


class UnsupportedError(Exception):
    """The source has something this translator does not know; Numba compiles the module instead."""


class NotVectorError(Exception):
    """A loop over elements cannot be a loop over vectors."""


class Operations:
    """Values, and the instructions that are made of them; nodes of the source are there for messages."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.builder = Builder(target)
        self.mask: Value | None = None
        self.flag = " contract"  # of arithmetic here

    # -- kinds of values

    def unsupported(self, node: ast.AST) -> UnsupportedError:
        """The error that names what is not known here."""
        return UnsupportedError(f"line {getattr(node, 'lineno', '?')}: {ast.unparse(node)}")

    def require(self, kind: str, node: ast.AST, *values: Value) -> None:
        """Refuse values of another kind; nothing is converted."""
        if any(v.kind != kind for v in values):
            raise self.unsupported(node)

    def real_of(self, v: Value, node: ast.AST) -> Value:
        """A value where a real is meant: a whole number is the real of that value, a truth value 1 or 0, as in Python."""
        b = self.builder
        if v.kind == "real":
            return v
        if v.kind == "bool":
            return b.select(v, b.real(1.0), b.real(0.0))
        if v.kind != "int":
            raise self.unsupported(node)
        if b.is_literal(v):
            return b.real(float(int(v.text)))
        whole, real = self.target.type_of("int", v.vector), self.target.type_of("real", v.vector)
        return b.pure(f"sitofp {whole} {v.text} to {real}", "real", v.vector, v)

    def truth_of(self, v: Value, node: ast.AST) -> Value:
        """A value as a condition: a number is true unless it is 0."""
        if v.kind == "bool":
            return v
        return self.builder.binary("fcmp une", self.real_of(v, node), self.builder.real(0.0), "bool")

    def true(self) -> Value:
        """The truth value True."""
        return Value("true", "bool", False, 0)

    def false(self) -> Value:
        """The truth value False."""
        return Value("false", "bool", False, 0)

    def like(self, a: Value, b: Value, node: ast.AST) -> tuple[Value, Value]:
        """Integer literals take the type of the other side; beside a real, everything is one."""
        if a.kind != b.kind:
            if "lane" not in (a.kind, b.kind) and "real" in (a.kind, b.kind):
                return self.real_of(a, node), self.real_of(b, node)
            if a.kind == "int" and self.builder.is_literal(a) and b.kind == "bits":
                a = a._replace(kind=b.kind)
            elif b.kind == "int" and self.builder.is_literal(b) and a.kind == "bits":
                b = b._replace(kind=a.kind)
        return a, b

    # -- arithmetic

    def arithmetic(self, op: str, a: Value, b: Value) -> Value:
        """An operation on reals, which may be contracted where the function that it is written in may be."""
        return self.builder.binary(op + self.flag, a, b)

    def divided(self, node: ast.BinOp, a: Value, b: Value) -> Value:
        """``a % b``, which has the sign of b, and ``a // b``, as CPython computes them."""
        build, zero = self.builder, self.builder.real(0.0)
        rest = self.library("fmod", [a, b])
        signs = build.binary("xor", build.binary("fcmp olt", rest, zero, "bool"), build.binary("fcmp olt", b, zero, "bool"), "bool")
        other = build.binary("and", signs, build.binary("fcmp une", rest, zero, "bool"), "bool")
        quotient = build.binary("fdiv", build.binary("fsub", a, rest), b)
        rest = build.select(other, build.binary("fadd", rest, b), rest)
        if isinstance(node.op, ast.Mod):
            return build.select(build.binary("fcmp oeq", rest, zero, "bool"), build.intrinsic("copysign", zero, b), rest)
        return build.intrinsic("rint", build.select(other, build.binary("fsub", quotient, build.real(1.0)), quotient))

    def compare(self, node: ast.Compare, op: ast.cmpop, a: Value, b: Value) -> Value:
        """One comparison, of two values of a kind."""
        a, b = self.like(a, b, node)
        if "lane" in (a.kind, b.kind):
            raise NotVectorError
        if "bool" in (a.kind, b.kind):
            a, b = self.real_of(a, node), self.real_of(b, node)
        self.require(a.kind, node, b)
        tests = _FLOAT_TESTS if a.kind == "real" else _INT_TESTS
        test = tests.get(type(op))
        if test is None:
            raise self.unsupported(node)
        return self.builder.binary(f"{'fcmp' if a.kind == 'real' else 'icmp'} {test}", a, b, "bool")

    # -- the C library

    def rarely(self, test: Value, name: str, args: list[Value], usual: Value) -> Value:
        """A call of the C library where any lane needs it."""
        b = self.builder
        values, vector = b.alike(*args, usual, *([test] if test.vector else []))
        usual = values[len(args)]
        needed = test.text
        if vector:
            test = b.wide(test)
            full = f"llvm.vector.reduce.or.v{self.target.lanes}i1"
            b.intrinsics.add(f"declare i1 @{full}({self.target.mask})")
            needed = b.pure(f"call i1 @{full}({self.target.mask} {test.text})", "bool", False, test).text
        seldom, after = b.label("seldom"), b.label("after")
        came_from = b.block
        b.do(f"br i1 {needed}, label %{seldom}, label %{after}, !prof !0")
        b.start(seldom)
        slow = self.library(name, values[: len(args)], here=True)
        t = self.target.type_of("real", vector)
        chosen = b.name()
        b.do(f"{chosen} = select {self.target.type_of('bool', vector)} {test.text}, {t} {slow.text}, {t} {usual.text}")
        b.do(f"br label %{after}")
        b.start(after)
        return b.here(f"phi {t} [ {usual.text}, %{came_from} ], [ {chosen}, %{seldom} ]", "real", vector)

    def library(self, name: str, args: list[Value], here: bool = False) -> Value:
        """A function of the C library, a lane at a time."""
        b = self.builder
        own = name + ("f" if self.target.bits == 32 else "")
        t = self.target.type_of("real")
        b.intrinsics.add(f"declare {t} @{own}({', '.join([t] * len(args))}) #2")
        values, vector = b.alike(*args)

        def instruction(code: str, kind: str, wide: bool, *operands: Value) -> Value:
            return b.here(code, kind, wide) if here else b.pure(code, kind, wide, *operands)

        if not vector:
            listed = ", ".join(f"{t} {v.text}" for v in values)
            return instruction(f"call {t} @{own}({listed})", "real", False, *values)
        wide = self.target.type_of("real", True)
        result = Value("poison", "real", True, 0)
        for lane in range(self.target.lanes):
            parts = [instruction(f"extractelement {wide} {v.text}, i64 {lane}", "real", False, v) for v in values]
            listed = ", ".join(f"{t} {p.text}" for p in parts)
            y = instruction(f"call {t} @{own}({listed})", "real", False, *parts)
            result = instruction(f"insertelement {wide} {result.text}, {t} {y.text}, i64 {lane}", "real", True, result, y)
        return result

    # -- memory

    def load(self, pointer: Value, index: Value) -> Value:
        """An element of an array: of a lane each where the index is one of lanes."""
        if pointer.kind == "table":
            if index.kind == "lane":
                raise NotVectorError
            at = self.builder.pure(f"getelementptr i64, ptr {pointer.text}, i64 {index.text}", "pointer", False, pointer, index)
            return self.builder.here(f"load i64, ptr {at.text}", "int", False)
        vector = index.kind == "lane"
        return self.builder.load(self.builder.at(pointer, index), vector, self.mask if vector else None)


__all__ = ["NotVectorError", "Operations", "UnsupportedError"]
