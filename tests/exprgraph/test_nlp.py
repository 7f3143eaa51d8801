"""Nonlinear programs: their derivatives, what users write, and optimizers that solve published problems with them."""

from __future__ import annotations

import copy
import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import exprgraph as eg
import exprgraph.interop
from exprgraph.interop import NonlinearProgram, nlp

sys.path.append(str(Path(__file__).parent.parent / "oracles"))
from hock_schittkowski import ENTRIES
from reference import ours, problem

x, p = eg.Symbol("x", 4), eg.Symbol("p")
M, s = eg.Symbol("M", (2, 3)), eg.Symbol("s")
INF = np.inf


def mixed() -> NonlinearProgram:
    """Variables of several shapes, parameters, constraints of every kind, by name."""
    objective = eg.sum((M - p) ** 2) + s**4 + eg.exp(s * M[0, 0])
    constraints: Any = {"rows": (-1.0, eg.sum(M, axis=1) * s, [2.0, INF]), "equal": eg.equal(M[0], p * s), "below": M[1, 2] ** 3 <= p}
    return nlp(objective, [s, M], constraints, {M: (-5.0, None), s: (None, 3.0)})


@pytest.fixture(scope="module")
def program() -> NonlinearProgram:
    return mixed()


AT = {s: 0.7, M: np.arange(6.0).reshape(2, 3) / 5 - 0.3}


def test_values_and_derivatives_are_those_of_the_expressions(program: NonlinearProgram) -> None:
    v, values = program.pack(AT), {**AT, p: 1.3}
    assert program.size == 7 and program.count == 6 and program.parameters == (p,)
    assert program.lower.tolist() == [-INF] + [-5.0] * 6 and program.upper.tolist() == [3.0] + [INF] * 6
    assert program.constraint_lower.tolist() == [-1, -1, 0, 0, 0, -INF] and program.constraint_upper.tolist() == [2, INF, 0, 0, 0, 0]
    one = eg.Symbol("one", 7)
    merged = {s: one[0], M: eg.reshape(one[1:], (2, 3))}
    f = eg.substitute(program.objective, merged)
    g = eg.substitute(eg.concatenate([eg.reshape(e, (-1,)) for e in program.constraints.values()]), merged)
    y = np.linspace(-1, 2, 6)
    known = {one: v, p: 1.3}
    expected = eg.evaluate([f, eg.gradient(f, one), g, eg.jacobian(g, one), eg.hessian(f, one), eg.hessian(eg.dot(y, g), one)], known)
    got = [
        program.value(v, 1.3), program.gradient(v, 1.3), program.constrained(v, 1.3), program.jacobian(v, 1.3).toarray(),
        program.hessian(v, 1.3).toarray(), program.constraint_hessian(v, y, 1.3).toarray(),
    ]  # fmt: skip
    for a, b in zip(got, expected):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(program.lagrangian_hessian(v, 0.5, y, 1.3).toarray(), np.tril(0.5 * expected[4] + expected[5]), rtol=1e-12)
    assert {k: a.shape for k, a in program.named(program.constrained(v, 1.3)).items()} == {"rows": (2,), "equal": (3,), "below": ()}
    assert np.array_equal(program.pack(v.tolist()), v) and np.array_equal(program.pack(v), v)
    unpacked = program.unpack(v)
    assert all(np.array_equal(unpacked[k], values[k]) for k in (s, M))


