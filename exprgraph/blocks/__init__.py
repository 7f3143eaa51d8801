"""Data larger than memory: arrays read block by block, and sums over samples whose blocks are elsewhere."""

from __future__ import annotations

from . import dask as _dask  # registers collections first: a file among them becomes one
from .adding import FAN as FAN
from .adding import added
from .calls import passes_of as passes_of
from .calls import register as _register
from .passes import Passes as Passes
from .sent import SENT_ONCE as SENT_ONCE
from .sent import Sent
from .stored import BLOCK as BLOCK
from .stored import blocks_of as blocks_of
from .stored import is_elsewhere as is_elsewhere
from .stored import is_lazy, is_stored, rows_of
from .stored import read as read
from .stored import stand_in as stand_in

_dask.register()
_register()

# what users call; the other names are for trainings and the command line
__all__ = ["Sent", "added", "is_lazy", "is_stored", "rows_of"]
