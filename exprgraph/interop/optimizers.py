"""A nonlinear program as SciPy's and IPOPT's optimizers take it, and what they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple, Union

import numpy as np

from ..graph.node import Node
from .program_functions import ProgramFunctions

Array = np.ndarray
Named = Mapping[Union[str, int], Array]

#: methods of ``scipy.optimize.minimize`` that take constraints; bounds; the Hessian of the objective; no derivatives
CONSTRAINED = ("trust-constr", "SLSQP", "COBYLA", "COBYQA")
BOUNDED = (*CONSTRAINED, "L-BFGS-B", "TNC", "Nelder-Mead", "Powell")
BY_HESSIAN = ("trust-constr", "Newton-CG", "dogleg", "trust-ncg", "trust-krylov", "trust-exact")
WITHOUT_DERIVATIVES = ("COBYLA", "COBYQA", "Nelder-Mead", "Powell")
METHODS = tuple(dict.fromkeys((*BOUNDED, *BY_HESSIAN, "BFGS", "CG")))


@dataclass(frozen=True)
class Solution:
    """What an optimizer found; ``solution[x]`` is the value of the variable x.

    Attributes:
        variables: the value of each variable.
        objective: the objective there.
        constraints: the values of the constrained expressions, by the constraints' names.
        multipliers: of the constraints, by their names: the derivative of ``objective + sum(multipliers * constraints)`` is 0 where no
            bound is active.  Empty if the method gives none.
        success: whether the optimizer is content.
        message: its reason to stop, in words.
        iterations: how many it made; for COBYLA, how often it evaluated the objective.
        raw: the result in the form of the optimizer's package.
    """

    variables: Mapping[Node, Array]
    objective: float
    constraints: Named
    multipliers: Named
    success: bool
    message: str
    iterations: int
    raw: Any = field(repr=False)

    def __getitem__(self, variable: Node) -> Array:
        return self.variables[variable]


# ---------------------------------------------------------------- SciPy


def of_scipy(program: ProgramFunctions, parameters: Sequence[Array], method: str) -> dict[str, Any]:
    """The arguments of ``scipy.optimize.minimize`` beside the start.

    Raises:
        ValueError: there is no such method, or it takes no bounds or constraints, but there are some.
        ImportError: SciPy is not installed.
    """
    try:
        optimize: Any = import_module("scipy.optimize")
    except ImportError as error:
        raise ImportError(f"method {method!r} is SciPy's and needs it: pip install scipy ({error})") from error
    method = {m.lower(): m for m in METHODS}.get(str(method).lower(), method)  # SciPy's own are read so, too
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}; there are 'ipopt', {', '.join(map(repr, METHODS))}")
    has_bounds = bool(np.any(np.isfinite(program.lower) | np.isfinite(program.upper)))
    for what, there, methods in (("constraints", program.count, CONSTRAINED), ("bounds", has_bounds, BOUNDED)):
        if there and method not in methods:
            raise ValueError(f"SciPy's method {method!r} takes no {what}; those that do are {', '.join(methods)}, and 'ipopt'")
    sparse = method == "trust-constr"

    def of(function: Callable[..., Any], as_it_is: bool = True) -> Callable[..., Any]:
        def called(x: Array, *further: Array) -> Any:
            value = function(x, *further, *parameters)
            return value if as_it_is else value.toarray()

        return called

    given: dict[str, Any] = {"fun": of(program.value), "method": method}
    if method not in WITHOUT_DERIVATIVES:
        given["jac"] = of(program.gradient)
    if method in BY_HESSIAN:
        given["hess"] = of(program.hessian, sparse)
    if has_bounds:
        given["bounds"] = optimize.Bounds(program.lower, program.upper)
    if program.count:
        options: dict[str, Any] = {} if method in WITHOUT_DERIVATIVES else {"jac": of(program.jacobian, sparse)}
        if sparse:
            options["hess"] = of(program.constraint_hessian)
        low, high = program.constraint_lower, program.constraint_upper
        whole = optimize.NonlinearConstraint(of(program.constrained), low, high, **options)
        given["constraints"] = _apart(whole, low == high) if method == "SLSQP" and 0 < np.sum(low == high) < program.count else whole
    return given


def _apart(whole: Any, equal: Array) -> list[Any]:
    """Equalities and inequalities, which SLSQP asks for one by one."""

    def some(rows: Array) -> Any:
        return type(whole)(lambda x: whole.fun(x)[rows], whole.lb[rows], whole.ub[rows], jac=lambda x: whole.jac(x)[rows])

    return [some(equal), some(~equal)]


def by_scipy(program: ProgramFunctions, start: Array, parameters: Sequence[Array], method: str, options: dict[str, Any]) -> Solution:
    """A solution by ``scipy.optimize.minimize``; ``tol`` is an argument of its own, others are the method's options."""
    given = of_scipy(program, parameters, method)
    tol = options.pop("tol", None)
    found = import_module("scipy.optimize").minimize(x0=start, tol=tol, options=options or None, **given)
    multipliers = found.v[0] if program.count and given["method"] == "trust-constr" else None
    end = _End(np.asarray(found.x), multipliers, bool(found.success), str(found.message), int(found.get("nit", found.nfev)))
    return _solution(program, parameters, end, found)


