"""Calls of a saved module whose samples several threads share.

This package does not run these functions.  A saved module contains their source, from the line of dashes on, after that of
:mod:`.starting`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from ...support.processors import usable_processors
from .starting import StartedForm

if TYPE_CHECKING:
    from .numba_form import BLOCK, TOTALS, Arrays, R

# ---------------------------------------------------------------- several threads

#: every share but the last has a multiple of so many samples, or of a block if that is less; fewer than two such are not divided
GRAIN = 16
#: helpers that wait for work: their process, since one made by fork has none of its parent's; an entry for each; and their queue
_helpers: tuple[int, list[None], SimpleQueue[Any]] | None = None


def number_of(threads: Any) -> int:
    """How many threads a caller asks for.

    Raises:
        TypeError: that is no whole number.
        ValueError: it is not positive.
    """
    if threads is None:
        return usable_processors()
    if isinstance(threads, (bool, np.bool_)) or not isinstance(threads, (int, np.integer)):
        raise TypeError(f"threads is a whole number, or None for one on each processor, got {threads!r}")
    if threads < 1:
        raise ValueError(f"threads is positive, or None for one on each processor, got {threads}")
    return int(threads)


def run_in(threads: int, form: StartedForm, arguments: Arrays, results: Arrays, samples: int) -> None:
    """Run a form: in parts if it has them, where the passes over the samples are shared."""
    workspace, shared = np.empty(form.workspace, R), np.empty(form.shared, R)
    grain = min(GRAIN, int(BLOCK))
    if threads == 1 or form.part is None or samples < 2 * grain:
        form.run(arguments, results, workspace, shared, samples)
        return
    each = -(-samples // (threads * grain)) * grain
    shares = [(first, min(samples, first + each)) for first in range(0, samples, each)]
    spaces = [workspace, *(np.empty(form.workspace, R) for _ in shares[1:])]
    for index, totals in enumerate(TOTALS):
        if index % 2 == 0:  # what all samples need, or what needs all of them
            form.part(arguments, results, workspace, shared, samples, index, 0, 0)
            continue
        # each thread adds up in copies of its own
        own = [(results[0], shared), *((results[0].copy(), shared.copy()) for _ in shares[1:])]
        given = [
            (arguments, [together, *results[1:]], space, common, samples, index, *share)
            for (together, common), space, share in zip(own, spaces, shares)
        ]
        answers: list[SimpleQueue[BaseException | None]] = [SimpleQueue() for _ in given[1:]]
        queue = helping_threads(len(answers))
        for to, of_share in zip(answers, given[1:]):
            queue.put((form.part, of_share, to))
        form.part(*given[0])
        do_work(queue, wait=False)  # what no helper has begun
        for answer, sums in zip(answers, own[1:]):
            failed = answer.get()
            if failed is not None:
                raise failed
            add_totals(own[0], sums, totals)


def add_totals(to: Sequence[np.ndarray], more: Sequence[np.ndarray], totals: Sequence[tuple[int, int, int]]) -> None:
    """Add the totals of another share; they are in the results (0) or in what all samples share (1), from somewhere, so many."""
    for which, first, size in totals:
        to[which][first : first + size] += more[which][first : first + size]


def helping_threads(count: int) -> SimpleQueue[Any]:
    """A queue of work that so many threads do, if the system gives them; the process waits for none of them when it ends."""
    global _helpers
    here = os.getpid()
    if _helpers is None or _helpers[0] != here:
        _helpers = here, [], SimpleQueue()
    _, started, queue = _helpers
    while len(started) < count:
        try:
            Thread(target=do_work, args=(queue,), daemon=True).start()
        except RuntimeError:  # no more threads: the caller does what is left
            break
        started.append(None)
    return queue


def do_work(queue: SimpleQueue[Any], wait: bool = True) -> None:
    """Do what is in the queue, one after another, and answer each; without ``wait``, until it is empty."""
    while True:
        try:
            run, given, answer = queue.get(block=wait)
        except Empty:
            return
        failed = None
        try:
            run(*given)
        except BaseException as error:  # raised in the thread that waits
            failed = error
        answer.put(failed)
