"""Typed loops as one file of C99: no warnings, no undefined behaviour, equal bits from all compilers that follow IEEE 754.

A product is never contracted with a sum, and sums are added up in order.  Loops over lanes and neighbours are plain loops,
which compilers vectorise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..errors import LoopError, UnreadableError
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
from ..together import together, union
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


class _C(Infix):
    """The expressions and statements of one file."""

    signs = _SIGNS

    def __init__(self, program: Loops, prefix: str) -> None:
        self.prefix = prefix
        self.single = program.single
        self.real = "float" if program.single else "double"
        self.bits = "uint32_t" if program.single else "uint64_t"  # unsigned, so that nothing overflows
        self.helpers: set[str] = set()
        self.changing: set[str] = set()  # variables of what is being written
        self.known: dict[str, str] = {}  # names of the driver's
        self.arguments: dict[str, int] = {}
        self.arrays: set[str] = set()  # of constants, which are read
        self.asked: set[str] = set()  # of these, what is read

    # -- expressions

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
            return Piece("true" if x.value else "false")
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
            return Piece("false")
        return Piece("true") if (x.op == "ge" and zero[1]) or (x.op == "le" and zero[0]) else None

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
        return {"real": self.real, "index": "uint64_t", "bits": self.bits, "truth": "bool"}[t]

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
            self.asked.add(s.pointers[0].name)
            yield f"    const {self.real} *const {self.own(s.pointer)} = arguments[{at[0]} + {i}];"
        yield from self.body(s.body, 1)
        yield "}"

    # -- functions, procedures, the driver

    def function_text(self, f: Function) -> str:
        """The definition of a function."""
        if f.source:
            raise UnreadableError(f"the function {f.name} is Python that has no typed loops")
        self.changing = set()
        given = ", ".join(f"{self.real} {self.own(p)}" for p in f.parameters)
        unread = _unread([Name(p, "real") for p in f.parameters], (*f.body, Let("result", f.result)))
        lines = [*about(f.doc), f"static inline {self.real} {self.prefix}{f.name}({given or 'void'})", "{"]
        lines += [f"    (void){self.own(n)};" for n in unread]
        return "\n".join([*lines, *self.body(f.body, 1), f"    return {self.text(f.result)};", "}"])

    def procedure_text(self, p: Procedure, stored: frozenset[str], sole: frozenset[str]) -> str:
        """The definition of a procedure; parameters that are only read are const."""
        self.changing = _variables(p.body)
        given = ", ".join(self._parameter(n, n.name in stored, n.name in sole) for n in p.parameters)
        lines = [*about(p.doc), f"static void {self.prefix}{p.name}({given or 'void'})", "{"]
        lines += [f"    (void){self.own(n)};" for n in _unread(p.parameters, p.body)]
        return "\n".join([*lines, *self.body(p.body, 1), "}"])

    def _parameter(self, n: Name, stored: bool, sole: bool) -> str:
        if n.type in ("reals", "indices"):
            kind = self.real if n.type == "reals" else "uint64_t"
            return f"{'' if stored else 'const '}{kind} *{'restrict ' * (sole or n.type == 'indices')}{self.own(n.name)}"
        return f"{self.kind(n.type)} {self.own(n.name)}"

    def driver_text(self, program: Loops, name: str, numbers: ProgramData, arrays: Sequence[str]) -> str:
        """The function that a caller calls; ``arrays`` are names for the data."""
        self.arguments = {f"a{k}": k for k in range(program.arguments)}
        self.known = {a: f"arguments[{k}]" for a, k in self.arguments.items()}
        self.known |= {n: f"results[{k}]" for k, n in enumerate(program.results)}
        self.known |= {"w": "workspace", "s": "shared", "samples": "count"}
        self.asked = set()
        self.known |= {n: called if len(there) else "NULL" for n, called, there in zip(("c", "T", "STEPS"), arrays, numbers)}
        lines = [line for part in program.parts for line in self._part(part, program.block)]
        if any(part.samples for part in program.parts) or "samples" in self.asked:
            lines.insert(0, "    const uint64_t count = samples > 0 ? (uint64_t)samples : 0;")
            self.asked.add("samples")
        taken = {
            "arguments": self.arguments.keys(),
            "results": set(program.results),
            "workspace": {"w"},
            "shared": {"s"},
            "samples": {"samples"},
        }
        lines = [*(f"    (void){n};" for n, asked in taken.items() if not self.asked & asked), *lines]
        self.arrays = {self.known[n] for n in ("c", "T", "STEPS") if n in self.asked}
        self.known = {}
        return "\n".join([f"{signature(program.single, name)}", "{", *lines, "}"])

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


class CFunction(NamedTuple):
    """A function of a file: its name, its program, and the data of that; ``exported`` if other files call it."""

    name: str
    program: Loops
    numbers: ProgramData
    exported: bool = True


def print_definitions(functions: Sequence[CFunction], prefix: str) -> list[str]:
    """The definitions of functions, without the head of their file.

    Equal procedures of several programs are defined once.  All names but those of the functions begin with ``prefix``.

    Raises:
        UnreadableError: a function is Python that only Numba compiles.
        LoopError: a program is invalid.
    """
    programs = [used(f.program) for f in functions]
    programs = together(programs) if len(programs) > 1 else programs
    whole = union(programs)
    language = _C(whole, prefix)
    called, procedures = reached(whole)
    stored, sole = stored_through(procedures), alone(whole, procedures)
    code = [language.function_text(f) for f in called]
    code += [language.procedure_text(p, stored[p.name], sole[p.name]) for p in procedures]
    arrays, drivers = [], []
    for f, program in zip(functions, programs):
        names = [f"{prefix if len(functions) == 1 else f'{f.name}_'}{what}" for what in ProgramData._fields]
        text = language.driver_text(program, f.name, f.numbers, names)
        drivers.append(text if f.exported else f"static {text}")
        for there, kind, called_array in zip(f.numbers, (language.real, "uint64_t", "uint64_t"), names):
            if len(there) and called_array in language.arrays:
                items = [number(float(x), language.single) if kind == language.real else entry(int(x)) for x in there]
                arrays.append("\n".join(array(kind, called_array, items)))
    return [*arrays, *(helper(which, prefix, language.single) for which in sorted(language.helpers)), *code, *drivers]


def print_program(program: Loops, numbers: ProgramData, interface: Interface, name: str = "evaluate") -> str:
    """A file of C99 with one exported function; the head of the file describes its call.

    Raises:
        UnreadableError: a function is Python that only Numba compiles.
        LoopError: the program is invalid.
    """
    parts = print_definitions([CFunction(name, program, numbers)], f"{name}_")
    return "\n\n".join([head(program.single, name, interface), *parts]) + "\n"


__all__ = ["CFunction", "Interface", "ProgramData", "print_definitions", "print_program"]
