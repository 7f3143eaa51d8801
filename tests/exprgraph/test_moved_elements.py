"""Elements that are moved where they are computed or used: joined arrays in another order, takes, short axes, loops as one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import exprgraph as eg
from exprgraph import Argument
from exprgraph.calculus.components import Components
from exprgraph.graph.node import Node
from exprgraph.graph.traverse import topological
from exprgraph.loops.program import Loop, Store
from exprgraph.loops.verify import verify
from exprgraph.loops.walk import statements_of
from exprgraph.lowering.plan.emit import emit
from exprgraph.lowering.plan.program import Program

A, B = eg.Symbol("a", 20), eg.Symbol("b", (20, 3))
RNG = np.random.default_rng(6)
ORDER = RNG.permutation(40)


def planned(e: Node, batch: bool = False) -> Program:
    """The program of an expression, of one sample or of a block of samples."""
    given = [Argument(s.name, ((s, 0),), s.shape, batch) for s in eg.free_symbols(e)]
    made = emit([e], given, batch=batch, single=False)
    verify(made.loops)
    return made


def loops(program: Program) -> list[str]:
    return [s.axis for k in program.own.kernels for s in statements_of(k.body) if isinstance(s, Loop) and s.axis != "lanes"]


def stores(program: Program) -> int:
    return sum(isinstance(s, Store) for k in program.own.kernels for s in statements_of(k.body))


EXPRESSIONS: dict[str, Callable[[], Node]] = {
    "two parts in another order": lambda: eg.concatenate([eg.sin(A), A**2])[ORDER],
    "one part twice": lambda: eg.concatenate([eg.sin(A), A**2])[np.concatenate([ORDER, ORDER[ORDER < 20]])],
    "one element three times": lambda: eg.concatenate([eg.sin(A), A**2])[np.concatenate([ORDER, [3, 3]])],
    "every third": lambda: eg.concatenate([eg.sin(A), A**2, A])[np.arange(60).reshape(3, 20).T.ravel()],
    "parts of two axes": lambda: eg.concatenate([eg.reshape(eg.sin(B), 60), eg.exp(A)])[RNG.permutation(80)],
    "few known numbers": lambda: eg.concatenate([eg.sin(A), A**2, np.array([3.0])])[RNG.permutation(41)],
    "many known numbers": lambda: eg.concatenate([eg.sin(A), np.arange(20.0), np.full(9, 2.0)])[RNG.permutation(49)],
    "an element that is not there": lambda: eg.concatenate([eg.sin(A), A**2])[ORDER[:-1]],
    "parts that are read elsewhere": lambda: (lambda v: eg.concatenate([v, A**2])[ORDER] * eg.sum(v))(eg.sin(A)),
    "a take that is read at its own position": lambda: (lambda v: eg.sin(v) * v + A)(A[RNG.integers(0, 20, 20)]),
    "a take of rows": lambda: eg.sin(B[RNG.integers(0, 20, 30)]) * 2,
    "a take of rows, and of a range": lambda: eg.sin(B[RNG.integers(0, 20, 30), 1:]) * 2 + B[RNG.integers(0, 20, 30), :1],
    "a take that is read in reverse": lambda: (lambda v: v * v[::-1])(A[RNG.integers(0, 20, 20)]),
    "a take that is summed": lambda: eg.sum(B[RNG.integers(0, 20, 30)], axis=0) * A[RNG.integers(0, 20, 3)],
    "a take of what is computed": lambda: eg.sin(A)[RNG.integers(0, 20, 50)] ** 2,
    "sums over a short axis": lambda: eg.sqrt(eg.sum(B**2, axis=1)) * A,
    "sums over two short axes": lambda: eg.sum(eg.reshape(eg.sin(B[:, :2]), (20, 2, 1)) * np.ones((20, 2, 2)), axis=(1, 2)),
    "several axes": lambda: eg.sin(B) * 2 + B**2,
    "several axes, one of them broadcast": lambda: eg.sin(B) * A[:, None],
    "several axes in another order": lambda: eg.sin(B).T * np.arange(60.0).reshape(3, 20),
    "ranges of rows": lambda: B[1:] * eg.sin(B[:-1]),
    "ranges of columns": lambda: B[:, 1:] * eg.sin(B[:, :-1]),
}  # fmt: skip


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_moved_elements_are_those_of_numpy(name: str) -> None:
    e = EXPRESSIONS[name]()
    symbols = eg.free_symbols(e)
    for batch in ((), (5,)):
        at = {s: RNG.uniform(0.2, 1.0, batch + s.shape) for s in symbols}
        of_samples = {s: eg.Symbol(s.name, s.shape, per_sample=True) for s in symbols} if batch else {s: s for s in symbols}
        own = eg.substitute(e, of_samples)
        planned(own, bool(batch))
        found = eg.compile(own, list(of_samples.values()))(*at.values())
        np.testing.assert_allclose(found, eg.evaluate(own, {of_samples[s]: v for s, v in at.items()}), rtol=1e-13, atol=1e-15)


def test_elements_are_stored_once_where_they_go() -> None:
    for name, count in [("two parts in another order", 2), ("every third", 3), ("one part twice", 3), ("few known numbers", 3)]:
        program = planned(EXPRESSIONS[name]())
        assert stores(program) == count and not program.shared, name
    program = planned(EXPRESSIONS["many known numbers"]())
    assert stores(program) == 2 and len(program.data.constants) == 49


def test_takes_and_short_sums_need_no_loop_of_their_own() -> None:
    for name in ("a take that is read at its own position", "sums over a short axis", "a take of rows"):
        assert len(planned(EXPRESSIONS[name]()).own.kernels) <= 2, name
    assert loops(planned(EXPRESSIONS["a take that is read at its own position"]())) == ["anywhere"]


def test_loops_over_arrays_without_gaps_are_one() -> None:
    assert loops(planned(EXPRESSIONS["several axes"]())) == ["neighbours"]
    assert loops(planned(EXPRESSIONS["ranges of rows"]())) == ["neighbours"]
    for name in ("several axes, one of them broadcast", "several axes in another order", "ranges of columns"):
        assert len(loops(planned(EXPRESSIONS[name]()))) > 1, name


def test_entries_along_a_short_axis() -> None:
    e = eg.sin(B) * A[:, None] + B**2 / 3 - eg.concatenate([B[:, :1], B[:, 1:]], axis=1)
    at = {A: RNG.normal(size=20), B: RNG.normal(size=(20, 3))}
    for k in range(3):
        own = Components({B}).entry(e, 1, k)
        np.testing.assert_allclose(eg.evaluate(own, at), eg.evaluate(e, at)[:, k], rtol=1e-14)
        assert all(n.ndim < 2 or not n.args for n in _computed(own))


def _computed(e: Node) -> list[Node]:
    return [n for n in topological([e]) if n.op.name in ("sum", "product", "sin")]
