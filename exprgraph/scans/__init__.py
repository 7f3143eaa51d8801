"""Loops of a constant length as one node each."""

from ..lowering.plan.late_rules import lowered_by
from . import calculus as _calculus
from . import elements as _elements
from . import evaluate as _evaluate
from . import links as _links
from . import mapped as _mapped
from . import show as _show

lowered_by(f"{__name__}.lowered", f"{__name__}.merging")
del _calculus, _elements, _evaluate, _links, _mapped, _show, lowered_by
