"""The public names ``exprgraph.name``, registered by the package when it is complete, for modules below."""

from __future__ import annotations

from collections.abc import Mapping

#: objects of any kind by name
_offered: dict[str, object] = {}


def offer(names: Mapping[str, object]) -> None:
    """Called once, by the package's own ``__init__``."""
    _offered.update(names)


def offered(name: str) -> object | None:
    """The public object of that name, or None."""
    return _offered.get(name)


__all__ = ["offer", "offered"]
