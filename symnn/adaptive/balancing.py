"""Weights of terms, such that no term holds back the others."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError
from ..quantities import number
from ..training.trainer import Trainer


def gradient_norm_weights(trainer: Trainer, keep: float = 0.9) -> dict[str, float]:
    """Weights with which all terms have gradients of one norm; for :meth:`Trainer.set`.

    The weight of a term is the sum of the norms of all terms' gradients over its own.  Source: Wang, Teng, Perdikaris,
    "Understanding and mitigating gradient flow pathologies in physics-informed neural networks" (2021), in the form of Wang,
    Sankaran, Wang, Perdikaris, "An expert's guide to training physics-informed neural networks" (2023).

    Args:
        trainer: whose loss is a list of terms.
        keep: the share of the present weight in the new one, at least 0 and less than 1.

    Raises:
        ArgumentError: the loss has no weights, or a number is out of range.

    >>> import numpy as np
    >>> from symnn import Dense, ResidualTerm, SymbolicNeuralNetwork, Trainer
    >>> from symnn.adaptive import gradient_norm_weights
    >>> nn = SymbolicNeuralNetwork(Dense(1, 1, "identity"))
    >>> terms = [ResidualTerm(nn.output - 1, {nn.input: [[0.0]]}, name="a"), ResidualTerm(3 * nn.output, {nn.input: [[1.0]]}, name="b")]
    >>> trainer = Trainer(nn, terms, params=[1.0, 0.0], rng=0)
    >>> {name: round(w, 3) for name, w in gradient_norm_weights(trainer, keep=0.0).items()}
    {'a': 13.728, 'b': 1.079}
    """
    return _balanced(trainer, trainer.problem.gradient_norms(trainer.params.flat), keep, 1.0)


def ntk_weights(trainer: Trainer, keep: float = 0.0) -> dict[str, float]:
    """Weights with which all terms converge at one rate, by the traces of the neural tangent kernel; for :meth:`Trainer.set`.

    The weight of a term is the sum of all terms' mean diagonal entries of the kernel over its own.  Source: Wang, Yu, Perdikaris,
    "When and why PINNs fail to train: a neural tangent kernel perspective" (2022).

    Args:
        trainer: whose loss is a list of :class:`ResidualTerm`.
        keep: the share of the present weight in the new one, at least 0 and less than 1.

    Raises:
        ArgumentError: a term has no residuals, or a number is out of range.

    >>> import numpy as np
    >>> from symnn import Dense, ResidualTerm, SymbolicNeuralNetwork, Trainer
    >>> from symnn.adaptive import ntk_weights
    >>> nn = SymbolicNeuralNetwork(Dense(1, 1, "identity"))
    >>> terms = [ResidualTerm(nn.output - 1, {nn.input: [[0.0]]}, name="a"), ResidualTerm(3 * nn.output, {nn.input: [[1.0]]}, name="b")]
    >>> {name: round(w, 3) for name, w in ntk_weights(Trainer(nn, terms, rng=0)).items()}
    {'a': 19.0, 'b': 1.056}
    """
    trainer.problem.check_residuals("ntk_weights", "is of sums of squares")
    return _balanced(trainer, trainer.problem.jacobian_norms(trainer.params.flat), keep, 2.0)


def _balanced(trainer: Trainer, norms: list[float], keep: float, power: float) -> dict[str, float]:
    """Norms with the weights of now are divided by these; the sum over each is its new weight."""
    keep = number("keep", keep, least=0, below=1)
    now = trainer.weights
    if not now:
        raise ArgumentError("this loss has no weights: make it a list of LossTerm or ResidualTerm")
    if not all(w > 0 for w in now.values()):
        zero = next(n for n, w in now.items() if not w > 0)
        raise ArgumentError(f"the weight of {zero} is {now[zero]:g}; balancing needs positive weights")
    sizes = np.array([(n / np.sqrt(w)) ** 2 if power == 2 else n / w for n, w in zip(norms, now.values())])
    total = float(np.sum(sizes))
    if not np.isfinite(total):
        raise ArgumentError("the gradients are not finite")
    wanted = [total / s if s > 0 else w for s, w in zip(sizes, now.values())]
    return {name: keep * w + (1 - keep) * float(new) for (name, w), new in zip(now.items(), wanted)}


__all__ = ["gradient_norm_weights", "ntk_weights"]
