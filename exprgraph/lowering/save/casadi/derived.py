"""Derivatives of functions of matrices, under the names by which CasADi asks for them.

``jac_f`` has a block for each result and input; ``fwd3_f`` takes three directions of each input; ``adj1_f`` takes one
weight of each result.  Each of them takes the inputs and the results of ``f``; the results are not read.  They are
functions of the same kind, so derivatives have derivatives: ``jac_adj1_f`` is the Hessian of a weighted sum of results.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from ....calculus.derivatives import jacobian
from ....calculus.forward import push_forward
from ....calculus.gates import is_smooth
from ....calculus.reverse import pull_back
from ....calculus.scalar_graphs import is_scalar_graph
from ....calculus.seeds import identity_tensor
from ....canonical.arithmetic import linear
from ....canonical.contract import contract
from ....canonical.grouping import differentiating
from ....canonical.joining import concatenate
from ....canonical.select import select
from ....graph.leaves import array, constant, zeros
from ....graph.node import Node, Shape
from ....graph.views import Slice
from ....language.shapes import reshape
from ....meaning.binding import Argument
from .functions import CasadiFunction, Input, Output, moved, new_symbol
from .patterns import dependence

_WORD = re.compile(r"(jac)|(fwd|adj)([1-9][0-9]*)?")


def functions_of(f: CasadiFunction, wanted: Sequence[str]) -> list[CasadiFunction]:
    """The function and its derivatives; also those of which a derivative is asked for.

    Raises:
        ValueError: a word is unknown.
    """
    found = {"": f}
    for text in wanted:
        parts = [_part(part, text) for part in text.split("_")]
        for k in reversed(range(len(parts))):
            word = "_".join(parts[k:])
            if word not in found:
                found[word] = _derivative(found["_".join(parts[k + 1 :])], parts[k])
    return list(found.values())


def _part(part: str, text: str) -> str:
    """One derivative in CasADi's spelling."""
    m = _WORD.fullmatch(part)
    if m is None:
        raise ValueError(
            f"there is no derivative {text!r}; there are jac, fwd1, fwd2, ..., adj1, adj2, ..., and derivatives of these, as in jac_adj1"
        )
    return part if m.group(1) or m.group(3) else f"{part}1"


def _derivative(f: CasadiFunction, word: str) -> CasadiFunction:
    with differentiating([o.value for o in f.outputs]):
        if word == "jac":
            return jac(f)
        kind: Callable[[CasadiFunction, int], CasadiFunction] = fwd if word.startswith("fwd") else adj
        return kind(f, int(word[3:]))


def _unread(f: CasadiFunction) -> list[Input]:
    """The inputs of a derivative that are results of the function."""
    return [Input(f"out_{o.name}", o.rows, o.columns, None) for o in f.outputs]


# ---------------------------------------------------------------- the Jacobian

#: the most directions that go through a function together; narrow products of matrices are slow
TOGETHER = 32
#: a reverse sweep costs about as much as two directions forward
_REVERSE = 2


def jac(f: CasadiFunction) -> CasadiFunction:
    """The block of each result by each input: a row for each element of the result, a column for each of the input."""
    masks = {(o, i): _mask(f.outputs[o], f.inputs[i]) for o in range(len(f.outputs)) for i in range(len(f.inputs))}
    values = _values(f, [block for block, mask in masks.items() if mask.any()])
    blocks = []
    for (o, i), mask in masks.items():
        result, given = f.outputs[o], f.inputs[i]
        value, scalars = values.get((o, i), (zeros(mask.shape), False))
        name = f"jac_{result.name}_{given.name}"
        blocks.append(Output(name, result.size, given.rows * given.columns, value, mask.ravel(), scalars))
    return CasadiFunction(f"jac_{f.name}", (*f.inputs, *_unread(f)), tuple(blocks))


