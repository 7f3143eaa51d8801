"""What is written is what is computed: careful programs and random ones, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import exprgraph as eg
from exprgraph.canonical.grouping import regrouping
from exprgraph.testing import Disagreement, as_written
from exprgraph.testing.as_written import arguments_for, check_as_written
from exprgraph.testing.careful import CAREFUL, ArithmeticProgram, random_program, recorded
from exprgraph.testing.growing import AtRandom


@pytest.mark.one_in(5)
@pytest.mark.parametrize("f", CAREFUL, ids=lambda f: f.__name__.strip("_"))
def test_careful_programs(f) -> None:
    program = recorded(f)
    for seed in range(40):
        check_as_written(program, arguments_for(np.random.default_rng(seed), program.inputs), compiled=seed == 0)


@pytest.mark.slow
@pytest.mark.parametrize("f", CAREFUL, ids=lambda f: f.__name__.strip("_"))
def test_careful_programs_compiled(f) -> None:
    program = recorded(f)
    for seed in range(100, 130):
        check_as_written(program, arguments_for(np.random.default_rng(seed), program.inputs))


@pytest.mark.one_in(4)
@pytest.mark.parametrize("part", range(4))
def test_random_programs(part: int) -> None:
    for seed in range(500 * part, 500 * (part + 1)):
        program = random_program(AtRandom(seed), 10)
        check_as_written(program, arguments_for(np.random.default_rng(seed), program.inputs), compiled=seed % 250 == 0)


def test_programs_reach_the_ends_of_the_range() -> None:
    values = np.array([arguments_for(np.random.default_rng(seed), 4) for seed in range(200)])
    sizes = np.abs(values[values != 0])
    assert sizes.max() > 1e299 and sizes.min() < 1e-299
    assert {"+", "-", "*", "/", "sqrt", "choose"} <= {s.name for seed in range(50) for s in random_program(AtRandom(seed), 10).steps}


def test_an_error_in_grouping_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums merged as they were once are noticed by the first compensated sum."""
    kept = as_written.evaluate

    def regrouped(e, at):
        with regrouping():
            return kept(eg.simplify(e), at)

    monkeypatch.setattr(as_written, "evaluate", regrouped)
    with pytest.raises(Disagreement, match="error of a sum at .* evaluate gives .* NumPy .*1e-17"):
        check_as_written(recorded(CAREFUL[0]), [1.0, 1e-17, 0.0, 0.0], compiled=False)


def test_a_contraction_that_cannot_be_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    program = next(p for p in map(recorded, CAREFUL) if p.title == "determinant")
    wrong = ArithmeticProgram("wrong", program.inputs, program.steps)
    true_compile = as_written.compiled_function
    monkeypatch.setattr(as_written, "compiled_function", lambda e, s, **k: true_compile(e * (1 + 1e-14), s, **k))
    with pytest.raises(Disagreement, match="compiled without contraction gives"):
        check_as_written(wrong, [1.0, 2.0, 3.0, 4.0])
    monkeypatch.setattr(
        as_written, "compiled_function", lambda e, s, **k: true_compile(e if "contract" in k else e * (1 + 1e-14), s, **k)
    )
    with pytest.raises(Disagreement, match="which no way of contracting it gives"):
        check_as_written(wrong, [1.0, 2.0, 3.0, 4.0])
