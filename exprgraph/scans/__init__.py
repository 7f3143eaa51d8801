"""Loops of a constant length as one node each."""

from . import calculus as _calculus
from . import elements as _elements
from . import evaluate as _evaluate
from . import lowered as _lowered
from . import mapped as _mapped
from . import merging as _merging
from . import show as _show

del _calculus, _elements, _evaluate, _lowered, _mapped, _merging, _show
