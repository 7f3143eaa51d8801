"""What users reach as ``exprgraph.name``: the package says it when all of it is there, for modules below that have to know."""

from __future__ import annotations

from collections.abc import Mapping

#: by name, whatever it is
_offered: dict[str, object] = {}


def offer(names: Mapping[str, object]) -> None:
    """Called once, by the package's own ``__init__``."""
    _offered.update(names)


def offered(name: str) -> object | None:
    """What users reach under that name, or None."""
    return _offered.get(name)


__all__ = ["offer", "offered"]
