"""Loops of constant length: one node, whose graph and code do not grow with the length, and whose derivatives are loops."""

from __future__ import annotations

import copy
import pickle
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.graph.traverse import topological
from exprgraph.interop import to_sympy
from exprgraph.scans.body import SCAN, Recurrence
from exprgraph.testing import (
    bounds,
    check_batches,
    check_derivatives,
    check_identity,
    check_text,
    check_values,
    evaluate_precisely,
    rounding_errors,
)
from exprgraph.testing.growing import GROW, AtRandom, grow, symbols_for
from exprgraph.testing.scans import grown

sys.path.append(str(Path(__file__).parent.parent / "loops"))

from c_compiler import function, library, needs_a_compiler
from forms import Case

U, W, B, XS = eg.Symbol("u", 3), eg.Symbol("W", (3, 3)), eg.Symbol("b", 3), eg.Symbol("xs", (5, 3))
T = eg.Symbol("t")
RNG = np.random.default_rng(0)
AT = {U: RNG.normal(size=3), W: RNG.normal(size=(3, 3)), B: RNG.normal(size=3), XS: RNG.normal(size=(5, 3)), T: 0.3}


def step(state: Any, x: Any) -> tuple[Any, Any]:
    """A recurrent layer, and a running sum."""
    h = eg.tanh(W @ state["h"] + x * eg.exp(T) + B)
    return {"h": h, "sum": state["sum"] + eg.sum(h)}, (h * 2, x)


def unrolled(xs: Any, backwards: bool = False) -> tuple[Any, Any]:
    """The same without a loop."""
    state: Any = {"h": U, "sum": eg.as_expression(0.0)}
    gives: dict[int, Any] = {}
    for k in range(4, -1, -1) if backwards else range(5):
        state, gives[k] = step(state, xs[k])
    return state, tuple(eg.stack([gives[k][i] for k in range(5)]) for i in (0, 1))


class Pair(NamedTuple):
    """A scalar of a loop's results, and the same of the unrolled ones."""

    loop: eg.Node
    unrolled: eg.Node


def of_all(state: Any, gives: Any) -> eg.Node:
    """A scalar of all results."""
    return eg.sum(state["h"] ** 2) + state["sum"] * eg.sum(gives[0][1:3] ** 3) + eg.sum(gives[1])


def pair(xs: eg.Node = XS, **options: Any) -> Pair:
    made = eg.scan(step, {"h": U, "sum": 0.0}, xs, **options)
    return Pair(of_all(*made), of_all(*unrolled(xs, options.get("reverse", False))))


def assert_near(got: Any, want: Any) -> None:
    for g, w in zip(got, want):
        np.testing.assert_allclose(g, w, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"checkpoint": 2}, {"checkpoint": "sqrt", "reverse": True}, {"checkpoint": 7}])
def test_values_are_those_of_the_rounds(options: dict[str, Any]) -> None:
    state, gives = eg.scan(step, {"h": U, "sum": 0.0}, XS, **options)
    want_state, want_gives = unrolled(XS, options.get("reverse", False))
    assert state.keys() == want_state.keys() and gives[0].shape == (5, 3)
    got, want = (eg.evaluate([s["h"], s["sum"], *g], AT) for s, g in ((state, gives), (want_state, want_gives)))
    assert_near(got, want)


def test_without_arrays_and_without_results() -> None:
    last, powers = eg.scan(lambda c, x: (c * T, c if x is None else 0.0), 1.0, length=4)
    assert eg.evaluate([last, powers], {T: 2.0})[1].tolist() == [1.0, 2.0, 4.0, 8.0]
    last, nothing = eg.scan(lambda c, _: (c * T, None), 1.0, length=4)
    assert nothing is None and eg.evaluate(last, {T: 2.0}) == 16.0
    assert eg.evaluate(eg.fori(5, lambda i, c: c * i + 1, T), {T: 2.0}) == 65.0
    assert eg.scan(step, {"h": U, "sum": T}, XS[:0])[0] == {"h": U, "sum": T}
    assert eg.scan(lambda c, x: (c, x * T), 1.0, XS)[0] is eg.as_expression(1.0)


