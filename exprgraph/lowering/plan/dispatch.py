"""Steps of the driver: a kernel and its integers; long runs are a loop over the table of steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Union

from ...loops.program import Expression, Let, Load, Loop, Name, Operation, Procedure, Run, Statement, Switch, index
from .inputs import ENTRY

#: the longest run of steps that are called one by one
DIRECT = 2

_STEPS, _STEP, _CODE = Name("STEPS", "indices"), Name("step", "index"), Name("code", "index")


class Step(NamedTuple):
    """A call of a kernel: the number of the kernel, and the offset of its integers in the table."""

    kernel: int
    entry: int


Item = Union[Statement, Step]


def name_of(kernel: int) -> str:
    """The name of a kernel."""
    return f"k{kernel}"


def dispatched(items: Sequence[Item], kernels: Sequence[Procedure], steps: list[Step]) -> tuple[Statement, ...]:
    """Statements, with runs of steps as loops over their table, so that a kernel is called in one place.

    The steps of a run are added to the table here, since steps of different parts may be made in turn.
    """
    out: list[Statement] = []
    run: list[Step] = []
    for item in items:
        if isinstance(item, Step):
            run.append(item)
        else:
            out += _called(run, kernels, steps)
            run = []
            out.append(item)
    return (*out, *_called(run, kernels, steps))


def _called(run: Sequence[Step], kernels: Sequence[Procedure], steps: list[Step]) -> list[Statement]:
    first = len(steps)
    steps += run
    if len(run) <= DIRECT:
        return [_run(s.kernel, kernels, index(s.entry)) for s in run]
    cases = tuple((k, (_run(k, kernels, ENTRY),)) for k in sorted({s.kernel for s in run}))
    place = Operation("mul", (_STEP, index(2)), "index")
    body = (
        Let(_CODE.name, Load(_STEPS, place)),
        Let(ENTRY.name, Load(_STEPS, Operation("add", (place, index(1)), "index"))),
        Switch(_CODE, cases),
    )
    return [Loop(_STEP.name, "plain", index(first), index(len(steps)), body)]


def _run(kernel: int, kernels: Sequence[Procedure], entry: Expression) -> Run:
    parameters = kernels[kernel].parameters
    return Run(name_of(kernel), tuple(entry if p == ENTRY else p for p in parameters))


__all__ = ["DIRECT", "Item", "Step", "dispatched", "name_of"]
