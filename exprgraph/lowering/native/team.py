"""The threads of a call or of a descent as machine code: a pass over the samples is divided among the threads that have come.

The thread that computes puts a task into the table of its team, several parts for each thread that may come.  It takes parts
itself, one after another, and so do the helpers.  So a helper that comes late, or never, costs time and nothing else.  Every thread
has a seat with memory of its own, every part a place for its totals, and totals are added up in the order of the parts: whoever
computes them, the bits are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...loops.print.llvm.builder import SSAValue
from ...loops.print.llvm.expressions import Functions
from ...loops.print.llvm.statements import StatementWriter
from ...loops.program import Branch, Expression, Let, Load, Loop, Name, Statement, Store, index, operation
from .tables import SEAT, TASK, TERM, TOTAL, call, each, gather, name, product, read, sum_of

#: words of a team, in cache lines of their own where threads wait for them: parts that nobody has taken; parts that are done; the state
#: of the team; seats that are taken; seats; passes so far; the address of a function that lets other threads run; the task.
#: The upper half of the first, and of the seats that are taken, is the number of the call, and the state is 4 times this number
#: and one of the states below: a helper that comes late from an earlier call gets no part.  So nobody waits until it has left
LEFT, DONE, STATE, TAKEN, SEATS, TURN, REST, FIRST = 0, 8, 16, 24, 32, 33, 34, 35


class _Words(NamedTuple):
    size: int
    state: int
    seats: int
    rest: int


#: the number of words, and the positions of those that Python writes
TEAM = _Words(FIRST + len(TASK), STATE, SEATS, REST)
#: states of a team
WORKS, ENDED, CALLED = 0, 1, 2
#: how often a thread looks for a change before it lets others run
LOOKS = 200
#: how often a helper that was called lets others run before it gives up: an error may have come between the call and the work
PATIENCE = 1 << 12

_TEAM = SSAValue("%team", "indices", False, 0)
#: of a thread, and the number of the call in the upper half of a word
_SEAT, _NUMBER = (SSAValue(n, "index", False, 0) for n in ("%seat", "%number"))
_WORK = SSAValue("@work", "reals", False, 0)
_E, _START, _STOP, _COUNT, _K = (Name(n, "index") for n in ("e", "start", "stop", "parts_of_task", "k"))
_SAMPLES, _EACH, _SHARED, _SUMS = (name(n) for n in ("samples", "each", "own_shared", "sums"))


def functions_of_team(functions: Functions) -> list[str]:
    """The text of functions for teams.

    ``conduct(team, term, samples)`` runs all parts of a term's driver, for one call.  ``help(team)`` helps in other threads until the
    team ends.  ``divided(team, term, samples, from)`` is for a descent, between ``begin(team)`` and ``finish(team)``.
    """
    given = "ptr %team, ptr %term, i64 %samples, i64 %from"
    made = (
        ("internal void @work(ptr %team, i64 %seat, i64 %number)", _work), (f"internal void @divided({given})", _divided),
        ("internal void @begin(ptr %team)", _begin), ("internal void @finish(ptr %team)", _finish),
        ("void @help(ptr %team)", _help), ("void @conduct(ptr %team, ptr %term, i64 %samples)", _conduct),
    )  # fmt: skip
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
    least = b.times(b.integer(2), code.env["grain"])
    return b.binary("and", several, b.binary("icmp uge", samples, least, "truth"))


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
    return code.builder.here(f"load atomic i64, ptr {_place(code, at)} seq_cst, align 8", "index", False)


def _store(code: StatementWriter, at: int, value: str) -> None:
    code.builder.do(f"store atomic i64 {value}, ptr {_place(code, at)} seq_cst, align 8")


def _added(code: StatementWriter, at: int, number: int) -> SSAValue:
    """Add to a word; its value before."""
    return code.builder.here(f"atomicrmw add ptr {_place(code, at)}, i64 {number} seq_cst, align 8", "index", False)


def _is(code: StatementWriter, v: SSAValue, how: str, other: str) -> str:
    return code.builder.here(f"icmp {how} i64 {v.text}, {other}", "truth", False).text


def _rest(code: StatementWriter) -> None:
    """Let other threads run."""
    rest = code.builder.here(f"load ptr, ptr {_place(code, REST)}, align 8", "reals", False)
    code.builder.do(f"call i32 {rest.text}()")


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
    b.lines.append(heads)  # type: ignore[arg-type]  # a list whose text is known below, when it has all entries
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
    _rest(code)
    b.do(f"br label %{head}")
    b.start(end)


# -- the functions


def _number(code: StatementWriter, state: SSAValue) -> SSAValue:
    """The number of the call, in the upper half of a word."""
    b = code.builder
    number = b.here(f"lshr i64 {state.text}, 2", "index", False)
    return b.here(f"shl i64 {number.text}, 32", "index", False)


def _left(code: StatementWriter, number: SSAValue) -> tuple[SSAValue, SSAValue, str]:
    """The word of the parts that are left, their number, and whether there are some of this call."""
    word = _load(code, LEFT)
    left = code.builder.here(f"sub i64 {word.text}, {number.text}", "index", False)
    last = code.builder.here(f"sub i64 {left.text}, 1", "index", False)
    return word, last, _is(code, last, "ult", str(2**32 - 1))


def _begin(code: StatementWriter) -> None:
    """``begin(team)``: another call; helpers may come."""
    b = code.builder
    before = b.here(f"and i64 {_load(code, STATE).text}, {(1 << 34) - 4}", "index", False)  # numbers of 32 bits begin again
    state = b.here(f"add i64 {before.text}, {4 + WORKS}", "index", False)
    taken = b.here(f"or i64 {_number(code, state).text}, 1", "index", False)  # by the thread that begins
    _store(code, TAKEN, taken.text)
    _store(code, STATE, state.text)


def _finish(code: StatementWriter) -> None:
    """``finish(team)``: helpers leave."""
    state = code.builder.here(f"add i64 {_load(code, STATE).text}, {ENDED - WORKS}", "index", False)
    _store(code, STATE, state.text)


def _conduct(code: StatementWriter) -> None:
    """``conduct(team, term, samples)``: one call."""
    code.builder.do("call void @begin(ptr %team)")
    code.builder.do("call void @divided(ptr %team, ptr %term, i64 %samples, i64 0)")
    code.builder.do("call void @finish(ptr %team)")


def _work(code: StatementWriter) -> None:
    """``work(team, seat, number)``: take parts of the task until none is left."""
    b = code.builder
    b.do("br label %look")
    b.start("look")
    before, k, there = _left(code, _NUMBER)
    b.do(f"br i1 {there}, label %take, label %none")
    b.start("take")
    fewer = b.here(f"sub i64 {before.text}, 1", "index", False)
    taken = b.here(f"cmpxchg ptr {_place(code, LEFT)}, i64 {before.text}, i64 {fewer.text} seq_cst monotonic, align 8", "pair", False)
    b.do(f"br i1 {b.here(f'extractvalue {{ i64, i1 }} {taken.text}, 1', 'truth', False).text}, label %go, label %look")
    b.start("go")
    code.env["k"] = k
    for at, (word, kind) in enumerate(TASK.items()):
        code.env[word] = b.word(_TEAM, b.integer(FIRST + at), kind)
    read(code, code.env["term"], b.integer(0), TERM)
    read(code, code.env["seats"], _SEAT, SEAT)
    code.statements([
        Branch(operation("ne", name("seen"), name("turn")), (
            each("e", name("shared_size"), Store(name("m_shared"), _E, Load(_SHARED, _E))),
            each("e", name("sums_size"), Store(name("m_sums"), _E, Load(_SUMS, _E))),
        )),
    ])  # fmt: skip
    seen = b.sum(b.times(_SEAT, b.integer(len(SEAT))), b.integer(list(SEAT).index("seen")))
    place = b.here(f"getelementptr i64, ptr {code.env['seats'].text}, i64 {seen.text}", "indices", False)
    b.do(f"store i64 {code.env['turn'].text}, ptr {place.text}")
    end = sum_of(_START, _EACH)
    code.statements([
        Let("start", product(_K, _EACH)),
        Let("stop", operation("select", operation("lt", end, _SAMPLES), end, _SAMPLES)),
        Let("needed", operation("select", operation("eq", name("index"), index(1)), name("gathers"), index(0))),
        Let("own_piece", product(_K, name("piece_size"))),
    ])  # fmt: skip
    gather(code, _START, _STOP, code.env["needed"])  # before the first pass
    call(code, code.env["part"], "given", "own_wanted", "m_lanes", "m_shared", "samples", "index", "start", "stop")
    kept = [
        each("e", name("length"), Store(name("pieces"), sum_of(Name("own_piece", "index"), name("at"), _E), Load(source, _there())))
        for source in (name("m_shared"), name("m_sums"))
    ]
    _totals(code, Branch(operation("eq", name("is_shared"), index(1)), (kept[0],), (kept[1],)))
    _added(code, DONE, 1)
    b.do("br label %look")
    b.start("none")


def _there() -> Expression:
    return sum_of(name("offset"), _E)


def _totals(code: StatementWriter, *body: Statement) -> None:
    """For each total of the pass."""
    b = code.builder
    first, last = (b.word(code.env["totals_at"], b.sum(code.env["index"], b.integer(k)), "index") for k in (0, 1))
    b.open(first, last, 1, "index", {})
    read(code, code.env["totals"], b.loops[-1].index, TOTAL)
    code.statements(body)
    b.close({})


def _rounded_up(a: Expression, b: Expression) -> Expression:
    return operation("floordiv", sum_of(a, b, index(-1)), b)


def _divided(code: StatementWriter) -> None:
    """``divided(team, term, samples, from)``: all parts of a term's driver, the passes among them divided."""
    b, env = code.builder, code.env
    env["term"] = SSAValue("%term", "indices", False, 0)
    env.update({n: SSAValue(f"%{n}", "index", False, 0) for n in ("samples", "from")})
    read(code, env["term"], b.integer(0), TERM)
    whole, share, fine = name("block"), Name("share", "index"), Name("fine", "index")
    code.statements([
        Let("share", _rounded_up(_SAMPLES, name("threads"))),
        # parts shorter than a block take longer, but every thread has one
        Let("longest", operation("select", operation("lt", share, whole), share, whole)),
        Let("fine", _rounded_up(_SAMPLES, name("most"))),
        Let("rough", operation("select", operation("lt", fine, Name("longest", "index")), Name("longest", "index"), fine)),
        Let("each", product(_rounded_up(Name("rough", "index"), name("grain")), name("grain"))),
        Let("parts_of_task", _rounded_up(_SAMPLES, _EACH)),
    ])  # fmt: skip
    b.open(b.integer(0), env["parts"], 1, "index", {})
    at = env["index"] = b.loops[-1].index
    zero = b.integer(0)

    def alone() -> None:
        call(code, env["part"], "given", "wanted", "own_lanes", "own_shared", "samples", at, zero, zero)

    branch(code, b.here(f"trunc i64 {at.text} to i1", "truth", False), lambda: _pass(code), alone)
    b.close({})


