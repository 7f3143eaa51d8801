"""Whatever is public has a docstring, on the API page too; what is called has an example that runs (as a doctest)."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest

import symnn
import symnn.physics
import symnn.schedules
import symnn.testing

MODULES = (symnn, symnn.physics, symnn.schedules, symnn.testing)
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
