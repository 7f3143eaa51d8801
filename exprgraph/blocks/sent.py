"""Objects on their way to other processes, such as compiled functions."""

from __future__ import annotations

import pickle
from functools import lru_cache
from hashlib import blake2b
from typing import Generic, TypeVar

#: bytes of an array that is sent once, not with each task
SENT_ONCE = 1 << 16
T = TypeVar("T")


class Sent(Generic[T]):
    """An object that a process receives once, however many tasks bring it: the code of a compiled function is found or made once.

    Attributes:
        thing: the object, which does not change.

    >>> import pickle
    >>> import exprgraph as eg
    >>> x = eg.Symbol("x")
    >>> sent = eg.blocks.Sent(eg.compile(x**2, x))
    >>> pickle.loads(pickle.dumps(sent)).thing is pickle.loads(pickle.dumps(sent)).thing
    True
    """

    def __init__(self, thing: T) -> None:
        self.thing = thing
        self._payload: bytes | None = None

    @property
    def payload(self) -> bytes:
        """What is sent."""
        if self._payload is None:
            self._payload = pickle.dumps(self.thing)
        return self._payload

    def __reduce__(self) -> tuple[object, ...]:
        return _arrived, (self.payload,)

    def __dask_tokenize__(self) -> str:
        return blake2b(self.payload, digest_size=16).hexdigest()


@lru_cache(maxsize=64)
def _arrived(payload: bytes) -> Sent[object]:
    sent = Sent(pickle.loads(payload))
    sent._payload = payload
    return sent


__all__ = ["SENT_ONCE", "Sent"]
