"""The threads of a descent as machine code: a pass over the samples is divided among those that are there.

The thread that descends puts a task into the table of its team, at most as many parts as the term has threads.  It takes parts
itself, one after another, and so do the helpers.  So a helper that comes late, or never, costs time and nothing else.  Every part
has memory of its own, and totals are added up in the order of the parts: whoever computes them, the bits are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...loops.print.llvm.builder import SSAValue
from ...loops.print.llvm.expressions import Functions
from ...loops.print.llvm.statements import StatementWriter
from ...loops.program import Branch, Let, Load, Name, Statement, Store, index, operation
from .tables import MEMBER, TASK, TERM, TOTAL, call, each, gather, name, product, read, sum_of

#: a part has a multiple of this many samples; a batch of fewer than two parts is not divided
GRAIN = 16
#: words of a team, in cache lines of their own where threads wait for them: parts that nobody has taken, parts that are done, whether
#: the team has ended, the address of a function that lets other threads run, the task
LEFT, DONE, END, REST, FIRST = 0, 8, 16, 24, 25


class _Words(NamedTuple):
    size: int
    end: int
    rest: int


#: the number of words, and the positions of those that Python writes
TEAM = _Words(FIRST + len(TASK), END, REST)
#: how often a thread looks for a change before it lets others run
LOOKS = 200

_TEAM = SSAValue("%team", "indices", False, 0)
_WORK = SSAValue("@work", "reals", False, 0)
_E, _START, _STOP, _COUNT = (Name(n, "index") for n in ("e", "start", "stop", "parts_of_task"))
_SAMPLES, _EACH, _SHARED, _SUMS = (name(n) for n in ("samples", "each", "own_shared", "sums"))


def functions_of_team(functions: Functions) -> list[str]:
    """The text of ``help(team)``, for threads that help until the team ends, and of ``divided(team, term, samples, from)``."""
    given = "ptr %team, ptr %term, i64 %samples, i64 %from"
    made = (("internal void @work(ptr %team)", _work), (f"internal void @divided({given})", _divided), ("void @help(ptr %team)", _help))
    out = []
    for head, write in made:
        code = StatementWriter(functions)
        write(code)
        functions.declared |= code.builder.intrinsics
        out.append(f"define {head} {{\nentry:\n{code.builder.text()}\n  ret void\n}}")
    return out


def in_parts(samples: SSAValue, code: StatementWriter) -> SSAValue:
    """Whether so many samples of a term are divided."""
    b = code.builder
    several = b.binary("icmp ugt", code.env["threads"], b.integer(1), "truth")
    return b.binary("and", several, b.binary("icmp uge", samples, b.integer(2 * GRAIN), "truth"))


def branch(code: StatementWriter, test: SSAValue, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
    """Either of two pieces of code, whose values are not known after it."""
    b = code.builder
    yes, no, after = (b.label(n) for n in ("yes", "no", "after"))
    b.do(f"br i1 {test.text}, label %{yes}, label %{no}")
    known = dict(b.known[-1])
    for label, write in ((yes, then), (no, otherwise)):
        b.start(label)
        write()
        b.do(f"br label %{after}")
        b.known[-1] = dict(known)
    b.start(after)


# -- words that several threads change


def _place(code: StatementWriter, at: int) -> str:
    return code.builder.here(f"getelementptr i64, ptr {_TEAM.text}, i64 {at}", "indices", False).text


def _load(code: StatementWriter, at: int) -> SSAValue:
    return code.builder.here(f"load atomic i64, ptr {_place(code, at)} acquire, align 8", "index", False)


def _store(code: StatementWriter, at: int, value: str) -> None:
    code.builder.do(f"store atomic i64 {value}, ptr {_place(code, at)} release, align 8")


def _is(code: StatementWriter, v: SSAValue, how: str, other: str) -> str:
    return code.builder.here(f"icmp {how} i64 {v.text}, {other}", "truth", False).text


def _patiently(code: StatementWriter, look: Callable[[str, str], list[str]]) -> None:
    """Look again and again, and now and then let other threads run.

    ``look(end, again)`` emits the test, with branches to these labels, and returns the labels of blocks after work, from which
    it is repeated without a pause.
    """
    b = code.builder
    head, again, tired, end = (b.label(n) for n in ("look", "again", "tired", "end"))
    before, count, heads = b.block, b.name(), list[object]()
    b.do(f"br label %{head}")
    b.start(head)
    b.lines.append(heads)  # type: ignore[arg-type]
    worked = look(end, again)
    zeros = "".join(f", [ 0, %{label} ]" for label in worked)
    heads.append(f"  {count} = phi i64 [ 0, %{before} ], [ {count}.next, %{again} ], [ 0, %{tired} ]{zeros}")
    for label in worked:
        b.start(label)
        b.do(f"br label %{head}")
    b.start(again)
    b.do(f"{count}.next = add i64 {count}, 1")
    b.do(f"br i1 {_is(code, SSAValue(f'{count}.next', 'index', False, 0), 'ult', str(LOOKS))}, label %{head}, label %{tired}")
    b.start(tired)
    rest = b.here(f"load ptr, ptr {_place(code, REST)}, align 8", "reals", False)
    b.do(f"call i32 {rest.text}()")
    b.do(f"br label %{head}")
    b.start(end)


# -- the functions


def _work(code: StatementWriter) -> None:
    """``work(team)``: take parts of the task until none is left."""
    b = code.builder
    b.do("br label %look")
    b.start("look")
    left = _load(code, LEFT)
    b.do(f"br i1 {_is(code, left, 'ne', '0')}, label %take, label %none")
    b.start("take")
    k = b.here(f"sub i64 {left.text}, 1", "index", False)
    taken = b.here(f"cmpxchg ptr {_place(code, LEFT)}, i64 {left.text}, i64 {k.text} acq_rel monotonic, align 8", "pair", False)
    b.do(f"br i1 {b.here(f'extractvalue {{ i64, i1 }} {taken.text}, 1', 'truth', False).text}, label %go, label %look")
    b.start("go")
    code.env["k"] = k
    for at, (word, kind) in enumerate(TASK.items()):
        code.env[word] = b.word(_TEAM, b.integer(FIRST + at), kind)
    read(code, code.env["term"], b.integer(0), TERM)
    read(code, code.env["members"], k, MEMBER)
    end = sum_of(_START, _EACH)
    code.statements([
        Let("start", product(Name("k", "index"), _EACH)),
        Let("stop", operation("select", operation("lt", end, _SAMPLES), end, _SAMPLES)),
        Let("needed", operation("select", operation("eq", name("index"), index(1)), name("gathers"), index(0))),
    ])  # fmt: skip
    gather(code, _START, _STOP, code.env["needed"])  # before the first pass
    call(code, code.env["part"], "given", "own_wanted", "m_lanes", "m_shared", "samples", "index", "start", "stop")
    b.here(f"atomicrmw add ptr {_place(code, DONE)}, i64 1 acq_rel, align 8", "index", False)
    b.do("br label %look")
    b.start("none")


def _divided(code: StatementWriter) -> None:
    """``divided(team, term, samples, from)``: all parts of a term's driver, the passes among them divided."""
    b, env = code.builder, code.env
    env["term"] = SSAValue("%term", "indices", False, 0)
    env.update({n: SSAValue(f"%{n}", "index", False, 0) for n in ("samples", "from")})
    read(code, env["term"], b.integer(0), TERM)
    share = operation("floordiv", sum_of(_SAMPLES, name("threads"), index(-1)), name("threads"))
    code.statements([
        Let("each", product(operation("floordiv", sum_of(share, index(GRAIN - 1)), index(GRAIN)), index(GRAIN))),
        Let("parts_of_task", operation("floordiv", sum_of(_SAMPLES, _EACH, index(-1)), _EACH)),
    ])  # fmt: skip
    b.open(b.integer(0), env["parts"], 1, "index", {})
    at = env["index"] = b.loops[-1].index
    zero = b.integer(0)

    def alone() -> None:
        call(code, env["part"], "given", "wanted", "own_lanes", "own_shared", "samples", at, zero, zero)

    branch(code, b.here(f"trunc i64 {at.text} to i1", "truth", False), lambda: _pass(code), alone)
    b.close({})


