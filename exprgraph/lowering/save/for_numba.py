"""The text of a saved module for code that Numba compiles: a function that writes into arrays, and one that makes them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .saved import Saved

_TEXT = '''@njit(error_model="numpy", nogil=True)
def into({taken}, workspace, samples):
    """The definition with its tables, for contiguous arrays and both workspaces in one."""
    definition({flat}, workspace[:WORKSPACE], workspace[WORKSPACE:], CONSTANTS, TABLE, STEPS, u(samples))


@njit(error_model="numpy", nogil=True)
def made({given}):
    """The results, in new arrays."""
{body}
'''


def functions(function: Saved, per_sample: tuple[bool, ...]) -> str:
    """The text; ``per_sample`` says which results differ by sample."""
    arguments = [k for k in range(len(function.arguments)) if k not in function.frozen]
    results = ["o", *(f"o{k}" for k in range(sum(per_sample)))]
    given = ", ".join(f"a{k}" for k in arguments)
    flat = [f"A{k}" if k in function.frozen else f"a{k}.reshape(-1)" for k in range(len(function.arguments))]
    return _TEXT.format(
        given=given,
        taken=", ".join([*(f"a{k}" for k in arguments), *results]),
        flat=", ".join([*flat, *(f"{r}.reshape(-1)" for r in results)]),
        body="\n".join(f"    {line}" for line in _made(function, arguments, per_sample)),
    )


def _made(function: Saved, arguments: list[int], per_sample: tuple[bool, ...]) -> Iterator[str]:
    """The lines of a function that makes the arrays."""
    leads = []
    for k in arguments:
        name, _, shape, differs = function.arguments[k]
        n = len(shape)
        yield f"b{k} = np.asarray(a{k})"
        wrong = [f"b{k}.ndim {'<' if differs else '!='} {n}"] + [f"b{k}.shape[-{n}:] != {shape!r}"] * bool(n)
        yield f"if {' or '.join(wrong)}:"
        yield f"    raise ValueError({f'argument {name!r}: expected shape {shape}' + ' for each sample' * differs!r})"
        if differs:
            leads.append(f"b{k}.shape[:-{n}]" if n else f"b{k}.shape")
    yield f"lead = np.broadcast_shapes({', '.join(leads)})" if len(leads) > 1 else f"lead = {leads[0] if leads else '()'}"
    yield "samples = np.broadcast_to(np.zeros(()), lead).size"
    for k in arguments:
        _, _, shape, differs = function.arguments[k]
        whole = f"np.broadcast_to(b{k}, lead + {shape!r})" if differs else f"b{k}"
        yield f"f{k} = np.ascontiguousarray({whole}).astype(R)"
    common = sum(o.size for o, lane in zip(function.outputs, per_sample) if not lane)
    lanes = [o for o, lane in zip(function.outputs, per_sample) if lane]
    yield f"o = np.empty({common}, R)"
    yield from (f"o{k} = np.empty(samples * {o.size}, R)" for k, o in enumerate(lanes))
    listed = [f"f{k}" for k in arguments] + ["o"] + [f"o{k}" for k in range(len(lanes))]
    yield f"into({', '.join(listed)}, np.empty(WORKSPACE + SHARED, R), samples)"
    parts, at, lane = [], 0, 0
    for o, differs in zip(function.outputs, per_sample):
        if differs:
            parts.append(f"shaped(o{lane}, lead, {o.shape!r})")
            lane += 1
        else:
            parts.append(f"shaped(o[{at}:{at + o.size}], (), {o.shape!r})")
            at += math.prod(o.shape)
    alone = function.names == ("",)
    yield f"return {parts[0] if alone else '(' + ''.join(f'{p}, ' for p in parts) + ')'}"


__all__ = ["functions"]
