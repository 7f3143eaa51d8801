"""The tables of a descent: their words, and how typed loops read them and call addresses in them."""

from __future__ import annotations

from collections.abc import Mapping

from ...loops.print.llvm.builder import SSAValue
from ...loops.print.llvm.statements import StatementWriter
from ...loops.program import Branch, Expression, Let, Load, Loop, Name, Statement, Store, index, operation
from ...loops.types import Type

#: words of the table of the descent
COMMON: Mapping[str, Type] = {
    "count": "index", "terms": "indices", "numbers": "index", "total": "reals", "state": "reals", "state_size": "index",
    "scalars": "reals", "told": "reals", "told_size": "index", "history": "reals", "updates": "indices", "chosen": "indices",
    "arguments": "reals", "results": "reals", "lanes": "reals", "shared": "reals", "output": "reals", "team": "indices",
}  # fmt: skip
#: words of the table of one term; its samples at step i are from ``offsets[i * advance]`` to below the next of ``offsets``.
#: The words from ``threads`` on are for terms whose samples are divided, into at most ``most`` parts, each a multiple of ``grain``
#: samples; the number of threads is 1 for others
TERM: Mapping[str, Type] = {
    "run": "reals", "given": "reals", "wanted": "reals", "own_lanes": "reals", "own_shared": "reals", "gathers": "index",
    "gather_table": "indices", "indices": "indices", "offsets": "indices", "advance": "index", "sums": "reals", "values": "reals",
    "threads": "index", "most": "index", "block": "index", "grain": "index", "part": "reals", "parts": "index", "seats": "indices",
    "shared_size": "index", "sums_size": "index", "totals_at": "indices", "totals": "indices", "pieces": "reals", "piece_size": "index",
}  # fmt: skip
#: words of a gather: source, target, numbers per row
GATHER: Mapping[str, Type] = {"source": "reals", "target": "reals", "size": "index"}
#: words of the memory of a thread, and the last pass for which it has copied what all share
SEAT: Mapping[str, Type] = {"own_wanted": "reals", "m_lanes": "reals", "m_shared": "reals", "m_sums": "reals", "seen": "index"}
#: words of a total of a pass over the samples: whether it is in the shared workspace or in the results, offset, size, and its place
#: among all totals of the pass
TOTAL: Mapping[str, Type] = {"is_shared": "index", "offset": "index", "length": "index", "at": "index"}
#: words of a task of a team
TASK: Mapping[str, Type] = {"term": "indices", "index": "index", "samples": "index", "each": "index", "from": "index", "turn": "index"}

_TYPES = {**COMMON, **TERM, **GATHER, **SEAT, **TOTAL, **TASK}


def name(word: str, kind: Type | None = None) -> Name:
    """The name of a word of the tables, or of a variable of some type."""
    return Name(word, kind or _TYPES[word])


def sum_of(*terms: Expression) -> Expression:
    """A sum."""
    return operation("add", *terms)


def product(a: Expression, b: Expression) -> Expression:
    """A product."""
    return operation("mul", a, b)


def each(e: str, stop: Name, *body: Statement) -> Loop:
    """A loop over neighbours."""
    return Loop(e, "neighbours", index(0), stop, body)


_E, _R, _ROW = (Name(n, "index") for n in ("e", "r", "row"))
_COPIED = Store(name("target"), sum_of(product(_R, name("size")), _E), Load(name("source"), sum_of(product(_ROW, name("size")), _E)))


def gathered(start: Expression, stop: Expression) -> Loop:
    """Rows of a batch, one after another; short ones number by number, since vectors with a mask take longer."""
    return Loop("r", "plain", start, stop, (
        Let("row", Load(name("indices"), sum_of(name("from"), _R))),
        Branch(
            operation("lt", name("size"), index(8)),
            (Loop("e", "plain", index(0), name("size"), (_COPIED,)),),
            (each("e", name("size"), _COPIED),),
        ),
    ))  # fmt: skip


def read(code: StatementWriter, table: SSAValue, row: SSAValue, words: Mapping[str, Type]) -> None:
    """Names for the words of a row of a table."""
    b = code.builder
    first = b.times(row, b.integer(len(words)))
    for k, (word, kind) in enumerate(words.items()):
        code.env[word] = b.word(table, b.sum(first, b.integer(k)), kind)


def call(code: StatementWriter, run: SSAValue, *given: str | SSAValue) -> None:
    """A call of an address, or of a function of the module, with named values."""
    b = code.builder
    values = [code.env[v] if isinstance(v, str) else v for v in given]
    b.do(f"call void {run.text}({', '.join(f'{b.target.type_of(v.kind)} {v.text}' for v in values)})")


def gather(code: StatementWriter, start: Expression, stop: Expression, gathers: SSAValue) -> None:
    """Gather some samples of a batch, for so many arguments."""
    b = code.builder
    b.open(b.integer(0), gathers, 1, "index", {})
    read(code, code.env["gather_table"], b.loops[-1].index, GATHER)
    code.statements([gathered(start, stop)])
    b.close({})


__all__ = ["COMMON", "GATHER", "SEAT", "TASK", "TERM", "TOTAL", "call", "each", "gather", "name", "product", "read", "sum_of"]
