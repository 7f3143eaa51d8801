"""Objective, constraints and their derivatives as compiled functions of one vector of variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Union

import numpy as np

from ..calculus.derivatives import jacobians
from ..calculus.sparse_derivatives import sparse_hessian, sparse_jacobian, sparse_lagrangian_hessian
from ..calculus.sparse_matrix import SparseFunction, SparseMatrix
from ..canonical.joining import concatenate, reshape
from ..canonical.operands import as_node
from ..canonical.select import select
from ..errors import ShapeError, UnboundSymbolError
from ..graph.leaves import Symbol, zeros
from ..graph.node import Node
from ..graph.traverse import symbols_of
from ..language.given import is_symbol, real_array
from ..lowering.call.function import CompiledFunction
from ..meaning.binding import packed
from ..support.names import shown
from .limits import Constraints, by_name, limits

#: a value for each variable, or a flat vector of all of them
Point = Union[Mapping[Node, Any], Sequence[Any], np.ndarray]
Bounds = Union[Mapping[Node, tuple[Any, Any]], tuple[Any, Any], None]
Array = np.ndarray


class ProgramFunctions:
    """The functions of a nonlinear program, each compiled when it is first needed.

    Their first argument is the vector of all variables, their last ones are the parameters.  The attributes are those of
    :class:`exprgraph.interop.NonlinearProgram`.
    """

    def __init__(self, objective: Any, variables: Node | Sequence[Node], constraints: Constraints, bounds: Bounds) -> None:
        self.objective = as_node(objective)
        if self.objective.shape == (1,):  # such as the output of a network
            self.objective = select(self.objective, (0,))
        if self.objective.shape:
            raise ShapeError(f"nlp: the objective is a scalar expression, got shape {self.objective.shape}")
        self.variables = _variables(variables)
        found = by_name(constraints)
        self.constraints = {name: c.expression for name, c in found.items()}
        self.size = sum(v.size for v in self.variables)
        self.count = sum(e.size for e in self.constraints.values())
        self.constraint_lower, self.constraint_upper = (
            np.concatenate([np.zeros(0), *(getattr(c, side) for c in found.values())]) for side in ("lower", "upper")
        )
        self.lower, self.upper = self._bounds(bounds)
        everything = symbols_of([self.objective, *self.constraints.values()])
        self.parameters = tuple(s for s in everything if s not in self.variables)
        for s in self.parameters:
            if s.per_sample:
                raise ValueError(f"nlp: the symbol {s.name!r} is declared per sample; make it without, or sum over the samples of an array")

    def _bounds(self, bounds: Bounds) -> tuple[Array, Array]:
        if isinstance(bounds, tuple) and len(bounds) == 2:
            if len(self.variables) > 1:
                raise ValueError("nlp: bounds of several variables are a dict from variables to pairs (lower, upper)")
            bounds = {self.variables[0]: bounds}
        given = {} if bounds is None else bounds
        if not isinstance(given, Mapping):
            raise ValueError(f"nlp: bounds are a pair, or a dict from variables to pairs (lower, upper), got {bounds!r}")
        for s in given:
            if s not in self.variables:
                raise ValueError(f"nlp: bounds are a pair, or a dict from variables to pairs (lower, upper), and {s!r} is no variable")
        found = [given.get(v, (None, None)) for v in self.variables]
        for v, pair in zip(self.variables, found):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise ValueError(f"nlp: bounds of {v.name!r} are a pair (lower, upper), got {pair!r}")
        pairs = [limits(low, high, v.shape, f"bounds of {v.name!r}") for v, (low, high) in zip(self.variables, found)]
        return np.concatenate([low for low, _ in pairs]), np.concatenate([high for _, high in pairs])

    def __repr__(self) -> str:
        names = ", ".join(shown(v.name) for v in self.variables)
        more = f", parameters ({', '.join(shown(p.name) for p in self.parameters)})" if self.parameters else ""
        constraints = f"{self.count} constraint{'s' * (self.count != 1)}"
        return f"<nonlinear program: {self.size} variable{'s' * (self.size != 1)} ({names}), {constraints}{more}>"

    # -- compiled functions, of the flat variables, of further arguments, and of the parameters

    def _arguments(self, *further: Node) -> list[Any]:
        return [packed("variables", self.variables), *further, *self.parameters]

    def _new(self, name: str, *shape: int) -> Node:
        """A symbol that is none of the user's."""
        while (made := Symbol(name, shape)) in (*self.variables, *self.parameters):
            name += "'"
        return made

    def _compiled(self, e: Node) -> CompiledFunction:
        return CompiledFunction(e, self._arguments(), self._arguments())

    def _sparse(self, matrix: SparseMatrix, *further: Node) -> SparseFunction:
        return matrix.compile(self._arguments(*further))

    @cached_property
    def value(self) -> CompiledFunction:
        """The objective."""
        return self._compiled(self.objective)

    @cached_property
    def gradient(self) -> CompiledFunction:
        """The gradient of the objective, of shape ``(size,)``."""
        return self._compiled(concatenate([reshape(g, (g.size,)) for g in jacobians(self.objective, self.variables, "reverse")]))

    @cached_property
    def _constrained(self) -> Node:
        return concatenate([reshape(e, (e.size,)) for e in self.constraints.values()]) if self.constraints else zeros((0,))

    @cached_property
    def constrained(self) -> CompiledFunction:
        """The constrained expressions, of shape ``(count,)``."""
        return self._compiled(self._constrained)

    @cached_property
    def jacobian(self) -> SparseFunction:
        """The derivatives of the constraints, a sparse matrix of shape ``(count, size)``."""
        return self._sparse(sparse_jacobian(self._constrained, self.variables))

    @cached_property
    def hessian(self) -> SparseFunction:
        """The second derivatives of the objective, a sparse matrix."""
        return self._sparse(sparse_hessian(self.objective, self.variables))

    @cached_property
    def constraint_hessian(self) -> SparseFunction:
        """The second derivatives of the constraints times multipliers, which follow the variables."""
        y = self._new("multipliers", self.count)
        return self._sparse(sparse_lagrangian_hessian(0.0, self._constrained, self.variables, y), y)

    @cached_property
    def lagrangian_hessian(self) -> SparseFunction:
        """The lower triangle of the second derivatives of ``factor*objective + multipliers*constraints``.

        Its arguments are the variables, factor, multipliers, and parameters.
        """
        y, factor = self._new("multipliers", self.count), self._new("factor of the objective")
        if self.count:
            whole = sparse_lagrangian_hessian(self.objective, self._constrained, self.variables, y, factor)
        else:
            whole = sparse_hessian(factor * self.objective, self.variables)
        below = np.flatnonzero(whole.rows >= whole.columns)
        lower = SparseMatrix(whole.rows[below], whole.columns[below], whole.values[below], whole.shape, whole.colours)
        return self._sparse(lower, factor, y)

    # -- numbers of users

    def pack(self, point: Point) -> Array:
        """One vector of the values of all variables.

        Args:
            point: a dict from variables to values, a list of values in their order, the value of the only variable, or this vector,
                an array or a list of numbers.

        Raises:
            UnboundSymbolError: a variable has no value.
            DTypeError: a value is not real numbers.
            ShapeError: a value has another shape than its variable.
            ValueError: there is a value of something else.
        """
        if not isinstance(point, Mapping):
            several = len(self.variables) > 1
            of_each = several and isinstance(point, (list, tuple)) and any(map(np.ndim, point))
            a = None if of_each else real_array(point, "nlp: the point")
            if a is not None and (a.shape == (self.size,) or (not several and a.shape == self.variables[0].shape)):
                return np.array(a, float).ravel()
            values = list(point) if a is None or a.ndim else [point]
            if len(values) != len(self.variables):
                raise ShapeError(
                    f"a point is a dict from variables to values, a value for each of {len(self.variables)}, or a vector of {self.size} "
                    f"numbers, got {len(values)} value{'s' * (len(values) != 1)}"
                )
            point = dict(zip(self.variables, values))
        return np.concatenate([np.ravel(a) for a in _values(point, self.variables, "the variable")])

    def unpack(self, vector: Array) -> dict[Node, Array]:
        """The values of the variables in a vector of all of them."""
        ends = np.cumsum([v.size for v in self.variables]).tolist()
        return {v: np.reshape(vector[e - v.size : e], v.shape) for v, e in zip(self.variables, ends)}

    def named(self, numbers: Array) -> dict[str | int, Array]:
        """Numbers of all constraints, as arrays of the expressions' shapes by the constraints' names."""
        ends = np.cumsum([0, *(e.size for e in self.constraints.values())]).tolist()
        return {n: np.reshape(numbers[a : a + e.size], e.shape) for (n, e), a in zip(self.constraints.items(), ends)}

    def values_of(self, parameters: Mapping[Node, Any] | None) -> list[Array]:
        """The values of the parameters, in their order."""
        return _values(parameters or {}, self.parameters, "the parameter")


