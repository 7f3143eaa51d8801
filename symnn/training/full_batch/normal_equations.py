"""Steps of damped least squares: ``(J^T J + damping * D) d = -J^T r``, solved in the form that is cheapest."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import lru_cache

import numpy as np

import exprgraph as eg

from ...errors import ArgumentError
from ...objectives.problem import Problem

#: rows that substitution solves at once
_PANEL = 64
#: bytes of the largest matrix of a dense form
LARGEST = 1 << 30
#: multiplications in a product of a matrix with its transpose from which on it is compiled, which takes half a second
COMPILED = 1 << 32
METHODS = ("auto", "normal", "dual", "qr", "cg")


def solve_triangular(lower: np.ndarray, b: np.ndarray, transposed: bool = False) -> np.ndarray:
    """``L x = b``, or ``L^T x = b``, for a lower triangular ``L``, by panels of rows."""
    n = len(b)
    x = np.array(b, float)
    starts = range(0, n, _PANEL)
    for first in reversed(starts) if transposed else starts:
        rows = slice(first, min(first + _PANEL, n))
        if transposed:
            x[rows] = np.linalg.solve(lower[rows, rows].T, x[rows] - lower[rows.stop :, rows].T @ x[rows.stop :])
        else:
            x[rows] = np.linalg.solve(lower[rows, rows], x[rows] - lower[rows, : rows.start] @ x[: rows.start])
    return x


def _cholesky(a: np.ndarray, damping: float | np.ndarray) -> np.ndarray | None:
    """The lower factor of ``a`` plus a diagonal; ``None`` if rounding made the matrix indefinite."""
    diagonal = a.diagonal().copy()
    np.einsum("ii->i", a)[...] += damping
    try:
        return np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return None
    finally:
        np.einsum("ii->i", a)[...] = diagonal


class System(ABC):
    """The linear system of a step at some parameters.

    Attributes:
        loss: the sum of the squares of the residuals.
        gradient: half of its gradient, ``J^T r``.
        scale: the diagonal of ``D``, positive: that of ``J^T J`` (Marquardt), or its largest entry for all (Levenberg).
    """

    loss: float
    gradient: np.ndarray
    scale: np.ndarray

    @abstractmethod
    def solve(self, damping: float, right: np.ndarray | None = None) -> np.ndarray | None:
        """The solution ``d`` of ``(J^T J + damping * D) d = -J^T u``; ``None`` if the matrix is singular to rounding.

        Args:
            damping: at least 0.
            right: ``u``, a number for each residual; the residuals by default.
        """


def _scale(diagonal: np.ndarray, scaled: bool) -> np.ndarray:
    """The diagonal of ``D``.  A parameter on which nothing depends is damped a little."""
    largest = float(diagonal.max(initial=0.0)) or 1.0
    return diagonal + 1e-12 * largest if scaled else np.full(len(diagonal), largest)


class _Normal(System):
    """The matrix ``J^T J``, added up over blocks of samples."""

    def __init__(self, problem: Problem, parameters: np.ndarray, scaled: bool) -> None:
        self._problem, self._at = problem, parameters.copy()
        self._factor: tuple[float, np.ndarray | None] | None = None
        self._matrix, self.gradient, self.loss = problem.normal(parameters)
        self.scale = _scale(self._matrix.diagonal(), scaled)

    def solve(self, damping: float, right: np.ndarray | None = None) -> np.ndarray | None:
        if self._factor is None or self._factor[0] != damping:
            self._factor = damping, _cholesky(self._matrix, damping * self.scale)
        factor = self._factor[1]
        b = self.gradient if right is None else self._problem.back(self._at, right)
        return None if factor is None else solve_triangular(factor, solve_triangular(factor, -b), transposed=True)


@lru_cache(maxsize=4)
def _compiled(rows: int, columns: int) -> eg.CompiledFunction:
    a = eg.Symbol("a", (rows, columns))
    return eg.compile(a @ a.T, a)


def _with_itself(a: np.ndarray, threads: int) -> np.ndarray:
    """``a @ a.T``.  On one thread, compiled code takes half to four fifths of the time of NumPy's."""
    if threads > 1 or a.shape[0] ** 2 * a.shape[1] < COMPILED:
        product: np.ndarray = a @ a.T
        return product
    return np.asarray(_compiled(*a.shape)(a))


class _Dense(System):
    """The base of the forms that keep the whole Jacobian."""

    def __init__(self, problem: Problem, parameters: np.ndarray, scaled: bool) -> None:
        parts = list(problem.rows(parameters))
        self.residuals = np.concatenate([p.residuals for p in parts])
        self.jacobian = parts[0].jacobian if len(parts) == 1 else np.concatenate([p.jacobian for p in parts])
        self.loss = float(self.residuals @ self.residuals)
        self.gradient = self.residuals @ self.jacobian
        self.scale = _scale(np.einsum("ij,ij->j", self.jacobian, self.jacobian), scaled)