def _mask(o: Output, i: Input) -> np.ndarray:
    """The entries of a block that can be other than zero, column by column."""
    if i.argument is None or not i.varies:
        return np.zeros((i.rows * i.columns, o.size), bool)
    mask = dependence(o.value, _symbols(i))
    if o.mask is not None:
        mask &= o.mask
    return mask | mask.T if o.gradient is i.argument else mask  # CasADi counts on a symmetric pattern of a Hessian


def _values(f: CasadiFunction, blocks: Sequence[tuple[int, int]]) -> dict[tuple[int, int], tuple[Node, bool]]:
    """The values of blocks, in the order of memory, and whether each element has an expression of its own."""
    found: dict[tuple[int, int], tuple[Node, bool]] = {}
    forward: dict[tuple[int, ...], list[int]] = {}  # results by the inputs along which they are differentiated together
    smooth = is_smooth([o.value for o in f.outputs], [s for i in f.inputs for s in _symbols(i)])
    for o, result in enumerate(f.outputs):
        narrow: list[int] = []
        for i in (i for k, i in blocks if k == o):
            symbols = _symbols(f.inputs[i])
            scalars = all(is_scalar_graph(result.value, s) for s in symbols)
            wide = sum(s.size for s in symbols) > min(TOGETHER, _REVERSE * result.size)
            if scalars or wide or not smooth:
                parts = [_columns(jacobian(result.value, s), result.value.ndim) for s in symbols]
                found[o, i] = _joined(parts, symbols, result.value.shape), scalars
            else:
                narrow.append(i)
        forward.setdefault(tuple(narrow), []).append(o)
    for inputs, results in forward.items():
        for group in _grouped(inputs, [f.inputs[i].rows * f.inputs[i].columns for i in inputs]):
            tangents = _along(f, results, group)
            for (o, i), value in tangents.items():
                found[o, i] = value, False
    return found


