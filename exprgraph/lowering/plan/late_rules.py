"""Modules with the rules of lowering of primitives from folders above: imported when something is first lowered.

So importing the package loads neither the plan of compiled code nor typed loops.
"""

from __future__ import annotations

from importlib import import_module

_modules: list[str] = []


def lowered_by(*modules: str) -> None:
    """Name the modules with the rules of lowering of primitives."""
    _modules.extend(modules)


def load() -> None:
    """Import the modules that were named."""
    for module in _modules:
        import_module(module)


__all__ = ["load", "lowered_by"]