def _pass(code: StatementWriter) -> None:
    """One pass over the samples: the task, and the totals of all parts."""
    b, env = code.builder, code.env
    env["turn"] = b.here(f"add i64 {_added(code, TURN, 1).text}, 1", "index", False)
    for at, (word, kind) in enumerate(TASK.items()):
        b.do(f"store {b.target.type_of(kind)} {env[word].text}, ptr {_place(code, FIRST + at)}")
    _store(code, DONE, "0")
    number = _number(code, _load(code, STATE))
    _store(code, LEFT, b.here(f"or i64 {number.text}, {env['parts_of_task'].text}", "index", False).text)
    call(code, _WORK, _TEAM, b.integer(0), number)

    def look(end: str, again: str) -> list[str]:
        b.do(f"br i1 {_is(code, _load(code, DONE), 'eq', env['parts_of_task'].text)}, label %{end}, label %{again}")
        return []

    _patiently(code, look)
    ways = []
    for to in (_SHARED, _SUMS):
        place = sum_of(product(_K, name("piece_size")), name("at"), _E)
        ways.append((
            each("e", name("length"), Store(to, _there(), Load(name("pieces"), sum_of(name("at"), _E)))),
            Loop("k", "plain", index(1), _COUNT, (
                each("e", name("length"), Store(to, _there(), Load(name("pieces"), place), add=True)),
            )),
        ))  # fmt: skip
    _totals(code, Branch(operation("eq", name("is_shared"), index(1)), *ways))