def _grouped(inputs: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    """Neighbours together, up to a number of directions.

    >>> _grouped([0, 1, 4, 5], [20, 10, 4, 1])
    [[0, 1], [4, 5]]
    """
    groups: list[list[int]] = []
    room = 0
    for i, size in zip(inputs, sizes):
        if size > room:
            groups.append([])
            room = TOGETHER
        groups[-1].append(i)
        room -= size
    return groups


def _along(f: CasadiFunction, results: Sequence[int], inputs: Sequence[int]) -> dict[tuple[int, int], Node]:
    """Blocks of results by inputs, in one sweep along all elements of the inputs."""
    total = sum(f.inputs[i].rows * f.inputs[i].columns for i in inputs)
    seeds: dict[Node, Node] = {}
    at = 0
    every = np.eye(total)
    for s in (s for i in inputs for s in _symbols(f.inputs[i])):
        seeds[s] = array(every[at : at + s.size].reshape((*s.shape, total)))
        at += s.size
    tangents = push_forward([f.outputs[o].value for o in results], seeds, (total,))
    found: dict[tuple[int, int], Node] = {}
    for o, t in zip(results, tangents):
        columns, at = _columns(t, t.ndim - 1), 0
        for i in inputs:
            size = f.inputs[i].rows * f.inputs[i].columns
            found[o, i] = select(columns, (Slice(at, 1, size), *(None,) * (t.ndim - 1)))
            at += size
    return found


def _symbols(i: Input) -> list[Node]:
    return [] if i.argument is None else [s for s, _ in i.argument.symbols]


def _columns(j: Node, ndim: int) -> Node:
    """A Jacobian with the axes of the variable first: column by column."""
    return moved(j, [*range(ndim, j.ndim), *range(ndim)])


def _joined(parts: Sequence[Node], symbols: Sequence[Node], shape: Shape) -> Node:
    """Columns by several symbols, as columns by their vector."""
    if len(parts) == 1:
        return parts[0]
    return concatenate([reshape(p, (s.size, *shape)) for p, s in zip(parts, symbols)])


# ---------------------------------------------------------------- directions and weights


def fwd(f: CasadiFunction, count: int) -> CasadiFunction:
    """The results along ``count`` directions of the inputs, side by side."""
    extra = (count,) if count > 1 else ()
    given: list[Input] = []
    seeds: dict[Node, Node] = {}
    for i in f.inputs:
        argument = None
        if i.argument is not None and i.varies:
            argument = _argument(f"fwd_{i.name}", (*extra, *i.argument.shape))
            for (s, _), direction in zip(i.argument.symbols, _parts(argument.symbols[0][0], i.argument)):
                seeds[s] = moved(direction, [*range(len(extra), direction.ndim), *range(len(extra))])
        given.append(Input(f"fwd_{i.name}", i.rows, i.columns * count, argument))
    found = push_forward([o.value for o in f.outputs], seeds, extra)
    results = []
    for o, t in zip(f.outputs, found):
        value = moved(t, [*range(o.value.ndim, t.ndim), *range(o.value.ndim)])
        mask = None if o.mask is None else np.tile(o.mask, count)
        results.append(Output(f"fwd_{o.name}", o.rows, o.columns * count, value, mask))
    return CasadiFunction(f"fwd{count}_{f.name}", (*f.inputs, *_unread(f), *given), tuple(results))


def adj(f: CasadiFunction, count: int) -> CasadiFunction:
    """The gradients of ``count`` weighted sums of the results, by the inputs, side by side."""
    extra = (count,) if count > 1 else ()
    given: list[Input] = []
    terms: list[Node] = []
    for o in f.outputs:
        argument = _argument(f"adj_{o.name}", (*extra, *o.value.shape))
        given.append(Input(f"adj_{o.name}", o.rows, o.columns * count, argument))
        axes = list(range(len(extra), len(extra) + o.value.ndim))
        weights = argument.symbols[0][0]
        terms.append(contract([(weights, [*range(len(extra)), *axes]), (o.value, axes)], range(len(extra))))
    total = linear([(1.0, t) for t in terms], 0.0, extra)
    by = [s for i in f.inputs if i.argument is not None and i.varies for s, _ in i.argument.symbols]
    found = dict(zip(by, pull_back(total, identity_tensor(extra) if extra else constant(1.0), by, extra)))
    results = []
    for i in f.inputs:
        shape = i.argument.shape if i.argument is not None else (i.columns, i.rows)
        if i.argument is None or not i.varies:
            value, mask = zeros((*extra, *shape)), np.zeros(i.rows * i.columns * count, bool)
            results.append(Output(f"adj_{i.name}", i.rows, i.columns * count, value, mask))
            continue
        parts = [found[s] for s, _ in i.argument.symbols]
        value = parts[0]
        if len(parts) > 1:
            value = concatenate([reshape(p, (*extra, s.size)) for p, (s, _) in zip(parts, i.argument.symbols)], axis=len(extra))
        gradient = None if extra else i.argument
        results.append(Output(f"adj_{i.name}", i.rows, i.columns * count, value, gradient=gradient))
    return CasadiFunction(f"adj{count}_{f.name}", (*f.inputs, *_unread(f), *given), tuple(results))


def _argument(name: str, shape: tuple[int, ...]) -> Argument:
    """A symbol as an argument."""
    return Argument(name, ((new_symbol(name, shape), 0),), shape, False)


def _parts(seeds: Node, argument: Argument) -> list[Node]:
    """The part of each symbol in seeds of an argument, whose axes are last."""
    if len(argument.symbols) == 1:
        return [seeds]
    extra = seeds.shape[:-1]
    every = (None,) * len(extra)
    cut = [select(seeds, (*every, Slice(at, 1, s.size))) for s, at in argument.symbols]
    return [reshape(c, (*extra, *s.shape)) for c, (s, _) in zip(cut, argument.symbols)]


__all__ = ["adj", "functions_of", "fwd", "jac"]
