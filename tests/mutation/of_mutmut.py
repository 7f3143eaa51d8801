"""The mutants that mutmut makes of a module: changes that no one here chose.

mutmut's own runner leaves mutants switched by a trampoline in the module, which functions that are compiled from
their source cannot have; so its mutants are tried here one at a time, like the others.  Those outside functions are left out,
as mutmut does.
"""

from __future__ import annotations

from functools import cache

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

from .operators import Mutant


def mutants(path: str, text: str) -> list[Mutant]:
    """All mutants of a module."""
    module, found, lines = _made(text)
    source = text.splitlines()
    return [
        Mutant(path, line, number, f"{_short(module, m.original_node)} -> {_short(module, m.mutated_node)}", source[line - 1].strip())
        for number, (m, line) in enumerate(zip(found, lines, strict=True))
    ]


def mutated(text: str, number: int) -> str:
    """The source of a mutant."""
    module, found, _ = _made(text)
    changed = module.deep_replace(found[number].original_node, found[number].mutated_node)
    assert isinstance(changed, libcst.Module)
    return changed.code


@cache
def _made(text: str) -> tuple[libcst.Module, list[Mutation], list[int]]:
    wrapper = MetadataWrapper(libcst.parse_module(text))
    visitor = MutationVisitor(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    place = wrapper.resolve(PositionProvider)
    parents = wrapper.resolve(libcst.metadata.ParentNodeProvider)
    found = [m for m in visitor.mutations if m.contained_by_top_level_function is not None]
    lines = []
    for m in found:
        node = m.original_node
        while node not in place:  # an operator has its place with the expression it is in
            node = parents[node]
        lines.append(place[node].start.line)
    return wrapper.module, found, lines


def _short(module: libcst.Module, node: libcst.CSTNode) -> str:
    text = " ".join(module.code_for_node(node).split())
    return text if len(text) <= 60 else f"{text[:40]} ... {text[-15:]}"


__all__ = ["mutants", "mutated"]
