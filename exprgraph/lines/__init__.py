"""Functions of the elements along one axis in their order: running sums and products, sorted arrays."""

from . import lowering as _lowering
from . import rules as _rules

__all__: list[str] = []
del _lowering, _rules