def _variables(given: Node | Sequence[Node]) -> tuple[Node, ...]:
    if not isinstance(given, (Node, list, tuple)):
        raise TypeError(f"nlp: the variables are a symbol or a list of symbols, got {given!r}")
    variables = (given,) if isinstance(given, Node) else tuple(given)
    for k, v in enumerate(variables):
        if not is_symbol(v):
            raise TypeError(f"nlp: a variable is a symbol, got {v!r}")
        if v.per_sample:
            raise ValueError(f"nlp: the variable {v.name!r} is declared per sample; make it an array of all samples")
        if v in variables[:k]:
            raise ValueError(f"nlp: the variable {v.name!r} is given twice")
    if not variables:
        raise ValueError("nlp: there are no variables")
    return variables


def _values(given: Mapping[Node, Any], symbols: Sequence[Node], what: str) -> list[Array]:
    """A number for each element of each symbol."""
    for s in given:
        if s not in symbols:
            hint = f"; write the symbol itself, x = Symbol({s!r}) and {{x: 1.0}}" if isinstance(s, str) else ""
            known = ", ".join(shown(v.name) for v in symbols)
            raise ValueError(f"nlp: {s!r} is none of {known}{hint}" if known else f"nlp: {s!r} has a value, but there are no parameters")
    found = []
    for s in symbols:
        if s not in given:
            raise UnboundSymbolError(f"nlp: {what} {s.name!r} of shape {s.shape} has no value")
        a = real_array(given[s], f"nlp: {what} {s.name!r}")
        if a.shape != s.shape:
            raise ShapeError(f"nlp: {what} {s.name!r} has shape {s.shape}, got a value of shape {a.shape}")
        found.append(np.array(a, float))
    return found


__all__ = ["Bounds", "Point", "ProgramFunctions"]
