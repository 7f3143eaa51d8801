"""Decoupled weight decay, of all parameters or of those with some names."""

from __future__ import annotations

from exprgraph import Node

from ...parameters.layout import Layout
from ...quantities import number
from .patterns import Pattern, check_pattern, mask_of


def check_decay(optimizer: object, weight_decay: float, mask: Pattern | None) -> None:
    """Check the options of a decay.

    Raises:
        ArgumentError: the decay is negative or no number, or the mask is no pattern.
    """
    name = type(optimizer).__name__
    number(f"{name}'s weight_decay", weight_decay, least=0)
    check_pattern(f"{name}'s mask", mask)


def decayed(optimizer: object, new: Node, old: Node, rate: Node, weight_decay: float, mask: Pattern | None, layout: Layout) -> Node:
    """The new flat parameters, minus ``rate * weight_decay`` times the old ones that decay (Loshchilov, Hutter 2019)."""
    if mask is not None:
        old = mask_of(f"{type(optimizer).__name__}'s mask", mask, layout) * old
    return new - rate * weight_decay * old if weight_decay else new


__all__ = ["check_decay", "decayed"]