def test_results_per_sample_and_batches() -> None:
    xs = eg.Symbol("xs", (5, 3), per_sample=True)
    loss = eg.over_samples.mean(pair(xs).loop)
    same = eg.over_samples.mean(pair(xs).unrolled)
    at = {**AT, xs: RNG.normal(size=(7, 5, 3))}
    del at[XS]
    args = (U, W, B, T, xs)
    made = [pair(xs).loop, loss, *(eg.gradient(loss, s) for s in args[:4])]
    want = [pair(xs).unrolled, same, *(eg.gradient(same, s) for s in args[:4])]
    found = eg.evaluate(made, at)
    assert_near(found, eg.evaluate(want, at))
    assert_near(eg.compile(made, args)(*(at[a] for a in args)), found)


def test_a_state_that_becomes_per_sample_in_the_loop() -> None:
    x = eg.Symbol("x", per_sample=True)
    last, _ = eg.scan(lambda c, _: (c + x, None), 1.0, length=3)
    assert last.per_sample and eg.evaluate(last, {x: [1.0, 2.0]}).tolist() == [4.0, 7.0]
    with pytest.raises(eg.ExprGraphError, match="a sum or a mean over samples inside of a loop"):
        eg.scan(lambda c, _: (eg.over_samples.mean(eg.tanh(x + c)), None), 1.0, length=3)
    outside = eg.over_samples.mean(x)  # and so is the mean of x * c
    assert eg.evaluate(eg.fori(3, lambda i, c: eg.over_samples.mean(x * c), 1.0), {x: [1.0, 3.0]}) == 8.0
    assert eg.evaluate(eg.fori(3, lambda i, c: c + outside, 0.0), {x: [1.0, 2.0]}) == 4.5


# ---------------------------------------------------------------- derivatives


@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"checkpoint": 2}])
def test_first_derivatives_in_both_modes(options: dict[str, Any]) -> None:
    f, same = pair(**options)
    symbols = (U, W, B, XS, T)
    want = eg.evaluate([eg.gradient(same, s) for s in symbols], AT)
    assert_near(eg.evaluate([eg.jacobian(f, s, "forward") for s in symbols], AT), want)
    assert_near(eg.evaluate(eg.jacobians(f, symbols, "reverse"), AT), want)


def test_a_checkpoint_bounds_the_memory_of_reverse_mode() -> None:
    def memory(checkpoint: Any) -> int:
        last, _ = eg.scan(lambda h, _: (eg.tanh(W @ h + B), None), U, length=4096, checkpoint=checkpoint)
        made = eg.jacobians(eg.sum(last), (W, B))
        assert eg.parse(eg.to_python(made[0])) is made[0]
        return eg.compile(made, (W, B, U)).core.program(batch=False).shared

    assert memory(None) > 3 * 4096 > 8 * memory("sqrt")


def test_second_and_third_derivatives() -> None:
    f, same = pair()

    def of(e: eg.Node) -> list[eg.Node]:
        mixed = [eg.jacobian(eg.gradient(e, W), B, "forward"), eg.jacobian(eg.gradient(e, W), T, "reverse")]
        return [*mixed, eg.hessian(e, U), eg.laplacian(e, U), eg.diff(e, T, 3)]

    assert_near(eg.evaluate(of(f), AT), eg.evaluate(of(same), AT))


def test_sparse_jacobians_know_what_rounds_reach() -> None:
    last, sums = eg.scan(lambda c, x: (c + x[:2], c * x[2]), U[:2], XS)
    states = [U[:2]]
    for k in range(5):
        states.append(states[-1] + XS[k][:2])
    for e, same in ((sums, eg.stack(states[:5]) * XS[:, 2:]), (last, states[5])):
        found, want = eg.jacobian(e, XS, sparse=True), eg.jacobian(same, XS, sparse=True)
        assert sorted(zip(found.rows, found.columns)) == sorted(zip(want.rows, want.columns))
    assert len(found.rows) == 10


def test_what_is_behind_a_choice_does_not_matter() -> None:
    """Not in a later round either, and to the second order."""
    for f in (lambda c: eg.minimum(eg.exp(c), 1.0), lambda c: eg.where(c > 5.0, 1.0, eg.sqrt(c - 10.0))):
        last = eg.fori(3, lambda i, c: f(c) * 1000.0, T)  # noqa: B023
        for mode in ("forward", "reverse"):
            slope = eg.jacobian(last, T, mode)
            assert eg.evaluate([slope, eg.jacobian(slope, T, mode)], {T: 1000.0}) == [0.0, 0.0]