class _Dual(_Dense):
    """``d = -S^T (S S^T + damping)^-1 r`` with the columns of ``S = J / sqrt(D)``, over ``sqrt(D)``; as large as there are residuals."""

    def __init__(self, problem: Problem, parameters: np.ndarray, scaled: bool) -> None:
        super().__init__(problem, parameters, scaled)
        self._root = np.sqrt(self.scale)
        self.jacobian /= self._root
        self._matrix = _with_itself(self.jacobian, problem.threads)
        self._factor: tuple[float, np.ndarray | None] | None = None

    def solve(self, damping: float, right: np.ndarray | None = None) -> np.ndarray | None:
        if self._factor is None or self._factor[0] != damping:
            self._factor = damping, _cholesky(self._matrix, damping)
        factor = self._factor[1]
        if factor is None:
            return None
        b = self.residuals if right is None else right
        solved = solve_triangular(factor, solve_triangular(factor, -b), transposed=True)
        d: np.ndarray = solved @ self.jacobian / self._root
        return d


class _QR(_Dense):
    """The triangle of ``J`` over the root of the damping: it does not square the condition."""

    def solve(self, damping: float, right: np.ndarray | None = None) -> np.ndarray | None:
        n = self.jacobian.shape[1]
        b = self.residuals if right is None else right
        rows = [self.jacobian, np.diag(np.sqrt(damping * self.scale))] if damping else [self.jacobian]
        whole = np.concatenate([np.concatenate(rows), np.concatenate([b, np.zeros(n * bool(damping))])[:, None]], axis=1)
        triangle: np.ndarray = np.asarray(np.linalg.qr(whole, mode="r"))
        r, c = triangle[:n, :n], triangle[:n, n]
        least = np.abs(r.diagonal()).min(initial=math.inf) if r.shape[0] == n else 0.0
        if not least > np.finfo(float).eps * np.abs(r).max(initial=0.0):
            return None
        return solve_triangular(np.ascontiguousarray(r.T), -c, transposed=True)


class _ConjugateGradients(System):
    """Products with ``J`` and ``J^T`` only: conjugate gradients for least squares (Hestenes, Stiefel 1952; Paige, Saunders 1982).

    It stops when the gradient of the quadratic model is ``tolerance`` times the first one.
    """

    def __init__(self, problem: Problem, parameters: np.ndarray, tolerance: float, iterations: int) -> None:
        self._problem, self._at = problem, parameters.copy()
        self._tolerance, self._iterations = tolerance, iterations
        self.residuals = problem.residuals(parameters)
        self.loss = float(self.residuals @ self.residuals)
        self.gradient = problem.back(parameters, self.residuals)
        size = float(np.linalg.norm(self.gradient))
        along = problem.along(parameters, self.gradient / size)[0] if size > 0 else np.zeros(1)
        self.scale = _scale(np.full(problem.size, float(along @ along)), False)

    def solve(self, damping: float, right: np.ndarray | None = None) -> np.ndarray | None:
        damping *= float(self.scale[0])
        b = self.residuals if right is None else right
        s = -(self.gradient if right is None else self._problem.back(self._at, right))
        rest, d, direction = -b, np.zeros(len(s)), s.copy()
        squared = float(s @ s)
        enough = self._tolerance**2 * squared
        for _ in range(self._iterations):
            if not squared > enough:
                break
            q = self._problem.along(self._at, direction)[0]
            curvature = float(q @ q) + damping * float(direction @ direction)
            if not curvature > 0 or not math.isfinite(curvature):
                return None
            length = squared / curvature
            d += length * direction
            rest -= length * q
            s = self._problem.back(self._at, rest) - damping * d
            squared, before = float(s @ s), squared
            direction = s + squared / before * direction
        return d


def method_for(method: str, problem: Problem) -> str:
    """The form to solve in: of normal equations and their dual the smaller one, and without a matrix beyond :data:`LARGEST`."""
    if method != "auto":
        return method
    m, n = problem.count, problem.size
    if n <= m:
        return "normal" if 8 * n * n <= LARGEST else "cg"
    return "dual" if 8 * m * n <= LARGEST else "cg"


def system(
    problem: Problem, parameters: np.ndarray, method: str, scaled: bool = False, tolerance: float = 1e-3, iterations: int = 200
) -> System:
    """The system of a step; ``scaled``: with the diagonal of ``J^T J`` as ``D``, but for "cg"."""
    kind = method_for(method, problem)
    if kind == "cg":
        return _ConjugateGradients(problem, parameters, tolerance, iterations)
    if kind == "qr":
        return _QR(problem, parameters, scaled)
    return _Normal(problem, parameters, scaled) if kind == "normal" else _Dual(problem, parameters, scaled)


def operations(method: str, problem: Problem) -> float:
    """About how many operations the largest product of a step has."""
    if method_for(method, problem) == "cg":
        return 0.0
    few, many = sorted((problem.count, problem.size))
    return float(few) ** 2 * many


def check_method(who: str, method: object) -> None:
    """Check the name of a form.

    Raises:
        ArgumentError: there is none of that name.
    """
    if method not in METHODS:
        raise ArgumentError(f"{who}'s method is one of {', '.join(map(repr, METHODS))}, got {method!r}")


__all__ = ["LARGEST", "METHODS", "System", "check_method", "method_for", "operations", "solve_triangular", "system"]