def test_what_is_wrong_is_named(program: NonlinearProgram) -> None:
    wrong: list[tuple[Any, str, Any]] = [
        (eg.ShapeError, "objective is a scalar", lambda: nlp(x, x)),
        (eg.ShapeError, r"got shape \(1, 1\)", lambda: nlp(eg.reshape(s, (1, 1)), s)),
        (TypeError, "a variable is a symbol", lambda: nlp(s, [s, s + 1])),
        (ValueError, "'s' is given twice", lambda: nlp(s, [s, s])),
        (ValueError, "declared per sample", lambda: nlp(s, [eg.Symbol("t", per_sample=True)])),
        (ValueError, "there are no variables", lambda: nlp(s, [])),
        (TypeError, "constraint 1: expected a comparison", lambda: nlp(s, s, [s >= 0, s + 1])),
        (TypeError, "constraint 'a': expected", lambda: nlp(s, s, {"a": s > 0})),
        (eg.ShapeError, "the lower limit has shape", lambda: nlp(s, s, ([1.0, 2.0], s, None))),
        (ValueError, "a lower limit is above", lambda: nlp(s, s, (1.0, s, 0.5))),
        (TypeError, "the lower limit is a number or an array, got the expression 0 <= s", lambda: nlp(s, s, (s >= 0, s <= 2, s <= 3))),
        (ValueError, "bounds are a pair", lambda: nlp(s, s, bounds={x: (0, 1)})),
        (ValueError, "bounds of 's' are a pair", lambda: nlp(s, s, bounds={s: 3})),
        (ValueError, "bounds of several variables", lambda: nlp(s, [s, x], bounds=(0, 1))),
        (eg.UnboundSymbolError, "the variable 'M' of shape", lambda: program.pack({s: 1.0})),
        (eg.ShapeError, "the variable 'M' has shape", lambda: program.pack({s: 1.0, M: np.ones(6)})),
        (eg.ShapeError, "got 3 values", lambda: program.pack([1.0, 2.0, 3.0])),
        (eg.ShapeError, "got 1 value", lambda: program.pack(1.0)),
        (eg.UnboundSymbolError, "the parameter 'p'", lambda: program.solve(AT)),
        (ValueError, "s is none of p", lambda: program.solve(AT, {p: 1.0, s: 1.0})),
        (ValueError, "s has a value, but there are no parameters", lambda: nlp(s, s).solve([1.0], {s: 1.0})),
        (ValueError, "'L-BFGS-B' takes no constraints", lambda: program.scipy({p: 1.0}, "L-BFGS-B")),
        (ValueError, "there is no method 'L-BFGS'; there are 'ipopt', 'trust-constr'", lambda: program.solve(AT, {p: 1.0}, "L-BFGS")),
        (TypeError, "a symbol or a list of symbols", lambda: nlp(s, {s})),
        (TypeError, "write eg.equal", lambda: nlp(s, s, [s == 1])),
        (TypeError, "the lower limit is a number or an array, got the expression p", lambda: nlp(s, s, (p, s, None))),
        (eg.DTypeError, "the upper limit: expected real numbers", lambda: nlp(s, s, (None, s, "one"))),
        (ValueError, "bounds of 's' are a pair", lambda: nlp(s, s, bounds={s: None})),
        (ValueError, "write the symbol itself", lambda: program.pack({"s": 1.0, "M": 0})),
        (eg.DTypeError, "the point: expected real numbers", lambda: program.pack(np.ones(7) + 1j)),
        (eg.DTypeError, "the parameter 'p': expected real numbers", lambda: program.solve(AT, {p: None})),
        (ValueError, "'BFGS' takes no bounds", lambda: nlp(s**2, s, bounds=(1.0, None)).scipy(method="BFGS")),
    ]
    for kind, message, action in wrong:
        with pytest.raises(kind, match=message):
            action()


def test_points_as_people_write_them(program: NonlinearProgram) -> None:
    flat = program.pack(AT)
    for point in (flat, flat.tolist(), [0.7, AT[M]], (0.7, AT[M].tolist())):
        assert np.array_equal(program.pack(point), flat)
    only = nlp(eg.sum(M**2), M)
    for point in (AT[M], AT[M].tolist(), [AT[M]], AT[M].ravel(), AT[M].ravel().tolist(), {M: AT[M]}):
        assert np.array_equal(only.pack(point), AT[M].ravel())
    assert nlp(s**2, s).pack(3).tolist() == [3.0] == nlp(s**2, s).pack([3]).tolist()
    assert program.scipy({p: 1.0}, "slsqp")["method"] == "SLSQP"


