"""Compiled code of a test run is kept in a directory of its own; a test leaves the table of functions as it was; quick cases."""

import atexit
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from exprgraph.loops.program import Constant, Loop, Switch
from exprgraph.loops.verify import verify
from exprgraph.loops.walk import statements_of
from exprgraph.lowering.call import outputs
from exprgraph.lowering.plan import emit
from exprgraph.testing import temporary_functions

if "EXPRGRAPH_CACHE_DIR" not in os.environ:  # workers of a parallel run have that of the run
    os.environ["EXPRGRAPH_CACHE_DIR"] = tempfile.mkdtemp(prefix="exprgraph-tests-")
    atexit.register(shutil.rmtree, os.environ["EXPRGRAPH_CACHE_DIR"], ignore_errors=True)

os.environ.setdefault("MPLBACKEND", "Agg")  # pictures open no windows

#: the nodes of a graph of scalars below which no interpreter answers in tests
COMPILED_BELOW = 5000

# it imports a package that need not be installed
collect_ignore = [] if find_spec("jax") else ["fuzz/jax_oracle.py"]
# programs, which import each other as a package
collect_ignore += ["benchmarks", "targets"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each case is quick, slow or thorough.

    Of the cases of a test marked ``one_in(n)``, every n-th stays in the quick selection and the others are
    slow; of the slow ones of a test marked ``slow_one_in(m)``, every m-th stays and the others are thorough.
    """
    seen: Counter[str] = Counter()
    slow: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        quick = item.get_closest_marker("one_in")
        if quick is not None:
            if seen[test] % quick.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[test] += 1
        sampled = item.get_closest_marker("slow_one_in")
        if sampled is not None and item.get_closest_marker("slow") is not None:
            if slow[test] % sampled.args[0]:
                item.add_marker(pytest.mark.thorough)
            slow[test] += 1


@pytest.fixture(autouse=True)
def _functions_of_a_test() -> Iterator[None]:
    """A function that a test adds, a wrong one perhaps, is not among what other tests draw."""
    with temporary_functions():
        yield


@pytest.fixture(autouse=True)
def _small_functions_wait_for_machine_code() -> Iterator[None]:
    """Tests compile small graphs of scalars to test machine code, so no interpreter answers their first calls.

    Tests of the interpreter have ``immediate=True``; those with the fixture ``as_users_have_it``, examples in docstrings, and programs
    in processes of their own have the default.
    """
    before, outputs.FEWEST = outputs.FEWEST, COMPILED_BELOW
    yield
    outputs.FEWEST = before


@pytest.fixture
def as_users_have_it(_small_functions_wait_for_machine_code: None) -> None:
    """An interpreter answers the first calls of graphs of scalars of every size."""
    outputs.FEWEST = 0


def check_steps(program: emit.Program) -> None:
    """Loops over the table of steps have steps of their own, and a case for each."""
    seen: set[int] = set()
    for part in program.loops.parts:
        for s in statements_of((*part.before, *part.body)):
            if isinstance(s, Loop) and s.index == "step" and isinstance(s.body[-1], Switch):
                assert isinstance(s.start, Constant) and isinstance(s.stop, Constant)
                own = set(range(int(s.start.text), int(s.stop.text)))
                assert not own & seen, f"steps {sorted(own & seen)} are made twice"
                assert {int(program.data.steps[k, 0]) for k in own} == {k for k, _ in s.body[-1].cases}
                seen |= own


@pytest.fixture(autouse=True, scope="session")
def _programs_are_verified() -> Iterator[None]:
    """Every loop program that a test builds is checked."""
    made = emit.Program

    def checked(*parts: Any) -> Any:
        program = made(*parts)
        verify(program.loops)
        check_steps(program)
        return program

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emit, "Program", checked)
        yield