def _pass(code: StatementWriter) -> None:
    """One pass over the samples: copies for all parts but the first, the task, the totals."""
    b, env = code.builder, code.env

    def others(*body: Statement) -> None:
        b.open(b.integer(1), env["parts_of_task"], 1, "index", {})
        read(code, env["members"], b.loops[-1].index, MEMBER)
        code.statements(body)
        b.close({})

    others(
        each("e", name("shared_size"), Store(name("m_shared"), _E, Load(_SHARED, _E))),
        each("e", name("sums_size"), Store(name("m_sums"), _E, Load(_SUMS, _E))),
    )
    for at, (word, kind) in enumerate(TASK.items()):
        b.do(f"store {b.target.type_of(kind)} {env[word].text}, ptr {_place(code, FIRST + at)}")
    _store(code, DONE, "0")
    _store(code, LEFT, env["parts_of_task"].text)
    call(code, _WORK, _TEAM)

    def look(end: str, again: str) -> list[str]:
        b.do(f"br i1 {_is(code, _load(code, DONE), 'eq', env['parts_of_task'].text)}, label %{end}, label %{again}")
        return []

    _patiently(code, look)
    first, last = (b.word(env["totals_at"], b.sum(env["index"], b.integer(k)), "index") for k in (0, 1))
    b.open(first, last, 1, "index", {})
    read(code, env["totals"], b.loops[-1].index, TOTAL)
    place = sum_of(name("offset"), _E)
    pairs = ((_SHARED, name("m_shared")), (_SUMS, name("m_sums")))
    shared, sums = (each("e", name("length"), Store(to, place, Load(source, place), add=True)) for to, source in pairs)
    others(Branch(operation("eq", name("is_shared"), index(1)), (shared,), (sums,)))
    b.close({})


def _help(code: StatementWriter) -> None:
    """``help(team)``: take parts of tasks until the team has ended."""
    b = code.builder

    def look(end: str, again: str) -> list[str]:
        on, busy, worked = (b.label(n) for n in ("on", "busy", "worked"))
        b.do(f"br i1 {_is(code, _load(code, END), 'ne', '0')}, label %{end}, label %{on}")
        b.start(on)
        b.do(f"br i1 {_is(code, _load(code, LEFT), 'ne', '0')}, label %{busy}, label %{again}")
        b.start(busy)
        call(code, _WORK, _TEAM)
        b.do(f"br label %{worked}")
        return [worked]

    _patiently(code, look)


__all__ = ["TEAM", "branch", "functions_of_team", "in_parts"]
