"""What is saved: outputs as a function of arguments, and the choices of the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...graph.node import Node
from ...meaning.binding import Argument


@dataclass(frozen=True)
class Saved:
    """A function for a file.

    Attributes:
        outputs: the expressions, in order.
        arguments: the arguments of the function, in order.
        names: a name for each output, ``"u.L1.W"`` or ``"[0]"``; ``""`` for a single one.
        contract: whether sums and products may be fused.
        frozen: numbers of arguments that the file holds, and callers do not give: by position, flat.
    """

    outputs: tuple[Node, ...]
    arguments: tuple[Argument, ...]
    names: tuple[str, ...]
    contract: bool = True
    frozen: Mapping[int, np.ndarray] = field(default_factory=dict)

    def freeze(self, numbers: Mapping[int, np.ndarray]) -> Saved:
        """The function with numbers for some arguments, the same for all samples."""
        arguments = tuple(a._replace(per_sample=False) if k in numbers else a for k, a in enumerate(self.arguments))
        flat = {k: np.array(a, np.float64, order="C").reshape(-1) for k, a in numbers.items()}
        return Saved(self.outputs, arguments, self.names, self.contract, flat)

    @property
    def takes_batches(self) -> bool:
        """Whether any argument may differ by sample."""
        return any(a.per_sample for a in self.arguments)


__all__ = ["Saved"]
