"""Data larger than memory: arrays read block by block, and sums over samples whose blocks are elsewhere."""

from __future__ import annotations

from . import dask as _dask  # registers collections first: a file among them becomes one
from .adding import FAN, added
from .calls import passes_of
from .calls import register as _register
from .passes import Passes
from .sent import Sent
from .stored import BLOCK, blocks_of, is_elsewhere, is_lazy, is_stored, read, rows_of, stand_in

_dask.register()
_register()

__all__ = [
    "BLOCK", "FAN", "Passes", "Sent", "added", "blocks_of", "is_elsewhere", "is_lazy", "is_stored", "passes_of", "read", "rows_of",
    "stand_in",
]  # fmt: skip
