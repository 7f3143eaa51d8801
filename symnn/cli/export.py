"""The command ``export``: derivatives of a network as a file for other programs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ..errors import ExprGraphError
from ..network.build import BuiltFunction, build_nn_function
from .derivative_text import differentiate, name_of, parse_derivatives
from .given import check_not_read, parameters, symbolic
from .network_text import parse_network
from .problem import InputError

#: options of the command that are options of ``fn.save`` under the same name
_SAVED = ("dtype", "name", "libm", "batch", "abi", "derivatives", "by", "target", "cpu", "features")


def run(options: argparse.Namespace) -> None:
    """Read, differentiate, write, and print a summary."""
    chain = parse_network(options.network)
    wanted = parse_derivatives(options.derivative)
    nn = symbolic(chain)
    check_not_read(options.out, options.params)
    frozen = options.params is not None or options.init is not None
    ps = parameters(chain, options.params, options.init) if frozen else None
    names = list(map(name_of, wanted))
    function = build_nn_function({name: differentiate(nesting, nn) for name, nesting in zip(names, wanted)}, nn)
    try:
        function.save(options.out, params=ps, **{name: getattr(options, name) for name in _SAVED})
    except OSError as e:
        raise InputError(f"--out: {e.strerror}: {options.out}" if e.errno is not None else f"--out: {e}") from e
    except (ExprGraphError, ValueError, TypeError) as e:
        raise InputError(str(e)) from e
    print(f"{options.out}: {', '.join(names)} of {chain!r}")
    print(_table(function, names, frozen))


def _table(function: BuiltFunction, names: Sequence[str], frozen: bool) -> str:
    """What the file's function takes and gives, one line each."""
    taken = function.core.arguments[: -1 if frozen else None]
    lines = [("takes", a.name, a.shape) for a in taken] + [("gives", name, o.shape) for name, o in zip(names, function.outputs)]
    width = max(len(name) for _, name, _ in lines)
    return "\n".join(f"{what}  {name.ljust(width)}  {shape}" for what, name, shape in lines)


__all__ = ["run"]
