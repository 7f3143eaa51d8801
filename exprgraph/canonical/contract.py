"""Contract: the primitive for all products with sums over axes.

A contraction is an einsum: operands with a label on each axis, labels of the output,
and a sum over every label that is not in the output.  It covers matmul, outer and inner
products, transpose, trace, diagonal, broadcast, and sums over axes.

Linear index maps (selections, diagonals, sums over axes, permutations, Kronecker deltas) are pushed down here, by a
few rules (Laue, Mitterreiter, Giesen, NeurIPS 2018):

* a delta renames a label; a unit vector selects along it;
* a label of only one operand is summed inside that operand (``index_maps``), through sums and
  through other contractions, down to the leaves;
* factors that share no summed label are multiplied after the sum, not under it;
* a *structural* contraction (broadcast, permutation, diagonal embedding: no sum and at most one
  operand besides deltas) is inlined into the contraction that uses it.

Canonical form: output labels are 0, 1, ... in order, summed labels follow by first use, operands
are in the order of their digests.  ``params`` is ``(labels of each operand, size of each label)``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from ..errors import ShapeError
from ..graph.leaves import constant, identity, is_unit_vector, number, zeros
from ..graph.node import Node, Shape, make
from ..graph.primitive import CONSTANT, CONTRACT, IDENTITY
from ..graph.traverse import REBUILD
from ..graph.views import Contraction, Entries, Linear
from .arithmetic import linear, of_diagonals, product, scale
from .grouping import kept_nodes
from .index_maps import MOVED_IN, IndexMap, reduce_inside
from .most_common import lost
from .select import SELECTED, deeper, select
from .written import split_coefficient, split_sign, spread

Operands = Sequence[tuple[Node, Sequence[Hashable]]]
Sizes = Mapping[Any, int]  # any hashable key: a mapping is invariant in its keys
_Work = list[tuple[Node, list[int]]]


def contract(operands: Operands, out: Sequence[Hashable], sizes: Sizes | None = None) -> Node:
    """The canonical node of a contraction.

    ``operands`` pairs each node with one label an axis; labels are any hashable values.  A label
    in ``out`` that no operand has is a broadcast axis and needs an entry in ``sizes``.
    """
    number_of: dict[Hashable, int] = {}
    size: dict[int, int] = {}

    def label(name: Hashable) -> int:
        return number_of.setdefault(name, len(number_of))

    work: _Work = []
    for node, names in operands:
        if len(names) != len(node.shape):
            raise ShapeError(f"contract: {len(names)} labels {tuple(names)} for an operand of shape {node.shape}")
        labels = [label(n) for n in names]
        for n, k, dim in zip(names, labels, node.shape):
            if size.setdefault(k, dim) != dim:
                raise ShapeError(f"contract: axis {n!r} has size {size[k]} in one place and {dim} in another")
        work.append((node, labels))
    result = [label(n) for n in out]
    if len(set(result)) != len(result):
        raise ShapeError(f"contract: a label occurs twice in the output {tuple(out)}")
    for n, k in zip(out, result):
        if k not in size:
            if sizes is None or n not in sizes:
                raise ShapeError(f"contract: output axis {n!r} is in no operand and has no size")
            size[k] = sizes[n]
    quick = _of_vectors(work, result, size)
    if quick is not None:
        return quick
    over = _over_diagonals(work)
    return _Contraction(work, result, size).build() if over is None else _distributed(work, over, result, size)


def _of_vectors(work: _Work, out: list[int], size: dict[int, int]) -> Node | None:
    """The product of vectors in a derivative, elementwise."""
    if len(out) != 1 or kept_nodes() is None:
        return None
    coefficient, factors = 1.0, []
    for node, labels in work:
        c, rest = split_coefficient(node)
        if labels != out or is_unit_vector(rest) or lost(coefficient * c, coefficient, c):
            return None
        coefficient *= c
        factors.append((rest, 1.0))
    return scale(coefficient, product(factors, 1.0, (size[out[0]],)))


def _over_diagonals(work: _Work) -> int | None:
    """An operand of a derivative that is a sum of diagonals: products with these are smaller than one with their sum."""
    kept = kept_nodes()
    return None if kept is None else next((k for k, (n, _) in enumerate(work) if n not in kept and of_diagonals(n)), None)


def _distributed(work: _Work, over: int, out: list[int], size: dict[int, int]) -> Node:
    """The sum of the contractions with each term of an operand."""
    node, labels = work[over]
    parts = [contract([*work[:over], (term, labels), *work[over + 1 :]], out, size) for term in node.args]
    return linear(zip(Linear.of(node).coefficients, parts), 0.0, tuple(size[k] for k in out))


def is_structural(node: Node) -> bool:
    """Whether a node only moves elements: broadcasts, permutes, embeds in a diagonal."""
    return node.op is CONTRACT and len(Contraction.of(node).sizes) == len(node.shape) and sum(a.op is not IDENTITY for a in node.args) <= 1


def _split(node: Node) -> tuple[float, Node]:
    """The number to multiply after the contraction, and the rest; in the written form, only the sign."""
    return split_sign(node) if kept_nodes() is None else split_coefficient(node)


def unmoved(node: Node) -> tuple[Node, tuple[int, ...]]:
    """A node that only moves elements, as the node of these elements and their axes."""
    c, rest = split_coefficient(node)
    if is_structural(rest) and len(rest.args) == 1 and len(set(Contraction.of(rest).labels[0])) == rest.args[0].ndim:
        return scale(c, rest.args[0]), Contraction.of(rest).labels[0]
    return node, tuple(range(node.ndim))


class _Contraction:
    """One contraction on its way to canonical form."""

    def __init__(self, work: _Work, out: list[int], size: dict[int, int]) -> None:
        self.work = work
        self.out = out
        self.size = size
        self.coefficient = 1.0
        self.deltas: list[tuple[int, int]] = []  # both labels in the output, the first one stands for both

    def build(self) -> Node:
        shape = tuple(self.size[k] for k in self.out)
        while True:
            self._flatten()
            if self.coefficient == 0.0 or 0 in self.size.values():  # no elements, or sums of none
                return zeros(shape)
            self._merge_deltas()
            if self._apply_unit_vectors() is None:
                return zeros(shape)
            if not self._moves_a_multiple() and not self._push_private_labels():
                break
        used = {k for _, labels in self.work for k in labels}
        for k in set(self.size) - used - set(self.out):
            self.coefficient *= self.size[k]  # a sum over an axis that nothing depends on
        if self.coefficient == 0.0:
            return zeros(shape)
        node = self._factor()  # may still collect numbers into the coefficient
        return scale(self.coefficient, node)

    def _flatten(self) -> None:
        """Fold numbers into the coefficient, inline structural contractions, set deltas aside."""
        stack = self.work[::-1]
        flat: _Work = []
        pairs: list[tuple[int, int]] = []
        while stack:
            node, labels = stack.pop()
            c, rest = _split(node)
            if not lost(self.coefficient * c, self.coefficient, c):
                self.coefficient *= c
                node = rest
            value = number(node)
            if value is not None:
                self.coefficient *= value
            elif node.op is IDENTITY:
                if labels[0] != labels[1]:
                    pairs.append((labels[0], labels[1]))
            elif is_structural(node):
                inner = Contraction.of(node).labels
                stack.extend((a, [labels[k] for k in ks]) for a, ks in zip(node.args[::-1], inner[::-1]))
            else:
                moved, ks = unmoved(node)  # a number times moved elements: multiply the elements, then move them
                if moved is node:
                    flat.append((node, labels))
                else:
                    stack.append((moved, [labels[k] for k in ks]))
        self.work = flat
        self.new_pairs = pairs

    def _merge_deltas(self) -> None:
        """A delta merges its two labels."""
        pairs = self.deltas + self.new_pairs
        if not pairs:
            return
        parent: dict[int, int] = {}

        def find(k: int) -> int:
            while parent.get(k, k) != k:
                k = parent[k]
            return k

        rank = {k: i for i, k in enumerate(self.out)}
        for a, b in pairs:
            a, b = find(a), find(b)
            if a == b:
                continue
            if rank.get(b, len(rank)) < rank.get(a, len(rank)):
                a, b = b, a
            parent[b] = a
        self.deltas = []
        rename: dict[int, int] = {}
        for k in list(parent):
            root = find(k)
            if root == k:
                continue
            rename[k] = root
            if k in rank:
                self.deltas.append((root, k))
            else:
                del self.size[k]
        self.deltas.sort(key=lambda p: (rank[p[0]], rank[p[1]]))
        self.work = [(n, [rename.get(k, k) for k in labels]) for n, labels in self.work]

    def _apply_unit_vectors(self) -> bool | None:
        """A unit vector on a label selects that element of every other operand; None is zero."""
        position: dict[int, int] = {}
        vectors: dict[int, Node] = {}
        rest: _Work = []
        for node, labels in self.work:
            if is_unit_vector(node):
                k, i = labels[0], node.params[0]
                if position.setdefault(k, i) != i:
                    return None
                vectors[k] = node
            else:
                rest.append((node, labels))
        if not position:
            return True
        work: _Work = []
        for node, labels in rest:
            if any(k in position for k in labels):
                node = select(node, tuple(position.get(k) for k in labels))
                labels = [k for k in labels if k not in position]
            work.append((node, labels))
        for k, vector in vectors.items():
            if k in self.out:
                work.append((vector, [k]))
            else:
                del self.size[k]
        self.work = work
        # the selected node may be a number, a sum of one term, a structural node
        if any(n.op is CONSTANT or is_structural(n) or _split(n)[0] != 1.0 for n, _ in work):
            self._flatten()
            self._merge_deltas()
        return True

    def _moves_a_multiple(self) -> bool:
        """Take c out of a contraction that only moves ``c*x``; True if x may be inlined then."""
        if len(self.work) != 1 or not set(self.work[0][1]) <= set(self.out):
            return False
        ((node, labels),) = self.work
        c, rest = split_coefficient(node)
        if c == 1.0 or lost(self.coefficient * c, self.coefficient, c):
            return False
        self.coefficient *= c
        self.work = [(rest, labels)]
        return is_structural(rest)

    def _push_private_labels(self) -> bool:
        """Sum and take diagonals inside the operand a label belongs to; True if anything moved."""
        owners = Counter(k for _, labels in self.work for k in set(labels))
        keep = set(self.out)
        moved = False
        for at, (node, labels) in enumerate(self.work):
            unique = list(dict.fromkeys(labels))
            kept = [k for k in unique if k in keep or owners[k] > 1]
            if len(kept) == len(labels):
                continue
            inner = reduce_inside(node, labels, kept)
            if inner is None:
                continue
            if len(self.work) == 1 and inner.op is CONTRACT and inner.args == (node,):
                continue  # the same contraction, in its raw form
            self.work[at] = (inner, kept)
            moved = True
            for k in unique:
                if k not in kept:
                    del self.size[k]
        return moved

    def _factor(self) -> Node:
        """Sum connected operands first, then multiply the results."""
        keep = set(self.out)
        groups: list[tuple[set[int], _Work]] = []
        free: _Work = []
        for node, labels in self.work:
            summed = {k for k in labels if k not in keep}
            if not summed:
                free.append((node, labels))
                continue
            members: _Work = [(node, labels)]
            apart = []
            for ks, ms in groups:
                if ks & summed:
                    summed |= ks
                    members = ms + members
                else:
                    apart.append((ks, ms))
            groups = [*apart, (summed, members)]
        for _, members in groups:
            own = {k for _, labels in members for k in labels}
            kept = [k for k in self.out if k in own]
            free.append((self._core(members, kept), kept))
        return self._product(free)

    def _core(self, members: _Work, out: list[int]) -> Node:
        """A connected sum of products, as one node."""
        grouped = self._group(members, whole=False)
        if len(grouped) < len(members):
            owners = Counter(k for _, labels in grouped for k in set(labels))
            if any(owners[k] == 1 and k not in out for k in owners) or any(_foldable(n) for n, _ in grouped):
                c, node = _split(contract(grouped, out))
                self.coefficient *= c
                return node
        members = grouped
        place = {k: i for i, k in enumerate(out)}
        ordered = sorted(members, key=lambda m: (m[0].digest, [place.get(k, -1) for k in m[1]]))
        canonical = dict(place)
        for _, labels in ordered:
            for k in labels:
                canonical.setdefault(k, len(canonical))
        sizes = tuple(self.size[k] for k in canonical)
        places = tuple(tuple(canonical[k] for k in ls) for _, ls in ordered)
        return make(CONTRACT, tuple(n for n, _ in ordered), Contraction(places, sizes), sizes[: len(out)])

    def _group(self, members: _Work, *, whole: bool) -> _Work:
        """Operands with equal labels multiplied elementwise.

        Under a sum, only where another operand remains: a dot product stays a contraction of two.
        """
        often = Counter(tuple(labels) for _, labels in members)
        by_labels: dict[tuple[int, ...], list[Node]] = {}
        for node, labels in members:
            unique = list(dict.fromkeys(labels))
            if len(unique) < len(labels) and often[tuple(labels)] > 1:  # the diagonals are multiplied, not the arrays
                node, labels = contract([(node, labels)], unique), unique
            by_labels.setdefault(tuple(labels), []).append(node)
        if not whole and len(by_labels) == 1:
            return members
        grouped: _Work = []
        for ls, nodes in by_labels.items():
            shape = tuple(self.size[k] for k in ls)
            node = nodes[0] if len(nodes) == 1 else product([(n, 1.0) for n in nodes], 1.0, shape)
            c, node = _split(node)
            self.coefficient *= c
            grouped.append((node, list(ls)))
        return grouped

    def _product(self, factors: _Work) -> Node:
        """A product without sums: elementwise, outer, broadcast, diagonal embedding."""
        out, size = self.out, self.size
        shape = tuple(size[k] for k in out)
        grouped = self._group(factors, whole=True)
        if len(grouped) < len(factors) and any(_foldable(n) for n, _ in grouped):
            deltas: _Work = [(identity(size[a]), [a, b]) for a, b in self.deltas]
            return contract([*grouped, *deltas], out, size)
        scalars = [n for n, ls in grouped if not ls]
        own = {k for _, ls in grouped for k in ls}
        missing = [k for k in out if k not in own]
        if not missing and not self.deltas and all(not ls or ls == out for _, ls in grouped):
            return product([(n, 1.0) for n, _ in grouped], 1.0, shape)
        if not grouped and not self.deltas:
            return constant(1.0, shape)
        if not missing and not self.deltas:
            if len(grouped) == 1:
                return _raw(grouped, [], out, size)
            if scalars and len(grouped) == 2:
                other = next(m for m in grouped if m[1])
                inner = product([(scalars[0], 1.0), (other[0], 1.0)], 1.0, other[0].shape)
                return contract([(inner, other[1])], out)
            return _raw(grouped, [], out, size)
        if len(grouped) > 1:
            kept = [k for k in out if k in own]
            part = _Contraction(grouped, kept, {k: size[k] for k in kept})
            c, core = _split(part._product(grouped))
            self.coefficient *= c * part.coefficient
            if is_structural(core) or core.op is CONSTANT:
                deltas = [(identity(size[a]), [a, b]) for a, b in self.deltas]
                return contract([(core, kept), *deltas], out, size)
            grouped = [(core, kept)]
        if not grouped and len(self.deltas) == 1 and len(out) == 2:
            return identity(shape[0])
        if grouped and not own and not self.deltas:
            return spread(grouped[0][0], shape)
        return _raw(grouped, self.deltas, out, size)


def _foldable(node: Node) -> bool:
    """Whether a contraction never keeps such a node as an operand."""
    return node.op is CONSTANT or node.op is IDENTITY or is_structural(node) or is_unit_vector(node)


def _raw(members: _Work, deltas: list[tuple[int, int]], out: list[int], size: dict[int, int]) -> Node:
    place = {k: i for i, k in enumerate(out)}
    operands = [(n, tuple(place[k] for k in ls)) for n, ls in members]
    operands += [(identity(size[a]), (place[a], place[b])) for a, b in deltas]
    operands.sort(key=lambda m: (m[0].digest, m[1]))
    shape = tuple(size[k] for k in out)
    return make(CONTRACT, tuple(n for n, _ in operands), Contraction(tuple(ls for _, ls in operands), shape), shape)


def mapped(along: IndexMap, arg: Node) -> Node:
    """An operand with the map applied; a scalar is the same along every axis."""
    return contract([(arg, along.labels if arg.shape else ())], along.kept, along.sizes)


@MOVED_IN.rule(CONTRACT)
def _moved_in(node: Node, along: IndexMap) -> Node:
    labels, sizes = Contraction.of(node)
    rename = dict(enumerate(along.labels))
    n = len(sizes)
    operands = [(a, [rename.get(k, n + k) for k in ks]) for a, ks in zip(node.args, labels)]
    missing = {rename[k]: sizes[k] for k in rename}
    # an output label that no operand has is a broadcast axis: summing it multiplies by its size
    lost_labels = set(missing) - set(along.kept) - {k for _, ks in operands for k in ks}
    return scale(float(math.prod(missing[k] for k in lost_labels)), contract(operands, along.kept, missing))


@SELECTED.rule(CONTRACT)
def _selected(node: Node, entries: Entries, shape: Shape) -> Node | None:
    """Into the operand that a structural contraction moves; other contractions keep the selection outside."""
    if not is_structural(node):
        return None
    labels, sizes = Contraction.of(node)
    operands = []
    for a, ks in zip(node.args, labels):
        part = deeper(a, tuple(entries[k] for k in ks))
        operands.append((part, [k for k in ks if not isinstance(entries[k], int)]))
    out = [k for k in range(len(sizes)) if not isinstance(entries[k], int)]
    return contract(operands, out, dict(zip(out, shape)))


@REBUILD.rule(CONTRACT)
def _rebuild(node: Node, args: tuple[Node, ...]) -> Node:
    labels, sizes = Contraction.of(node)
    return contract(list(zip(args, labels)), range(len(node.shape)), dict(enumerate(sizes)))
