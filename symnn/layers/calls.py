"""The text of a layer: a call that makes it again."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ..activations import describe

#: positional arguments, and arguments by name
Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class _NotKept:
    """The placeholder for an argument without an attribute, in a printed call."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<not kept as self.{self.name}>"


def found_arguments(thing: Any, kind: type) -> Arguments:
    """The arguments of a constructor, from the attributes of the same names.

    Layers come first and without names, as users mostly write them; other arguments have names.

    Args:
        thing: the object.
        kind: the class of layers, :class:`symnn.Layer`.
    """
    parameters = inspect.signature(type(thing)).parameters.values()
    several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for p in parameters:
        value = getattr(thing, p.name, _NotKept(p.name))
        if p.kind is p.VAR_POSITIONAL:
            positional += value if isinstance(value, (tuple, list)) else [value]
        elif p.kind is p.VAR_KEYWORD:
            named.update(value if isinstance(value, Mapping) else {p.name: value})
        elif p.kind is p.POSITIONAL_ONLY or (p.kind is p.POSITIONAL_OR_KEYWORD and (several or (isinstance(value, kind) and not named))):
            positional.append(value)
        else:
            named[p.name] = value
    return tuple(positional), named


def arguments_of(thing: Any, kind: type) -> Arguments:
    """The arguments of the constructor, from ``constructor_arguments``.

    A subclass with its own constructor does not use an inherited method: its arguments are found by its own signature,
    unless that only passes them on.
    """
    mro = type(thing).__mro__
    says = next(k for k, c in enumerate(mro) if "constructor_arguments" in vars(c))
    makes = next(k for k, c in enumerate(mro) if "__init__" in vars(c))
    if makes < says:
        parameters = inspect.signature(type(thing)).parameters.values()
        if any(p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
            return found_arguments(thing, kind)
    given: Arguments = thing.constructor_arguments()
    return given


def call_text(thing: Any, kind: type) -> str:
    """The call that makes a layer again, with a placeholder for an argument that cannot be found."""
    positional, named = arguments_of(thing, kind)
    parts = [_written(v) for v in positional] + [f"{name}={_written(v)}" for name, v in named.items()]
    return f"{type(thing).__name__}({', '.join(parts)})"


def _written(value: Any) -> str:
    """A value as text in a call; functions by name."""
    return describe(value) if callable(value) and hasattr(value, "__name__") else repr(value)


__all__ = ["Arguments", "arguments_of", "call_text", "found_arguments"]