def _help(code: StatementWriter) -> None:
    """``help(team)``: take a seat, and parts of tasks, until the call has ended."""
    b = code.builder
    b.do("br label %wait")
    b.start("wait")
    b.do("%waited = phi i64 [ 0, %entry ], [ %waited.next, %called ]")
    kind = b.here(f"and i64 {_load(code, STATE).text}, 3", "index", False)
    b.do(f"switch i64 {kind.text}, label %leave [ i64 {WORKS}, label %sit i64 {CALLED}, label %called ]")
    b.start("called")
    _rest(code)
    b.do("%waited.next = add i64 %waited, 1")
    b.do(f"br i1 {_is(code, SSAValue('%waited.next', 'index', False, 0), 'ult', str(PATIENCE))}, label %wait, label %leave")
    b.start("sit")
    taken = _added(code, TAKEN, 1)
    seat = b.here(f"and i64 {taken.text}, {2**32 - 1}", "index", False)
    number = b.here(f"sub i64 {taken.text}, {seat.text}", "index", False)
    own = b.here(f"lshr i64 {number.text}, 30", "index", False)  # the state while the call lasts
    b.do(f"br i1 {_is(code, seat, 'ult', b.word(_TEAM, b.integer(SEATS), 'index').text)}, label %stay, label %leave")
    b.start("stay")

    def look(end: str, again: str) -> list[str]:
        on, busy, worked = (b.label(n) for n in ("on", "busy", "worked"))
        b.do(f"br i1 {_is(code, _load(code, STATE), 'ne', own.text)}, label %{end}, label %{on}")
        b.start(on)
        b.do(f"br i1 {_left(code, number)[2]}, label %{busy}, label %{again}")
        b.start(busy)
        call(code, _WORK, _TEAM, seat, number)
        b.do(f"br label %{worked}")
        return [worked]

    _patiently(code, look)
    b.do("br label %leave")
    b.start("leave")


__all__ = ["CALLED", "ENDED", "TEAM", "branch", "functions_of_team", "in_parts"]
