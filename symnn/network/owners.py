"""Which network a symbol belongs to, and the error where networks with equal names meet in one expression.

Symbols of one name and shape are one symbol.  So two networks with the same prefix share parameters that have equal names and shapes,
without a word.  An expression with the outputs of both is refused, and so is one with two symbols that differ only in shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary, ref

import exprgraph as eg
from exprgraph import Node
from exprgraph.support.names import brief, shown

from ..errors import ParameterError


class Owner:
    """A network, as the owner of its symbols and of an output; it lives as long as the output."""

    def __init__(self, chain: Any, given: Node, parameters: Mapping[str, Node], output: Node) -> None:
        self.chain = chain
        self.input = given
        self.roles = {symbol: name for name, symbol in parameters.items()}
        self._output = ref(output)

    @property
    def output(self) -> Node | None:
        """The output, while there is one."""
        return self._output()

    def role(self, symbol: Node) -> str:
        """What a symbol is in the network."""
        what = "the input" if symbol is self.input else self.roles[symbol]
        return f"{what} of SymbolicNeuralNetwork({brief(self.chain)})"

    def is_same(self, other: Owner) -> bool:
        """Whether both are the same network, at any input."""
        return self.roles.keys() == other.roles.keys() and bool(self.chain == other.chain)


_of_outputs: WeakKeyDictionary[Node, Owner] = WeakKeyDictionary()
_of_symbols: WeakKeyDictionary[Node, WeakValueDictionary[int, Owner]] = WeakKeyDictionary()


def register(chain: Any, given: Node, parameters: Mapping[str, Node], output: Node) -> None:
    """Remember to which network an output belongs, and its symbols."""
    if output in _of_outputs or not parameters or eg.is_symbol(output):
        return
    owner = _of_outputs[output] = Owner(chain, given, parameters, output)
    for symbol in (given, *owner.roles):
        _of_symbols.setdefault(symbol, WeakValueDictionary())[id(owner)] = owner


def _owners(symbols: Iterable[Node]) -> set[Owner]:
    """The networks that have one of these symbols."""
    # a list of references, since other threads may register networks meanwhile
    references = [r for s in symbols if s in _of_symbols for r in _of_symbols[s].valuerefs()]
    return {owner for r in references if (owner := r()) is not None}


def _in_order(owners: Iterable[Owner]) -> list[Owner]:
    return sorted(owners, key=lambda owner: str(owner.chain))


def refuse_clashes(expressions: Sequence[Node], symbols: Iterable[Node] = ()) -> None:
    """An error if expressions have symbols of several networks under one name.

    Args:
        expressions: what is computed or differentiated.
        symbols: further symbols that belong to it, such as a network's input.

    Raises:
        ParameterError: they do; the message names both networks.
    """
    used = dict.fromkeys([*eg.free_symbols(list(expressions)), *symbols])
    named: dict[str, Node] = {}
    for s in used:
        other = named.setdefault(s.name, s)
        if other is not s:
            _refuse_shapes(expressions, other, s)
    owners = [o for o in _owners(used) if o.roles.keys() <= used.keys()]
    if len(owners) > 1:
        _check_pairs(expressions, owners)


def _check_pairs(expressions: Sequence[Node], owners: Sequence[Owner]) -> None:
    """Refuse networks that share symbols, if the outputs of both occur."""
    there = [(o, o.output) for o in _in_order(owners)]
    outputs = [(o, n) for o, n in there if n is not None and eg.contains(list(expressions), n)]
    # a network may be the first layers of another one
    whole = [(o, n) for o, n in outputs if not any(m is not n and eg.contains(m, n) for _, m in outputs)]
    for k, (two, b) in enumerate(whole):
        for one, a in whole[:k]:
            shared = [s for s in one.roles if s in two.roles]
            if shared and not one.is_same(two) and not _is_derivative(one, b) and not _is_derivative(two, a):
                _refuse_shared(shared[0], one, two)


def _is_derivative(owner: Owner, node: Node) -> bool:
    """Whether a node may come from the derivative of a network: cos, the output of one, is the derivative of sin, that of another."""
    return owner.output is not None and eg.contains(eg.jacobian(owner.output, owner.input), node)


def _refuse_shapes(expressions: Sequence[Node], a: Node, b: Node) -> None:
    first, second = (next(iter(_likely(expressions, s)), None) for s in (a, b))
    if first is None or second is None:
        return  # a symbol of the user's own: where it is bound, the error says what it is
    of_input = a is first.input
    example = 'input_name="y"' if of_input else 'prefix="V"'
    raise ParameterError(
        f"two symbols are named {shown(a.name)}: one of shape {a.shape}, {first.role(a)}, and one of shape {b.shape}, "
        f"{second.role(b)}; give each network {'an input name' if of_input else 'a prefix'} of its own, as in "
        f"SymbolicNeuralNetwork(chain, {example})"
    )


def _likely(expressions: Sequence[Node], symbol: Node) -> list[Owner]:
    """The networks that have a symbol, first those whose output occurs."""
    owners = _in_order(_owners([symbol]))
    return sorted(owners, key=lambda o: o.output is None or not eg.contains(list(expressions), o.output))


def _refuse_shared(symbol: Node, one: Owner, two: Owner) -> None:
    raise ParameterError(
        f"the symbol {shown(symbol.name)} of shape {symbol.shape} is {one.role(symbol)} and {two.role(symbol)}, as symbols of one name and "
        'shape are; give each network a prefix of its own, as in SymbolicNeuralNetwork(chain, prefix="V") (a network with another prefix '
        "shares parameters by nn.model(x, ps))"
    )


__all__ = ["refuse_clashes", "register"]
