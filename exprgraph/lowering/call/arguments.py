"""The arguments of a compiled function, from the symbols that users list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...errors import UnboundSymbolError
from ...graph.node import Node
from ...graph.numbered import Numbered
from ...graph.primitive import SAMPLE_SUM
from ...graph.stand_in import StandIn
from ...graph.traverse import symbols_of
from ...language.given import is_symbol
from ...meaning.binding import Argument
from ...meaning.evaluate import taken_as_shared
from ...support.names import shown


def arguments_of(
    outputs: Sequence[Node], symbols: Sequence[Node | Argument], shared: Sequence[Node | Argument]
) -> tuple[list[Argument], Numbered]:
    """The arguments for these symbols, and the graph of the outputs.  ``shared`` have no batch axes.

    Raises:
        TypeError: one is not a symbol.
        ValueError: one is given twice, or only among ``shared``.
        UnboundSymbolError: the outputs depend on another symbol.
    """
    for s in (*symbols, *shared):
        if not isinstance(s, Argument) and not is_symbol(s):
            hint = "; give its symbol, its .expression" if isinstance(s, StandIn) else ""
            raise TypeError(f"compile: arguments are symbols, got {s!r}{hint}")
    arguments = [s if isinstance(s, Argument) else Argument(s.name, ((s, 0),), s.shape, s.per_sample) for s in symbols]
    known = {s: a for a in arguments for s, _ in a.symbols}
    if len(known) != sum(len(a.symbols) for a in arguments):
        raise ValueError("compile: a symbol is given twice among the arguments")
    for s in shared:
        if s not in symbols:
            raise ValueError(f"compile: shared names {s.name!r}, which is not among the arguments")
    graph = Numbered(outputs)
    missing = [s for s in graph.symbols if s not in known]
    if missing:
        listed = ", ".join(f"{s.params[0]!r} of shape {s.shape}" for s in symbols_of(missing))
        names = ", ".join(shown(a.name) for a in arguments) or "none"
        raise UnboundSymbolError(f"compile: the expression depends on {listed}, not among the arguments ({names})")
    # with no symbol declared per sample, every argument may have batch axes
    every = not any(a.per_sample for a in arguments)
    together = set(shared)
    return [a._replace(per_sample=s not in together and (every or a.per_sample)) for s, a in zip(symbols, arguments)], graph


def check_number(values: Sequence[Any], arguments: Sequence[Argument]) -> None:
    """Check that there is a value for each argument.

    Raises:
        TypeError: there are more or fewer.
    """
    if len(values) != len(arguments):
        names = ", ".join(shown(a.name) for a in arguments)
        one = "; give them one by one" if len(values) == 1 and not np.isscalar(values[0]) else ""
        raise TypeError(f"expected {len(arguments)} values (for {names}), got {len(values)}{one}")


def counted_of(outputs: Sequence[Node], arguments: Sequence[Argument]) -> list[Node]:
    """Symbols that sums over samples count as shared, of arguments that may have batch axes; others are checked by their shapes."""
    free = {s for a in arguments if a.per_sample for s, _ in a.symbols}
    return [s for s in taken_as_shared(outputs) if s in free]


def differing(outputs: Sequence[Node], symbols: Iterable[Node]) -> tuple[bool, ...]:
    """Whether each output differs from sample to sample if these symbols do.  A sum over samples does not.

    The first such symbol that is found answers for an output.
    """
    known = dict.fromkeys(symbols, True)
    for output in outputs:
        path: list[Node] = []
        rest = [iter((output,))]
        while rest:
            for a in rest[-1]:
                found = known.get(a)
                if found:
                    known.update(dict.fromkeys(path, True))
                    rest.clear()
                    break
                if found is None:
                    path.append(a)
                    rest.append(iter(() if a.op is SAMPLE_SUM else a.args))
                    break
            else:
                rest.pop()
                if path:
                    known[path.pop()] = False
    return tuple(known[o] for o in outputs)


def one_or_more(given: Node | Argument | Sequence[Node | Argument]) -> tuple[Node | Argument, ...]:
    """Several arguments; one may be given alone."""
    return (given,) if isinstance(given, (Node, Argument)) else tuple(given)


__all__ = ["arguments_of", "check_number", "counted_of", "differing", "one_or_more"]
