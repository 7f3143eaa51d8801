"""Outputs with sums over samples as passes over blocks of samples.

A pass computes the sums of one block as a vector.  The vectors of all blocks are added, and are an argument of the next pass.
The last pass has the outputs: those that differ by sample, block by block, and the others once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..canonical.joining import concatenate, reshape
from ..canonical.over_samples import sample_sum
from ..canonical.select import select
from ..graph.leaves import Symbol
from ..graph.node import Node, Shape
from ..graph.primitive import SAMPLE_COUNT, SAMPLE_SUM
from ..graph.traverse import of_arguments, topological
from ..graph.views import Slice
from ..lowering.call.outputs import CompiledOutputs
from ..meaning.binding import Argument
from .sent import Sent

#: a function of the arrays of a block, in a form that other processes receive once
Pass = Sent[CompiledOutputs]

#: adds up the vectors of all blocks, each computed by the function from the arguments after the given ones
Total = Callable[[Pass, Sequence[np.ndarray]], np.ndarray]


class Passes:
    """Compiled outputs, computed from blocks of samples.

    Args:
        core: the outputs.
        repeated: for each output, whether it is repeated over the samples; none by default.

    Attributes:
        sums: a function for each pass: from the arguments of ``core``, the number of samples and the vectors of earlier passes to
            the vector of a block, in the order of the passes.
        last: the outputs that are computed for each block, of the same arguments; ``None`` if there are none.
        once: the outputs that are computed once, of the arguments that do not differ by sample, and the others of zeros.
        by_sample: for each output, whether it is one of ``last``.

    >>> import exprgraph as eg, numpy as np
    >>> x = eg.Symbol("x", per_sample=True)
    >>> passes = eg.blocks.Passes(eg.compile(x - eg.over_samples.mean(x), x).core)
    >>> len(passes.sums), passes.by_sample
    (1, [True])
    """

    def __init__(self, core: CompiledOutputs, repeated: Sequence[bool] = ()) -> None:
        self.core = core
        again = repeated or [False] * len(core.outputs)
        self.by_sample = [differs or repeat for differs, repeat in zip(core.differs, again)]
        self._further: list[Argument] = []
        order = topological(core.outputs)
        if not any(n.op in (SAMPLE_SUM, SAMPLE_COUNT) for n in order):
            self.sums: list[Pass] = []
            image = {o: o for o in core.outputs}
        else:
            count = self._argument("number of samples", ())
            self.sums, image = self._split(order, count)
        chosen = [[image[o] for o, by in zip(core.outputs, self.by_sample) if by is which] for which in (True, False)]
        self.last, self.once = (self._made(c) if c else None for c in chosen)

    @property
    def counts(self) -> bool:
        """Whether there is an argument for the number of samples."""
        return bool(self._further)

    def _argument(self, name: str, shape: Shape) -> Node:
        taken = {s.name for a in self.core.arguments for s, _ in a.symbols}
        while name in taken:
            name += "'"
        symbol = Symbol(name, shape)
        self._further.append(Argument(name, ((symbol, 0),), shape, False))
        return symbol

    def _made(self, outputs: Sequence[Node]) -> Pass:
        core = self.core
        if not self._further and tuple(outputs) == core.outputs:
            return Sent(core)
        return Sent(core.with_outputs(outputs, [*core.arguments, *self._further]))

    def _split(self, order: Sequence[Node], count: Node) -> tuple[list[Pass], dict[Node, Node]]:
        """The passes, and every node in terms of the vectors."""
        level: dict[Node, int] = {}
        for n in order:
            level[n] = max((level[a] for a in n.args), default=0) + (n.op is SAMPLE_SUM)
        image: dict[Node, Node] = {}
        made: list[Pass] = []
        for depth in range(max(level.values()) + 1):
            for n in order:
                if level[n] == depth and n not in image:
                    image[n] = count if n.op is SAMPLE_COUNT else of_arguments(n, tuple(image[a] for a in n.args)) if n.args else n
            sums = [n for n in order if n.op is SAMPLE_SUM and level[n] == depth + 1]
            if not sums:
                continue
            vector = concatenate([reshape(sample_sum(image[n.args[0]]), (n.size,)) for n in sums], 0)
            made.append(self._made([vector]))
            total, at = self._argument(f"sums of pass {depth}", vector.shape), 0
            for n in sums:
                part = total if n.size == vector.size else select(total, (Slice(at, 1, n.size),))
                image[n] = reshape(part, n.shape)
                at += n.size
        return made, image

    def totals(self, samples: int | np.ndarray, dtype: np.dtype[np.generic], total: Total) -> list[np.ndarray]:
        """The number of samples and the vectors of all passes, which follow the arguments."""
        if not self.counts:
            return []
        found = [np.asarray(samples, dtype)]
        for f in self.sums:
            found.append(total(f, found).astype(dtype))
        return found

    def joined(self, by_sample: Sequence[np.ndarray], once: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The outputs in order, of those for samples and the others."""
        kinds = {True: iter(by_sample), False: iter(once)}
        return [next(kinds[by]) for by in self.by_sample]


def results(f: Pass, arrays: Sequence[np.ndarray], batch: Shape) -> list[np.ndarray]:
    """The outputs of a pass for arrays of one type, with these batch axes."""
    return f.thing.answer(arrays, batch)[0]


__all__ = ["Pass", "Passes", "Total", "results"]
