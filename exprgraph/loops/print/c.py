"""Typed loops as one file of C99: no warnings, no undefined behaviour, equal bits from all compilers that follow IEEE 754.

A product is never contracted with a sum, and sums are added up in order.  Loops over lanes and neighbours are plain loops,
which compilers vectorise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..errors import LoopError, UnreadableError
from ..fused import Short, fused, fused_expression
from ..operations import OPERATIONS
from ..pointers import alone, stored_through
from ..program import (
    Add,
    Branch,
    Call,
    Constant,
    Each,
    Expression,
    Function,
    Let,
    Loop,
    Loops,
    Name,
    Operation,
    Part,
    Procedure,
    Run,
    Set,
    Statement,
    Store,
    Switch,
    Variable,
)
from ..reached import reached
from ..types import Type
from ..unused import used
from ..verify import parts_of
from ..walk import expressions_of, statements_of
from .c_file import Interface, ProgramData, about, array, entry, harmless, head, helper, number, signature, whole
from .infix import ARITHMETIC, ATOM, PLUS, PREFIX, TIMES, Infix, Piece, Sign

_COMPARED, _BITS, _LOGIC, _CHOICE = PLUS - 10, PLUS - 20, PLUS - 30, PLUS - 40

#: operations that are functions of math.h
_INSTRUCTIONS = {"sqrt": "sqrt", "abs": "fabs", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint", "copysign": "copysign"}

_SIGNS: Mapping[str, Sign] = {
    **ARITHMETIC,
    "mul_apart": Sign("*", TIMES),
    "floordiv": Sign("/", TIMES),
    "mod": Sign("%", TIMES),
    "and_bits": Sign("&", _BITS, chains=False, mixes=False),
    "or_bits": Sign("|", _BITS, chains=False, mixes=False),
    "xor_bits": Sign("^", _BITS, chains=False, mixes=False),
    "shift_left": Sign("<<", _BITS, chains=False, mixes=False),
    "shift_right": Sign(">>", _BITS, chains=False, mixes=False),
    **{op: Sign(OPERATIONS[op].symbol, _COMPARED, chains=False) for op in ("lt", "le", "gt", "ge", "eq", "ne")},
    "and": Sign("&&", _LOGIC, chains=False),
    "or": Sign("||", _LOGIC, chains=False),
    "not": Sign("!", PREFIX),
}  # fmt: skip


class C(Infix):
    """The expressions and statements of one file."""

    signs = _SIGNS

    def __init__(self, single: bool, prefix: str, fast: bool = False) -> None:
        self.prefix = prefix
        self.single = single
        self.fast = fast  # products are fused with sums where the machine can, and loops over lanes and neighbours are marked
        self.real = "float" if single else "double"
        self.bits = "uint32_t" if single else "uint64_t"  # unsigned, so that nothing overflows
        self.fused = False  # in the procedure that is being written
        self.helpers: set[str] = set()
        self.changing: set[str] = set()  # variables of what is being written
        self.known: dict[str, str] = {}  # names of the driver's
        self.arguments: dict[str, int] = {}
        self.arrays: set[str] = set()  # of constants, which are read
        self.asked: set[str] = set()  # of these, what is read

    # -- expressions

    def piece(self, e: Expression) -> Piece:
        return super().piece(fused_expression(e) if self.fused else e)

    def name(self, x: Name) -> str:
        if x.name in self.known:
            self.asked.add(x.name)
            return self.known[x.name]
        return self.own(x.name)

    def own(self, name: str) -> str:
        """A name that is given in a body."""
        return harmless(name, self.prefix, driver=bool(self.known))

    def function(self, x: Call) -> str:
        return x.function + "f" * self.single if x.library else self.prefix + x.function

    def constant(self, x: Constant) -> Piece:
        if x.type == "truth":
            return Piece("1" if x.value else "0")
        if x.type == "real":
            text = number(float(x.text), self.single)
            return Piece(text, PREFIX if text.startswith("-") else ATOM)
        return Piece(whole(int(x.text)) if x.type == "index" else self._mask(int(x.text)))

    def _mask(self, value: int) -> str:
        return f"0x{value % 2**32:X}u" if self.single else f"UINT64_C(0x{value % 2**64:X})"

    def whole(self, e: Expression) -> str:
        """An expression in a context that converts it, so that a small number needs only its digits."""
        return e.text if _small(e) and isinstance(e, Constant) else self.text(e)

    def helper(self, name: str) -> str:
        self.helpers.add(name)
        return self.prefix + name

    def sign(self, x: Operation) -> Sign:
        if x.op in _INSTRUCTIONS:
            return Sign(_INSTRUCTIONS[x.op] + "f" * self.single)
        if x.op == "real_of_index":
            return Sign(f"({self.real})", PREFIX)
        if x.op in ("bits_of_real", "real_of_bits"):
            return Sign(self.helper(x.op))
        if x.op == "shift_right" and x.type == "bits":
            return Sign(self.helper("shift_right"))
        return self.signs[x.op]

    def operation(self, x: Operation, parts: Sequence[Piece]) -> Piece:
        if x.op == "select":
            test, a, b = (f"({p.text})" if p.level <= _CHOICE else p.text for p in parts)
            return Piece(f"{test} ? {a} : {b}", _CHOICE)
        if x.op == "whole_vectors":  # lanes behind the last are not computed
            return parts[0]
        if x.args[0].type in ("index", "bits"):
            parts = self._digits(x, parts)
        if x.op in ("lt", "le", "gt", "ge") and x.args[0].type != "real":
            compared = self._compared(x, parts)
            if compared is not None:
                return compared
        if x.op == "fma" and self.fast:
            return Piece(f"MADD({', '.join(p.text for p in parts)})")
        made = super().operation(x, parts)
        if x.op == "mul_apart":  # rounded separately: in parentheses of its own
            return Piece(made.text, _CHOICE)
        return Piece(made.text, _COMPARED) if x.op == "not" else made

    def _compared(self, x: Operation, parts: Sequence[Piece]) -> Piece | None:
        """A comparison that C lacks: of bits, or one that is constant for all indices."""
        if x.args[0].type == "bits":  # signed
            a, b = parts if x.op in ("lt", "ge") else parts[::-1]
            text = f"{self.helper('below')}({a.text}, {b.text})"
            return Piece(text) if x.op in ("lt", "gt") else Piece(f"!{text}", _COMPARED)
        zero = [isinstance(a, Constant) and a.text == "0" for a in x.args]
        if (x.op == "lt" and zero[1]) or (x.op == "gt" and zero[0]):
            return Piece("0")
        return Piece("1") if (x.op == "ge" and zero[1]) or (x.op == "le" and zero[0]) else None

    def _digits(self, x: Operation, parts: Sequence[Piece]) -> list[Piece]:
        """Small numbers as digits only, beside operands of the same type."""
        plain = [a.args[0] if isinstance(a, Operation) and a.op == "neg" and k and x.op == "add" else a for k, a in enumerate(x.args)]
        typed = not isinstance(plain[0], Constant)
        shift = x.op.startswith("shift")
        out = list(parts)
        for k, a in enumerate(plain):
            beside = typed or (shift and k == 1) or (k == 0 and not shift and len(plain) > 1 and not isinstance(plain[1], Constant))
            if beside and _small(a) and isinstance(a, Constant):
                out[k] = Piece(a.text)
            typed = typed or (k > 0 and not isinstance(a, Constant))
        return out

    # -- statements

    def kind(self, t: Type) -> str:
        """The type of a value."""
        return {"real": self.real, "index": "uint64_t", "bits": self.bits, "truth": "int"}[t]

    def body(self, body: Iterable[Statement], depth: int) -> Iterator[str]:
        """The lines of statements."""
        for s in body:
            for line in self.statement(s):
                yield "    " * depth + line

    def statement(self, s: Statement) -> Iterator[str]:
        if isinstance(s, Let):
            yield f"const {self.kind(s.value.type)} {self.own(s.name)} = {self.whole(s.value)};"
        elif isinstance(s, Variable):
            yield f"{self.kind(s.start.type)} {self.own(s.name)} = {self.whole(s.start)};"
        elif isinstance(s, Set):
            yield f"{self.own(s.name)} = {self.whole(s.value)};"
        elif isinstance(s, Add):
            yield f"{self.own(s.name)} += {self.text(s.value)};"
        elif isinstance(s, Store):
            yield f"{self.name(s.pointer)}[{self.whole(s.at)}] {'+=' if s.add else '='} {self.text(s.value)};"
        elif isinstance(s, Run):
            yield f"{self.prefix}{s.procedure}({', '.join(map(self.whole, s.args))});"
        elif isinstance(s, Loop):
            yield from self._loop(s)
        elif isinstance(s, Branch):
            yield from self._branch(s)
        elif isinstance(s, Switch):
            yield f"switch ({self.text(s.on)}) {{"
            for k, body in s.cases:
                yield f"case {k}: {{"
                yield from self.body(body, 1)
                yield "    break;"
                yield "}"
            yield "default: break;"
            yield "}"
        else:
            assert isinstance(s, Each), s
            yield from self._each(s)

    def _loop(self, s: Loop) -> Iterator[str]:
        if isinstance(s.start, Constant) and isinstance(s.stop, Constant) and s.start.value >= s.stop.value:
            return
        i, stop = self.own(s.index), self.whole(s.stop)
        moves = any(isinstance(x, Name) and x.name in self.changing for x in parts_of(s.stop))
        if moves:  # the number of iterations is computed before the first
            yield "{"
            yield f"    const uint64_t v_end_{i} = {stop};"
            stop = f"v_end_{i}"
        elif self.piece(s.stop).level <= _COMPARED:
            stop = f"({stop})"
        step = f"{i}++" if s.step == 1 else f"{i} += {s.step}"
        if self.fast and s.axis != "plain":
            yield f"{'    ' * moves}TOGETHER"
        elif self.fast and any(isinstance(inner, (Loop, Run)) for inner in statements_of(s.body)):
            yield f"{'    ' * moves}ROLLED"
        yield f"{'    ' * moves}for (uint64_t {i} = {self.whole(s.start)}; {i} < {stop}; {step}) {{"
        yield from self.body(s.body, 1 + moves)
        if moves:
            yield "    }"
        yield "}"

    def _branch(self, s: Branch) -> Iterator[str]:
        yield f"if ({self.text(s.test)}) {{"
        yield from self.body(s.then, 1)
        rest = s.otherwise
        while len(rest) == 1 and isinstance(rest[0], Branch):
            yield f"}} else if ({self.text(rest[0].test)}) {{"
            yield from self.body(rest[0].then, 1)
            rest = rest[0].otherwise
        if rest:
            yield "} else {"
            yield from self.body(rest, 1)
        yield "}"

    def _each(self, s: Each) -> Iterator[str]:
        at = [self.arguments.get(p.name, -1) for p in s.pointers]
        if not at or at != list(range(at[0], at[0] + len(at))) or at[0] < 0:
            raise LoopError(f"{', '.join(map(repr, s.pointers))}: no neighbouring arguments of the driver")
        i = self.own(s.index)
        yield f"for (uint64_t {i} = 0; {i} < {len(at)}; {i}++) {{"
        if any(x.name == s.pointer for x in _names(s.body)):
            table = self.name(s.pointers[0]).partition("[")[0]
            yield f"    const {self.real} *const {self.own(s.pointer)} = {table}[{f'{at[0]} + ' * (at[0] > 0)}{i}];"
        yield from self.body(s.body, 1)
        yield "}"

    # -- functions, procedures, the driver

    def function_text(self, f: Function) -> str:
        """The definition of a function."""
        if f.source:
            raise UnreadableError(f"the function {f.name} is Python that has no typed loops")
        f = fused(f, Short({})) if self.fast else f
        self.changing, self.fused = set(), False
        given = ", ".join(f"{self.real} {self.own(p)}" for p in f.parameters)
        unread = _unread([Name(p, "real") for p in f.parameters], (*f.body, Let("result", f.result)))
        lines = [*about(f.doc), f"static inline {self.real} {self.prefix}{f.name}({given or 'void'})", "{"]
        lines += [f"    (void){self.own(n)};" for n in unread]
        return "\n".join([*lines, *self.body(f.body, 1), f"    return {self.text(f.result)};", "}"])

    def procedure_text(self, p: Procedure, stored: frozenset[str], sole: frozenset[str]) -> str:
        """The definition of a procedure; parameters that are only read are const."""
        self.changing, self.fused = _variables(p.body), self.fast and p.contract
        given = ", ".join(self._parameter(n, n.name in stored, n.name in sole) for n in p.parameters)
        lines = [*about(p.doc), f"static void {self.prefix}{p.name}({given or 'void'})", "{"]
        lines += [f"    (void){self.own(n)};" for n in _unread(p.parameters, p.body)]
        return "\n".join([*lines, *self.body(p.body, 1), "}"])

    def _parameter(self, n: Name, stored: bool, sole: bool) -> str:
        if n.type in ("reals", "indices"):
            kind = self.real if n.type == "reals" else "uint64_t"
            restrict = ("RESTRICT " if self.fast else "restrict ") * (sole or n.type == "indices")
            return f"{'' if stored else 'const '}{kind} *{restrict}{self.own(n.name)}"
        return f"{self.kind(n.type)} {self.own(n.name)}"

    def driver_text(
        self,
        program: Loops,
        head: str,
        known: Mapping[str, str],
        arrays: Mapping[str, str],
        own: Sequence[str] = (),
        end: Sequence[str] = (),
    ) -> str:
        """The function that runs the parts of a program.

        Args:
            head: its declaration.
            known: what the driver's names of arguments, results, workspaces and samples are called.
            arrays: the same of the data.
            own: declarations of the variables in ``known``, each a line; those that nothing uses are left out.
            end: statements after the parts.
        """
        self.arguments = {f"a{k}": k for k in range(program.arguments)}
        self.known, self.asked = {**known, **arrays}, set()
        lines = [*(line for part in program.parts for line in self._part(part, program.block)), *(f"    {line}" for line in end)]
        for declaration in reversed(own):
            if _reads(lines, re.findall(r"\w+(?= =)", declaration)[0]):
                lines.insert(0, f"    {declaration}")
        given = re.findall(r"\w+(?=[,)])", head)
        self.arrays = {array for n, array in arrays.items() if n in self.asked}
        self.known = {}
        return "\n".join([head, "{", *(f"    (void){n};" for n in given if not _reads(lines, n)), *lines, "}"])

    def _part(self, part: Part, block: int) -> Iterator[str]:
        self.changing = _variables((*part.before, *part.body))
        yield from self.body(part.before, 1)
        if not part.samples:
            yield from self.body(part.body, 1)
            return
        first, n = self.own("first"), self.own("n")
        inside = list(self.body(part.body, 2))
        yield f"    for (uint64_t {first} = 0; {first} < count; {first} += {block}) {{"
        if any(x.name == "n" for x in _names(part.body)):
            yield f"        const uint64_t {n} = count - {first} < {block} ? count - {first} : {block};"
        yield from inside
        yield "    }"


def _reads(lines: Iterable[str], name: str) -> bool:
    return any(re.search(rf"\b{name}\b", line) for line in lines)


def _variables(body: Sequence[Statement]) -> set[str]:
    return {s.name for s in statements_of(body) if isinstance(s, Variable)}


def _small(e: Expression) -> bool:
    """A number in the range of C's ``int``."""
    return isinstance(e, Constant) and e.type in ("index", "bits") and 0 <= int(e.text) < 2**31


