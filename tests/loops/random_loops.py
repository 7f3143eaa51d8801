"""Loop programs drawn at random: every operation, statement and axis, addresses within their arrays."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np

from exprgraph.loops.operations import LIBRARY, OPERATIONS
from exprgraph.loops.print.c import Interface, ProgramData
from exprgraph.loops.program import (
    Add,
    Branch,
    Call,
    Each,
    Expression,
    Function,
    Let,
    Load,
    Loop,
    Loops,
    Name,
    Part,
    Procedure,
    Run,
    Set,
    Statement,
    Store,
    Switch,
    Variable,
    bits,
    index,
    operation,
    real,
)
from exprgraph.loops.types import Axis, Type

BLOCK, ROW, ROWS, SHARED, SAMPLE, LONG = 4, 8, 4, 12, 3, 5  # of a block; of workspaces; numbers of a sample; of the tables
#: numbers behind each pointer, whatever the samples are
SIZES = {"w": ROW * ROWS, "s": SHARED, "c": LONG, "o": SHARED, "T": LONG}

NUMBERS = ProgramData([0.5, -0.0, float("nan"), 1e-310, float("-inf")], [3, 2**64 - 1, 0, 7, 2**40], [2, 0, 1, 5, 8, 3, 0, 1, 2, 9])
INTERFACE = Interface(
    [("x", (SAMPLE,), True), ("y", (LONG,), False), ("z", (LONG,), False)], [((SHARED,), False), ((SAMPLE,), True)], ROW * ROWS, SHARED
)

REALS = [0.0, -0.0, 1.0, -1.5, 2.0, 0.1, 1e-300, 3e38, 1e300, float("inf"), float("-inf"), float("nan"), 5e-324]
INDICES = [0, 1, 2, 3, 7, 2**31, 2**32 - 1, 2**63, 2**64 - 1]
BITS = [0, 1, -1, 2, 255, 0x7FFFFFFF, -0x80000000]

Names = dict[str, Type]


class Draw:
    """Expressions, statements and programs of one kind of real."""

    def __init__(self, seed: int, axes: Sequence[Axis] = ("lanes", "neighbours")) -> None:
        self.random = random.Random(seed)
        self.axes = axes
        self.width = 64
        self.functions: list[Function] = []
        self.procedures: list[Procedure] = []
        self.count = 0

    def fresh(self, stem: str) -> str:
        """A name that nothing has; some mean something in other languages."""
        self.count += 1
        return self.random.choice(
            [f"{stem}{self.count}"] * 3 + [f"v_{stem}{self.count}", f"double_{self.count}", f"θ{self.count}", f"_{self.count}"]
        )

    # -- expressions

    def expression(self, kind: Type, names: Names, depth: int) -> Expression:
        """One of a type."""
        return {"real": self.real, "index": self.index, "bits": self.bits, "truth": self.truth}[kind](names, depth)

    def leaf(self, kind: Type, names: Names) -> Expression:
        named = [Name(n, t) for n, t in names.items() if t == kind]
        if named and self.random.random() < 0.8:
            return self.random.choice(named)
        if kind == "truth":
            return operation("lt", self.leaf("real", names), self.leaf("real", names))
        if kind == "real":
            return real(self.random.choice(REALS))
        if kind == "index":
            return index(self.random.choice(INDICES))
        return bits(self.random.choice(BITS + [2**62, -(2**63)] * (self.width == 64)))

    def some(self, op: str, kind: Type, names: Names, depth: int) -> Expression:
        """An operation of two or three arguments of a type."""
        count = OPERATIONS[op].arity or self.random.choice((2, 2, 3))
        return operation(op, *(self.expression(kind, names, depth - 1) for _ in range(count)))

    def real(self, names: Names, depth: int) -> Expression:
        r = self.random
        if depth <= 0:
            return self.leaf("real", names)
        arg = lambda: self.real(names, depth - 1)  # noqa: E731
        choice = r.randrange(14)
        if choice < 5:
            return self.some(r.choice(("add", "mul", "mul_apart")), "real", names, depth)
        if choice == 5:
            return operation("div", arg(), arg())
        if choice == 6:
            return operation(r.choice(("neg", "sqrt", "abs", "floor", "ceil", "trunc", "rint")), arg())
        if choice == 7:
            return operation("copysign", arg(), self.told(names))
        if choice == 8:
            return operation("select", self.truth(names, depth - 1), arg(), arg())
        if choice == 9:
            return operation("real_of_index", self.index(names, depth - 1))
        if choice == 10:
            return operation("real_of_bits", self.bits(names, depth - 1))
        if choice == 11 and self.functions:
            f = r.choice(self.functions)
            return Call(f.name, tuple(arg() for _ in f.parameters))
        if choice == 12:
            name = r.choice(sorted(LIBRARY))
            return Call(name, tuple(self.leaf("real", names) for _ in range(LIBRARY[name])), library=True)
        return self.load(names, depth)

    def told(self, names: Names) -> Expression:
        """A real that is no NaN, whose sign nothing says."""
        x = self.leaf("real", names)
        return operation("select", operation("eq", x, x), x, real(1.0))

    def load(self, names: Names, depth: int) -> Expression:
        pointers = [n for n, t in names.items() if t == "reals"]
        if not pointers:
            return self.leaf("real", names)
        p = self.random.choice(pointers)
        return Load(Name(p, "reals"), self.within(p, names, depth))

    def within(self, pointer: str, names: Names, depth: int) -> Expression:
        """An address that there is."""
        size = SIZES.get(pointer.rstrip("0123456789"), LONG)
        return operation("mod", self.index(names, depth - 1), index(size))

    def index(self, names: Names, depth: int) -> Expression:
        r = self.random
        if depth <= 0 or r.random() < 0.3:
            return self.leaf("index", names)
        choice = r.randrange(7)
        if choice < 3:
            return self.some(r.choice(("add", "mul", "and_bits", "or_bits", "xor_bits")), "index", names, depth)
        if choice == 3:
            return operation(r.choice(("floordiv", "mod")), self.index(names, depth - 1), index(r.choice((1, 3, 2**40))))
        if choice == 4:
            return operation(r.choice(("shift_left", "shift_right")), self.index(names, depth - 1), index(r.randrange(64)))
        if choice == 5:
            return operation("select", self.truth(names, depth - 1), self.index(names, depth - 1), self.index(names, depth - 1))
        if "T" in names:
            return Load(Name("T", "indices"), self.within("T", names, depth))
        return operation("neg", self.index(names, depth - 1))

    def bits(self, names: Names, depth: int) -> Expression:
        r = self.random
        if depth <= 0 or r.random() < 0.2:
            return self.leaf("bits", names)
        choice = r.randrange(6)
        if choice < 2:
            return operation("bits_of_real", self.told(names))
        if choice == 2:
            return self.some(r.choice(("add", "mul", "and_bits", "or_bits", "xor_bits")), "bits", names, depth)
        if choice == 3:
            return operation(r.choice(("shift_left", "shift_right")), self.bits(names, depth - 1), bits(r.randrange(self.width)))
        if choice == 4:
            return operation("select", self.truth(names, depth - 1), self.bits(names, depth - 1), self.bits(names, depth - 1))
        return operation("neg", self.bits(names, depth - 1))

    def truth(self, names: Names, depth: int) -> Expression:
        r = self.random
        if depth <= 0 or r.random() < 0.5:
            kind: Type = r.choice(("real", "real", "bits"))
            a, b = self.expression(kind, names, depth - 1), self.expression(kind, names, depth - 2)
            return operation(r.choice(("lt", "le", "gt", "ge", "eq", "ne")), a, b)
        choice = r.randrange(4)
        if choice == 0:
            return self.some(r.choice(("and", "or")), "truth", names, depth)
        if choice == 1:
            return operation("not", self.truth(names, depth - 1))
        if choice == 2:
            return operation(r.choice(("eq", "ne")), self.truth(names, depth - 1), self.truth(names, depth - 2))
        # of an index and a number that it is not: what compilers see to be always true they warn of
        return operation(r.choice(("lt", "le", "gt", "ge", "eq", "ne")), self.leaf("index", names), index(r.choice((0, 3, 2**63))))

    # -- statements

    def block(self, names: Names, variables: Names, depth: int, stores: list[str], count: int = 3) -> tuple[Statement, ...]:
        """Some statements, which may store through some pointers."""
        names = dict(names)
        return tuple(self.statement(names, variables, depth, stores) for _ in range(count))

    def statement(self, names: Names, variables: Names, depth: int, stores: list[str]) -> Statement:
        r = self.random
        choice = r.randrange(9) if depth > 0 else r.randrange(5)
        if choice == 0:
            kind: Type = r.choice(("real", "real", "index", "bits", "truth"))
            s: Statement = Let(self.fresh("x"), self.expression(kind, names, 3))
            names[s.name] = kind
            return s
        if choice == 1 and variables:
            name = r.choice(sorted(variables))
            if variables[name] == "real" and r.random() < 0.7:
                return Add(name, self.real(names, 2))
            return Set(name, self.expression(variables[name], names, 2))
        if choice == 5:
            stop = r.choice([index(3), Name("n", "index") if "n" in names else index(2), operation("mod", self.index(names, 1), index(4))])
            i = self.fresh("i")
            inside: Names = {**names, i: "index"}
            return Loop(i, "plain", index(r.choice((0, 1))), stop, self.block(inside, variables, depth - 1, stores), r.choice((1, 1, 2)))
        if choice == 6:
            then, otherwise = (self.block(names, variables, depth - 1, stores, 2) for _ in range(2))
            return Branch(self.truth(names, 2), then, r.choice([otherwise, ()]))
        if choice == 7:
            cases = tuple((k, self.block(names, variables, depth - 1, stores, 1)) for k in (0, 2))
            return Switch(operation("mod", self.index(names, 1), index(3)), cases)
        if choice == 8 and {"w", "n"} <= names.keys() and "w" in stores:
            return self.lanes()
        p = r.choice(stores)
        return Store(Name(p, "reals"), self.within(p, names, 2), self.real(names, 3), r.random() < 0.3)

    def lanes(self) -> Loop:
        """A loop over lanes: rows of the workspace."""
        r = self.random
        i = self.fresh("l")
        row = lambda: operation("add", index(ROW * r.randrange(ROWS)), Name(i, "index"))  # noqa: E731
        inside: Names = {}
        body: list[Statement] = []
        for _ in range(2):
            x = self.fresh("x")
            body.append(Let(x, Load(Name("w", "reals"), row())))
            inside[x] = "real"
        # nothing is loaded from rows that earlier rounds have stored to, but their own elements
        body.append(Store(Name("w", "reals"), row(), self.real(inside, 3)))
        return Loop(i, r.choice(self.axes), index(0), Name("n", "index"), tuple(body))

    # -- functions, procedures, programs

    def function(self) -> None:
        """One more function, which may call those before it."""
        parameters = tuple(self.fresh("p") for _ in range(self.random.choice((1, 2))))
        names: Names = dict.fromkeys(parameters, "real")
        body = []
        for _ in range(3):
            kind: Type = self.random.choice(("real", "real", "bits", "truth"))
            let = Let(self.fresh("x"), self.expression(kind, names, 3))
            names[let.name] = kind
            body.append(let)
        name = f"{self.random.choice(('exp', 'g'))}{len(self.functions)}"
        self.functions.append(Function(name, parameters, tuple(body), self.real(names, 3), contract=False))

    def procedure(self, given: Mapping[str, Type], stores: list[str]) -> None:
        """One more procedure, with an accumulator and an index that changes."""
        names: Names = dict(given)
        total, at = self.fresh("total"), self.fresh("k")
        variables: Names = {total: "real", at: "index"}
        start = [Variable(total, self.real(names, 1)), Variable(at, self.leaf("index", names))]
        body = self.block({**names, **variables}, variables, 2, stores, 4)
        end = Store(Name(stores[0], "reals"), self.within(stores[0], {**names, at: "index"}, 1), Name(total, "real"))
        own = tuple(Name(n, t) for n, t in given.items())
        self.procedures.append(Procedure(f"k{len(self.procedures)}", own, (*start, *body, end), contract=False))

    def program(self) -> Loops:
        """A whole one: of two arguments, one per sample, one result of numbers and one per sample."""
        r = self.random
        single = r.random() < 0.5
        self.width = 32 if single else 64
        for _ in range(3):
            self.function()
        self.procedure({"x": "reals", "y": "reals", "i": "index"}, ["y"])
        self.procedure({"w": "reals", "s": "reals", "c": "reals", "T": "indices", "n": "index"}, ["w"])
        self.procedure({"s": "reals", "a": "reals", "o": "reals", "T": "indices", "i": "index"}, ["s", "o"])
        w, s, o, c, given = (Name(n, "reals") for n in ("w", "s", "o", "c", "a1"))
        table, n, first = Name("T", "indices"), Name("n", "index"), Name("first", "index")
        k, a, lane, e = Name("k", "index"), Name("a", "reals"), Name("lane", "index"), Name("e", "index")
        each = Each("k", "a", (Name("a1", "reals"), Name("a2", "reals")), (Run("k2", (s, a, o, table, k)),))
        pairs = r.choice([(w, s), (s, w), (w, w), (s, s)])
        where = operation("add", operation("mul", operation("add", first, lane), index(SAMPLE)), e)
        place = operation("add", operation("mul", e, index(ROW)), lane)
        load = Loop(
            "e",
            "plain",
            index(0),
            index(SAMPLE),
            (Loop("lane", "plain", index(0), n, (Store(w, place, Load(Name("a0", "reals"), where)),)),),
        )
        store = Loop(
            "e",
            "plain",
            index(0),
            index(SAMPLE),
            (Loop("lane", "plain", index(0), n, (Store(Name("o1", "reals"), where, Load(w, place)),)),),
        )
        step, code = Name("step", "index"), operation("mod", Load(Name("STEPS", "indices"), Name("step", "index")), index(3))
        cases = ((0, (Run("k0", (*pairs, step)),)), (2, (Run("k2", (s, given, o, table, step)),)))
        steps = Loop("step", "plain", index(0), index(LONG), (Let("code", code), Switch(Name("code", "index"), cases)))
        whole = Part((load, Run("k1", (w, s, c, table, n)), Run("k0", (*pairs, n)), store), True, (Store(s, index(0), real(0.0)),))
        count = Store(o, index(1), operation("real_of_index", Name("samples", "index")), True)
        parts = (Part((each, steps)), whole, Part((count, Run("k2", (s, given, o, table, index(1))))))
        functions, procedures = tuple(self.functions), tuple(self.procedures)
        return Loops(single, BLOCK, 3, ("o", "o1"), functions, procedures[:1], procedures[1:], parts)


Memory = tuple[list[np.ndarray], list[np.ndarray], np.ndarray, np.ndarray]


def memory(single: bool, samples: int, seed: int) -> Memory:
    """Arguments, results and workspaces of such a program, with numbers in them."""
    rng = np.random.default_rng(seed)

    def drawn(n: int) -> np.ndarray:
        return (rng.normal(size=n) * 10.0 ** rng.integers(-3, 3, n)).astype(np.float32 if single else np.float64)

    return [drawn(samples * SAMPLE), drawn(LONG), drawn(LONG)], [drawn(SHARED), drawn(samples * SAMPLE)], drawn(ROW * ROWS), drawn(SHARED)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal bits; any NaN is a NaN."""
    there = ~np.isnan(a)
    return np.array_equal(there, ~np.isnan(b)) and a[there].tobytes() == b[there].tobytes()


__all__ = ["BLOCK", "INTERFACE", "LONG", "NUMBERS", "ROW", "ROWS", "SAMPLE", "SHARED", "Draw", "Memory", "memory", "same"]