def test_values_of_a_loop_may_be_infinite_behind_a_choice() -> None:
    """What a body gets is no symbol of a user, which is taken as finite."""
    x, y = eg.symbols("x y")
    steps = {
        "shared": (lambda a: a * eg.exp(y), eg.minimum(x, 1.0)),
        "chosen each round": (lambda a: eg.minimum(a * eg.exp(y), 2.0), eg.minimum(x, 1.0)),
        "with roots": (lambda a: eg.where(a > 0, eg.sqrt(a), 0.0) * eg.exp(y), eg.relu(x)),
    }
    for name, (step, start) in steps.items():
        plain = step(step(step(start)))
        loop = eg.fori(3, lambda i, a: step(a), start)  # noqa: B023
        both = []
        for e in (loop, plain):
            slopes = [eg.jacobian(e, x, mode) for mode in ("forward", "reverse")]
            both.append(slopes + [eg.jacobian(s, z, mode) for s in slopes for z in (x, y) for mode in ("forward", "reverse")])
        for at in ({x: 5.0, y: 1000.0}, {x: 5.0, y: 0.5}, {x: -1.0, y: 0.5}):
            got, want = (eg.evaluate(e, at) for e in both)
            np.testing.assert_allclose(got, want, rtol=1e-12, err_msg=f"{name} at {at}")


def test_only_what_moves_is_carried() -> None:
    """The counter and the state without a tangent have none; a gradient lists only the states that it needs."""
    (_, last), _ = eg.scan(lambda c, _: ((c[0] * 1.1, c[1] * T + c[0]), None), (2.0, 1.0), length=6)
    for mode in ("forward", "reverse"):
        slope = eg.jacobian(last, T, mode)
        loops = [Recurrence.of(n) for n in topological([slope]) if n.op is SCAN]
        assert max(len(loop.body.carry) for loop in loops) <= 3
        h = 1e-6
        up, down = (eg.evaluate(last, {T: 1.5 + d}) for d in (h, -h))
        assert abs(eg.evaluate(slope, {T: 1.5}) - (up - down) / (2 * h)) < 1e-6


# ---------------------------------------------------------------- the node


def test_equal_loops_are_one_node() -> None:
    f, _ = pair()
    assert pair().loop is f
    assert eg.scan(lambda a, b: (a * b, None), T, XS[:, 0])[0] is eg.scan(lambda c, d: (d * c, None), T, XS[:, 0])[0]
    assert pickle.loads(pickle.dumps(f)) is f is copy.deepcopy(f) is eg.substitute(f, {})
    assert eg.free_symbols(f) == (W, B, T, U, XS)


def test_a_loop_in_a_loop_reads_its_own_symbols_and_the_outer_ones() -> None:
    def outer(c: eg.Node, x: eg.Node) -> tuple[eg.Node, eg.Node]:
        inner, _ = eg.scan(lambda d, y: (d * y + c, None), c + x[0], x)
        return inner, inner + c

    last, gives = eg.scan(outer, T, XS)

    def by_hand(t: float, xs: np.ndarray) -> tuple[float, list[float]]:
        c, out = t, []
        for x in xs:
            d = c + x[0]
            for y in x:
                d = d * y + c
            out.append(d + c)
            c = d
        return c, out

    want = by_hand(AT[T], AT[XS])
    assert_near(eg.evaluate([last, gives], AT), want)
    assert_near(eg.compile([last, gives], (T, XS))(AT[T], AT[XS]), want)
    f = eg.sum(gives)
    forward, reverse = (eg.jacobian(f, XS, mode) for mode in ("forward", "reverse"))
    assert_near([eg.evaluate(forward, AT)], [eg.evaluate(reverse, AT)])
    assert_near([eg.compile(reverse, (T, XS))(AT[T], AT[XS])], [eg.evaluate(forward, AT)])


def test_what_does_not_change_moves_out_and_what_nobody_reads_is_gone() -> None:
    (a, last), gives = eg.scan(lambda c, x: ((c[0], c[1] + eg.exp(T) * c[0] + x * 0.0), (eg.sin(T), x)), (U, U * 0.0), XS)
    assert a is U and gives[1] is XS and eg.evaluate(gives[0], AT).tolist() == [np.sin(0.3)] * 5
    (loop,) = [Recurrence.of(n) for n in topological([last]) if n.op is SCAN]
    assert len(loop.body.carry) == 1 and eg.exp(T) * U in loop.given
    assert eg.contains(last, eg.exp(T))


