"""Expressions as LLVM instructions, and called functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...abreast import Abreast, Item
from ...errors import UnreadableError
from ...fused import RARELY, SHORT, Short, fused
from ...operations import OPERATIONS
from ...program import Call, Constant, Expression, Function, Let, Load, Name, Operation
from ...verify import parts_of
from ...walk import called_by, expressions_of, statements_of
from .builder import Builder, LLVMTarget, SSAValue

if TYPE_CHECKING:
    from typing import TypeGuard

#: a function is inlined at most this many times in a procedure; beyond, it is called
INLINED = 12

_REAL = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
_INTEGER = {
    "add": "add", "sub": "sub", "mul": "mul", "floordiv": "udiv", "mod": "urem",
    "and_bits": "and", "or_bits": "or", "xor_bits": "xor", "shift_left": "shl", "shift_right": "ashr",
    "and": "and", "or": "or",
}  # fmt: skip
_WHOLE = {"add": int.__add__, "sub": int.__sub__, "mul": int.__mul__}
_INTRINSICS = {
    "sqrt": "sqrt", "abs": "fabs", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint", "copysign": "copysign",
}  # fmt: skip
_REAL_TESTS = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
_TESTS = {"lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "eq": "eq", "ne": "ne"}


class Functions:
    """The functions of a program, and those that are called instead of inlined.

    ``mark`` is the beginning of the names of everything that the code defines for itself.  ``inlined``: how many times a long function is,
    at most, in a procedure.
    """

    def __init__(self, functions: Iterable[Function], target: LLVMTarget, mark: str = "", inlined: int = INLINED) -> None:
        self.mark = mark
        self.inlined = inlined
        self._written: Mapping[str, Function] = {f.name: f for f in functions}
        self._short = Short(self._written)
        self._fused: dict[str, Function] = {}
        self.target = target
        self.called: dict[str, str] = {}  # by name in the code: its text
        self.declared: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._work: dict[str, int | None] = {}

    def known(self, name: str) -> Function:
        """A function, with products and sums rounded together."""
        found = self._fused.get(name)
        if found is None:
            found = self._fused[name] = fused(self._written[name], self._short)
        return found

    def define(self, name: str, vector: bool) -> str:
        """The name of a called function in the code."""
        full = f"{self.mark}f.{name}.{'v' if vector else 's'}"
        if full not in self.called:
            self.called[full] = ""  # reserve its place before its own callees
            f = self.known(name)
            seldom = name.endswith(RARELY)  # its time does not count, that of its compilation does
            code = ExpressionWriter(self, frozenset(n for n in called_by(f) if self._size(n) > SHORT) if seldom else frozenset())
            t = self.target.type_of("real", vector)
            given = [SSAValue(f"%a{k}", "real", vector, 0) for k in range(len(f.parameters))]
            result = code.written_out(f, given)
            result = code.builder.wide(result) if vector else result
            self.declared |= code.builder.intrinsics
            listed = ", ".join(f"{t} {p.text}" for p in given)
            text = f"entry:\n{code.builder.text()}\n  ret {t} {result.text}"
            self.called[full] = f"define internal {t} @{full}({listed}) #1 {{\n{text}\n}}"
        return full

    def often(self, body: Iterable[Item]) -> frozenset[str]:
        """The functions that are too long, and called too often by the body of a procedure, to be inlined."""
        calls: Counter[str] = Counter()
        for s in body:
            if isinstance(s, Abreast):
                calls.update({_called(c) for c in s.calls})
                continue
            for inner in statements_of([s]):
                for e in expressions_of(inner):
                    calls.update(x.function for x in parts_of(e) if isinstance(x, Call) and not x.library)
        return frozenset(n for n, k in calls.items() if k > self.inlined and self._size(n) > SHORT)

    def work(self, name: str) -> int:
        """The number of operations of a function and of those that it calls; 0 if there are none, or it cannot be computed in lanes."""
        return self._operations(name) or 0

    def _operations(self, name: str) -> int | None:
        if name not in self._work:
            f = self._written[name]
            inner = [self._operations(n) for n in called_by(f) if not n.endswith(RARELY)]
            known = [n for n in inner if n is not None]
            able = not f.source and not name.endswith(RARELY) and len(known) == len(inner)
            self._work[name] = self._size(name) + sum(known) if able else None
        return self._work[name]

    def _size(self, name: str) -> int:
        """The number of operations of a function."""
        if name not in self._sizes:
            f = self._written[name]
            parts = [x for e in (*(s.value for s in f.body), f.result) for x in parts_of(e)]
            chains = [len(x.args) - 1 for x in parts if isinstance(x, Operation) and OPERATIONS[x.op].arity is None]
            single = [x for x in parts if isinstance(x, Call) or (isinstance(x, Operation) and OPERATIONS[x.op].arity is not None)]
            self._sizes[name] = sum(chains) + len(single)
        return self._sizes[name]


class _Link(NamedTuple):
    """The next term of a sum, factor of a product, and so on, to combine with the result so far."""

    op: str


class _Done(NamedTuple):
    """An expression whose operands, a number of them, have values."""

    of: Operation | Call | Load
    operands: int


class ExpressionWriter:
    """The expressions of one procedure, or of one called function."""

    def __init__(self, functions: Functions, often: frozenset[str] = frozenset(), contract: bool = True) -> None:
        self.functions = functions
        self.target = functions.target
        self.builder = Builder(functions.target)
        self.env: dict[str, SSAValue] = {}
        self.often = often
        self.mask: SSAValue | None = None  # the existing lanes in a loop over vectors, if not all exist
        self.flag = " contract" * contract  # the flags of arithmetic; in functions, it is decided already

    def value(self, e: Expression) -> SSAValue:
        """An expression: first its operands, from left to right, at any depth."""
        waiting: list[Expression | _Link | _Done] = [e]
        values: list[SSAValue] = []
        while waiting:
            x = waiting.pop()
            if isinstance(x, Name):
                values.append(self.named(x.name))
            elif isinstance(x, Constant):
                values.append(self._constant(x))
            elif isinstance(x, _Link):
                b = values.pop()
                values.append(self._joined(x.op, values.pop(), b))
            elif isinstance(x, _Done):
                given = values[len(values) - x.operands :]
                del values[len(values) - x.operands :]
                values.append(self._finished(x.of, given))
            elif isinstance(x, Operation) and OPERATIONS[x.op].arity is None:
                _push_chain(waiting, x)
            else:
                operands = _operands(x)
                waiting.append(_Done(x, len(operands)))
                waiting += reversed(operands)
        return values[0]

    def named(self, name: str) -> SSAValue:
        """The value of a name."""
        return self.env[name]

    def _constant(self, x: Constant) -> SSAValue:
        if x.type == "real":
            return self.builder.real(float(x.text))
        return self.builder.integer(int(x.text)) if x.type == "index" else SSAValue(x.text.lower(), x.type, False, 0)

    def _finished(self, x: Operation | Call | Load, given: list[SSAValue]) -> SSAValue:
        if isinstance(x, Operation):
            return self._operation(x, given)
        return self._called(x, given) if isinstance(x, Call) else self.load(*given)

    # -- operations

    def arithmetic(self, op: str, a: SSAValue, b: SSAValue) -> SSAValue:
        """An operation on reals, contracted if its procedure may be."""
        return self.builder.binary(op + self.flag, a, b)

    def _joined(self, op: str, a: SSAValue, b: SSAValue) -> SSAValue:
        """Two terms, factors or conditions of a chain, as one."""
        if op == "mul_apart":
            for v in (a, b):  # its factors are rounded too, like arguments of a function
                self.builder.round_apart(v)
            return self.builder.binary("fmul", a, b)
        if a.kind == "real":
            return self.arithmetic(_REAL[op], a, b)
        kinds = a.kind, b.kind
        if "places" in kinds or (op == "mul" and "lane" in kinds):
            return self.builder.places(op, a, b)
        if "lane" in kinds:
            index, by = (b, a) if b.kind == "lane" else (a, b)
            return self.builder.displacement(index, by)
        return self._integer(op, a, b)

    def _integer(self, op: str, a: SSAValue, b: SSAValue) -> SSAValue:
        if a.kind == "index" and op in _WHOLE and self.builder.is_literal(a) and self.builder.is_literal(b):
            known = _WHOLE[op](int(a.text), int(b.text))
            if abs(known) < 2 ** (self.target.index - 1):
                return self.builder.integer(known)
        logical = op == "shift_right" and a.kind == "index"
        return self.builder.binary("lshr" if logical else _INTEGER[op], a, b)

    def _operation(self, x: Operation, given: list[SSAValue]) -> SSAValue:
        b, op, first = self.builder, x.op, given[0]
        if op == "select":
            return self._selected(x, given)
        if op == "fma":
            return b.fused(*given)
        if op in _INTRINSICS:
            return b.intrinsic(_INTRINSICS[op], *given)
        if op in _REAL_TESTS:
            return self._compared(op, first, given[1])
        if op == "neg":
            return b.unary("fneg", first) if first.kind == "real" else self._integer("sub", b.integer(0, first.kind), first)
        if op == "not":
            return b.binary("xor", first, SSAValue("true", "truth", False, 0))
        if op == "whole_vectors":
            lanes = self.target.lanes
            return b.binary("and", b.binary("add", first, b.integer(lanes - 1)), b.integer(-lanes))
        if op in ("bits_of_real", "real_of_bits", "real_of_index"):
            how = "uitofp" if op == "real_of_index" else "bitcast"
            t, wanted = (self.target.type_of(kind, first.vector) for kind in (first.kind, x.type))
            return b.pure(f"{how} {t} {first.text} to {wanted}", x.type, first.vector, first)
        return self.arithmetic(_REAL[op], *given) if first.kind == "real" else self._integer(op, *given)

    def _compared(self, op: str, a: SSAValue, b: SSAValue) -> SSAValue:
        if a.kind == "real":
            return self.builder.binary(f"fcmp {_REAL_TESTS[op]}", a, b, "truth")
        if "lane" in (a.kind, b.kind):
            a, b = map(self.builder.counted, (a, b))
        sign = "" if op in ("eq", "ne") else "s" if a.kind == "bits" else "u"
        return self.builder.binary(f"icmp {sign}{_TESTS[op]}", a, b, "truth")

    def _selected(self, x: Operation, given: list[SSAValue]) -> SSAValue:
        yes, no = x.args[1:]
        if is_rare(yes):
            return self._rarely(given[0], yes, given[1:-1], given[-1])
        if is_rare(no):
            test = self.builder.binary("xor", given[0], SSAValue("true", "truth", False, 0))
            return self._rarely(test, no, given[2:], given[1])
        return self.builder.select(*given)

    # -- calls

    def _called(self, x: Call, given: list[SSAValue]) -> SSAValue:
        b = self.builder
        if x.library:
            return self._library(x.function, given)
        for v in given:
            b.round_apart(v)
        return self._applied(x.function, given)

    def _applied(self, function: str, given: Sequence[SSAValue]) -> SSAValue:
        """A function of the program, inlined or called."""
        b = self.builder
        if function not in self.often:
            return self.written_out(self.functions.known(function), given)
        values, vector = b.of_one_width(*given)
        full = self.functions.define(function, vector)
        t = self.target.type_of("real", vector)
        listed = ", ".join(f"{t} {v.text}" for v in values)
        return b.pure(f"call {t} @{full}({listed})", "real", vector, *values)

    def written_out(self, f: Function, given: Sequence[SSAValue]) -> SSAValue:
        """A function's value for arguments.

        Raises:
            UnreadableError: only Numba can compile it.
        """
        if f.source:
            raise UnreadableError(f"the function {f.name} has no typed loops")
        outer = self.env, self.flag
        self.env, self.flag = dict(zip(f.parameters, given)), ""
        try:
            for s in f.body:
                self.env[s.name] = self.value(s.value)
            return self.value(f.result)
        finally:
            self.env, self.flag = outer

    def side_by_side(self, group: Abreast) -> None:
        """Independent calls as the lanes of vectors, each function once for the arguments of all."""
        b = self.builder
        rows = list(dict.fromkeys(c.value.args for c in group.calls if isinstance(c.value, Call)))
        given = [[self.value(a) for a in row] for row in rows]
        for v in (v for row in given for v in row):
            b.round_apart(v)
        columns = [b.row(column) for column in zip(*given)]
        made = {n: b.wide(self._applied(n, columns)) for n in dict.fromkeys(map(_called, group.calls))}
        for c in group.calls:
            assert isinstance(c.value, Call)
            self.env[c.name] = b.lane(made[c.value.function], rows.index(c.value.args))

    def _library(self, name: str, args: list[SSAValue], here: bool = False) -> SSAValue:
        """A function of C's library, one lane at a time."""
        b = self.builder
        own = name + ("f" if self.target.bits == 32 else "")
        t = self.target.type_of("real")
        b.intrinsics.add(f"declare {t} @{own}({', '.join([t] * len(args))}) #2")
        values, vector = b.of_one_width(*args)

        def instruction(code: str, wide: bool, *operands: SSAValue) -> SSAValue:
            return b.here(code, "real", wide) if here else b.pure(code, "real", wide, *operands)

        if not vector:
            listed = ", ".join(f"{t} {v.text}" for v in values)
            return instruction(f"call {t} @{own}({listed})", False, *values)
        wide = self.target.type_of("real", True)
        result = SSAValue("poison", "real", True, 0)
        for lane in range(self.target.lanes):
            parts = [instruction(f"extractelement {wide} {v.text}, i64 {lane}", False, v) for v in values]
            listed = ", ".join(f"{t} {p.text}" for p in parts)
            y = instruction(f"call {t} @{own}({listed})", False, *parts)
            result = instruction(f"insertelement {wide} {result.text}, {t} {y.text}, i64 {lane}", True, result, y)
        return result

    def _rarely(self, test: SSAValue, call: Call, args: list[SSAValue], usual: SSAValue) -> SSAValue:
        """A call of C's library or of a long function, if any lane needs it."""
        b = self.builder
        values, vector = b.of_one_width(*args, usual, *([test] if test.vector else []))
        usual = values[len(args)]
        needed = test.text
        if vector:
            test = b.wide(test)
            full = f"llvm.vector.reduce.or.v{self.target.lanes}i1"
            b.intrinsics.add(f"declare i1 @{full}({self.target.mask})")
            needed = b.pure(f"call i1 @{full}({self.target.mask} {test.text})", "truth", False, test).text
        seldom, after = b.label("seldom"), b.label("after")
        came_from = b.block
        b.do(f"br i1 {needed}, label %{seldom}, label %{after}, !prof !0")
        b.start(seldom)
        t = self.target.type_of("real", vector)
        if call.library:
            slow = self._library(call.function, values[: len(args)], here=True)
        else:
            listed = ", ".join(f"{t} {v.text}" for v in values[: len(args)])
            slow = b.here(f"call {t} @{self.functions.define(call.function, vector)}({listed})", "real", vector)
        chosen = b.name()
        b.do(f"{chosen} = select {self.target.type_of('truth', vector)} {test.text}, {t} {slow.text}, {t} {usual.text}")
        b.do(f"br label %{after}")
        b.start(after)
        return b.here(f"phi {t} [ {usual.text}, %{came_from} ], [ {chosen}, %{seldom} ]", "real", vector)

    # -- memory

    def load(self, pointer: SSAValue, index: SSAValue) -> SSAValue:
        """An element of an array, or a vector of elements if the index counts lanes."""
        b = self.builder
        if pointer.kind == "indices":
            return b.word(pointer, index, "index") if index.kind == "index" else b.words(pointer, index)
        if index.kind == "places":
            return b.row([b.load(at, False) for at in b.elements(pointer, index)])
        vector = index.kind == "lane"
        return b.load(b.at(pointer, index), vector, self.mask if vector else None)


