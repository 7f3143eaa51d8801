"""What is impossible in a loop program is named."""

import pytest

from exprgraph.loops.errors import LoopError
from exprgraph.loops.operations import OPERATIONS, type_of
from exprgraph.loops.program import (
    Add,
    Branch,
    Call,
    Constant,
    Function,
    Let,
    Load,
    Loop,
    Loops,
    Name,
    Operation,
    Part,
    Procedure,
    Run,
    Set,
    Store,
    Switch,
    Variable,
    index,
    operation,
    real,
)
from exprgraph.loops.verify import verify, verify_procedure, why_not_anywhere, why_not_neighbours

W, S, T, N, INDEX, X = (
    Name("w", "reals"), Name("s", "reals"), Name("T", "indices"), Name("n", "index"), Name("i", "index"), Name("x", "real"),
)  # fmt: skip
GIVEN = (W, S, T, N)


def at(stride: int) -> Operation:
    return operation("add", operation("mul", INDEX, index(stride)), N)


def over(*body, axis="plain"):
    return Loop("i", axis, index(0), N, tuple(body))


def procedure(*body, **flags):
    return Procedure("k0", GIVEN, tuple(body), **flags)


GOOD = procedure(
    Variable("sum", real(0.0)),
    over(
        Let("x", Load(W, operation("add", N, INDEX))),
        Store(W, operation("add", N, INDEX), operation("mul", X, X)),
        Add("sum", X),
        axis="neighbours",
    ),
    Branch(operation("lt", N, index(3)), (Store(S, index(0), Name("sum", "real")),), (Set("sum", real(1.0)),)),
    reassociate=True,
)


def test_a_good_procedure_passes():
    verify_procedure(GOOD, {}, {})


def test_it_is_shown_as_people_read_it():
    assert repr(GOOD).splitlines() == [
        "procedure k0(w: reals, s: reals, T: indices, n: index) reassociated:",
        "    variable sum = 0.0",
        "    for neighbours i from 0 to n:",
        "        x = w[n + i]",
        "        w[n + i] = x * x",
        "        sum += x",
        "    if n < 3:",
        "        s[0] = sum",
        "    else:",
        "        sum := 1.0",
    ]


BAD = [
    ([Store(W, index(0), X)], "x has no value here"),
    ([Let("x", real(1.0)), Let("x", real(2.0))], "x has a value already"),
    ([over(Let("x", real(1.0))), Store(W, N, X)], "x has no value here"),
    ([Let("x", real(1.0)), Set("x", real(2.0))], "x is not a variable"),
    ([Variable("x", real(1.0)), Set("x", index(2))], "x is real, got 2, which is index"),
    ([Variable("k", index(1)), Add("k", real(2.0))], "k is index; accumulators are real"),
    ([Store(T, index(0), real(1.0))], "where a number is stored is reals, got T, which is indices"),
    ([Store(W, real(0.0), real(1.0))], "an address is index, got 0.0, which is real"),
    ([Store(W, index(0), Name("n", "real"))], "n is index, and used as real"),
    ([Store(W, index(0), Operation("add", (real(1.0), index(1)), "real"))], "add takes arguments of one type"),
    ([Store(W, index(0), Operation("sqrt", (real(1.0), real(1.0)), "real"))], "sqrt takes 1 arguments, got 2"),
    ([Store(W, index(0), Operation("cubed", (real(1.0),), "real"))], "no operation 'cubed'"),
    ([Branch(real(1.0), ())], "a condition is truth, got 1.0, which is real"),
    ([Let("t", Operation("lt", (N, N), "real"))], "is truth, not real"),
    ([Store(W, index(0), Constant("1", "real"))], "'1' is not of type real"),
    ([Store(W, Constant("-1", "index"), real(1.0))], "'-1' is not of type index"),
    ([Let("y", Call("tanh", (real(1.0),)))], "there is no function tanh"),
    ([Let("y", Call("atan2", (real(1.0),), library=True))], "atan2 takes 2 reals, got real"),
    ([Run("dots", ())], "there is no procedure dots"),
    ([Run("k0", (W, W, T, real(1.0)))], "k0 takes reals, reals, indices, index, got reals, reals, indices, real"),
    ([Switch(N, ((1, ()), (1, ())))], "1 is there twice"),
    ([Loop("n", "plain", index(0), N, ())], "n has a value already"),
    ([Loop("i", "plain", index(0), N, (), 0)], "steps of 0"),
    ([over(Store(W, at(3), real(0.0)), axis="neighbours")], r"is not i plus a number"),
    ([over(Store(W, N, real(0.0)), axis="lanes")], "every round stores at n"),
    ([over(Let("x", operation("real_of_index", INDEX)), axis="neighbours")], "is computed of the index"),
    ([over(over(axis="plain"), axis="neighbours")], "there is loop in it"),
    ([over(Loop("j", "lanes", index(0), N, ()), Loop("k", "plain", index(0), N, ()), axis="lanes")], "there is loop in it"),
    ([over(Loop("j", "plain", index(0), INDEX, ()), axis="lanes")], "a loop in it differs between rounds"),
    ([Variable("x", real(0.0)), over(Loop("j", "plain", index(0), N, (Set("x", real(1.0)),)), axis="lanes")], "a variable of all rounds"),
    ([over(Loop("j", "plain", index(0), N, (Store(W, N, real(0.0)),)), axis="lanes")], "every round stores at n"),
    ([over(Loop("j", "plain", index(0), N, (Branch(operation("lt", N, N), ()),)), axis="lanes")], "there is branch in it"),
    ([Variable("x", real(0.0)), over(Add("x", real(1.0)), axis="neighbours")], "nothing may be reassociated"),
    ([Variable("x", real(0.0)), over(Set("x", real(1.0)), axis="neighbours")], "there is set in it"),
    ([over(Let("j", Load(T, INDEX)), axis="neighbours")], "is an index of its own in each round"),
    ([over(Store(W, N, real(0.0)), axis="anywhere")], "every round stores at n"),
    ([over(Store(W, INDEX, real(0.0), True), axis="anywhere")], "it adds to what is stored"),
    ([over(Let("x", operation("real_of_index", INDEX)), axis="anywhere")], "is computed of i"),
    ([over(Let("j", operation("add", INDEX, N)), axis="anywhere")], "j is computed of the index"),
    ([over(Store(W, operation("mul", INDEX, INDEX), real(0.0)), axis="anywhere")], "is no multiple of an index"),
    ([over(Let("j", Load(T, INDEX)), Store(W, operation("mod", Name("j", "index"), N), real(0.0)), axis="anywhere")], "is no multiple"),
    ([over(over(axis="plain"), axis="anywhere")], "there is loop in it"),
]