def test_neither_graph_nor_code_grows_with_the_length() -> None:
    def made(n: int) -> list[eg.Node]:
        last = eg.fori(n, lambda i, h: eg.tanh(W @ h + B / (i + 1.0)), U)
        return [last, *eg.jacobians(eg.sum(last**2), (W, B, U))]

    short, long = made(10), made(10_000)
    assert eg.count_nodes(short) == eg.count_nodes(long) < 80
    programs = [eg.compile(e, (W, B, U)).core.program(batch=False) for e in (short, long)]
    assert programs[0].code == programs[1].code and programs[0].key == programs[1].key
    assert all(np.isfinite(v).all() for v in eg.compile(long, (W, B, U))(AT[W], AT[B], AT[U]))


def test_a_value_and_its_derivatives_go_through_one_loop() -> None:
    """Compiled code has one loop of the states, and one of the cotangents, for all of them."""
    f, _ = pair()
    made = [f, *(eg.gradient(f, s) for s in (W, B, U, T)), eg.jvp(f, T, 1.0)]
    fn = eg.compile(made, (U, W, B, XS, T))
    assert fn.core.program(batch=False).code.count("for r0 in range") == 2
    assert_near(fn(*(AT[s] for s in (U, W, B, XS, T))), eg.evaluate(made, AT))
    # states that start alike and differ later stay apart; those of another length, too
    both = [eg.scan(lambda c, x: (c * k + x, c), 1.0, XS[:n, 0])[1] for k, n in ((T, 5), (2.0, 5), (T, 4), (T, 5))]  # noqa: B023
    fn = eg.compile([*both, both[0] + 0 * T], (XS, T))
    assert fn.core.program(batch=False).code.count("for r0 in range") == 3
    assert_near(fn(AT[XS], AT[T]), eg.evaluate([*both, both[0] + 0 * T], AT))


def test_errors_name_the_entry() -> None:
    with pytest.raises(eg.ShapeError, match=r"carry\['h'\] has shape \(3,\) before a step, and \(2,\) after it"):
        eg.scan(lambda c, _: ({"h": c["h"][:2]}, None), {"h": U}, length=3)
    with pytest.raises(eg.ShapeError, match=r"changes the nesting of the carry: carry\[1\] is gone"):
        eg.scan(lambda c, _: ((c[0],), None), (U, U), length=3)
    with pytest.raises(eg.ShapeError, match=r"xs\['a'\] has 4 entries along its first axis, expected 5"):
        eg.scan(lambda c, x: (c, None), U, {"b": XS, "a": XS[1:]})
    with pytest.raises(eg.ShapeError, match="xs is a number"):
        eg.scan(lambda c, x: (c, None), U, T)
    with pytest.raises(ValueError, match="give xs, or the number of rounds"):
        eg.scan(lambda c, x: (c, None), U)
    with pytest.raises(ValueError, match="length is a whole number of at least 0, got -1"):
        eg.scan(lambda c, x: (c, None), U, length=-1)
    with pytest.raises(TypeError, match=r"returns the next carry and a result, .* got a Node"):
        eg.scan(lambda c, x: c, U, length=2)  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match='checkpoint is a number of rounds of at least 1, or "sqrt", got 0'):
        eg.scan(lambda c, x: (c, None), U, length=2, checkpoint=0)


def test_rules_simplify_bodies_too() -> None:
    last = eg.fori(5, lambda i, c: eg.log(eg.exp(c * T)) + (c + T - c), T)
    simpler = eg.simplify(last, "log_exp")
    assert simpler is eg.simplify(eg.fori(5, lambda i, c: T + c * T, T)) and eg.count_nodes(simpler) < eg.count_nodes(last)
    assert_near(eg.evaluate([simpler], AT), eg.evaluate([last], AT))


# ---------------------------------------------------------------- text


