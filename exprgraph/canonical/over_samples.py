"""Sums over the samples of a batch, pushed down past everything that does not depend on the sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

from ..graph.column import Column
from ..graph.leaves import number, sample_count
from ..graph.node import Node, make
from ..graph.primitive import CONCATENATE, CONTRACT, PLACE, PRODUCT, RESHAPE, SAMPLE_SUM, STACK, SUM
from ..graph.traverse import REBUILD
from ..graph.views import Contraction, Linear, axis_of, entries_of
from ..support.unwinding import each, unwinding
from .arithmetic import linear, product, scale
from .contract import contract, mapped
from .factors import quotient, times
from .grouping import kept_nodes
from .index_maps import MOVED_IN
from .joining import concatenate, reshape, stack
from .place import place
from .select import SELECTED, deeper
from .written import split_coefficient

#: what only moves elements
_MOVES = (PLACE, CONCATENATE, RESHAPE, STACK)
#: where a sum over samples moves into these, a sum over axes is inside already
_ARITHMETIC = (*_MOVES, SUM, PRODUCT, CONTRACT)


#: a sum over samples that moved into the node, part of which depends on the sample; None where it stays outside
OVER_SAMPLES: Column[Callable[[Node], Union[Node, None]]] = Column(
    "over_samples", "the sum over samples, pushed into a node of this kind", __name__, otherwise="the sum stays outside"
)


@unwinding
def sample_sum(node: Node) -> Node:
    """The canonical sum over samples."""
    if not node.per_sample:
        return _times_count(node)
    rule = OVER_SAMPLES.find(node.op)
    moved = None if rule is None else rule(node)
    return make(SAMPLE_SUM, (node,), (), node.shape) if moved is None else moved


def sample_mean(node: Node) -> Node:
    """The canonical mean over samples."""
    return quotient(sample_sum(node), sample_count(), node.shape) if node.per_sample else node


@OVER_SAMPLES.rule(SUM)
def _of_a_sum(node: Node) -> Node | None:
    c, rest = split_coefficient(node)
    if c != 1.0:
        return scale(c, sample_sum(rest))
    if not _opens(node):
        return None
    const, coefficients = Linear.of(node)
    terms = list(zip(coefficients, each(sample_sum, node.args)))
    if const:
        terms.append((const, sample_count()))
    return linear(terms, 0.0, node.shape)


@OVER_SAMPLES.rule(PRODUCT)
def _of_a_product(node: Node) -> Node | None:
    shared = [(a, e) for a, e in zip(node.args, node.params) if not a.per_sample]
    if not shared:
        return None
    own = [(a, e) for a, e in zip(node.args, node.params) if a.per_sample]
    shape = node.shape if any(a.shape for a, _ in own) else ()
    total = sample_sum(product(own, 1.0, shape))
    return product([(total, 1.0), *shared], 1.0, node.shape)


def _opens(node: Node) -> bool:
    """Whether the sum over samples of a sum is taken term by term.

    In the written form it is not: the sum of ``x - s`` keeps the digits of the differences.  There, only arrays that are
    larger than their operands are summed separately, so that no sample stores one.
    """
    kept = kept_nodes()
    if kept is None or node in kept:
        return any(_is_larger(a) for a in node.args if a.per_sample)
    return bool(Linear.of(node).constant) or any(a.op in (CONTRACT, *_MOVES) or not a.per_sample for a in node.args)


def _is_larger(term: Node) -> bool:
    """Whether it is, or moves, an outer product per sample, or a placed array."""
    pending, seen = [term], 0
    while pending and seen < 16:
        node = pending.pop()
        seen += 1
        if node.op is PLACE:
            return True
        if node.op is CONTRACT and len(node.args) > 1 and node.size > max(a.size for a in node.args if a.per_sample):
            return True
        if node.op in _MOVES or node.op is SUM or (node.op is CONTRACT and len(node.args) == 1):
            pending += [a for a in node.args if a.per_sample]
    return False


def _times_count(node: Node) -> Node:
    if number(node) == 0.0:
        return node
    c, rest = split_coefficient(node)
    return scale(c, times(rest, sample_count(), node.shape))


@OVER_SAMPLES.rule(CONTRACT)
def _of_a_contraction(node: Node) -> Node | None:
    """Move shared operands out of the sum, if the rest under it does not grow."""
    labels, sizes = Contraction.of(node)
    if len(node.args) == 1 and node.args[0].op not in _ARITHMETIC:
        rule = OVER_SAMPLES.find(node.args[0].op)
        moved = None if rule is None else rule(node.args[0])
        if moved is not None:
            return contract([(moved, labels[0])], range(len(node.shape)), dict(enumerate(sizes)))
    shared = [(a, ks) for a, ks in zip(node.args, labels) if not a.per_sample]
    own = [(a, ks) for a, ks in zip(node.args, labels) if a.per_sample]
    ndim = len(node.shape)
    if not shared:
        if len(own) > 1 or len(sizes) > ndim:
            return None
        arg, ks = own[0]  # a permutation or a broadcast goes past the sum, a diagonal stays under it
        unique = sorted(set(ks))
        if len(unique) < len(ks):
            arg, ks = contract([(arg, ks)], unique), tuple(unique)
        return None if arg is node else contract([(sample_sum(arg), ks)], range(ndim), dict(enumerate(sizes)))
    outside = set(range(ndim)) | {k for _, ks in shared for k in ks}
    kept = sorted({k for _, ks in own for k in ks} & outside)
    part = contract(own, kept)
    if len(own) > 1 and part.size > node.size:
        return None
    return contract([(sample_sum(part), kept), *shared], range(ndim), dict(enumerate(sizes)))


OVER_SAMPLES.fill(lambda node: place(sample_sum(node.args[0]), entries_of(node), node.shape), PLACE)
OVER_SAMPLES.fill(lambda node: reshape(sample_sum(node.args[0]), node.shape), RESHAPE)
OVER_SAMPLES.fill(lambda node: concatenate(each(sample_sum, node.args), axis_of(node)), CONCATENATE)
OVER_SAMPLES.fill(lambda node: stack(each(sample_sum, node.args), axis_of(node)), STACK)
SELECTED.fill(lambda node, entries, shape: sample_sum(deeper(node.args[0], entries)), SAMPLE_SUM)
MOVED_IN.fill(lambda node, along: sample_sum(mapped(along, node.args[0])), SAMPLE_SUM)
REBUILD.fill(lambda node, args: sample_sum(args[0]), SAMPLE_SUM)
