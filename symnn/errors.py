"""The errors of the network layer; the engine's own are in :mod:`exprgraph.errors`."""

from __future__ import annotations

from exprgraph import AxisError, DTypeError, ExprGraphError, FileNameError, ShapeError, UnboundSymbolError


class ParameterError(ExprGraphError, ValueError):
    """Parameters that do not fit a network: one is missing, unknown, or misplaced."""


class UnknownParameterError(ParameterError, AttributeError, KeyError):
    """A name that a container of parameters does not have."""

    __str__ = Exception.__str__  # KeyError would print the repr of the message

    _layer: object = None

    def name_layer(self, layer: object) -> None:
        """Say which layer asked for the parameter; of nested layers, the innermost."""
        if self._layer is None:
            self._layer = layer
            self.args = (f"the layer {layer!r}: {self}",)


class ParameterFileError(ParameterError):
    """A file that does not hold parameters."""


class ActivationError(ExprGraphError, ValueError):
    """An activation that is not known, or does not act element by element."""


class ArgumentError(ExprGraphError, TypeError):
    """A built function called with, or built for, the wrong arguments."""


__all__ = [
    "ActivationError",
    "ArgumentError",
    "AxisError",
    "DTypeError",
    "ExprGraphError",
    "FileNameError",
    "ParameterError",
    "ParameterFileError",
    "ShapeError",
    "UnboundSymbolError",
    "UnknownParameterError",
]
