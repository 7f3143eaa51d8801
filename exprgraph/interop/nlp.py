"""Nonlinear programs: an objective, constraints and their derivatives for optimizers of other packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..graph.node import Node
from .limits import Constraints
from .optimizers import Solution, by_ipopt, by_scipy, of_ipopt, of_scipy
from .program_functions import Bounds, Point, ProgramFunctions


def nlp(objective: Any, variables: Node | Sequence[Node], constraints: Constraints = None, bounds: Bounds = None) -> NonlinearProgram:
    """A nonlinear program: minimise an objective over variables, with constraints, by SciPy or IPOPT.

    Values, gradient, sparse Jacobian and sparse Hessians are compiled once, when they are first needed.  Other symbols are
    parameters: data that may differ from one solution to the next.

    Args:
        objective: a scalar expression.
        variables: a symbol, or several, of any shapes.
        constraints: one, a list of them, or a dict from names to them.  A constraint is a comparison, ``a <= b``, ``a >= b`` or
            ``eg.equal(a, b)``, or a tuple ``(lower, expression, upper)`` with numbers, arrays of them, or ``None`` for no limit.
            It holds for all elements.
        bounds: ``(lower, upper)`` of the only variable, or a dict from variables to such pairs.

    Raises:
        ShapeError: the objective is not a scalar; limits do not broadcast to their expression or variable.
        TypeError: a variable is not a symbol, or a constraint is something else.
        ValueError: a variable is given twice or declared per sample; bounds are of something else; a lower limit is above its upper.

    >>> import exprgraph as eg, exprgraph.interop
    >>> x, p = eg.Symbol("x", 2), eg.Symbol("p")
    >>> program = eg.interop.nlp(eg.sum((x - p) ** 2), x, [eg.sum(x**2) <= 2], bounds=(0.0, None))
    >>> program
    <nonlinear program: 2 variables (x), 1 constraint, parameters (p)>
    >>> program.solve({x: [0.5, 0.5]}, {p: 3.0})[x].round(3)
    array([1., 1.])
    """
    return NonlinearProgram(objective, variables, constraints, bounds)


class NonlinearProgram(ProgramFunctions):
    """A nonlinear program, made by :func:`nlp`.

    Attributes:
        objective: the scalar to minimise.
        variables: the symbols that are varied.  Optimizers see one vector: their elements, one symbol after another.
        parameters: the other symbols.
        constraints: the constrained expressions by name, or by position.
        size, count: how many numbers are varied, and constrained.
        lower, upper: the bounds of the variables.
        constraint_lower, constraint_upper: the limits of the constraints.
    """

    def scipy(self, parameters: Mapping[Node, Any] | None = None, method: str = "trust-constr") -> dict[str, Any]:
        """The arguments of ``scipy.optimize.minimize`` beside the start: functions, bounds, and constraints as the method takes them.

        Args:
            parameters: their values.
            method: a method of SciPy.

        Raises:
            UnboundSymbolError, ShapeError: a parameter has no value, or one of another shape.
            ValueError: there is no such method, or it takes no bounds or constraints, but there are some.
            ImportError: SciPy is not installed.

        >>> import exprgraph as eg, exprgraph.interop
        >>> from scipy.optimize import minimize
        >>> x = eg.Symbol("x", 2)
        >>> program = eg.interop.nlp((x[0] - 1) ** 2 + (x[1] - x[0] ** 2) ** 2, x)
        >>> minimize(x0=[0.0, 0.0], **program.scipy(method="trust-exact")).x.round(4)
        array([1., 1.])
        """
        return of_scipy(self, self.values_of(parameters), method)

    def ipopt(self, parameters: Mapping[Node, Any] | None = None) -> dict[str, Any]:
        """The arguments of ``cyipopt.Problem``: sizes, functions with the patterns of their derivatives, and limits.

        Args:
            parameters: their values.

        Raises:
            UnboundSymbolError, ShapeError: a parameter has no value, or one of another shape.

        >>> import exprgraph as eg, exprgraph.interop
        >>> x = eg.Symbol("x", 2)
        >>> given = eg.interop.nlp(x[0] ** 2 + x[1], x, eg.equal(x[0] * x[1], 1)).ipopt()
        >>> given["n"], given["m"], given["problem_obj"].jacobianstructure()
        (2, 1, (array([0, 0], dtype=int32), array([0, 1], dtype=int32)))
        """
        return of_ipopt(self, self.values_of(parameters))

    def solve(self, start: Point, parameters: Mapping[Node, Any] | None = None, method: str = "trust-constr", **options: Any) -> Solution:
        """A local minimum.

        Args:
            start: the first values of the variables, as for :meth:`pack`.
            parameters: their values.
            method: "ipopt" (``pip install cyipopt``, the extra ``ipopt``), or a method of SciPy.
            options: of the optimizer, by their names there: ``tol=1e-8, print_level=5`` for IPOPT, ``gtol=1e-10, maxiter=500`` for SciPy.

        Raises:
            UnboundSymbolError, ShapeError: a variable or a parameter has no value, or one of another shape.
            ValueError: there is no such method, or it takes no bounds or constraints, but there are some.
            ImportError: the optimizer is not installed.
        """
        x0, values = self.pack(start), self.values_of(parameters)
        if method == "ipopt":
            return by_ipopt(self, x0, values, options)
        return by_scipy(self, x0, values, method, dict(options))


__all__ = ["NonlinearProgram", "nlp"]
