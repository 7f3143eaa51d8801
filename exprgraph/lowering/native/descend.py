"""The loop of a descent as machine code: gather a batch, evaluate the terms, update, repeat.

It works on tables of addresses, so one piece of code serves every descent; it is compiled once per type of numbers.
Arithmetic is typed loops; accesses to the tables, and calls of addresses in them, are instructions around these.
"""

from __future__ import annotations

from typing import NamedTuple

from ...loops.print.llvm.builder import SSAValue
from ...loops.print.llvm.expressions import Functions
from ...loops.print.llvm.statements import StatementWriter
from ...loops.program import Add, Branch, Let, Load, Loop, Name, Store, Variable, index, operation, real
from ...support.compiling import compiling
from . import machine
from .kept import kept_object
from .loaded import Loaded
from .tables import COMMON, SEAT, TERM, call, each, gather, name, product, read, sum_of
from .team import CALLED, ENDED, TEAM, branch, functions_of_team, in_parts

_BEGIN, _FINISH = (SSAValue(f"@{n}", "reals", False, 0) for n in ("begin", "finish"))
_STEP, _FROM, _SAMPLES, _E = (Name(n, "index") for n in ("i", "from", "samples", "e"))
_TOTAL, _SUMS = name("total"), name("sums")
_SEVERAL = operation("gt", name("count"), index(1))

#: for several terms, the total before the first
_CLEARED = Branch(_SEVERAL, (each("e", name("numbers"), Store(_TOTAL, _E, real(0.0))),))
#: the samples of a batch
_BATCH = (
    Let("at", product(_STEP, name("advance"))),
    Let("from", Load(name("offsets"), Name("at", "index"))),
    Let("samples", sum_of(Load(name("offsets"), sum_of(Name("at", "index"), index(1))), operation("neg", _FROM))),
)
#: for several terms, the value of one, and its addition to the total
_ADDED = Branch(_SEVERAL, (
    Store(name("values"), _STEP, Load(_SUMS, index(0))),
    each("e", name("numbers"), Store(_TOTAL, _E, Load(_SUMS, _E), add=True)),
))  # fmt: skip
#: the loss, and a sum that is 0 if all numbers are finite, else NaN
_LOST = (
    Store(name("history"), _STEP, Load(_TOTAL, index(0))),
    Variable("nothing", real(0.0)),
    each(
        "e", name("numbers"),
        Let("number", Load(_TOTAL, _E)),
        Add("nothing", sum_of(Name("number", "real"), operation("neg", Name("number", "real")))),
    ),
)  # fmt: skip
_FINITE = operation("eq", Name("nothing", "real"), real(0.0))
#: arguments of the update that are known before the loop: what depends on the step alone
_TOLD = Loop("e", "plain", index(0), name("told_size"), (
    Store(name("scalars"), _E, Load(name("told"), sum_of(product(_STEP, name("told_size")), _E))),
))  # fmt: skip
_CHOSEN = Load(name("chosen"), _STEP)
_KEPT = each("e", name("state_size"), Store(name("state"), _E, Load(name("output"), _E)))


def _text(bits: int, together: bool) -> str:
    functions = Functions((), machine.target(bits))
    code = StatementWriter(functions)
    b = code.builder
    read(code, SSAValue("%common", "indices", False, 0), b.integer(0), COMMON)
    if together:
        call(code, _BEGIN, "team")
    first, last = (SSAValue(f"%{n}", "index", False, 0) for n in ("first", "last"))
    b.open(first, last, 1, "index", {})
    step = code.env["i"] = b.loops[-1].index
    code.statements([_CLEARED])
    _terms(code, together)
    code.statements(_LOST)
    b.require(code.value(_FINITE), "failed")
    code.statements([_TOLD])
    update = b.word(code.env["updates"], code.value(_CHOSEN), "reals")
    call(code, update, "arguments", "results", "lanes", "shared", b.integer(1))
    code.statements([_KEPT])
    b.close({})
    if together:
        call(code, _FINISH, "team")
    b.do("ret i64 %last")
    b.start("failed")
    if together:
        call(code, _FINISH, "team")
    b.do(f"ret i64 {step.text}")
    body = f"define i64 @descend(ptr %common, i64 %first, i64 %last) {{\nentry:\n{b.text()}\n}}"
    team = functions_of_team(functions) if together else []
    return "\n".join([*sorted(b.intrinsics | functions.declared), *team, body])


def _terms(code: StatementWriter, together: bool) -> None:
    """Each term on its batch, and their total; ``together``: samples may be divided among threads."""
    b, env = code.builder, code.env
    b.open(b.integer(0), env["count"], 1, "index", {})
    row = b.loops[-1].index
    read(code, env["terms"], row, TERM)
    code.statements(_BATCH)

    def alone() -> None:
        gather(code, index(0), _SAMPLES, env["gathers"])
        call(code, env["run"], "given", "wanted", "own_lanes", "own_shared", "samples")

    def divided() -> None:
        first = b.times(row, b.integer(len(TERM)))
        term = b.here(f"getelementptr i64, ptr {env['terms'].text}, i64 {first.text}", "indices", False)
        call(code, SSAValue("@divided", "reals", False, 0), "team", term, "samples", "from")

    if together:
        branch(code, in_parts(env["samples"], code), divided, alone)
    else:
        alone()
    code.statements([_ADDED])
    b.close({})


_loaded: dict[tuple[int, bool], Loaded] = {}


class Addresses(NamedTuple):
    """The addresses of functions; the last two are 0, unless samples are divided among threads that work together.

    ``int64_t descend(void **common, int64_t first, int64_t last)`` makes steps, and returns the step that failed, or ``last``.
    ``void help(int64_t *team)`` helps in other threads, until the team ends.
    ``void conduct(int64_t *team, void **term, int64_t samples)`` is one call of a term's function.
    """

    descend: int
    help: int
    conduct: int


def descend(bits: int, together: bool) -> Addresses:
    """The code of descents in numbers of so many bits; ``together``: samples may be divided among threads."""
    with compiling:
        if (bits, together) not in _loaded:
            text = _text(bits, together)
            _loaded[bits, together] = Loaded(kept_object(lambda: machine.compile_object(text), text))
        loaded = _loaded[bits, together]
        return Addresses(*(loaded.address(n) for n in Addresses._fields))


__all__ = ["CALLED", "COMMON", "ENDED", "SEAT", "TEAM", "TERM", "Addresses", "descend"]
