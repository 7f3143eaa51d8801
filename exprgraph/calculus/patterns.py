"""The pattern of a Jacobian, from the graph alone: nothing is evaluated, and no array is expanded to scalars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..graph.node import Node
from ..graph.traverse import dependents, topological
from ..support.patterns import Pattern, union
from .links import links


def pattern(f: Node, xs: Sequence[Node]) -> Pattern:
    """The entries of the Jacobian that may differ from zero; columns count the elements of all the symbols.

    >>> import exprgraph as eg
    >>> from exprgraph.calculus.patterns import pattern
    >>> x = eg.Symbol("x", shape=4)
    >>> p = pattern(eg.sin(x[:3]) * x[1:], [x])
    >>> p.rows, p.columns
    (array([0, 0, 1, 1, 2, 2]), array([0, 1, 1, 2, 2, 3]))
    """
    width = sum(x.size for x in xs)
    seeds, first = {}, 0
    for x in xs:
        seeds[x] = Pattern.diagonal(x.size, width, first)
        first += x.size
    return patterns([f], seeds, width)[0]


class Size:
    """How many entries the patterns of all nodes of a graph have.

    Attributes:
        entries: of each node.
        rows: the sum of the longest row of each node.
        longest: the longest of these.
    """

    def __init__(self) -> None:
        self.entries: dict[Node, int] = {}
        self.rows = self.longest = 0

    def add(self, node: Node, found: Pattern) -> None:
        """One node more."""
        longest = found.longest
        self.entries[node] = found.nnz
        self.rows += longest
        self.longest = max(self.longest, longest)


#: the most entries of a pattern that is kept beyond its last use
_SMALL = 1 << 14


class _Known:
    """Small patterns and their unions: most nodes of a graph have one of a few patterns, which is one object then."""

    def __init__(self) -> None:
        self._patterns: dict[tuple[bytes, bytes], Pattern] = {}
        self._unions: dict[frozenset[int], tuple[Pattern, Sequence[Pattern]]] = {}

    def one(self, pattern: Pattern) -> Pattern:
        """The first of equal patterns."""
        if pattern.nnz > _SMALL:
            return pattern
        return self._patterns.setdefault((pattern.starts.tobytes(), pattern.columns.tobytes()), pattern)

    def union(self, parts: Sequence[Pattern]) -> Pattern:
        """All the entries of patterns."""
        if len(parts) == 1:
            return parts[0]
        if any([p.nnz > _SMALL for p in parts]):  # noqa: C419  (slower as a generator)
            return union(parts)
        key = frozenset(map(id, parts))
        found = self._unions.get(key)
        if found is None:
            found = self._unions[key] = parts[0] if len(key) == 1 else self.one(union(parts)), parts
        return found[0]


def patterns(outputs: Sequence[Node], seeds: Mapping[Node, Pattern], width: int) -> list[Pattern]:
    """The patterns of the outputs, from those of some nodes below; all have that many columns."""
    return patterns_with_size(outputs, seeds, width)[0]


def patterns_with_size(outputs: Sequence[Node], seeds: Mapping[Node, Pattern], width: int) -> tuple[list[Pattern], Size]:
    """The patterns of the outputs, and how many entries there are in the patterns of all nodes."""
    size = Size()
    order = topological(outputs)
    active = dependents(order, seeds)
    users = Counter(a for n in order if n in active and n not in seeds for a in n.args if a in active)
    found: dict[Node, Pattern] = dict(seeds)
    known = _Known()
    kept = {*outputs, *seeds}
    for node in order:
        if node not in active or node in found:
            continue
        parts = []
        for k, a in enumerate(node.args):
            if a not in active:
                continue
            steps = links(node, k) if found[a].nnz else None
            if steps is None:
                continue
            part = found[a]
            for step in steps:
                part = step.carry(part)
            parts.append(known.one(part) if steps else part)
        found[node] = known.union(parts) if parts else Pattern.empty(node.size, width)
        size.add(node, found[node])
        for a in node.args:  # a pattern is freed after its last use
            if a in active:
                users[a] -= 1
                if not users[a] and a not in kept:
                    del found[a]
    return [found[f] if f in found else Pattern.empty(f.size, width) for f in outputs], size


__all__ = ["Size", "pattern", "patterns", "patterns_with_size"]