def test_it_prints_and_is_read_back() -> None:
    last, gives = eg.scan(lambda c, x: (c * x + T, c), 1.0, XS[:, 0])
    assert str(last) == "recurrence('next_c1 = (c1*x1) + k1; y1 = c1', 5, c1=1, x1=xs[:, 0], k1=t)[0]"
    for e in (last, gives, eg.diff(last, T), eg.gradient(eg.sum(gives), XS)):
        assert eg.parse(eg.to_python(e)) is e
        assert eg.parse(str(e), eg.free_symbols(e)) is e
    assert r"\operatorname{scan}_{5}" in eg.latex(last) and "recurrence" in eg.to_dot(last)
    named = eg.Symbol("recurrence")
    assert eg.parse(str(last * named), [XS, T]) is last * named


def test_a_recurrence_says_what_is_wrong() -> None:
    assert eg.evaluate(eg.recurrence("next_c1 = c1*x1; y1 = c1", 3, True, c1=1.0, x1=[2.0, 3.0, 5.0])).tolist() == [30.0, 15.0, 5.0, 1.0]
    for text, operands, why in (
        ("next_c1 = c1", {"c2": 1.0}, "'c2' is not expected here"),
        ("y1 = c1", {"c1": 1.0}, "does not say what next_c1 is"),
        ("next_c1 = c1*[1, 2]", {"c1": 1.0}, r"c1 has shape \(\), and next_c1 shape \(2,\)"),
        ("next_c1 = c1", {"c1": 1.0, "x1": 2.0}, "its first axis counts the 3 rounds"),
    ):
        with pytest.raises(eg.ShapeError, match=why):
            eg.recurrence(text, 3, **operands)
    with pytest.raises(eg.ParseError, match="the name 'k7' is unknown"):
        eg.recurrence("next_c1 = k7", 3, c1=1.0)


def test_sympy_gets_it_unrolled() -> None:
    x, y = eg.symbols("x y")
    _, gives = eg.scan(lambda c, _: (c * x + y, c), y, length=3)
    assert str(to_sympy(gives)) == "[y, x*y + y, x*(x*y + y) + y]"
    with pytest.raises(eg.ShapeError, match="SymPy gets a loop unrolled"):
        to_sympy(eg.fori(10_000, lambda i, c: c * x + y, y))


# ---------------------------------------------------------------- the kit


def test_values_of_fifty_digits_bounds_and_rounding() -> None:
    f, same = pair()
    got, want = (evaluate_precisely(e, AT) for e in (f, same))
    assert abs(got - want) < 1e-40
    (size,) = rounding_errors([f], AT)
    assert 1e-16 < size < 1e-10
    low, high = bounds(eg.scan(lambda c, _: (eg.tanh(c + T), None), T, length=10_000)[0])
    assert -1.0 < low < -0.7 and 0.7 < high < 1.0
    assert bounds(eg.scan(lambda c, _: (c + 1.0, None), T, length=10)[0])[1] == 11.0
    assert eg.count_ops(eg.scan(lambda c, x: (c * T + x, None), U, XS)[0]) == 5 * eg.count_ops(U * T + B)


@pytest.mark.one_in(24)
@pytest.mark.parametrize("seed", range(24))
def test_random_loops_pass_every_check(seed: int) -> None:
    with GROW.replaced(grown, SCAN):
        choice = AtRandom(seed)
        e = grow(choice, symbols_for(choice, 2, seed % 2 == 0), 3, end=SCAN)
    compiled = seed % 4 == 0
    check_derivatives(e, 2, compiled=compiled, seed=seed)
    check_values(e, compiled=compiled)
    check_identity(e, eg.parse(eg.to_python(e)), order=1)
    check_text(e)
    if compiled:
        check_batches(e)


@needs_a_compiler
@pytest.mark.one_in(2)
@pytest.mark.parametrize("per_sample", [True, False])
def test_c_has_the_bits_of_the_typed_loops(tmp_path: Path, per_sample: bool) -> None:
    xs = eg.Symbol("xs", (5, 3), per_sample=per_sample)
    e = eg.over_samples.mean(pair(xs).loop) if per_sample else pair(xs, reverse=True).loop
    symbols = (U, W, B, T, xs)
    case = Case([e, *eg.jacobians(e, [W, B])], symbols, False, 3, per_sample)
    arrays = [np.asarray(AT[s], float) for s in symbols[:4]] + [RNG.normal(size=(3,) * per_sample + (5, 3))]
    found = case.by_c(function(library(case.named("f"), tmp_path), "f"), arrays)
    for ours, theirs in zip(found, case.by_interpreter(arrays), strict=True):
        np.testing.assert_array_equal(ours, theirs)
