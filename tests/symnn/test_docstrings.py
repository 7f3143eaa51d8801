"""Whatever is public has a docstring, on the API page too; what is called has an example that runs (as a doctest)."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import symnn
import symnn.adaptive
import symnn.physics
import symnn.points
import symnn.schedules
import symnn.testing

MODULES = (symnn, symnn.adaptive, symnn.physics, symnn.points, symnn.schedules, symnn.testing)
PUBLIC = {f"{m.__name__}.{name}": getattr(m, name) for m in MODULES for name in m.__all__ if callable(getattr(m, name))}


def members(cls: type) -> Iterator[tuple[str, Any]]:
    for name, value in vars(cls).items():
        if name.startswith("_") and name != "__call__":
            continue
        if inspect.isroutine(value) or isinstance(value, (property, cached_property)):
            yield name, value


@pytest.mark.parametrize("name", [n for n, value in PUBLIC.items() if not (isinstance(value, type) and issubclass(value, BaseException))])
def test_a_docstring_has_an_example_and_so_has_every_member_a_docstring(name: str) -> None:
    value = PUBLIC[name]
    if value.__module__.partition(".")[0] != "symnn":
        return
    assert ">>> " in (value.__doc__ or ""), f"{name} has no example"
    if isinstance(value, type):
        without = [m for m, v in members(value) if not v.__doc__]
        assert not without, f"{name} has members without docstrings: {without}"


PAGE = set((Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("name", [n for n in PUBLIC if "testing" not in n])
def test_what_is_public_is_on_the_api_page(name: str) -> None:
    assert f"### {name}" in PAGE


@pytest.mark.parametrize(
    ("cls", "wanted"),
    [
        ("CompiledFunction", "source c_source kernel interface workspace_size workspace address ctypes low_level_callable save __call__"),
        ("BuiltFunction", "source c_source kernel interface workspace_size workspace address ctypes save __call__"),
        ("Chain", "parameter_shapes initial_parameters output_shape __call__"),
        ("FlatObjective", "hessp jacobian __call__"),
        ("Node", "sum reshape transpose T"),
    ],
)
def test_members_of_what_calls_return_are_on_the_api_page(cls: str, wanted: str) -> None:
    for name in wanted.split():
        assert any(line == f"#### {cls}.{name}" or line.startswith(f"#### {cls}.{name}(") for line in PAGE), name


def test_what_training_tells_is_on_the_api_page() -> None:
    assert {"### symnn.reports.Epoch", "### symnn.reports.History"} <= PAGE