class Recorded:
    """What cyipopt's class is given, and one iteration in the middle of all bounds."""

    made: list[Recorded]

    def __init__(self, n: int, m: int, problem_obj: Any, lb: Any, ub: Any, cl: Any, cu: Any) -> None:
        self.sizes, self.given, self.bounds, self.limits = (n, m), problem_obj, (lb, ub), (cl, cu)
        self.options: dict[str, Any] = {}
        self.made.append(self)

    def add_option(self, name: str, value: Any) -> None:
        self.options[name] = value

    def solve(self, start: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        assert self.given.intermediate(0, 7, *[0.0] * 9)
        return start, {"mult_g": np.arange(float(self.sizes[1])), "status": 0, "status_msg": b"well"}


def test_the_protocol_of_cyipopt(program: NonlinearProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    Recorded.made = []
    module = ModuleType("cyipopt")
    module.Problem = Recorded  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cyipopt", module)
    found = program.solve(AT, {p: 1.3}, "ipopt", tol=1e-9)
    (made,) = Recorded.made
    assert made.sizes == (7, 6) and made.options == {"print_level": 0, "sb": "yes", "tol": 1e-9}
    assert made.bounds[0] is program.lower and made.limits[1] is program.constraint_upper
    v, y = program.pack(AT), np.linspace(0, 1, 6)
    given, matrix = made.given, program.jacobian(v, 1.3)
    dense = np.zeros((6, 7))
    dense[given.jacobianstructure()] = given.jacobian(v)
    assert np.array_equal(dense, matrix.toarray())
    dense = np.zeros((7, 7))
    dense[given.hessianstructure()] = given.hessian(v, y, 0.3)
    assert np.array_equal(dense, program.lagrangian_hessian(v, 0.3, y, 1.3).toarray()) and np.array_equal(dense, np.tril(dense))
    assert given.objective(v) == found.objective and np.array_equal(given.gradient(v), program.gradient(v, 1.3))
    assert (found.success, found.message, found.iterations) == (True, "well", 7)
    assert found.multipliers["equal"].tolist() == [2.0, 3.0, 4.0] and np.array_equal(found[M], AT[M])  # type: ignore[arg-type]


def test_without_an_optimizer_its_name_is_told(program: NonlinearProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, method in (("cyipopt", "ipopt"), ("scipy.optimize", "SLSQP")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ImportError, match=f"pip install {module.partition('.')[0]}"):
            program.solve(AT, {p: 1.0}, method)


#: problem, kinds of its constraints, bounds; the problems that the table gives without a part of their constraints are left out
PUBLISHED: dict[int, tuple[str, Any]] = {
    6: ("=", None), 7: ("=", None), 10: (">", None), 12: (">", None), 14: (">=", None), 22: (">>", None), 28: ("=", None), 29: (">", None),
    39: ("==", None), 40: ("===", None), 43: (">>>", None), 48: ("==", None), 65: (">", ([-4.5, -4.5, -5.0], [4.5, 4.5, 5.0])),
    71: (">=", (1.0, 5.0)), 76: (">>>", (0.0, None)), 79: ("===", None),
}  # fmt: skip


def published(number: int) -> tuple[NonlinearProgram, Any]:
    (entry,) = (e for e in ENTRIES if e.number == number)
    kinds, bounds = PUBLISHED[number]
    v, (f, *constraints) = ours(problem(f"HS{number}", len(entry.start), entry.formulas))
    assert len(kinds) == len(constraints)
    made = [eg.equal(c, 0) if k == "=" else c >= 0 for c, k in zip(constraints, kinds)]
    return nlp(f, v, made, bounds), entry


def solved(number: int, method: str, **options: Any) -> None:
    program, entry = published(number)
    found = program.solve(np.array(entry.start, float), method=method, **options)
    assert found.success, found.message
    np.testing.assert_allclose(found.objective, entry.optimal_value, rtol=1e-5, atol=1e-6)
    if method != "SLSQP":
        y, v = np.concatenate([np.ravel(a) for a in found.multipliers.values()]), program.pack(found.variables)
        inside = (v > program.lower + 1e-4) & (v < program.upper - 1e-4)
        slope = program.gradient(v) + program.jacobian(v).T @ y
        np.testing.assert_allclose(slope[inside], 0, atol=1e-3 * (1 + np.abs(program.gradient(v)).max()))


QUICK = (71,)


@pytest.mark.slow
@pytest.mark.parametrize("number", PUBLISHED)
def test_published_problems_by_scipy(number: int) -> None:
    pytest.importorskip("scipy")
    # a gradient below gtol would end it while the barrier is still high
    solved(number, "trust-constr", maxiter=3000, gtol=1e-15, xtol=1e-10, barrier_tol=1e-8)
    solved(number, "SLSQP", ftol=1e-9)


@pytest.mark.parametrize("number", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in PUBLISHED])
def test_published_problems_by_ipopt(number: int) -> None:
    pytest.importorskip("cyipopt", reason="cyipopt and IPOPT are not installed")
    solved(number, "ipopt", tol=1e-10)


METHODS = "L-BFGS-B", "trust-exact", "Newton-CG", "trust-constr", "Nelder-Mead"


@pytest.mark.slow
def test_programs_without_constraints_by_other_methods() -> None:
    pytest.importorskip("scipy")
    program = nlp((x[0] - p) ** 2 + eg.sum((x[1:] - x[:-1] ** 2) ** 2), x, bounds=(None, None))
    for method in METHODS:
        for value in (0.9, 1.0):
            found = program.solve(np.zeros(4), {p: value}, method)
            np.testing.assert_allclose(found[x], value ** np.array([1, 2, 4, 8]), atol=2e-3)
            assert not found.multipliers and not found.constraints
    for method in ("COBYLA", "COBYQA"):
        nearest = nlp(eg.sum((x - 1) ** 2), x, eg.sum(x) * p <= 1).solve([np.zeros(4)], {p: 1.0}, method)
        np.testing.assert_allclose(nearest[x], 0.25, atol=1e-3)
        assert nearest.success and nearest.iterations > 1
    bounded = nlp(eg.sum((x - p) ** 2), x, bounds=(0.0, [1.0, 2.0, 3.0, INF])).solve([np.ones(4)], {p: 5.0}, "L-BFGS-B")
    np.testing.assert_allclose(bounded[x], [1, 2, 3, 5], atol=1e-6)


def test_other_parameters_need_no_compilation(program: NonlinearProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy")
    first = program.solve(AT, {p: 1.0}, maxiter=20)
    from exprgraph.lowering.call.outputs import CompiledOutputs

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("compiled again")

    monkeypatch.setattr(CompiledOutputs, "program", refuse)
    second = program.solve(AT, {p: 2.0}, maxiter=20)
    assert first.objective != second.objective
    for found, value in ((first, 1.0), (second, 2.0)):  # both are better than the start
        assert found.objective == program.value(program.pack(found.variables), value) < program.value(program.pack(AT), value)


def test_a_used_program_can_be_sent(program: NonlinearProgram) -> None:
    pytest.importorskip("scipy")
    v = program.pack(AT)
    for function in ("jacobian", "hessian"):
        expected = getattr(program, function)(v, 1.3).toarray()
        for again in (copy.deepcopy(program), pickle.loads(pickle.dumps(program))):
            assert np.array_equal(getattr(again, function)(v, 1.3).toarray(), expected)