@pytest.mark.parametrize(("body", "message"), BAD)
def test_what_is_impossible_is_named(body, message):
    p = procedure(*body)
    with pytest.raises(LoopError, match=f"procedure k0: .*{message}|procedure k0: {message}"):
        verify_procedure(p, {}, {"k0": p})


def test_what_two_rounds_compute_is_no_address_in_both():
    moved = (Let("k", operation("add", N, INDEX)), Store(W, operation("add", INDEX, Name("k", "index")), real(0.0)))
    assert "is computed of the index" in str(why_not_neighbours(moved, "i"))


def test_neighbours_are_compared_with_an_index():
    def round_with(test):
        return (Store(W, INDEX, operation("select", test, real(1.0), real(0.0))),)

    assert why_not_neighbours(round_with(operation("eq", operation("add", INDEX, N), Load(T, N))), "i") is None
    assert "is not i plus a number" in str(why_not_neighbours(round_with(operation("eq", at(2), N)), "i"))
    assert "is computed of the index" in str(why_not_neighbours(round_with(operation("lt", INDEX, N)), "i"))
    assert "is not i plus a number" in str(why_not_neighbours(round_with(operation("eq", Load(T, INDEX), N)), "i"))


def test_elements_anywhere_have_positions_from_tables():
    j = Name("j", "index")
    body = (Let("j", Load(T, operation("add", INDEX, N))), Store(W, operation("add", operation("mul", j, N), at(2)), Load(W, j)))
    assert why_not_anywhere(body, "i") is None and why_not_neighbours(body, "i") is not None


def test_lanes_have_loops_and_variables_of_their_own():
    total = Name("total", "real")
    element = Load(W, operation("add", operation("mul", Name("j", "index"), N), INDEX))
    inner = Loop("j", "plain", index(0), N, (Add("total", element),))
    outer = over(Variable("total", real(0.0)), inner, Store(W, INDEX, total), axis="lanes")
    verify_procedure(procedure(outer), {}, {})


def test_functions_come_after_those_they_call():
    square = Function("square", ("x",), (), operation("mul", X, X))
    fourth = Function("fourth", ("x",), (Let("y", Call("square", (X,))),), Call("square", (Name("y", "real"),)))
    part = Part((Store(W, index(0), Call("fourth", (real(2.0),))),), samples=True, before=(Store(S, index(0), real(0.0)),))
    verify(Loops(False, 8, 1, ("o",), (square, fourth), (), (GOOD,), (part,)))
    with pytest.raises(LoopError, match="function fourth: .*there is no function square"):
        verify(Loops(False, 8, 1, ("o",), (fourth, square), (), (), ()))
    with pytest.raises(LoopError, match="the program: k0 is there twice"):
        verify(Loops(False, 8, 1, ("o",), (), (GOOD,), (GOOD,), ()))
    late = Part((Store(W, Name("first", "index"), real(0.0)),))
    with pytest.raises(LoopError, match="part 0 of the driver: first has no value here"):
        verify(Loops(False, 8, 1, ("o",), (), (), (), (late,)))


@pytest.mark.parametrize("op", OPERATIONS)
def test_every_operation_takes_and_gives_what_its_row_says(op):
    rule = OPERATIONS[op]
    for given in rule.takes:
        types = [given] * (rule.arity or 3)
        if op == "select":
            types[0] = "truth"
        assert type_of(op, types) == (rule.gives or given)
        with pytest.raises(LoopError, match="takes"):
            type_of(op, ["reals"] * (rule.arity or 2)) if op != "select" else type_of(op, ["truth", "reals", "reals"])


def test_equal_programs_are_equal_and_zeros_are_told_apart():
    assert real(0.0) != real(-0.0) and real(float("nan")) == real(float("nan")) and real(1.0) != index(1)
    assert len({GOOD, procedure(*GOOD.body, reassociate=True), procedure(*GOOD.body)}) == 2
    assert index(-1).value == 2**64 - 1
