"""The errors a user can meet; each states the expectation, the value that came, and a remedy."""

from __future__ import annotations


class ExprGraphError(Exception):
    """Base of the package's own errors."""


class ShapeError(ExprGraphError, ValueError):
    """Shapes that do not fit together."""


class DTypeError(ExprGraphError, TypeError):
    """Values that are not real numbers."""


class UnboundSymbolError(ExprGraphError, ValueError):
    """A symbol of an expression has no value."""


class DifferentiationError(ExprGraphError, ValueError):
    """A derivative that is not defined here."""


class AxisError(ExprGraphError, IndexError, ValueError):
    """An axis or an index out of range."""


class MissingRuleError(ExprGraphError, NotImplementedError):
    """An operation for which a part of the package has no rule."""


class CompilationError(ExprGraphError, RuntimeError):
    """A function cannot be compiled to the requested form."""


class ParseError(ExprGraphError, ValueError):
    """Text that is not an expression."""


class FileNameError(ExprGraphError, ValueError):
    """A file name with the ending of another format."""


class NotNativeWarning(UserWarning):
    """The code of a function has something that only Numba compiles, which is slower; the message names it."""
