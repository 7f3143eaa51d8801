"""A compiled function as a module file that needs only numpy and numba."""

from __future__ import annotations

from inspect import getsource

from ...support.batches import batch_axes, misfit
from ...support.files import written_whole
from .check import GOLDEN, Compared, expected
from .formats import WHAT
from .options import Options
from .programs import program_of
from .saved import Saved

_CALLER = '''
_TABLE = np.array(TABLE, dtype=np.uint64)
_STEPS = np.array(STEPS, dtype=np.uint64).reshape(-1)
_CONSTANTS = np.array(CONSTANTS, dtype=R)
#: (name, shape, whether each sample has its own value) of each argument
ARGUMENTS = {arguments}
#: (shape, whether it differs from sample to sample) of each result
RESULTS = {results}


class ShapeError(ValueError):
    """Shapes that do not fit together."""


{binder}

def _numbers(value, called):
    try:
        a = np.asarray(value)
    except ValueError as e:
        raise ShapeError(f"{{called}}: cannot make an array of the given value: {{e}}") from None
    if a.dtype.kind not in "fiub" or (isinstance(value, np.ndarray) and np.ma.is_masked(value)):
        raise TypeError(f"{{called}}: expected real numbers, got {{type(value).__name__}} of dtype {{a.dtype}}")
    return a.astype(R, copy=False)


def evaluate(*values):
    """The results, as a list, for one value an argument: batch axes first where samples differ."""
    if len(values) != len(ARGUMENTS):
        raise TypeError(f"expected {{len(ARGUMENTS)}} values, got {{len(values)}}")
    arrays = [_numbers(value, f"argument {{name!r}}") for value, (name, _, _) in zip(values, ARGUMENTS)]
    lead = batch_axes(arrays, [(f"argument {{name!r}}", shape, per_sample) for name, shape, per_sample in ARGUMENTS])
    flat = [
        np.ascontiguousarray(np.broadcast_to(a, lead + shape) if per_sample else a).reshape(-1)
        for a, (name, shape, per_sample) in zip(arrays, ARGUMENTS)
    ]
    samples, sizes = 1, [0 if per_sample else int(np.prod(shape)) for shape, per_sample in RESULTS]
    for n in lead:
        samples *= n
    shared_results = np.empty(sum(sizes), R)
    own = [np.empty(samples * int(np.prod(shape)), R) for shape, per_sample in RESULTS if per_sample]
    workspace, shared = np.empty({workspace}, R), np.empty({shared}, R)
    kernel(*flat, shared_results, *own, workspace, shared, _CONSTANTS, _TABLE, _STEPS, np.uint64(samples))
    rest, parts = iter(own), np.split(shared_results, np.cumsum(sizes)[:-1])
    return [
        next(rest).reshape(lead + shape) if per_sample else part.reshape(shape)
        for part, (shape, per_sample) in zip(parts, RESULTS)
    ]


#: of each result, the entries that are compared, and what they were when this module was written
CHECK = {check}


def points(shape, k):
    """Arguments that the check is made with, between 0.1 and 0.9: argument k."""
    n = int(np.prod(shape))
    return 0.1 + 0.8 * np.modf((np.arange(1, n + 1) + 0.37 * k) * {golden})[0].reshape(shape)


def self_check():
    """Compare with what was computed when this module was written; the largest relative difference."""
    got = evaluate(*[points(shape, k).astype(R) for k, (name, shape, per_sample) in enumerate(ARGUMENTS)])
    worst = 0.0
    for (step, e), r in zip(CHECK, got):
        e, r = np.array(e, R), np.ravel(r)[::step]
        same = (e == r) | (np.isnan(e) & np.isnan(r))
        with np.errstate(all="ignore"):
            error = np.where(same, 0.0, np.abs(r - e) / np.maximum(np.max(np.abs(e), initial=0.0), np.finfo(R).tiny))
        worst = max(worst, float(np.max(np.where(np.isnan(error), np.inf, error), initial=0.0)))
    if not worst <= {tolerance}:
        raise AssertionError(f"self-check failed: relative difference {{worst:.3g}}, allowed {tolerance}")
    return worst


if __name__ == "__main__":
    print(f"self-check passed, largest relative difference {{self_check():.2g}}")
'''


def _text(check: list[Compared]) -> str:
    """The values as Python."""
    return repr([tuple(c) for c in check]).replace("inf", 'float("inf")').replace("nan", 'float("nan")')


def write(function: Saved, path: str, options: Options) -> None:
    """Write the generated module with a plain Python caller, completely or not at all."""
    with written_whole(path, WHAT, [".py"]) as f:
        program = program_of(function, function.takes_batches)
        text = program.source + _CALLER.format(
            arguments=repr([(a.name, a.shape, a.per_sample) for a in function.arguments]),
            results=repr([(o.shape, p) for o, p in zip(function.outputs, program.per_sample)]),
            binder="\n\n".join(getsource(f) for f in (batch_axes, misfit)),
            workspace=program.workspace,
            shared=program.shared,
            check=_text(expected(function)),
            golden=GOLDEN,
            tolerance=1e-9,
        )
        f.write(text.encode())


__all__ = ["write"]
