"""SciPy's L-BFGS-B as the steps of a run."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from ..objectives.problem import Problem
from .full_batch.lbfgs import LBFGS


class Stop(Exception):  # noqa: N818  (never leaves this module)
    """Ends SciPy's iterations."""


def minimize(
    optimizer: LBFGS, problem: Problem, first: np.ndarray, epochs: int, lost: Callable[[float], Exception], after: Callable[..., bool]
) -> np.ndarray | None:
    """The parameters where it ends; ``None`` if ``after`` stopped it.

    Args:
        first: the first parameters.
        epochs: the most iterations.
        lost: makes the error for a loss that is not finite.
        after: is called with (parameters, loss) after each iteration, and returns whether to stop.

    Raises:
        ImportError: SciPy is not installed.
    """
    try:
        optimize: Any = import_module("scipy.optimize")
    except ImportError as error:
        raise ImportError(f"LBFGS(scipy=True) is SciPy's and needs it: pip install scipy ({error})") from error

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = problem.value_and_gradient(theta)
        if not np.isfinite(value) or not np.all(np.isfinite(gradient)):
            raise lost(value)
        return value, gradient

    def between(intermediate_result: Any) -> None:
        try:
            if after(intermediate_result.x, float(intermediate_result.fun)):
                raise Stop
        except StopIteration as e:  # raised by the callback; SciPy would read it as a request to stop
            raise Stop from e

    options: dict[str, float] = {"maxiter": epochs, "maxfun": 50 * epochs + 50, "maxcor": optimizer.history}
    options |= {"gtol": optimizer.tolerance, "ftol": 0.0}
    try:
        found: np.ndarray = optimize.minimize(objective, first, jac=True, method="L-BFGS-B", callback=between, options=options).x
    except Stop as stop:
        if stop.__cause__ is not None:
            raise stop.__cause__ from None
        return None
    return found


__all__ = ["Stop", "minimize"]
