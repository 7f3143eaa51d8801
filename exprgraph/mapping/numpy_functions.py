"""NumPy's functions that map a function over an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..canonical.operands import as_node
from ..graph.node import Node
from ..language import linalg
from ..language.axes import normalize_axis
from ..language.numpy_protocol import define
from .user import vmap


def _apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Node:
    node = as_node(arr)
    k = normalize_axis(axis, node.ndim)
    mapped: Callable[[Node], Any] = lambda line: as_node(func1d(line, *args, **kwargs))  # noqa: E731
    for _ in range(node.ndim - 1):
        mapped = vmap(mapped)
    out: Node = mapped(linalg.moveaxis(node, k, -1))
    behind = range(node.ndim - 1, out.ndim)
    return linalg.moveaxis(out, behind, range(k, k + len(behind)))


define({np.apply_along_axis: _apply_along_axis})

__all__: list[str] = []
