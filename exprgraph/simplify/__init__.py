"""Simplification: named rewriting rules."""

from .rules import ASSUMPTIONS as ASSUMPTIONS
from .rules import RULES as RULES
from .rules import simplify as simplify
