"""What is computed in which loop: values that share data share a nest, and nothing is computed before what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.node import Node
from exprgraph.graph.primitive import RESHAPE
from exprgraph.lowering.plan import nest
from exprgraph.lowering.plan.nest import NEST_LIMIT, STRAIGHT
from exprgraph.lowering.plan.phases import pairwise, phases
from exprgraph.lowering.plan.schedule import INLINE_LIMIT, Schedule, Scheduler
from exprgraph.lowering.plan.storage import Storage

a, b, c, d = (eg.Symbol(n, 6) for n in "abcd")


def scheduled(outputs: Sequence[Node]) -> Schedule:
    """The one phase of outputs that are not per sample."""
    outputs = pairwise(outputs)
    (phase,), lanes = phases(outputs, set())
    return Scheduler(phase, [], set(outputs), lanes, set()).run()


def nests(outputs: Sequence[Node]) -> list[tuple[str, tuple[int, ...], int]]:
    return [(n.kind, n.shape, len(n.assignments)) for n in scheduled(outputs).nests]


def test_arrays_share_a_nest_where_they_share_data():
    assert nests([eg.sin(a), a * b]) == [("pointwise", (6,), 2)]
    assert nests([eg.sin(a), eg.cos(b)]) == [("pointwise", (6,), 1), ("pointwise", (6,), 1)]
    # the nest of a and b is of their data and of what it computes
    assert nests([eg.sin(a) * eg.cos(b), eg.exp(b) + d, eg.tanh(d)]) == [("pointwise", (6,), 3)]
    longer = eg.Symbol("longer", 7)
    assert nests([eg.sin(a), eg.sum(a) * eg.sin(longer)])[0] == ("pointwise", (6,), 1)


def test_rows_given_back_in_any_order_are_one_run_of_rows():
    for order in permutations(range(4)):
        storage = Storage()
        for key in range(5):
            storage.new_rows(key, (key + 1, 2))
        for key in order:
            storage.release(key, (key + 1, 2))
        storage.new_rows("whole", (4, 5))  # 2 + 4 + 6 + 8
        assert (storage.rows, storage.locations["whole"].offset) == (30, 0), order


def test_numbers_share_a_nest_whatever_they_read():
    x = eg.symbols("p q r s t u v w")
    assert nests([eg.sin(s) for s in x]) == [("pointwise", (), 8)]


@pytest.mark.parametrize("shape", [(), (6,)])
def test_a_nest_has_so_many_statements_and_no_more(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nest, "STRAIGHT_NODES", 4000)
    x, most = eg.Symbol("x", shape), NEST_LIMIT if shape else STRAIGHT * NEST_LIMIT
    sizes = [n for _, _, n in nests([(k + 2) * x for k in range(2 * most + 5)])]
    assert sizes == [most, most, 5]


def test_straight_code_of_large_graphs_is_in_shorter_nests(monkeypatch: pytest.MonkeyPatch) -> None:
    x, count = eg.Symbol("x"), 2 * NEST_LIMIT + 5
    monkeypatch.setattr(nest, "STRAIGHT_NODES", count)
    assert [n for _, _, n in nests([(k + 2) * x for k in range(count)])] == [NEST_LIMIT, NEST_LIMIT, 5]


def test_what_a_sum_of_products_gives_is_read_after_it():
    W = eg.Symbol("W", (6, 6))
    got = scheduled([eg.tanh(W @ eg.sin(a)) * a])
    assert [n.kind for n in got.nests] == ["pointwise", "reduce", "pointwise"]
    before, _, after = got.nests
    # sin(a) reads a as well, but what reads the product cannot be beside it
    assert [s.value.op.name for s in before.assignments] == ["sin"]
    assert len(after.assignments) == 1


def test_a_value_that_is_read_at_another_position_is_read_after_its_nest():
    whole = eg.sin(a)
    assert [n for _, _, n in nests([whole, whole + a])] == [2]
    assert [n for _, _, n in nests([whole, whole[::-1] + a])] == [1, 1]


def test_what_is_read_once_is_part_of_the_expression_that_reads_it():
    once = eg.sin(a)
    got = scheduled([once * b])
    assert once in got.inlined and once not in got.stored
    got = scheduled([once * b, once + b])
    assert once not in got.inlined and once in got.stored
    got = scheduled([once[::-1] * b])
    assert once in got.stored  # read elsewhere than where it is computed


def test_an_expression_is_only_so_long():
    e = a
    for _ in range(4 * INLINE_LIMIT):
        e = eg.sin(e)
    got = scheduled([e])
    assert [n.kind for n in got.nests] == ["pointwise"]
    # a sine counts itself and its argument; what begins after one that is stored reads it and counts nothing for it
    assert len(got.nests[0].assignments) == len(got.stored) == 4 * INLINE_LIMIT // (INLINE_LIMIT // 2 + 1) + 1


def test_a_part_of_a_joined_array_is_written_as_soon_as_it_is_computed():
    parts = [eg.sin(a[0])]
    for _ in range(3):
        parts.append(parts[-1] * eg.sin(parts[-1]))  # read twice, so stored
    joined = eg.stack([*parts, eg.as_expression(2.0)])
    (nest,) = scheduled([joined]).nests
    written = [(s.value, s.target) for s in nest.assignments]
    assert written[:-1] == [(p, target) for p in parts for target in (p, joined)]
    assert written[-1][1] is joined  # the number


def test_a_part_is_written_where_it_is_computed_even_if_that_nest_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nest, "STRAIGHT_NODES", 0)
    monkeypatch.setattr(nest, "NEST_LIMIT", 3)
    parts = [eg.sin(a[0])]
    for _ in range(9):
        parts.append(parts[-1] * eg.sin(parts[-1]))
    for n in scheduled([eg.stack(parts)]).nests:
        written = [s.value for s in n.assignments]
        assert written == [v for p in dict.fromkeys(written) for v in (p,) * written.count(p)]
        assert {p for p in parts if p in written} == {s.value for s in n.assignments if s.target is not s.value}


def test_reshaping_what_lies_in_order_is_nothing_to_do():
    row = eg.sin(a)
    got = scheduled([eg.reshape(row, (2, 3)) @ eg.Symbol("W", (3, 2))])
    assert [n.kind for n in got.nests] == ["pointwise", "reduce"]
    assert all(s.value.op is not RESHAPE for n in got.nests for s in n.assignments)
    turned = eg.Symbol("M", (2, 3)).T
    (nest,) = scheduled([eg.reshape(turned, (6,))]).nests
    assert nest.shape == (3, 2)  # copied, element by element of what is read


def _kinds(n: int) -> list[object]:
    """What may stand at an axis: all of it, an index, a part, backwards."""
    return [slice(None), n - 1, slice(1, None), slice(None, None, -1)]


@pytest.mark.one_in(8)
@pytest.mark.parametrize("per_sample", [False, True])
@pytest.mark.parametrize("axis", range(4))
def test_positions_along_an_axis_beside_every_selection_of_the_others(axis: int, per_sample: bool):
    shape = (2, 3, 2, 3)
    x = eg.Symbol("x", shape, per_sample=per_sample)
    value = np.random.default_rng(axis).normal(size=((4,) if per_sample else ()) + shape)
    keys = []
    for others in product(*[_kinds(n) for k, n in enumerate(shape) if k != axis]):
        taken = [1, 0, 1] if shape[axis] == 2 else [2, 0, 2, 1]
        keys.append((*others[:axis], taken, *others[axis:]))
    got = eg.compile([2 * x[k] for k in keys], x)(value)
    for key, result in zip(keys, got):
        want = np.stack([v[key] for v in value]) if per_sample else value[key]
        np.testing.assert_array_equal(result, 2 * want, err_msg=str(key))


@pytest.mark.slow
@pytest.mark.parametrize("per_sample", [False, True])
@pytest.mark.parametrize("axis", range(4))
def test_places_along_an_axis_beside_every_selection_of_the_others(axis: int, per_sample: bool):
    shape = (2, 3, 2, 3)
    rng = np.random.default_rng(axis)
    lead = (4,) if per_sample else ()
    x = eg.Symbol("x", shape, per_sample=per_sample)
    value = rng.normal(size=lead + shape)
    outputs, want = [], []
    for others in product(*[_kinds(n)[:3] for k, n in enumerate(shape) if k != axis]):
        taken = [1, 0, 1] if shape[axis] == 2 else [2, 0, 2, 1]
        key = (*others[:axis], taken, *others[axis:])
        part = x[key]
        weight = rng.normal(size=part.shape)
        # the gradient of a weighted selection puts the weights where the selection reads, adding where it reads twice
        outputs.append(eg.gradient(eg.sum(part * part * weight) / 2, x))
        mask = np.zeros(shape)
        np.add.at(mask, key, weight)
        want.append(mask * value)
    for result, expected in zip(eg.compile(outputs, x)(value), want):
        np.testing.assert_allclose(result, expected, rtol=1e-13, atol=1e-15)
