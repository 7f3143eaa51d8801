"""The text of the interpreter: one loop over instructions, and a function for each elementwise row that they apply.

Both are typed loops, printed as the code of compiled functions is.  They are made for one sample, and for the lanes of a block;
numbers lie at their place of the workspace, or in a row of lanes there.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...functions.elementwise import Function
from ...loops.library import needed
from ...loops.print.llvm.builder import Lines, SSAValue
from ...loops.print.llvm.expressions import Functions
from ...loops.print.llvm.module import module
from ...loops.print.llvm.statements import StatementWriter, parameters
from ...loops.program import Expression, Let, Load, Loop, Name, Run, Statement, Store, index, operation, real
from ...loops.substitute import written_out
from ...loops.walk import called_by
from . import machine
from .instructions import FUNCTION_BITS, OPERATION_BITS, PLACE_BITS, Op, Purpose

_W = Name("w", "reals")
_RESULT, _A, _B, _C = (Name(n, "index") for n in ("result", "a", "b", "c"))
_ROW, _LANES, _LANE = (Name(n, "index") for n in ("row", "lanes", "lane"))
_CODE, _TABLE = Name("code", "indices"), Name("table", "indices")
_PLACES = (_RESULT, _A, _B, _C)


def _size(purpose: Purpose) -> tuple[Name, ...]:
    """The parameters for lanes: the distance of rows, and how many lanes there are."""
    return (_ROW, _LANES) if purpose.lanes else ()


def _computed(purpose: Purpose, body: Sequence[Statement], value: Expression) -> tuple[Statement, ...]:
    """The statements that compute and store a value, of one number or of all lanes."""
    stored = (*body, Store(_W, _at(_RESULT, purpose), value))
    return (Loop(_LANE.name, "lanes", index(0), _LANES, stored),) if purpose.lanes else stored


def _at(place: Name, purpose: Purpose) -> Expression:
    return operation("add", operation("mul", place, _ROW), _LANE) if purpose.lanes else place


def _operands(purpose: Purpose) -> tuple[Expression, ...]:
    return tuple(Load(_W, _at(p, purpose)) for p in (_A, _B, _C))


# ---------------------------------------------------------------- the loop over instructions


def _unpacked() -> tuple[Statement, ...]:
    """The parts of the two words of an instruction."""
    first, second, at = Name("first", "index"), Name("second", "index"), Name("at", "indices")

    def part(word: Name, start: int, length: int) -> Expression:
        moved = operation("shift_right", word, index(start)) if start else word
        return moved if start + length == 64 else operation("and_bits", moved, index((1 << length) - 1))

    return (
        Let("first", Load(at, index(0))),
        Let("second", Load(at, index(1))),
        Let("operation", part(first, 0, OPERATION_BITS)),
        Let("result", part(first, OPERATION_BITS, PLACE_BITS)),
        Let("c", part(first, OPERATION_BITS + PLACE_BITS, PLACE_BITS)),
        Let("a", part(second, 0, PLACE_BITS)),
        Let("b", part(second, PLACE_BITS, PLACE_BITS)),
        Let("function", part(second, 2 * PLACE_BITS, FUNCTION_BITS)),
    )


def _arithmetic(a: Expression, b: Expression, c: Expression) -> dict[Op, Expression]:
    product = operation("mul", a, b)
    return {
        Op.ADD: operation("add", a, b),
        Op.SUB: operation("add", a, operation("neg", b)),
        Op.MUL: product,
        Op.DIV: operation("div", a, b),
        Op.MUL_ADD: operation("add", product, c),
        Op.NEG: operation("neg", a),
        Op.SQRT: operation("sqrt", a),
        Op.INVERSE: operation("div", real(1.0), a),
    }


def interpreter(purpose: Purpose) -> str:
    """The text of ``interpret(code, w, table)``, on lanes with ``(..., row, lanes)``; the code ends with :data:`END`.

    ``table`` has the addresses of the functions that instructions apply.
    """
    functions = Functions((), machine.target(purpose.bits))
    code = StatementWriter(functions, contract=False)
    b = code.builder
    given = (_CODE, _W, _TABLE, *_size(purpose))
    code.env = {n.name: SSAValue(f"%{n.name}", n.type, False, 0) for n in given}
    applied = Run("apply", (_TABLE, Name("function", "index"), _W, *_PLACES, *_size(purpose)))
    bodies = {op: _computed(purpose, (), value) for op, value in _arithmetic(*_operands(purpose)).items()} | {Op.APPLY: (applied,)}
    came: list[str] = ["[ %code, %entry ]"]
    phi: Lines = []
    b.do("br label %next")
    b.start("next")
    b.lines.append(phi)  # filled when all blocks are known
    code.env["at"] = SSAValue("%at", "indices", False, 0)
    code.statements(_unpacked())
    b.do("%after = getelementptr i64, ptr %at, i64 2")
    b.do(f"%place = getelementptr ptr, ptr @operations, i64 {code.env['operation'].text}")
    b.do("%operation = load ptr, ptr %place")
    labels = [f"operation.{op.name}" for op in Op]
    b.do(f"indirectbr ptr %operation, [ {', '.join(f'label %{n}' for n in labels)} ]")
    known = dict(b.known[-1])
    for op, label in zip(Op, labels):
        b.start(label)
        if op is Op.END:
            b.do("ret void")
            continue
        code.statements(bodies[op])
        came.append(f"[ %after, %{b.block} ]")
        b.do("br label %next")
        b.known[-1] = dict(known)
    phi.append(f"  %at = phi ptr {', '.join(came)}")
    functions.declared |= b.intrinsics
    loop = f"define void @interpret({parameters(given, functions.target)}) #0 {{\nentry:\n{b.text()}\n}}"
    listed = ", ".join(f"ptr blockaddress(@interpret, %{n})" for n in labels)
    return module(functions, [f"@operations = internal constant [{len(labels)} x ptr] [{listed}]"], [_apply(functions, purpose), loop])


def _apply(functions: Functions, purpose: Purpose) -> str:
    """A jump to a function of the table."""
    of, given = functions.target, (_W, *_PLACES, *_size(purpose))
    listed = parameters(given, of)
    return "\n".join([
        f"define internal void @apply(ptr %table, {of.type_of('index')} %function, {listed}) #0 {{",
        "entry:",
        f"  %place = getelementptr ptr, ptr %table, {of.type_of('index')} %function",
        "  %known = load ptr, ptr %place",
        f"  tail call void %known({listed})",
        "  ret void",
        "}",
    ])  # fmt: skip


def _function(name: str, functions: Functions, given: Sequence[Name], body: Sequence[Statement]) -> str:
    """The text of a function that others call by its address; its arithmetic is rounded as written."""
    code = StatementWriter(functions, contract=False)
    code.env = {n.name: SSAValue(f"%{n.name}", n.type, False, 0) for n in given}
    code.statements(body)
    functions.declared |= code.builder.intrinsics
    return f"define void @{name}({parameters(given, functions.target)}) #0 {{\nentry:\n{code.builder.text()}\n  ret void\n}}"


# ---------------------------------------------------------------- elementwise rows


def row_function(row: Function, purpose: Purpose) -> str:
    """The text of ``row(w, result, a, b, c)``, on lanes with ``(..., row, lanes)``.

    Raises:
        UnreadableError: only Numba can compile it.
    """
    template = row.template
    helpers = {f.name: f._replace(contract=False) for f in template.helpers}
    called = {x for f in (*helpers.values(), template.value) for x in called_by(f)} - helpers.keys()
    library, _ = needed(sorted(called), purpose.bits == 32)
    functions = Functions((*library, *helpers.values()), machine.target(purpose.bits))
    names = [Name(f"x{k}", "real") for k in range(row.arity)]
    lets, value = written_out(template.value, names, lambda name: f"y.{name}")
    loads = [Let(n.name, x) for n, x in zip(names, _operands(purpose))]
    body = _computed(purpose, (*loads, *lets), value)
    given = (_W, *_PLACES, *_size(purpose))
    return module(functions, [], [_function("row", functions, given, body)])


__all__ = ["interpreter", "row_function"]