def _called(s: Let) -> str:
    assert isinstance(s.value, Call)
    return s.value.function


def is_rare(x: Expression) -> TypeGuard[Call]:
    """Whether a choice makes a call only if a number, or a lane, needs it: one of C's library, or of a function that says so."""
    return isinstance(x, Call) and (x.library or x.function.endswith(RARELY))


def _push_chain(waiting: list[Expression | _Link | _Done], x: Operation) -> None:
    """A chain from left to right; a negated term of a sum is subtracted."""
    for k in range(len(x.args) - 1, 0, -1):
        a = x.args[k]
        if x.op == "add" and isinstance(a, Operation) and a.op == "neg":
            waiting += (_Link("sub"), a.args[0])
        else:
            waiting += (_Link(x.op), a)
    waiting.append(x.args[0])


def _operands(x: Operation | Call | Load) -> tuple[Expression, ...]:
    """The operands to compute before an expression; for a rare call, its arguments."""
    if isinstance(x, Load):
        return x.pointer, x.at
    if isinstance(x, Operation) and x.op == "select":
        test, yes, no = x.args
        if is_rare(yes):
            return test, *yes.args, no
        if is_rare(no):
            return test, yes, *no.args
    return x.args


__all__ = ["INLINED", "ExpressionWriter", "Functions"]
