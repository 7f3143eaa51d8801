"""Generated Python's expressions as LLVM instructions, and functions of them.

Arithmetic on floats and unsigned indices, comparisons, elements of flat arrays, and calls: of functions of the
same source, which are written out where they are called, and of the C library.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping

from .builder import Target, Value
from .operations import NotVectorError, Operations, UnsupportedError
from .plain import plain_statements
from .vocabulary import CONSTANTS, INSTRUCTIONS, LIBRARY, WRITTEN, of_the_library

#: a function is written out this many times in one kernel; beyond, it is called
WRITTEN_OUT = 12

_ARITHMETIC = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_INTEGER = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Mod: "urem", ast.FloorDiv: "udiv",
    ast.LShift: "shl", ast.RShift: "ashr", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
}  # fmt: skip
#: of whole numbers that are known
_WHOLE = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
#: a power of a whole number up to this is multiplications
MULTIPLIED = 16


class Functions:
    """The functions of a module, and the ones that are called rather than written out."""

    def __init__(self, definitions: Mapping[str, ast.FunctionDef], target: Target) -> None:
        self.definitions = definitions
        self.target = target
        self.called: dict[str, str] = {}  # by name in the code: its text
        self.declared: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._bodies: dict[ast.FunctionDef, list[ast.stmt]] = {}
        self._flags: dict[str, str] = {}

    def define(self, name: str, vector: bool) -> str:
        """The name in the code of a function of its own."""
        full = f"f.{name}.{'v' if vector else 's'}"
        if full not in self.called:
            self.called[full] = ""  # a function cannot call itself, but may be asked for twice
            definition = self.definitions[name]
            code = Expressions(self)
            params = [Value(f"%a{k}", "real", vector, 0) for k in range(len(definition.args.args))]
            result = code.real_of(code.function_body(definition, params), definition)
            t = self.target.type_of("real", vector)
            listed = ", ".join(f"{t} {p.text}" for p in params)
            (result,) = [code.builder.wide(result)] if vector else [result]
            self.declared |= code.builder.intrinsics
            self.called[full] = f"define internal {t} @{full}({listed}) #1 {{\nentry:\n{code.builder.text()}\n  ret {t} {result.text}\n}}"
        return full

    def body(self, definition: ast.FunctionDef) -> list[ast.stmt]:
        """The statements of a function, in the forms that are read."""
        if definition not in self._bodies:
            self._bodies[definition] = plain_statements(definition.body)
        return self._bodies[definition]

    def flag_of(self, definition: ast.FunctionDef, usual: str) -> str:
        """Whether multiplications and additions of a function may be contracted, as its decorator says."""
        if not definition.decorator_list:
            return usual
        if definition.name not in self._flags:
            self._flags[definition.name] = " contract" if "'contract'" in ast.unparse(definition.decorator_list[0]) else ""
        return self._flags[definition.name]

    def worth_calling(self, name: str) -> bool:
        """Whether a function is long enough that a call costs less than its repetition."""
        if name not in self._sizes:
            self._sizes[name] = sum(isinstance(n, (ast.BinOp, ast.IfExp, ast.Call)) for n in ast.walk(self.definitions[name]))
        return self._sizes[name] > 6


class Expressions(Operations):
    """The expressions of one kernel, or of one function that is called."""

    def __init__(self, functions: Functions, calls: Mapping[str, int] | None = None) -> None:
        super().__init__(functions.target)
        self.functions = functions
        self.env: dict[str, Value] = {}
        self.vector_loop: str | None = None  # "lane" or "element"
        self.depth = 0
        #: what is called so often that it is not written out each time
        self.often = {n for n, k in (calls or {}).items() if k > WRITTEN_OUT and n in functions.definitions and functions.worth_calling(n)}

    def expression(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Name):
            try:
                return self.env[node.id]
            except KeyError:
                raise self.unsupported(node) from None
        if isinstance(node, ast.Constant):
            if type(node.value) is float:
                return self.builder.real(node.value)
            if type(node.value) is int:
                return self.builder.integer(node.value)
            if type(node.value) is bool:
                return self.true() if node.value else self.false()
        elif isinstance(node, ast.BinOp):
            return self._binary(node)
        elif isinstance(node, ast.UnaryOp):
            v = self.expression(node.operand)
            if isinstance(node.op, ast.USub):
                if v.kind in ("real", "bool"):
                    return self.builder.unary("fneg", self.real_of(v, node))
                if v.kind not in ("int", "bits"):
                    raise self.unsupported(node)
                if v.kind == "int" and self.builder.is_literal(v):
                    return self.builder.integer(-int(v.text))
                return self.builder.binary("sub", self.builder.integer(0, v.kind), v)
            if isinstance(node.op, ast.UAdd):
                return v
            if isinstance(node.op, ast.Not):
                return self.builder.binary("xor", self.truth_of(v, node), self.true(), "bool")
        elif isinstance(node, ast.IfExp):
            return self._conditional(node)
        elif isinstance(node, ast.Compare):
            values = [self.expression(v) for v in (node.left, *node.comparators)]
            result = self.compare(node, node.ops[0], values[0], values[1])
            for test, a, b in zip(node.ops[1:], values[1:], values[2:]):  # 0 < x < 1
                result = self.builder.binary("and", result, self.compare(node, test, a, b), "bool")
            return result
        elif isinstance(node, ast.BoolOp):
            op = "and" if isinstance(node.op, ast.And) else "or"
            result, *others = [self.expression(v) for v in node.values]
            self.require("bool", node, result, *others)
            for other in others:
                result = self.builder.binary(op, result, other, "bool")
            return result
        elif isinstance(node, ast.Call):
            return self._call(node)
        elif isinstance(node, ast.Subscript):
            pointer, index = self.expression(node.value), self.expression(node.slice)
            if pointer.kind not in ("pointer", "table") or index.kind not in ("int", "lane"):
                raise self.unsupported(node)
            return self.load(pointer, index)
        elif isinstance(node, ast.Attribute):
            value = CONSTANTS.get(ast.unparse(node))
            if value is not None:
                return self.builder.real(value)
        raise self.unsupported(node)

    def _binary(self, node: ast.BinOp) -> Value:
        """A chain of operations from left to right, however long."""
        chain = [node]
        while isinstance(chain[-1].left, ast.BinOp):
            chain.append(chain[-1].left)
        value = self.expression(chain[-1].left)
        for link in reversed(chain):
            value = self._operation(link, value, self.expression(link.right))
        return value

    def _operation(self, node: ast.BinOp, a: Value, b: Value) -> Value:
        if isinstance(node.op, ast.Pow):
            return self._power(node, a, b)
        a, b = self.like(a, b, node)
        if "bool" in (a.kind, b.kind) and not isinstance(node.op, (ast.BitAnd, ast.BitOr, ast.BitXor)):
            a, b = self.real_of(a, node), self.real_of(b, node)
        if isinstance(node.op, ast.Div) and a.kind == b.kind == "int":
            a, b = self.real_of(a, node), self.real_of(b, node)
        if a.kind == b.kind == "real" and isinstance(node.op, (ast.Mod, ast.FloorDiv)):
            return self.divided(node, a, b)
        if a.kind == b.kind == "real":
            op = _ARITHMETIC.get(type(node.op))
            if op is not None:
                return self.arithmetic(op, a, b)
        else:
            op = _INTEGER.get(type(node.op))
        if op is None:
            raise self.unsupported(node)
        if "lane" in (a.kind, b.kind):
            if not isinstance(node.op, ast.Add) or "real" in (a.kind, b.kind):
                raise NotVectorError
            index, by = (b, a) if b.kind == "lane" else (a, b)
            if by.kind == "lane":
                raise NotVectorError
            return self.builder.displacement(index, by)
        self.require(a.kind, node, b)
        if a.kind == "int" and type(node.op) in _WHOLE and self.builder.is_literal(a) and self.builder.is_literal(b):
            known = _WHOLE[type(node.op)](int(a.text), int(b.text))
            if abs(known) < 2**63:
                return self.builder.integer(known)
        return self.builder.binary(op, a, b)

    def _power(self, node: ast.BinOp, base: Value, exponent: Value) -> Value:
        """A power; of a small whole number, by multiplications."""
        base = self.real_of(base, node)
        if exponent.kind == "int" and self.builder.is_literal(exponent) and abs(int(exponent.text)) <= MULTIPLIED:
            n = int(exponent.text)
            result = base if n else self.builder.real(1.0)
            for digit in f"{abs(n):b}"[1:]:
                result = self.arithmetic("fmul", result, result)
                if digit == "1":
                    result = self.arithmetic("fmul", result, base)
            return self.arithmetic("fdiv", self.builder.real(1.0), result) if n < 0 else result
        return self._apply("pow", [base, self.real_of(exponent, node)], node)

    def _conditional(self, node: ast.IfExp) -> Value:
        test = self.truth_of(self.expression(node.test), node)
        if isinstance(node.body, ast.Call) and isinstance(node.body.func, ast.Attribute):
            name = of_the_library(ast.unparse(node.body.func)) or ""
            if name in LIBRARY:
                args = [self.real_of(self.expression(a), node) for a in node.body.args]
                usual = self.real_of(self.expression(node.orelse), node)
                if len(args) != LIBRARY[name]:
                    raise self.unsupported(node)
                return self.rarely(test, name, args, usual)
        yes, no = self.like(self.expression(node.body), self.expression(node.orelse), node)
        if yes.kind != no.kind:
            yes, no = self.real_of(yes, node), self.real_of(no, node)
        return self.builder.select(test, yes, no)

    def _call(self, node: ast.Call) -> Value:
        name = ast.unparse(node.func)
        if node.keywords:
            raise self.unsupported(node)
        if name in ("u", "np.uint64", "np.int64", "int") and len(node.args) == 1:
            value = self.expression(node.args[0])
            if name == "int" and value.kind in ("real", "bool"):  # as a real, which it is used as
                return self.builder.intrinsic("trunc", self.real_of(value, node))
            self.require("int", node, value)
            return value
        if name == "range":
            raise self.unsupported(node)
        if name == "powi":
            x, count = self.expression(node.args[0]), node.args[1]
            if not (isinstance(count, ast.Constant) and isinstance(count.value, int)):
                raise self.unsupported(node)
            self.require("real", node, x)
            result = x
            for _ in range(count.value - 1):
                result = self.builder.binary("fmul", result, x)
            return result
        return self._apply(name, [self.expression(a) for a in node.args], node)

    def _apply(self, name: str, args: list[Value], node: ast.AST) -> Value:
        b = self.builder
        if name == "R":
            (v,) = args
            if v.kind == "int":
                return b.pure(f"uitofp i64 {v.text} to {self.target.real}", "real", False, v)
            self.require("real", node, v)
            return v
        if name in ("bits", "from_bits"):
            (v,) = args
            if name == "from_bits" and v.kind == "int" and b.is_literal(v):
                v = v._replace(kind="bits")
            self.require("real" if name == "bits" else "bits", node, v)
            kind = "bits" if name == "bits" else "real"
            a, z = self.target.type_of(v.kind, v.vector), self.target.type_of(kind, v.vector)
            return b.pure(f"bitcast {a} {v.text} to {z}", kind, v.vector, v)
        definition = self.functions.definitions.get(name)
        if definition is None:
            found = self._known(name, args, node)
            if found is not None:
                return found
            definition = WRITTEN.get(name)
        if definition is None or not 0 <= (left := len(definition.args.args) - len(args)) <= len(definition.args.defaults):
            raise self.unsupported(node)
        args += [self.expression(d) for d in definition.args.defaults[len(definition.args.defaults) - left :]]
        args = [self.real_of(v, node) for v in args]
        if self.depth == 0:
            for v in args:
                self.builder.round_apart(v)
        if name in self.often:
            values, vector = b.alike(*args)
            full = self.functions.define(name, vector)
            t = self.target.type_of("real", vector)
            listed = ", ".join(f"{t} {v.text}" for v in values)
            return b.pure(f"call {t} @{full}({listed})", "real", vector, *values)
        return self.real_of(self.function_body(definition, args), node)

    def _known(self, name: str, args: list[Value], node: ast.AST) -> Value | None:
        """A function that is an instruction or one of the C library."""
        if name in INSTRUCTIONS and len(args) == (2 if INSTRUCTIONS[name] == "copysign" else 1):
            return self.builder.intrinsic(INSTRUCTIONS[name], *(self.real_of(v, node) for v in args))
        if name in ("float", "np.float64") and len(args) == 1:
            return self.real_of(args[0], node)
        if name in ("min", "max") and len(args) > 2:
            return self._apply(name, [self._apply(name, args[:-1], node), args[-1]], node)
        own = of_the_library(name)
        if own is None or len(args) != LIBRARY[own]:
            return None
        return self.library(own, [self.real_of(v, node) for v in args])

    def function_body(self, definition: ast.FunctionDef, args: list[Value]) -> Value:
        """A function written out: its value for arguments."""
        if self.depth > 16:
            raise UnsupportedError(f"{definition.name} calls itself")
        outer, self.env = (self.env, self.flag), dict(zip((a.arg for a in definition.args.args), args))
        self.flag = self.functions.flag_of(definition, self.flag)
        self.depth += 1
        try:
            return self._returned(self.functions.body(definition))
        finally:
            self.env, self.flag = outer
            self.depth -= 1

    def _returned(self, body: list[ast.stmt]) -> Value:
        for i, statement in enumerate(body):
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                self.env[statement.targets[0].id] = self.expression(statement.value)
            elif isinstance(statement, ast.Return) and statement.value is not None:
                return self.expression(statement.value)
            elif isinstance(statement, ast.If):
                # both ways are computed, and the one wanted is chosen
                test = self.truth_of(self.expression(statement.test), statement)
                outer = dict(self.env)
                yes = self._returned([*statement.body, *body[i + 1 :]])
                self.env = outer
                no = self._returned([*statement.orelse, *body[i + 1 :]])
                return self.builder.select(test, self.real_of(yes, statement), self.real_of(no, statement))
            else:
                raise self.unsupported(statement)
        raise UnsupportedError("a function without a value")


__all__ = ["Expressions", "Functions"]
