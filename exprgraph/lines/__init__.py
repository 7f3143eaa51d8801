"""Functions of the elements along one axis in their order: running sums and products, sorted arrays."""

from ..lowering.plan.late_rules import lowered_by
from . import rules as _rules

lowered_by(f"{__name__}.lowering")
__all__: list[str] = []
del _rules, lowered_by
