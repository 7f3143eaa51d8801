"""Compiled functions on their way to other processes."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..graph.node import Shape
    from ..lowering.call.outputs import CompiledOutputs


class Sent:
    """Compiled outputs that a process receives once, however many tasks bring them: its code is found or made once.

    >>> import pickle
    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> sent = eg.blocks.Sent(eg.compile(x**2, x).core)
    >>> pickle.loads(pickle.dumps(sent)).core is pickle.loads(pickle.dumps(sent)).core
    True
    """

    def __init__(self, core: CompiledOutputs) -> None:
        self.core = core
        self._payload: bytes | None = None

    def __call__(self, arrays: Sequence[np.ndarray], batch: Shape) -> list[np.ndarray]:
        """The outputs for arrays of one type, with these batch axes."""
        return self.core.answer(arrays, batch)[0]

    @property
    def payload(self) -> bytes:
        """What is sent."""
        if self._payload is None:
            self._payload = pickle.dumps(self.core)
        return self._payload

    def __reduce__(self) -> tuple[object, ...]:
        return _arrived, (self.payload,)

    def __dask_tokenize__(self) -> str:
        return blake2b(self.payload, digest_size=16).hexdigest()


@lru_cache(maxsize=64)
def _arrived(payload: bytes) -> Sent:
    sent = Sent(pickle.loads(payload))
    sent._payload = payload
    return sent


__all__ = ["Sent"]
