"""Nests as procedures: which axis a loop runs over, what is one kernel, and how powers and functions are written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import exprgraph as eg
from exprgraph import Argument
from exprgraph.graph.node import Node
from exprgraph.loops.program import Add, Call, Expression, Let, Load, Loop, Loops, Name, Operation, Procedure, Run, Set, Store, Switch
from exprgraph.loops.verify import parts_of
from exprgraph.loops.walk import expressions_of, statements_of
from exprgraph.lowering.plan.dispatch import DIRECT
from exprgraph.lowering.plan.emit import CHECKED_PAIRS, emit
from exprgraph.lowering.plan.program import Program

a, b, w = eg.Symbol("a", 6), eg.Symbol("b", 6), eg.Symbol("w", (6, 6))
p, q = eg.Symbol("p", 6, per_sample=True), eg.Symbol("q", 6, per_sample=True)
x, y = eg.Symbol("x"), eg.Symbol("y")


def planned(outputs: Node | Sequence[Node], *symbols: Node, single: bool = False) -> Program:
    batch = any(s.per_sample for s in symbols)
    given = [Argument(s.name, ((s, 0),), s.shape, s.per_sample) for s in symbols]
    return emit([outputs] if isinstance(outputs, Node) else outputs, given, batch=batch, single=single)


def axes(kernel: Procedure) -> list[tuple[str, str]]:
    return [(s.index, s.axis) for s in statements_of(kernel.body) if isinstance(s, Loop)]


def operations(program: Loops) -> set[str]:
    expressions = (e for k in program.kernels for s in statements_of(k.body) for e in expressions_of(s))
    return {e.op for whole in expressions for e in parts_of(whole) if isinstance(e, Operation) and e.type == "real"}


def test_innermost_loops_run_over_neighbours_where_all_addresses_move_with_the_index():
    for e, symbols, axis in [
        (a * b, (a, b), "neighbours"), (eg.tanh(a) * 2, (a,), "neighbours"), (w * 2.0, (w,), "neighbours"),
        (a + b[::-1], (a, b), "plain"), (w.T * 2.0, (w,), "plain"), (w * eg.identity(6), (w,), "neighbours"),
    ]:  # fmt: skip
        (kernel,) = planned(e, *symbols).loops.kernels
        assert axes(kernel)[-1][1] == axis, kernel
        assert all(outer == "plain" for _, outer in axes(kernel)[:-1])


def test_small_graphs_of_short_arrays_are_straight_line_code():
    for points, straight in ((4, True), (40, False)):
        z = eg.Symbol("z", (points, 2))
        length = eg.sqrt(eg.sum((z[1:] - z[:-1]) ** 2, axis=1))
        outputs = [eg.stack([length, eg.exp(-length) * z[1:, 0]]), eg.sum(length / (1 + length**2)), z[::-1] * 2]
        assert all(not axes(k) for k in planned(outputs, z).loops.kernels) == straight
        at = np.linspace(-1.0, 2.0, 2 * points).reshape(points, 2) ** 3
        for value, expected in zip(eg.compile(outputs, z)(at), eg.evaluate(outputs, {z: at})):
            np.testing.assert_allclose(value, expected, rtol=1e-14)
    z = eg.Symbol("z", 4)
    assert any(axes(k) for k in planned(eg.sin(z) * z, z).loops.kernels)  # one loop is quick


def test_elements_anywhere_are_lanes_where_that_saves_more_than_it_costs():
    z = eg.Symbol("z", (20, 3))
    for e, axis in [(eg.sin(z[:, 1]) / z[:, 2], "anywhere"), (z[:, 1] * 2, "plain"), (eg.sin(z[:15, 1]), "plain")]:
        (kernel,) = planned(e, z).loops.kernels
        assert axes(kernel) == [("i0", axis)]


def test_the_samples_of_a_block_are_lanes():
    (kernel,) = planned(eg.sin(p) * q, p, q).loops.kernels
    assert axes(kernel) == [("i0", "plain"), ("l", "lanes")]
    assert kernel.parameters[-1] == Name("n", "index") and not kernel.reassociate
    first, second, *_ = planned([eg.over_samples.sum(p), eg.max(p)], p).loops.kernels
    assert axes(first)[-1] == ("l", "lanes") and axes(second)[-1] == ("l", "lanes")


def test_sums_are_added_up_in_any_order_and_extrema_are_chosen_one_after_another():
    total, largest = planned([eg.sum(a * b + a), eg.max(a)], a, b).loops.kernels[-2:]
    if any(isinstance(s, Set) for s in statements_of(total.body)):
        total, largest = largest, total
    assert total.reassociate and axes(total)[-1][1] == "neighbours" and any(isinstance(s, Add) for s in statements_of(total.body))
    assert not largest.reassociate and axes(largest)[-1][1] == "plain"


def test_equal_layers_are_one_kernel_with_other_integers():
    def network(layers: int) -> Program:
        e: Node = a
        for _ in range(layers):
            e = eg.tanh(w @ e)
        return planned(e, a, w)

    few, many = network(5), network(9)
    assert few.loops.kernels == many.loops.kernels
    assert (len(few.data.steps), len(many.data.steps)) == (10, 18)
    assert len({(k.parameters, k.body) for k in many.loops.kernels}) == len(many.loops.kernels)
    assert all(k.parameters[-2:] == (Name("T", "indices"), Name("t", "index")) for k in many.loops.kernels)


def test_rows_of_an_identity_are_one_kernel_of_vectors():
    f = eg.stack([eg.sin(a[0]), a[4], a[2], a[1]])
    program = planned(eg.jacobian(f, a), a)
    (kernel,) = (k for k in program.loops.kernels if "==" in repr(k))
    assert axes(kernel) == [("i0", "neighbours")]
    assert list(program.data.steps[:, 0]).count(program.loops.kernels.index(kernel)) == 3


def test_a_crowded_nest_has_literals_in_place_of_names():
    numbers = eg.symbols([f"n{k}" for k in range(CHECKED_PAIRS)])
    (kernel,) = planned([eg.sin(n) for n in numbers], *numbers).loops.kernels[:1]
    assert Name("T", "indices") not in kernel.parameters
    assert not any(isinstance(s, Let) and s.name.startswith("p") for s in kernel.body)


@pytest.mark.parametrize("steps", [DIRECT, DIRECT + 1])
def test_many_steps_in_a_row_are_a_loop_over_their_table(steps: int):
    e: Node = a
    for _ in range(steps):
        e = eg.tanh(e[::-1]) + eg.max(e)
    (part,) = planned(e, a).loops.parts
    runs = [s for s in part.body if isinstance(s, Run)]
    (*_, last) = part.body
    if isinstance(last, Loop):
        switch = last.body[-1]
        assert isinstance(switch, Switch) and not runs
        assert all(isinstance(s, Run) for _, body in switch.cases for s in body)
        assert sorted(k for k, _ in switch.cases) == list(range(len(switch.cases)))
    else:
        assert len(runs) == len(part.body) <= DIRECT


def test_powers_are_rounded_before_they_are_added_unless_they_are_bounded():
    assert operations(planned(x**2 + y, x, y).loops) == {"mul_apart", "add"}
    assert operations(planned(eg.tanh(x) ** 2 + y, x, y).loops) == {"mul", "add"}
    assert operations(planned(x**0.5 + y, x, y).loops) == {"sqrt", "add"}
    assert operations(planned(y / x**2, x, y).loops) == {"mul_apart", "div"}
    called = [e for k in planned(x**1.3, x).loops.kernels for s in statements_of(k.body) for e in expressions_of(s) if isinstance(e, Call)]
    assert [c.function for c in called] == ["pow"]


def test_an_argument_that_a_function_uses_often_is_computed_once():
    twice = eg.function("used_twice", numpy=lambda t: t * t, derivative=lambda t: 2 * t, code="{0}*{0}")
    program = planned(twice(eg.sin(x) * y), x, y).loops
    every: list[Expression] = [e for k in program.kernels for s in statements_of(k.body) for e in expressions_of(s)]
    sines = [e for whole in every for e in parts_of(whole) if isinstance(e, Call) and e.function == "sin"]
    assert len(sines) == 1


def test_what_is_read_in_one_nest_is_loaded_once():
    (kernel,) = planned([eg.sin(p) * p, eg.cos(p) + p], p).loops.kernels
    loads = [e for s in statements_of(kernel.body) for e in expressions_of(s) for e in parts_of(e) if isinstance(e, Load)]
    assert sum(e.pointer.name == "w" for e in loads) == 1
    assert sum(isinstance(s, Store) for s in statements_of(kernel.body)) == 2


def test_a_key_is_that_of_the_program_and_not_of_its_numbers():
    one, other = (planned(eg.tanh(w @ a) * c, w, a) for c in (2.0, 3.0))
    assert one.key == planned(eg.tanh(w @ a) * 2.0, w, a).key != other.key
    arrays = [planned(eg.array([c, 1, 2, 3, 4, 5]) * a, a) for c in (2.0, 3.0)]
    assert arrays[0].key == arrays[1].key and arrays[0].data.digest != arrays[1].data.digest
    assert len({planned(eg.sin(a), a, single=s).key for s in (False, True)}) == 2
    assert "def" not in one.key and one.called == tuple(sorted(one.called))