def _names(body: Sequence[Statement]) -> Iterator[Name]:
    """The names that statements read, or store through."""
    for s in statements_of(body):
        for e in expressions_of(s):
            yield from (x for x in parts_of(e) if isinstance(x, Name))


def _unread(parameters: Iterable[Name], body: Sequence[Statement]) -> list[str]:
    read = {x.name for x in _names(body)}
    return [n.name for n in parameters if n.name not in read]


def print_program(program: Loops, numbers: ProgramData, interface: Interface, name: str = "evaluate") -> str:
    """A file of C99 with one exported function; the head of the file describes its call.

    Raises:
        UnreadableError: a function is Python that only Numba compiles.
        LoopError: the program is invalid.
    """
    program = used(program)
    language = C(program.single, f"{name}_")
    functions, procedures = reached(program)
    stored, sole = stored_through(procedures), alone(program, procedures)
    code = [language.function_text(f) for f in functions]
    code += [language.procedure_text(p, stored[p.name], sole[p.name]) for p in procedures]
    arrays = {n: f"{name}_{what}" if len(there) else "0" for n, what, there in zip(("c", "T", "STEPS"), ProgramData._fields, numbers)}
    known = {f"a{k}": f"arguments[{k}]" for k in range(program.arguments)} | {n: f"results[{k}]" for k, n in enumerate(program.results)}
    known |= {"w": "workspace", "s": "shared", "samples": "count"}
    count = ["const uint64_t count = samples > 0 ? (uint64_t)samples : 0;"]
    driver = language.driver_text(program, signature(program.single, name), known, arrays, count)
    parts = [head(program.single, name, interface), *data_arrays(language, arrays, numbers)]
    parts += [helper(which, language.prefix, program.single) for which in sorted(language.helpers)]
    return "\n\n".join([*parts, *code, driver]) + "\n"


def data_arrays(language: C, arrays: Mapping[str, str], numbers: ProgramData) -> Iterator[str]:
    """The definitions of the data that the last driver reads, as it calls them."""
    for n, there, kind in zip(("c", "T", "STEPS"), numbers, (language.real, "uint64_t", "uint64_t")):
        if len(there) and arrays[n] in language.arrays:
            items = [number(float(x), language.single) if n == "c" else entry(int(x)) for x in there]
            yield "\n".join(array(kind, arrays[n], items))


__all__ = ["C", "Interface", "ProgramData", "data_arrays", "print_program"]
