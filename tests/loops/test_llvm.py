"""Typed loops as machine code: what each statement and each operation does, and what becomes a vector."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from hand_made import Running, program, text_of

from exprgraph.loops.errors import LoopError, UnreadableError
from exprgraph.loops.operations import OPERATIONS
from exprgraph.loops.print.llvm.driver import AT_HAND
from exprgraph.loops.program import (
    Add,
    Branch,
    Call,
    Constant,
    Each,
    Expression,
    Function,
    Let,
    Load,
    Loop,
    Name,
    Operation,
    Part,
    Procedure,
    Run,
    Set,
    Statement,
    Store,
    Switch,
    Variable,
    bits,
    index,
    operation,
    real,
)
from exprgraph.lowering.native import machine

A, OUT, W, S, C, T, STEPS = (
    *(Name(n, "reals") for n in ("a0", "o", "w", "s", "c")), Name("T", "indices"), Name("STEPS", "indices"),
)  # fmt: skip
AT, N, FIRST, SAMPLES = (Name(n, "index") for n in ("i", "n", "first", "samples"))
X = Name("x", "real")


def plus(*args: Expression) -> Operation:
    return operation("add", *args)


def times(*args: Expression) -> Operation:
    return operation("mul", *args)


def element(k: int, pointer: Name = A) -> Load:
    return Load(pointer, index(k))


def results(*values: Expression) -> Part:
    """A part that stores numbers in the result, one after another."""
    return Part(tuple(Store(OUT, index(k), v) for k, v in enumerate(values)))


def answer(part: Part, *given: float, size: int, single: bool = False, **kinds: object) -> list[float]:
    out = np.full(size, np.nan, np.float32 if single else np.float64)
    Running(program(part, single=single, **kinds))([given], [out])  # type: ignore[arg-type]
    return out.tolist()


# -- operations

_ONE = {"sqrt": math.sqrt, "abs": abs, "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "rint": round, "neg": lambda a: -a}
_TWO: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "mul_apart": lambda a, b: a * b, "div": lambda a, b: a / b,
    "copysign": math.copysign,
}  # fmt: skip
_TESTS: dict[str, Callable[[float, float], bool]] = {
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
}  # fmt: skip
_WHOLE: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "floordiv": lambda a, b: a // b, "mod": lambda a, b: a % b,
    "and_bits": lambda a, b: a & b, "or_bits": lambda a, b: a | b, "xor_bits": lambda a, b: a ^ b,
    "shift_left": lambda a, b: a << b, "shift_right": lambda a, b: a >> b,
}  # fmt: skip


@pytest.mark.parametrize("single", [False, True])
def test_operations_on_reals(single: bool) -> None:
    given = (2.5, -1.5)
    values = [operation(op, element(0)) for op in _ONE] + [operation(op, element(0), element(1)) for op in _TWO]
    values += [operation("select", operation(op, element(0), element(k)), real(1.0), real(0.0)) for op in _TESTS for k in (0, 1)]
    want = [f(given[0]) for f in _ONE.values()] + [f(*given) for f in _TWO.values()]
    want += [float(f(given[0], given[k])) for f in _TESTS.values() for k in (0, 1)]
    np.testing.assert_allclose(answer(results(*values), *given, size=len(want), single=single), want, rtol=1e-7)


def test_operations_on_indices() -> None:
    """Of numbers that are known and of those that are not; comparisons are unsigned."""
    n = Name("n", "index")
    values, want = [], []
    for op, f in _WHOLE.items():
        values += [operation("real_of_index", operation(op, x, index(3))) for x in (SAMPLES, index(21))]
        want += [f(21, 3), f(21, 3)]
    for op in _TESTS:
        values.append(operation("select", operation(op, n, SAMPLES), real(1.0), real(0.0)))
        want.append(op in ("gt", "ge", "ne"))  # -1 is the largest
    part = results(*values)
    part = Part((Let("n", operation("neg", operation("floordiv", SAMPLES, SAMPLES))), *part.body))
    out = np.empty(len(want))
    Running(program(part))([[0.0]], [out], samples=21)
    assert out.tolist() == want


@pytest.mark.parametrize("single", [False, True])
def test_bits(single: bool) -> None:
    width = 23 if single else 52
    raw = operation("bits_of_real", element(0))
    values = [
        operation("real_of_bits", plus(raw, bits(1 << width))),
        operation("real_of_bits", plus(raw, operation("neg", operation("shift_left", bits(1), bits(width))))),
        operation("select", operation("lt", raw, bits(0)), real(1.0), real(0.0)),
        operation("real_of_bits", operation("and_bits", raw, operation("shift_right", bits(-2), bits(1)))),
    ]
    assert answer(results(*values), -3.0, size=4, single=single) == [-6.0, -1.5, 1.0, -3.0]


def test_truth() -> None:
    low, high = operation("gt", element(0), real(1.0)), operation("gt", element(0), real(2.0))
    tests = [operation("and", low, high), operation("or", low, high), operation("not", low), operation("eq", low, high),
             operation("ne", low, high), operation("and", low, Constant("True", "truth"))]  # fmt: skip
    part = results(*(operation("select", t, real(1.0), real(0.0)) for t in tests))
    for x in (0.5, 1.5, 2.5):
        a, b = x > 1.0, x > 2.0
        assert answer(part, x, size=6) == [a and b, a or b, not a, a == b, a != b, a]


def test_every_operation_has_instructions() -> None:
    for op, rule in OPERATIONS.items():
        for kind in rule.takes:
            args = [Name(f"x{k}", kind) for k in range(rule.arity or 3)]
            if op == "select":
                args[0] = Name("x0", "truth")
            body = (Let("y", operation(op, *args)),)
            p = Procedure("k0", tuple(args), body)
            given = tuple(Constant({"real": "1.0", "truth": "True"}.get(a.type, "1"), a.type) for a in args)
            assert " = " in text_of(program(Part((Run("k0", given),)), procedures=[p])).split("@k0")[1]


@pytest.mark.slow
def test_expressions_may_be_deep() -> None:
    e: Expression = element(0)
    for _ in range(5000):
        e = operation("abs", operation("neg", e))
    assert answer(results(e), -2.0, size=1) == [2.0]


# -- contraction

_PRODUCT_AND_SUM = plus(times(X, X), real(1.0))


def _flags(made: str) -> list[str]:
    """The multiplications and additions of the kernel, with their flags; one intrinsic is both with one rounding."""
    return re.findall(r"(fmuladd|fmul|fadd)( contract)?", made.split("@k0")[1].split("ret void")[0])


@pytest.mark.parametrize(
    ("value", "contract", "flags"),
    [
        (_PRODUCT_AND_SUM, True, [("fmul", " contract"), ("fadd", " contract")]),
        (_PRODUCT_AND_SUM, False, [("fmul", ""), ("fadd", "")]),
        (plus(operation("mul_apart", X, X), real(1.0)), True, [("fmul", ""), ("fadd", " contract")]),
        # what a function fuses does not depend on where it is called
        (Call("inside", (X,)), False, [("fmuladd", "")]),
        (plus(Call("product", (X,)), real(1.0)), True, [("fmul", ""), ("fadd", " contract")]),
        (Call("exact", (X,)), True, [("fmul", ""), ("fadd", "")]),
        # what a function is given is rounded
        (Call("more", (times(X, X),)), True, [("fmul", ""), ("fadd", "")]),
    ],
)  # fmt: skip
def test_what_may_be_contracted(value: Expression, contract: bool, flags: list[tuple[str, str]]) -> None:
    functions = [
        Function("inside", ("x",), (), _PRODUCT_AND_SUM), Function("exact", ("x",), (), _PRODUCT_AND_SUM, contract=False),
        Function("more", ("x",), (), plus(X, real(1.0))), Function("product", ("x",), (), times(X, X)),
    ]  # fmt: skip
    body = (Let("x", element(0)), Store(OUT, index(0), value))
    p = Procedure("k0", (A, OUT), body, contract=contract)
    assert _flags(text_of(program(Part((Run("k0", (A, OUT)),)), functions=functions, procedures=[p]))) == flags


# -- functions

LONG = Function("long", ("x", "y"), (Let("z", times(X, X, X)),), plus(*[times(Name("z", "real"), Name("y", "real"))] * 4))


@pytest.mark.parametrize("often", [False, True])
def test_a_function_called_often_is_one_of_its_own(often: bool) -> None:
    count = 13 if often else 12
    part = results(*(Call("long", (plus(element(0), real(k)), real(0.5))) for k in range(count)))
    p = Procedure("k0", (A, OUT), (Loop("i", "plain", index(0), index(1), part.body),))  # in a loop, one after another
    made = program(Part((Run("k0", (A, OUT)),)), functions=[LONG], procedures=[p])
    assert ("@f.long.s(" in text_of(made)) == often
    out = np.empty(count)
    Running(made)([[0.25]], [out])
    np.testing.assert_allclose(out, [2 * (0.25 + k) ** 3 for k in range(count)], rtol=1e-15)


@pytest.mark.skipif(machine.target(64).lanes < 4, reason="vectors of two lanes are no quicker for such a short function")
@pytest.mark.parametrize("often", [False, True])
def test_calls_in_straight_line_code_are_lanes(often: bool) -> None:
    count = machine.target(64).lanes * (13 if often else 12)
    part = results(*(Call("long", (plus(element(0), real(k)), real(0.5))) for k in range(count)))
    made = program(Part((Run("k0", (A, OUT)),)), functions=[LONG], procedures=[Procedure("k0", (A, OUT), part.body)])
    assert ("@f.long.v(" in text_of(made)) == often and "@f.long.s(" not in text_of(made)
    out = np.empty(count)
    Running(made)([[0.25]], [out])
    np.testing.assert_allclose(out, [2 * (0.25 + k) ** 3 for k in range(count)], rtol=1e-15)


@pytest.mark.parametrize("single", [False, True])
def test_neighbours_are_compared_as_a_vector(single: bool) -> None:
    test = operation("eq", plus(AT, index(2)), plus(Load(T, index(0)), index(0)))
    body = (Store(OUT, plus(AT, index(1)), operation("select", test, element(0), real(0.0))),)
    made = program(Part((Loop("i", "neighbours", index(0), SAMPLES, body),)), single=single)
    lanes = machine.target(32 if single else 64).lanes
    assert (f"icmp eq <{lanes} x i64>" in text_of(made)) == (lanes > 1)
    for count in range(20):
        out = np.full(21, 7.0, np.float32 if single else np.float64)
        Running(made, table=[9])([[3.0]], [out], count)
        assert list(out) == [7.0, *(3.0 * (k == 7) for k in range(count)), *[7.0] * (20 - count)]


@pytest.mark.parametrize("single", [False, True])
def test_elements_anywhere_are_lanes(single: bool) -> None:
    """At even distances, and at positions from a table, for reads and for stores; none is computed twice in another way."""
    three, j = operation("mul", AT, index(3)), Name("j", "index")
    body = (
        Let("j", Load(T, plus(AT, index(2)))),
        Let("x", Load(A, plus(three, index(1)))),
        Store(OUT, plus(j, index(30)), operation("sqrt", X)),
        Store(OUT, AT, operation("add", Load(A, j), X)),
    )
    made = program(Part((Loop("i", "anywhere", index(0), SAMPLES, body),)), single=single)
    lanes = machine.target(32 if single else 64).lanes
    assert (f"@llvm.sqrt.v{lanes}f" in text_of(made)) == (lanes > 1)
    kind = np.float32 if single else np.float64
    given = np.random.default_rng(0).uniform(size=100).astype(kind)
    for count in (16, 21, 29):
        at = np.random.default_rng(count).permutation(30)[:count]
        out, expected = np.full(60, 7.0, kind), np.full(60, 7.0, kind)
        expected[at + 30] = np.sqrt(given[1 : 1 + 3 * count : 3])
        expected[:count] = given[at] + given[1 : 1 + 3 * count : 3]
        Running(made, table=[0, 0, *at.tolist()])([given], [out], count)
        np.testing.assert_allclose(out, expected, rtol=1e-6 if single else 1e-15)


def test_a_function_without_typed_loops_is_for_numba() -> None:
    made = program(results(Call("odd", (element(0),))), functions=[Function("odd", ("x",), (), real(0.0), source="def odd(x): ...")])
    with pytest.raises(UnreadableError, match="odd"):
        text_of(made)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("vector", [False, True])
def test_the_c_library_is_called_seldom(side: int, vector: bool) -> None:
    """On either side of a choice: behind a branch, where a lane needs it."""
    log, usual = Call("log", (X,), library=True), operation("neg", X)
    chosen = operation("select", operation("gt", X, real(1.0)), *((log, usual) if side == 0 else (usual, log)))
    body = (Let("x", Load(A, AT)), Store(OUT, AT, chosen))
    made = program(Part((Loop("i", "neighbours" if vector else "plain", index(0), SAMPLES, body),)))
    text = text_of(made)
    assert text.index("seldom") < text.index("call double @log(")
    given = np.array([0.5, 3.0, 0.25, 7.0, 2.0, 0.1, 1.0, 4.0, 0.7, 9.0, 0.3])
    out = np.empty(11)
    Running(made)([given], [out], samples=11)
    np.testing.assert_allclose(out, np.where((given > 1) == (side == 0), np.log(given), -given), rtol=1e-15)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("vector", [False, True])
def test_a_function_that_says_so_is_called_seldom(side: int, vector: bool) -> None:
    """Its code is a function of its own, so is what it calls, and nothing of both is computed where no lane needs it."""
    y = Name("y", "real")
    inner = Function("long", ("y",), (), operation("add", *(operation("mul", y, real(float(k))) for k in range(1, 9))))
    outer = Function("far_rarely", ("y",), (), operation("add", Call("long", (y,)), real(0.5)))
    far, usual = Call("far_rarely", (X,)), operation("neg", X)
    chosen = operation("select", operation("gt", X, real(1.0)), *((far, usual) if side == 0 else (usual, far)))
    body = (Let("x", Load(A, AT)), Store(OUT, AT, chosen))
    made = program(Part((Loop("i", "neighbours" if vector else "plain", index(0), SAMPLES, body),)), functions=[inner, outer])
    text = text_of(made)
    kind = "v" if vector else "s"
    first = text.rindex("define")
    assert f"@f.long.{kind}(" in text[:first] and text.index("seldom", first) < text.index(f"@f.far_rarely.{kind}(", first)
    given = np.array([0.5, 3.0, 0.25, 7.0, 2.0, 0.1, 1.0, 4.0, 0.7, 9.0, 0.3])
    out = np.empty(11)
    Running(made)([given], [out], samples=11)
    np.testing.assert_allclose(out, np.where((given > 1) == (side == 0), 36 * given + 0.5, -given), rtol=1e-15)


def test_the_c_library_elsewhere() -> None:
    part = results(*(Call(n, (element(0),), library=True) for n in ("sin", "lgamma")), Call("pow", (element(0), element(1)), library=True))
    np.testing.assert_allclose(answer(part, 2.5, 1.5, size=3), [math.sin(2.5), math.lgamma(2.5), 2.5**1.5], rtol=1e-14)


# -- loops

ROW = 24  # the distance of two rows of lanes


def _row(k: int) -> Expression:
    return plus(index(k * ROW), Name("l", "index"))


LANES = Procedure(
    "k0",
    (W, S, N),
    (
        Variable("total", real(0.0)),
        Loop("l", "lanes", index(0), N, (
            Let("x", Load(W, _row(0))),
            Store(W, _row(1), times(X, X)),
            Add("total", X),
        )),
        Store(S, index(0), Name("total", "real"), add=True),
    ),
    reassociate=True,
)  # fmt: skip


def _lanes_part() -> tuple[Part, ...]:
    """Samples into a row, their squares out of another, and their sum in o."""
    loaded = Loop("l", "plain", index(0), N, (Store(W, _row(0), Load(A, plus(FIRST, Name("l", "index")))),))
    stored = Loop("l", "plain", index(0), N, (Store(Name("o1", "reals"), plus(FIRST, Name("l", "index")), Load(W, _row(1))),))
    clear = (Store(S, index(0), real(0.0)),)
    passed = Part((loaded, Run("k0", (W, S, N)), stored), samples=True, before=clear)
    return passed, Part((Store(OUT, index(0), Load(S, index(0))),))


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("samples", [0, 1, 7, 8, 9, 40])
def test_lanes_are_whole_vectors_and_their_sums_are_masked(samples: int, single: bool) -> None:
    made = program(*_lanes_part(), results=("o", "o1"), procedures=[LANES], block=16, single=single)
    kernel = text_of(made).split("@k0")[1].split("ret void")[0]
    assert "masked" not in kernel and "select <" in kernel and "llvm.vector.reduce.fadd" in kernel
    dtype = np.float32 if single else np.float64
    given = np.arange(1, samples + 1, dtype=dtype)
    out, squares = np.full(1, np.nan, dtype), np.full(samples, np.nan, dtype)
    Running(made)([given], [out, squares], samples)
    assert squares.tolist() == (given**2).tolist() and out[0] == given.sum()


def test_a_part_runs_over_a_range_of_samples() -> None:
    run = Running(program(*_lanes_part(), results=("o", "o1"), procedures=[LANES], block=16))
    given = np.arange(40.0)
    out, squares = np.full(1, np.nan), np.full(40, np.nan)
    run([given], [out, squares], 40, part=(0, 5, 30))
    assert np.isnan(out[0]) and np.array_equal(squares[5:30], given[5:30] ** 2)
    assert np.isnan(squares[:5]).all() and np.isnan(squares[30:]).all()
    run([given], [out, squares], 40, part=(7, 0, 40))  # there is no such part


@pytest.mark.parametrize("size", [1, 7, 8, 19])
def test_no_neighbour_behind_the_last_is_touched(size: int) -> None:
    body = (Store(OUT, plus(index(1), AT), Load(A, AT), add=True), Add("sum", Load(A, AT)))
    total = Store(OUT, index(0), Name("sum", "real"))
    part = Part((Variable("sum", real(100.0)), Loop("i", "neighbours", index(0), SAMPLES, body), total))
    made = program(part)
    assert "masked.load" in text_of(made) and "masked.store" in text_of(made)
    given = np.arange(1.0, 33.0)
    out = np.full(33, 0.5)
    Running(made)([given], [out], samples=size)
    assert out[0] == 100 + given[:size].sum() and np.array_equal(out[1 : size + 1], given[:size] + 0.5)
    assert (out[size + 1 :] == 0.5).all()


def test_a_known_distance_is_one_address_that_moves() -> None:
    body = (Store(OUT, AT, plus(*(Load(A, plus(AT, index(k))) for k in range(4)))),)
    made = program(Part((Loop("i", "neighbours", index(0), SAMPLES, body),)))
    out = np.empty(9)
    Running(made)([np.arange(12.0)], [out], samples=9)
    assert out.tolist() == [4 * k + 6.0 for k in range(9)]


def test_steps_and_variables_of_nested_loops() -> None:
    """The sum of i*10 + k over i in 2, 5, 8 and k < i, and the last i."""
    number = operation("real_of_index", plus(times(AT, index(10)), Name("k", "index")))
    inner = Loop("k", "plain", index(0), AT, (Add("sum", number),))
    outer = Loop("i", "plain", index(2), index(9), (inner, Set("last", operation("real_of_index", AT))), step=3)
    names = [Name(n, "real") for n in ("sum", "last")]
    part = Part((Variable("sum", real(0.0)), Variable("last", real(-1.0)), outer, *results(*names).body))
    assert answer(part, 0.0, size=2) == [sum(i * 10 + k for i in (2, 5, 8) for k in range(i)), 8.0]


def test_the_number_of_lanes_of_a_procedure_may_be_whole_vectors() -> None:
    made = program(results(operation("real_of_index", operation("whole_vectors", SAMPLES))))
    for single in (False, True):
        lanes = 8 if "<8 x double>" in text_of(program(*_lanes_part(), results=("o", "o1"), procedures=[LANES])) else 4
        made = program(results(operation("real_of_index", operation("whole_vectors", SAMPLES))), single=single)
        lanes *= 1 + single
        out = np.empty(1, np.float32 if single else np.float64)
        for n in (1, lanes, lanes + 1):
            Running(made)([[0.0]], [out], samples=n)
            assert out[0] == -(-n // lanes) * lanes


# -- one or the other


def test_branches_and_what_changes_in_them() -> None:
    double = times(X, real(2.0))
    then: tuple[Statement, ...] = (Set("y", double), Let("p", plus(SAMPLES, index(1))), Store(OUT, Name("p", "index"), double))
    otherwise = (Let("q", plus(SAMPLES, index(1))), Store(OUT, Name("q", "index"), real(-1.0)), Set("z", real(9.0)))
    branch = Branch(operation("gt", X, real(1.0)), then, otherwise)
    r = Name("r", "index")
    after = (Let("r", plus(SAMPLES, index(1))), Store(OUT, index(0), Name("y", "real")), Store(OUT, index(1), Load(OUT, r)))
    body = (Let("x", element(0)), Variable("y", X), Variable("z", real(1.0)), branch, *after, Store(OUT, index(3), Name("z", "real")))
    assert answer(Part(body), 3.0, size=4) == [6.0, 6.0, 6.0, 1.0]
    assert answer(Part(body), 0.5, size=4) == [0.5, -1.0, -1.0, 9.0]


def test_branches_in_loops() -> None:
    """The largest of some numbers, and where it is."""
    best, at = Name("best", "real"), Name("at", "index")
    taken = Branch(operation("gt", Load(A, AT), best), (Set("best", Load(A, AT)), Set("at", AT)))
    loop = Loop("i", "plain", index(0), SAMPLES, (taken,))
    part = Part((Variable("best", real(-math.inf)), Variable("at", index(0)), loop, *results(best, operation("real_of_index", at)).body))
    out = np.empty(2)
    Running(program(part))([[1.0, 7.0, -2.0, 7.5, 3.0]], [out], samples=5)
    assert out.tolist() == [7.5, 3.0]


def test_steps_of_a_table() -> None:
    """As the driver calls kernels: by the number of each step, with an entry of its own in the table."""
    parameters = (OUT, T, Name("t", "index"))
    t = Name("t", "index")
    kernels = [Procedure(f"k{k}", parameters, (Store(OUT, Load(T, t), real(10.0 + k)),)) for k in range(3)]
    step = Name("step", "index")
    code = Let("code", Load(STEPS, times(step, index(2))))
    entry = Let("t", Load(STEPS, plus(times(step, index(2)), index(1))))
    chosen = Switch(Name("code", "index"), tuple((k, (Run(f"k{k}", (OUT, T, t)),)) for k in range(3)))
    made = program(Part((Loop("step", "plain", index(0), index(4), (code, entry, chosen)),)), procedures=kernels)
    out = np.zeros(5)
    Running(made, table=[3, 0, 4], steps=[2, 0, 0, 1, 7, 0, 1, 2])([[0.0]], [out])
    assert out.tolist() == [10.0, 0.0, 0.0, 12.0, 11.0]


def test_a_choice_that_changes_a_variable() -> None:
    y = Name("y", "real")
    chosen = Switch(SAMPLES, tuple((k, (Set("y", real(k * 1.5)),)) for k in (2, 3)))
    made = program(Part((Variable("y", real(-1.0)), chosen, Store(OUT, index(0), y))))
    out = np.empty(1)
    for samples, want in ((2, 3.0), (3, 4.5), (4, -1.0)):
        Running(made)([[0.0]], [out], samples=samples)
        assert out[0] == want


# -- the driver


@pytest.mark.parametrize("count", [3, AT_HAND + 5])
def test_arrays_of_the_caller(count: int) -> None:
    """At hand or looked up, and as neighbours in a loop."""
    arrays = [Name(f"a{k}", "reals") for k in range(count)]
    all_but_one = Each("k", "a", tuple(arrays[1:]), (Store(OUT, Name("k", "index"), Load(Name("a", "reals"), index(0))),))
    part = Part((all_but_one, Store(OUT, index(count), Load(arrays[0], index(0))), Store(Name("o1", "reals"), index(0), Load(C, index(1)))))
    run = Running(program(part, arguments=count, results=("o", "o1")), constants=[5.0, 6.0])
    out, more = np.full(count + 1, np.nan), np.full(1, np.nan)
    run([[float(k)] for k in range(count)], [out, more])
    assert out[: count - 1].tolist() == [float(k) for k in range(1, count)] and out[count] == 0.0 and more[0] == 6.0


def test_arrays_that_are_no_neighbours() -> None:
    def each(*names: str) -> Each:
        return Each("k", "a", tuple(Name(n, "reals") for n in names), (Store(OUT, Name("k", "index"), Load(Name("a", "reals"), index(0))),))

    out = np.full(4, np.nan)
    Running(program(Part((each("a0", "a2", "a3", "a1"),)), arguments=4))([[k] for k in range(4)], [out])
    assert out.tolist() == [0.0, 2.0, 3.0, 1.0]
    p = Procedure("k0", (OUT, A), (each("a0", "o"),))
    with pytest.raises(LoopError, match="only the driver knows"):
        text_of(program(Part((Run("k0", (OUT, A)),)), procedures=[p]))


def test_procedures_that_nothing_calls_are_left_out() -> None:
    used, unused = (Procedure(n, (OUT,), (Store(OUT, index(0), real(1.0)),)) for n in ("k0", "k1"))
    calls = Procedure("k2", (OUT,), (Run("k0", (OUT,)),))
    text = text_of(program(Part((Run("k2", (OUT,)),)), procedures=[used, unused, calls]))
    assert "@k0(" in text and "@k2(" in text and "@k1(" not in text
