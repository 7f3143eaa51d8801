"""Training: compiled steps of an optimizer on batches, with validation, checkpoints and progress around them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from ..objectives.objective import LossTerm, Part, parameters_of, parts_of
from ..objectives.on_cluster import OnCluster, check_client
from ..objectives.places import Where
from ..objectives.problem import Problem
from ..points.drawn import Drawing
from ..quantities import count, generator, threads_among
from ..reports import Epoch, NonFiniteLossError, TrainingResult
from .batching import Sampler
from .block_steps import steps_for
from .checkpoints import check_checkpoint
from .fingerprints import about_run
from .first_order.adam import Adam
from .first_order.optimizer import BatchOptimizer
from .full_batch.lbfgs import LBFGS
from .full_batch.optimizer import FullBatchOptimizer
from .preparing import check_optimizer, check_order, first_parameters, network_of
from .progress import Progress, Wanted
from .run import Run


def train(
    nn: Any,
    loss: Any,
    data: Any = None,
    params: Any = None,
    optimizer: BatchOptimizer | FullBatchOptimizer | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    rng: int | np.random.Generator | None = None,
    batches: Any = None,
    progress: Wanted = True,
    validation: Any = None,
    validate_every: int = 1,
    patience: int | None = None,
    callback: Callable[[Epoch], Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 100,
    resume: str | os.PathLike[str] | None = None,
    threads: int | None = 1,
    cluster: Any = None,
) -> TrainingResult:
    """Minimise a loss over the parameters of a network.

    A step evaluates the loss and its gradient on a batch and updates the parameters.  It is machine code, and so is the
    loop over steps.  Python runs only between epochs, and only if there is something to do.

    Args:
        nn: a symbolic network, a chain, a container of symbols, a network with numbers, which are the first parameters and
            stay, or a dict of several, with unknowns (:class:`Model`): ``{"u": nn, "nu": Unknown("nu", 0.01)}``.
        loss: a :class:`Loss`, an expression, averaged over the samples if they differ, or a list of :class:`LossTerm`, a sum.
        data: ``(inputs, targets)`` for a :class:`Loss`; a dict from symbols to arrays with samples first for an
            expression, or :class:`~symnn.points.Points`; nothing for a list.  Files and Dask arrays may be larger than memory.
        params: the first parameters; by default the network's initial ones, drawn from ``rng``.
        optimizer: by default ``Adam()``, with a learning rate of 0.001.
        epochs: the number of passes through the samples; by default the number in ``batches``, else 1000.
        batch_size: the number of samples of a step, shuffled for each epoch; the last batch may be smaller; ``None`` for all.
        rng: a seed or a generator, for initial parameters and for shuffling.
        batches: the samples of each step instead, indices of shape (epochs, batches, batch size); a list for a list of terms.
        progress: ``True`` shows a bar in a notebook and on a terminal, if tqdm is installed, and elsewhere lines on standard
            error, the first after ten seconds.  ``"log"`` prints such lines in any case; a file that ends in ``.log`` or
            ``.txt`` gets them with date and time.  ``False`` shows nothing.  A function, such as ``print``, is called with a
            :class:`~symnn.reports.ProgressReport` about once a second, and at the end.
        validation: data in the same form as ``data``, on which the loss is evaluated, a list for a list of terms; or a function
            from the parameters to a number, such as an error, which should become small.
        validate_every, patience: the epochs between validations; stop after so many of these without a new least loss.
        callback: called with an :class:`Epoch` after each epoch; stops if it returns true.
        checkpoint: a file to which the state is written every ``checkpoint_every`` epochs and at the end.
        threads: how many threads divide the samples of every step; ``None``: one on each processor.  Equal runs of as many have equal bits.
        cluster: a Dask client, whose workers hold the samples and compute values, gradients and normal equations.
        resume: a checkpoint to resume from.  Repeat the same call with it to get the result of an uninterrupted run.  Another
            network, loss, optimizer, type of numbers, or other data are refused.

    Raises:
        NonFiniteLossError: the loss or its gradient is infinite or NaN; it holds the parameters before that.
        ArgumentError, ShapeError: something does not fit.
        OSError: the checkpoint cannot be written; this is checked before training begins.
        ParameterFileError: the checkpoint is damaged, or belongs to another run; the message names the difference.

    Any error that ends a run after its first epoch, also one of ``callback`` or of the disk, has the attributes
    ``params``, ``best`` and ``history`` of a :class:`TrainingResult`, and ``epoch``.

    >>> import numpy as np
    >>> from symnn import MSE, Adam, Dense, train
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> r = train(Dense(1, 1, "identity"), MSE(), (x, 3 * x + 1), optimizer=Adam(0.05), epochs=400, batch_size=10, rng=0)
    >>> r.params.L1.W.round(3), r.params.L1.b.round(3)
    (array([[3.]]), array([1.]))
    """
    start = time.perf_counter()
    check_order(nn, loss, data)
    epochs = None if epochs is None else count("epochs", epochs, 0)
    threads = threads_among("threads", threads)
    where = None if cluster is None else partial(OnCluster, check_client(cluster))
    random, optimizer = generator("rng", rng), Adam() if optimizer is None else optimizer
    check_optimizer(optimizer, batch_size, batches, checkpoint, resume)
    if checkpoint is not None:
        check_checkpoint(checkpoint)
    network = network_of(nn)
    symbols = parameters_of(network)
    first = first_parameters(nn, network, params, random)
    parts = parts_of(network, loss, data, drawing := Drawing(random))
    sampler = Sampler([p.samples for p in parts], batch_size, batches, random)
    epochs = sampler.given_epochs or 1000 if epochs is None else epochs
    run = Run(symbols, first, parts, optimizer, sampler)
    _look_between_epochs(run, validate_every, patience, callback, checkpoint, checkpoint_every)
    _validate(run, network, loss, validation, random, threads, where)
    run.about = {} if checkpoint is None and resume is None else about_run(network, loss, parts, run.validated, run.dtype)
    try:
        with Progress(epochs, progress) as run.progress:
            if isinstance(optimizer, LBFGS) and optimizer.scipy:
                run.with_scipy(optimizer, _fixed(drawing, Problem(symbols, parts, run.dtype, threads, where)), epochs)
            else:
                steps = steps_for(optimizer, sampler, symbols, parts, first, threads, drawing, where)
                if resume is not None:
                    run.read(resume, steps)
                run.descend(steps, epochs)
    except BaseException as error:
        run.bring_along(error)
        raise
    return run.result(time.perf_counter() - start)


def _look_between_epochs(run: Run, validate_every: Any, patience: Any, callback: Any, checkpoint: Any, checkpoint_every: Any) -> None:
    """What Python does between epochs."""
    run.validate_every, run.checkpoint_every = count("validate_every", validate_every), count("checkpoint_every", checkpoint_every)
    run.patience = None if patience is None else count("patience", patience)
    if callback is not None and not callable(callback):
        raise ArgumentError(f"callback is a function of an Epoch, got {callback!r}")
    run.callback, run.checkpoint = callback, checkpoint


def _fixed(drawing: Drawing, problem: Problem) -> Problem:
    """The problem, if its points stay as they are."""
    if drawing.renews:
        raise ArgumentError("LBFGS(scipy=True) takes the same points at all steps: leave out every=, or take LBFGS()")
    return problem


def _validate(
    run: Run, network: Any, loss: Any, validation: Any, rng: np.random.Generator, threads: int, where: Where | None
) -> None:
    """The loss on the validation data, whose points are drawn once, and what is trained, for reports."""
    run.network = getattr(network, "chain", network)
    run.validated = _validation_parts(network, loss, validation, Drawing(rng))
    given = validation is None or callable(validation)
    run.validation = validation if given else Problem(run.symbols, run.validated, run.dtype, threads, where)
    if run.patience is not None and validation is None:
        raise ArgumentError("patience counts validations: give validation data or a function")


def _validation_parts(network: Any, loss: Any, validation: Any, drawing: Drawing) -> list[Part]:
    """The terms of the loss with the validation data; none without such data."""
    if validation is None or callable(validation):
        return []
    terms = [loss] if isinstance(loss, LossTerm) else loss
    try:
        if not isinstance(terms, (list, tuple)):
            return parts_of(network, loss, validation, drawing)
        if not isinstance(validation, (list, tuple)) or len(validation) != len(terms):
            raise ArgumentError("the validation data of a list of terms is a list of data, one for each")
        return parts_of(network, [LossTerm(t.loss, d, t.weight, t.name) for t, d in zip(terms, validation)], None, drawing)
    except (ArgumentError, ShapeError, DTypeError) as error:
        raise type(error)(f"validation: {error}") from None


__all__ = ["NonFiniteLossError", "TrainingResult", "train"]