class _End(NamedTuple):
    x: Array
    multipliers: Array | None
    success: bool
    message: str
    iterations: int


def _solution(program: ProgramFunctions, parameters: Sequence[Array], end: _End, raw: Any) -> Solution:
    return Solution(
        program.unpack(end.x),
        float(program.value(end.x, *parameters)),
        program.named(program.constrained(end.x, *parameters)),
        {} if end.multipliers is None else program.named(end.multipliers),
        end.success,
        end.message,
        end.iterations,
        raw,
    )


# ---------------------------------------------------------------- IPOPT


class ForIpopt:
    """The functions of a program at some parameters, as ``cyipopt.Problem`` calls them."""

    def __init__(self, program: ProgramFunctions, parameters: Sequence[Array]) -> None:
        self._program, self._parameters = program, tuple(parameters)
        #: the iterations of the last solution
        self.iterations = 0

    def objective(self, x: Array) -> float:
        """The objective."""
        return float(self._program.value(x, *self._parameters))

    def gradient(self, x: Array) -> Array:
        """Its gradient."""
        g: Array = self._program.gradient(x, *self._parameters)
        return g

    def constraints(self, x: Array) -> Array:
        """All constrained expressions."""
        c: Array = self._program.constrained(x, *self._parameters)
        return c

    def jacobianstructure(self) -> tuple[Array, Array]:
        """Rows and columns of the entries of the Jacobian."""
        return self._program.jacobian.rows, self._program.jacobian.columns

    def jacobian(self, x: Array) -> Array:
        """These entries."""
        entries: Array = self._program.jacobian.values(x, *self._parameters)
        return entries

    def hessianstructure(self) -> tuple[Array, Array]:
        """Rows and columns of the entries of the Lagrangian's Hessian, on and below the diagonal."""
        return self._program.lagrangian_hessian.rows, self._program.lagrangian_hessian.columns

    def hessian(self, x: Array, lagrange: Array, obj_factor: float) -> Array:
        """These entries."""
        entries: Array = self._program.lagrangian_hessian.values(x, obj_factor, lagrange, *self._parameters)
        return entries

    def intermediate(self, alg_mod: int, iter_count: int, *further: Any) -> bool:
        """Called after each iteration; never stops."""
        self.iterations = iter_count
        return True


def of_ipopt(program: ProgramFunctions, parameters: Sequence[Array]) -> dict[str, Any]:
    """The arguments of ``cyipopt.Problem``."""
    limited = {"lb": program.lower, "ub": program.upper, "cl": program.constraint_lower, "cu": program.constraint_upper}
    return {"n": program.size, "m": program.count, "problem_obj": ForIpopt(program, parameters), **limited}


def by_ipopt(program: ProgramFunctions, start: Array, parameters: Sequence[Array], options: Mapping[str, Any]) -> Solution:
    """A solution by IPOPT, which prints nothing unless it is told to."""
    try:
        cyipopt: Any = import_module("cyipopt")
    except ImportError as error:
        raise ImportError(f'method "ipopt" needs cyipopt: pip install cyipopt, with IPOPT installed ({error})') from error
    given = of_ipopt(program, parameters)
    problem = cyipopt.Problem(**given)
    for name, value in {"print_level": 0, "sb": "yes", **options}.items():
        problem.add_option(name, value)
    x, found = problem.solve(start)
    message = found["status_msg"]
    told = message.decode() if isinstance(message, bytes) else str(message)
    end = _End(x, found["mult_g"], found["status"] in (0, 1), told, given["problem_obj"].iterations)
    return _solution(program, parameters, end, found)


__all__ = ["ForIpopt", "Solution", "by_ipopt", "by_scipy", "of_ipopt", "of_scipy"]
