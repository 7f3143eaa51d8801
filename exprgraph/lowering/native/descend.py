"""The loop of a descent as machine code: gather a batch, evaluate the terms, update, repeat.

It works on tables of addresses, so one piece of code serves every descent; it is compiled once per type of numbers.
Arithmetic is typed loops; accesses to the tables, and calls of addresses in them, are instructions around these.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from ...loops.print.llvm.builder import Builder, SSAValue
from ...loops.print.llvm.expressions import Functions
from ...loops.print.llvm.statements import StatementWriter
from ...loops.program import Add, Branch, Expression, Let, Load, Loop, Name, Statement, Store, Variable, index, operation, real
from ...loops.types import Type
from ...support.compiling import compiling
from . import disk, machine

#: words of the table of the descent
COMMON: Mapping[str, Type] = {
    "count": "index", "terms": "indices", "numbers": "index", "total": "reals", "state": "reals", "state_size": "index",
    "scalars": "reals", "told": "reals", "told_size": "index", "history": "reals", "updates": "indices", "chosen": "indices",
    "arguments": "reals", "results": "reals", "lanes": "reals", "shared": "reals", "output": "reals",
}  # fmt: skip
#: words of the table of one term; its samples at step i are from ``offsets[i * advance]`` to below the next of ``offsets``
TERM: Mapping[str, Type] = {
    "run": "reals", "given": "reals", "wanted": "reals", "own_lanes": "reals", "own_shared": "reals", "gathers": "index",
    "gather_table": "indices", "indices": "indices", "offsets": "indices", "advance": "index", "sums": "reals", "values": "reals",
}  # fmt: skip
#: words of a gather: source, target, numbers per row
GATHER: Mapping[str, Type] = {"source": "reals", "target": "reals", "size": "index"}

_STEP, _FROM, _SAMPLES = (Name(n, "index") for n in ("i", "from", "samples"))
_TYPES = {**COMMON, **TERM, **GATHER}


def _name(word: str) -> Name:
    return Name(word, _TYPES[word])


def _sum(*terms: Expression) -> Expression:
    return operation("add", *terms)


def _product(a: Expression, b: Expression) -> Expression:
    return operation("mul", a, b)


def _each(e: str, stop: Name, *body: Statement) -> Loop:
    return Loop(e, "neighbours", index(0), stop, body)


_E, _R, _ROW = (Name(n, "index") for n in ("e", "r", "row"))
_TOTAL, _SUMS = _name("total"), _name("sums")
_SEVERAL = operation("gt", _name("count"), index(1))

#: for several terms, the total before the first
_CLEARED = Branch(_SEVERAL, (_each("e", _name("numbers"), Store(_TOTAL, _E, real(0.0))),))
#: the samples of a batch
_BATCH = (
    Let("at", _product(_STEP, _name("advance"))),
    Let("from", Load(_name("offsets"), Name("at", "index"))),
    Let("samples", _sum(Load(_name("offsets"), _sum(Name("at", "index"), index(1))), operation("neg", _FROM))),
)
_COPIED = Store(_name("target"), _sum(_product(_R, _name("size")), _E), Load(_name("source"), _sum(_product(_ROW, _name("size")), _E)))
#: the rows of a batch, one after another; short ones number by number, as vectors with a mask take longer
_GATHERED = Loop("r", "plain", index(0), _SAMPLES, (
    Let("row", Load(_name("indices"), _sum(_FROM, _R))),
    Branch(
        operation("lt", _name("size"), index(8)),
        (Loop("e", "plain", index(0), _name("size"), (_COPIED,)),),
        (_each("e", _name("size"), _COPIED),),
    ),
))  # fmt: skip
#: for several terms, the value of one, and its addition to the total
_ADDED = Branch(_SEVERAL, (
    Store(_name("values"), _STEP, Load(_SUMS, index(0))),
    _each("e", _name("numbers"), Store(_TOTAL, _E, Load(_SUMS, _E), add=True)),
))  # fmt: skip
#: the loss, and a sum that is 0 if all numbers are finite, else NaN
_LOST = (
    Store(_name("history"), _STEP, Load(_TOTAL, index(0))),
    Variable("nothing", real(0.0)),
    _each(
        "e", _name("numbers"),
        Let("number", Load(_TOTAL, _E)),
        Add("nothing", _sum(Name("number", "real"), operation("neg", Name("number", "real")))),
    ),
)  # fmt: skip
_FINITE = operation("eq", Name("nothing", "real"), real(0.0))
#: arguments of the update that are known before the loop: what depends on the step alone
_TOLD = Loop("e", "plain", index(0), _name("told_size"), (
    Store(_name("scalars"), _E, Load(_name("told"), _sum(_product(_STEP, _name("told_size")), _E))),
))  # fmt: skip
_CHOSEN = Load(_name("chosen"), _STEP)
_KEPT = _each("e", _name("state_size"), Store(_name("state"), _E, Load(_name("output"), _E)))


def _text(bits: int) -> str:
    functions = Functions((), machine.target(bits))
    code = StatementWriter(functions)
    b = code.builder
    _read(code, SSAValue("%common", "indices", False, 0), b.integer(0), COMMON)
    first, last = (SSAValue(f"%{n}", "index", False, 0) for n in ("first", "last"))
    b.open(first, last, 1, "index", {})
    step = code.env["i"] = b.loops[-1].index
    code.statements([_CLEARED])
    _terms(code)
    code.statements(_LOST)
    b.require(code.value(_FINITE), "failed")
    code.statements([_TOLD])
    update = b.word(code.env["updates"], code.value(_CHOSEN), "reals")
    _call(b, update, *(code.env[n] for n in ("arguments", "results", "lanes", "shared")), b.integer(1))
    code.statements([_KEPT])
    b.close({})
    b.do("ret i64 %last")
    b.start("failed")
    b.do(f"ret i64 {step.text}")
    body = f"define i64 @descend(ptr %common, i64 %first, i64 %last) {{\nentry:\n{b.text()}\n}}"
    return "\n".join([*sorted(b.intrinsics), body])


def _read(code: StatementWriter, table: SSAValue, first: SSAValue, words: Mapping[str, Type]) -> None:
    """Names for the words of a table."""
    b = code.builder
    for k, (word, kind) in enumerate(words.items()):
        code.env[word] = b.word(table, b.sum(first, b.integer(k)), kind)


def _call(b: Builder, run: SSAValue, *given: SSAValue) -> None:
    listed = ", ".join(f"{b.target.type_of(v.kind)} {v.text}" for v in given)
    b.do(f"call void {run.text}({listed})")


def _terms(code: StatementWriter) -> None:
    """Each term on its batch, and their total."""
    b, env = code.builder, code.env
    b.open(b.integer(0), env["count"], 1, "index", {})
    _read(code, env["terms"], b.times(b.loops[-1].index, b.integer(len(TERM))), TERM)
    code.statements(_BATCH)
    b.open(b.integer(0), env["gathers"], 1, "index", {})
    _read(code, env["gather_table"], b.times(b.loops[-1].index, b.integer(len(GATHER))), GATHER)
    code.statements([_GATHERED])
    b.close({})
    _call(b, *(env[n] for n in ("run", "given", "wanted", "own_lanes", "own_shared", "samples")))
    code.statements([_ADDED])
    b.close({})


_loaded: dict[int, machine.Loaded] = {}


def descend(bits: int) -> int:
    """The address of the loop, ``int64_t descend(void **common, int64_t first, int64_t last)``: the step that failed, or ``last``."""
    with compiling:
        if bits not in _loaded:
            text = _text(bits)
            name = disk.key(text, *machine.host(), sys.version)
            code = disk.read(name)
            if code is None:
                code = machine.compile_object(text)
                disk.write(name, code)
            _loaded[bits] = machine.Loaded(code)
        return _loaded[bits].address("descend")


__all__ = ["COMMON", "GATHER", "TERM", "descend"]
