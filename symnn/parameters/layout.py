"""The layout of parameters: nested names, the shape of each leaf, its position in the flat vector."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Union

import numpy as np

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.integers import normalize_shape
from exprgraph.support.names import shown

from ..errors import ParameterError, ShapeError

Shape = tuple[int, ...]
Entry = Union["Layout", Shape]


class Slot(NamedTuple):
    """One leaf: its path of names, its offset in the flat vector, its shape."""

    path: tuple[str, ...]
    offset: int
    shape: Shape

    @property
    def name(self) -> str:
        """The full name, such as ``L1.W``."""
        return ".".join(self.path)

    @property
    def size(self) -> int:
        """The number of entries."""
        return math.prod(self.shape)

    @property
    def stop(self) -> int:
        """The offset after its last entry in the flat vector."""
        return self.offset + self.size


def check_name(name: object, where: tuple[str, ...] = ()) -> str:
    """Check the name of a parameter or a layer."""
    place = f" in {'.'.join(where)}" if where else ""
    if not isinstance(name, str):
        raise ParameterError(f"parameters are named by strings, got the key {name!r} ({type(name).__name__}){place}")
    if not name or "/" in name:
        raise ParameterError(f"a parameter's name must not be empty or contain '/', got {name!r}{place}")
    if not name.isprintable():  # files cut names at a zero byte, and half of a surrogate pair cannot be encoded
        raise ParameterError(f"a parameter's name must not contain control characters, got {name!r}{place}")
    return name


class Layout:
    """Nested names with the shapes of their leaves; the order is the order of the flat vector."""

    __slots__ = ("entries", "key", "size", "slots")

    entries: dict[str, Entry]
    #: every leaf, in the order of the flat vector
    slots: tuple[Slot, ...]
    #: the length of the flat vector
    size: int
    #: paths and shapes: equal layouts have equal keys
    key: tuple[tuple[tuple[str, ...], Shape], ...]

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = dict(entries)
        slots: list[Slot] = []
        offset = 0
        for name, entry in self.entries.items():
            if isinstance(entry, Layout):
                slots += [Slot((name, *s.path), offset + s.offset, s.shape) for s in entry.slots]
                offset += entry.size
            else:
                slots.append(Slot((name,), offset, entry))
                offset += math.prod(entry)
        self.slots = tuple(slots)
        if len({s.name for s in slots}) < len(slots):
            twice = next(s.name for k, s in enumerate(slots) if s.name in {t.name for t in slots[:k]})
            raise ParameterError(f"two parameters have the full name {twice!r}: rename one of them, or leave the dot out of a name")
        self.size = offset
        self.key = tuple((s.path, s.shape) for s in slots)

    @staticmethod
    def of_shapes(shapes: Mapping[str, Any], where: tuple[str, ...] = ()) -> Layout:
        """The layout of nested mappings whose leaves are shapes; empty mappings are left out."""
        entries: dict[str, Entry] = {}
        for name, value in shapes.items():
            check_name(name, where)
            if isinstance(value, Layout):
                entry: Entry = value
            elif isinstance(value, Mapping):
                entry = Layout.of_shapes(value, (*where, name))
            else:
                try:
                    entry = normalize_shape(value)
                except ShapeError as error:
                    raise ShapeError(f"parameter {'.'.join((*where, name))}: {error}") from None
            if not isinstance(entry, Layout) or entry.slots:
                entries[name] = entry
        return Layout(entries)

    def nest(self, leaves: Iterator[Any]) -> dict[str, Any]:
        """Leaves in the order of the slots, as nested dicts."""
        return {name: e.nest(leaves) if isinstance(e, Layout) else next(leaves) for name, e in self.entries.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layout) and (self is other or self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def __reduce__(self) -> tuple[Any, ...]:
        return _layout, (self.key,)

    def __repr__(self) -> str:
        return "Layout(" + ", ".join(f"{s.name}: {s.shape}" for s in self.slots) + ")"

    def describe(self) -> str:
        """The leaves and their sizes, for messages."""
        shown = [f"{s.name} {s.shape}" for s in self.slots[:8]]
        return ", ".join(shown) + (f", ... ({len(self.slots)} in all)" if len(self.slots) > 8 else "")

    def order(self, given: Layout) -> list[Slot]:
        """The slots of another layout in the order of this one, or an error that names the differences."""
        by_path = {s.path: s for s in given.slots}
        missing = [s for s in self.slots if s.path not in by_path]
        known = {s.path for s in self.slots}
        unknown = [s for s in given.slots if s.path not in known]
        if missing or unknown:
            parts = []
            if missing:
                parts.append("missing " + ", ".join(f"{s.name} of shape {s.shape}" for s in missing[:8]))
            if unknown:
                parts.append("unknown " + ", ".join(s.name for s in unknown[:8]))
            same = {s.name for s in missing} & {s.name for s in unknown}
            if same:
                name = sorted(same)[0]
                parts = [f"{name!r} is one name with a dot in it; names are nested, as ps.to_dict() and dict({_as_dict(name)}) have them"]
            raise ParameterError(f"parameters: {'; '.join(parts)}; expected {self.describe()}")
        return [by_path[s.path] for s in self.slots]


def _as_dict(name: str) -> str:
    first, *rest = name.split(".")
    return f"{first}=dict({_as_dict('.'.join(rest))})" if rest else f"{first}=..."


def _layout(key: tuple[tuple[tuple[str, ...], Shape], ...]) -> Layout:
    root: dict[str, Any] = {}
    for path, shape in key:
        at = root
        for name in path[:-1]:
            at = at.setdefault(name, {})
        at[path[-1]] = shape
    return Layout.of_shapes(root)


def gathered(tree: Any, container: type, where: tuple[str, ...] = ()) -> tuple[dict[str, Any], list[Any]]:
    """The shapes of nested dicts and containers, and their leaves in order: arrays and expressions."""
    shapes: dict[str, Any] = {}
    leaves: list[Any] = []
    for name, value in tree.items():
        check_name(name, where)
        if isinstance(value, (Mapping, container)):
            shapes[name], below = gathered(value, container, (*where, name))
            leaves += below
        else:
            leaf = eg.as_expression(value) if eg.is_symbolic(value) else eg.real_array(value, ".".join((*where, name)))
            shapes[name] = leaf.shape
            leaves.append(leaf)
    return shapes, leaves


def refuse_symbols_given_twice(names: list[str], leaves: list[Any]) -> None:
    """An error if a container holds a symbol twice: networks with the same prefix share their symbols."""
    if not all(map(eg.is_symbol, leaves)):
        return
    owners: dict[Node, str] = {}
    for name, symbol in zip(names, leaves):
        before = owners.get(symbol)
        if before is not None:
            raise ParameterError(
                f"parameters: {before} and {name} are the same symbol, {shown(symbol.name)} of shape {symbol.shape}, as symbols of "
                "one name and shape are; give each network a prefix of its own, as in SymbolicNeuralNetwork(chain, prefix=\"V\") "
                "(parameters that a model uses twice go to nn.model(x, ...) in a plain dict)"
            )
        owners[symbol] = name


def packed(leaves: list[np.ndarray], size: int) -> np.ndarray:
    """All numbers in one vector; float32 if all leaves are."""
    single = bool(leaves) and all(v.dtype == np.float32 for v in leaves)
    flat = np.empty(size, np.float32 if single else np.float64)
    at = 0
    for v in leaves:
        flat[at : at + v.size] = v.ravel()
        at += v.size
    return flat
