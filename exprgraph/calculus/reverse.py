"""Reverse mode: cotangents pulled through a graph (vjp).

Samples.  A cotangent inside ``over_samples.sum`` is per-sample.  When it reaches a value shared by all samples, it is
summed over the samples.  Outside of such a sum, a per-sample expression has a per-sample gradient, and nothing is
summed.  A node can be reached both ways, so cotangents are collected under (node, inside a sum or not).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set

from ..canonical.arithmetic import linear
from ..canonical.contract import contract
from ..canonical.grouping import differentiating
from ..canonical.over_samples import sample_sum
from ..errors import DifferentiationError
from ..graph.leaves import is_zero, zeros
from ..graph.node import Node, Shape
from ..graph.primitive import SAMPLE_SUM, SELECT, Primitive
from ..graph.traverse import dependents, topological
from ..graph.views import Entries
from ..support.collecting import uncollected
from .assembling import assembled
from .branches import cotangents, smooth_rule
from .gates import Zeros, gated_product, inside, together
from .rules import Vjp
from .scalar_sweep import pulled_scalars, scalars_below
from .seeds import identity_tensor
from .wanted import wanting


class _Cotangent:
    """The cotangents that have reached a node so far."""

    __slots__ = ("selected", "states", "terms")

    def __init__(self) -> None:
        self.terms: list[tuple[float, Node]] = []
        self.selected: dict[Entries, list[Node]] | None = None  # of elements and slices
        self.states: list[Zeros] = []  # whether zeros silence, of each; empty as long as none do

    def __len__(self) -> int:
        return len(self.terms) + (0 if self.selected is None else sum(map(len, self.selected.values())))

    def total(self, node: Node, extra: Shape) -> Node:
        terms = self.terms
        if self.selected is not None:
            terms += [(1.0, t) for t in assembled(self.selected, node.shape, extra)]
        return terms[0][1] if len(terms) == 1 else linear(terms, 0.0, extra + node.shape)


class _Collected:
    """The cotangents on their way, of nodes inside a sum over samples and outside."""

    __slots__ = ("active", "boxes")

    def __init__(self, active: Set[Node]) -> None:
        self.active = active
        self.boxes: dict[bool, dict[Node, _Cotangent]] = {True: {}, False: {}}

    def add(self, node: Node, within: bool, value: Node | None, silence: Zeros, entries: Entries | None = None) -> None:
        """Collect a cotangent, or that of a selection, if it is not zero and of use."""
        if value is None or node not in self.active or is_zero(value):
            return
        if within and not node.per_sample:
            value, within, silence = sample_sum(value), False, inside(silence)
        boxes = self.boxes[within]
        box = boxes.get(node)
        if box is None:
            box = boxes[node] = _Cotangent()
        if silence is not None or box.states:
            box.states += [None] * (len(box) - len(box.states))
            box.states.append(silence)
        if entries is None:
            box.terms.append((1.0, value))
            return
        if box.selected is None:
            box.selected = {}
        box.selected.setdefault(entries, []).append(value)


def _symbol_of(target: Node) -> Node:
    """The symbol of a target, which is the symbol or a selection from it."""
    return target.args[0] if target.op is SELECT else target


def pull_back(output: Node, ct: Node, targets: Sequence[Node], extra: Shape = (), *, summed: bool = False) -> list[Node]:
    """Cotangents of the targets, of shape ``extra + target.shape``.

    ``ct`` is the cotangent of the output, of shape ``extra + output.shape``; ``summed`` says that
    the output is the argument of a sum over samples.

    Raises:
        DifferentiationError: the result would need the derivative of one sample's value by another sample's symbol.

    >>> import exprgraph as eg
    >>> from exprgraph.calculus.reverse import pull_back
    >>> x, y = eg.symbols("x y")
    >>> pull_back(x * y, eg.ones(()), [x, y])
    [y, x]
    """
    return [ct for ct, _ in cotangents_of([(output, ct, None)], targets, extra, summed=summed)]


def cotangents_of(
    seeds: Sequence[tuple[Node, Node, Zeros]], targets: Sequence[Node], extra: Shape = (), *, summed: bool = False
) -> list[tuple[Node, Zeros]]:
    """The cotangents of the targets from those of several outputs, each with whether its zeros silence factors."""
    outputs = [output for output, *_ in seeds]
    order = topological(outputs)
    active = dependents(order, targets)
    with uncollected(len(order)), wanting(active), differentiating(outputs, order):
        if not extra and not summed and all(s is None for _, _, s in seeds):
            found = _of_scalars(order, [(output, ct) for output, ct, _ in seeds], targets, active)
            if found is not None:
                return found
        return _pulled_back(order, seeds, targets, extra, summed, active)


def _of_scalars(
    order: Sequence[Node], seeds: Sequence[tuple[Node, Node]], targets: Sequence[Node], active: Set[Node]
) -> list[tuple[Node, Zeros]] | None:
    """The cotangents if most nodes are scalars at the bottom of the graph: through the nodes above these, then through scalars."""
    below, above = scalars_below(order, active)
    if len(above) > len(below) or any(n.op is SAMPLE_SUM for n in above):
        return None
    ends = [n for n in dict.fromkeys([a for n in above for a in n.args]) if n in below]
    others = [t for t in targets if t not in below]
    upper: list[tuple[Node, Zeros]] = [(zeros(t.shape), None) for t in others]
    if above:
        reached = {*above, *ends, *others}
        first = [(output, ct, None) for output, ct in seeds if output not in below]
        with wanting(reached):
            found = _pulled_back([n for n in order if n in reached], first, [*ends, *others], (), False, reached, set(ends))
        if any(silence is not None for _, silence in found[: len(ends)]):
            return None
        upper = found[len(ends) :]
        seeds = [*((n, ct) for n, (ct, _) in zip(ends, found)), *((output, ct) for output, ct in seeds if output in below)]
    parts: dict[Node, list[tuple[Node, Zeros]]] = {t: [(ct, None)] for t, ct in zip(targets, pulled_scalars(order, seeds, targets, active))}
    for t, found_above in zip(others, upper):
        parts[t] = [p for p in (found_above, *parts[t]) if not is_zero(p[0])]
    return [_added(parts[t], t.shape) for t in targets]


def _pulled_back(
    order: Sequence[Node],
    seeds: Sequence[tuple[Node, Node, Zeros]],
    targets: Sequence[Node],
    extra: Shape,
    summed: bool,
    active: Set[Node],
    ends: Set[Node] = frozenset(),
) -> list[tuple[Node, Zeros]]:
    """The cotangents, by a sweep that goes no further at ``ends``."""
    wanted = set(targets)
    collected = _Collected(active)
    collect = collected.add
    passes: dict[Primitive, Vjp | None] = {}
    found: dict[Node, list[tuple[Node, Zeros]]] = {t: [] for t in targets}
    differs = any(output.per_sample for output, *_ in seeds)

    for output, ct, silence in seeds:
        collect(output, summed, ct, silence)
    both, outside = list(collected.boxes.items()), [(False, collected.boxes[False])]
    for node in reversed(order):
        for within, boxes in both if collected.boxes[True] else outside:
            box = boxes.pop(node, None)
            if box is None:
                continue
            silence = together(box.states) if box.states else None
            if box.selected is not None:
                silence = inside(silence)
            total = box.total(node, extra)
            if is_zero(total):
                continue
            if node in wanted:
                if within and differs and not summed and node.per_sample:
                    raise _of_another_sample(node)
                found[node].append((total, silence))
            if not node.args or node in ends:
                continue
            if node.op is SAMPLE_SUM:
                if total.per_sample:
                    _through_sum(node, total, silence, targets, extra, found)
                    continue
                within = True
            if node.op is SELECT:
                collect(node.args[0], within, total, silence, node.params)
                continue
            rule = None
            if silence is None:
                rule = passes[node.op] if node.op in passes else passes.setdefault(node.op, smooth_rule(node.op))
            if rule is not None:
                for arg, value in zip(node.args, rule(node, total, extra)):
                    collect(arg, within, value, None)
                continue
            for arg, (given, after) in zip(node.args, cotangents(node, total, extra, silence)):
                collect(arg, within, given, after)
    return [_added(found[t], extra + t.shape) for t in targets]


def _added(parts: Sequence[tuple[Node, Zeros]], shape: Shape) -> tuple[Node, Zeros]:
    """The sum of the cotangents that have reached a target."""
    whole = linear([(1.0, p) for p, _ in parts], 0.0, shape) if parts else zeros(shape)
    return whole, together([state for _, state in parts])


def _of_another_sample(target: Node) -> DifferentiationError:
    return DifferentiationError(
        f"the derivative of one sample's value by another sample's {_symbol_of(target).params[0]!r} is not represented: "
        "the expression is per sample and holds a sum over samples of that symbol; differentiate the sum itself"
    )


def _through_sum(
    node: Node, ct: Node, silence: Zeros, targets: Sequence[Node], extra: Shape, found: dict[Node, list[tuple[Node, Zeros]]]
) -> None:
    """The rule of a sum over samples for a per-sample cotangent.

    The sum's derivative is shared by all samples; it is computed first, then contracted.
    """
    own = [t for t in targets if not t.per_sample]
    if any(t.per_sample and t in topological([node]) for t in targets):
        raise DifferentiationError(
            "the derivative of one sample's value by another sample's symbol is not represented: "
            "the expression is per sample and holds a sum over samples; differentiate the sum itself"
        )
    parts = pull_back(node.args[0], identity_tensor(node.shape), own, node.shape, summed=True)
    e: list[Hashable] = [("e", k) for k in range(len(extra))]
    n: list[Hashable] = [("n", k) for k in range(len(node.shape))]
    for t, part in zip(own, parts):
        x: list[Hashable] = [("x", k) for k in range(len(t.shape))]
        if silence is not None:
            size = dict(zip(e + n + x, extra + node.shape + t.shape))
            found[t].append((gated_product(ct, e + n, [(part, n + x)], e + x, size, silence), inside(silence)))
        else:
            found[t].append((contract([(ct, e + n), (part, n + x)], e + x), None))
