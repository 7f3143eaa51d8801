"""The text of a container of parameters: a small one prints as code, a large one as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from exprgraph import Node
from exprgraph.support.names import is_identifier

#: up to this many numbers, a container is printed as the code that makes it
_SHORT = 24


class Printed(Protocol):
    """The parts of a container's text."""

    @property
    def is_numeric(self) -> bool: ...
    @property
    def size(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any] | None: ...
    def to_dict(self) -> dict[str, Any]: ...
    def leaves(self) -> dict[str, Any]: ...


def text_of(ps: Printed, lead: tuple[int, ...]) -> str:
    """The text of a container whose leaves have leading axes."""
    name = type(ps).__name__
    if ps.is_numeric and ps.size <= _SHORT and not lead:
        suffix = "" if ps.dtype == np.float64 else f".astype('{ps.dtype}')"
        return f"{name}({_code(ps.to_dict())}){suffix}"
    about = f"{ps.size} parameters" + (f" for each entry of shape {lead}" if lead else "")
    kind = f", {ps.dtype}" if ps.is_numeric else ""
    lines = [f"  {label} {np.shape(leaf)}: {_brief(leaf)}" for label, leaf in ps.leaves().items()]
    return "\n".join([f"{name}({about}{kind})", *lines])


def _code(tree: Mapping[str, Any]) -> str:
    """The arguments that make a small container."""
    if not all(is_identifier(name) for name in tree):
        return "{" + ", ".join(f"{k!r}: {_value(v)}" for k, v in tree.items()) + "}"
    return ", ".join(f"{k}={_value(v)}" for k, v in tree.items())


def _value(v: Any) -> str:
    if isinstance(v, Mapping):
        inner = _code(v)
        return inner if inner.startswith("{") else f"dict({inner})"
    return repr(v.tolist())


def _brief(leaf: Any) -> str:
    if isinstance(leaf, Node):
        text = str(leaf)
        return text if len(text) <= 90 and "\n" not in text else text.split("\n", 1)[0][:87] + "..."
    return np.array2string(leaf, precision=4, threshold=6, edgeitems=2, max_line_width=10**6).replace("\n", "")


__all__ = ["text_of"]
