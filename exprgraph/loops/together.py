"""Several programs in one file: what is equal in them has one definition, and everything else names of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .program import (
    Add,
    Branch,
    Each,
    Expression,
    Let,
    Loop,
    Loops,
    Name,
    Procedure,
    Run,
    Set,
    Statement,
    Store,
    Switch,
    Variable,
)
from .substitute import replaced

Body = tuple[Statement, ...]


def together(programs: Sequence[Loops]) -> list[Loops]:
    """The programs with other names for their kernels: equal kernels have one name, different ones different names.

    The arrays that a kernel is called with do not matter.  So the kernel of a layer is the same in a function and in its
    derivatives.

    >>> from exprgraph.loops.program import Load, Part, index
    >>> def copying(array):
    ...     a, s = Name(array, "reals"), Name("s", "reals")
    ...     copy = Procedure("k0", (a, s), (Store(s, index(0), Load(a, index(1))),))
    ...     return Loops(False, 8, 2, ("o",), (), (), (copy,), (Part((Run("k0", (a, s)),)),))
    >>> together([copying("a0"), copying("a1")])[1]
    float64, blocks of 8, 2 arguments, results o
    <BLANKLINE>
    procedure k0(b0: reals, b1: reals):
        b1[0] = b0[1]
    <BLANKLINE>
    once:
        k0(a1, s)
    """
    known: dict[Procedure, Procedure] = {}
    out = []
    for program in programs:
        renamed: dict[str, str] = {}
        kernels: list[Procedure] = []
        for kernel in program.kernels:
            plain = _of_any_arrays(kernel)
            named = known.setdefault(plain, plain._replace(name=f"k{len(known)}"))
            renamed[kernel.name] = named.name
            if named not in kernels:
                kernels.append(named)
        parts = [p._replace(body=_calling(p.body, renamed), before=_calling(p.before, renamed)) for p in program.parts]
        out.append(program._replace(kernels=tuple(kernels), parts=tuple(parts)))
    return out


def union(programs: Sequence[Loops]) -> Loops:
    """All definitions and all parts as one program, of programs that are :func:`together`.

    It is for questions about definitions, such as which are called, and with which arrays; nothing runs it.
    """
    functions = {f.name: f for p in programs for f in p.functions}
    library = {p.name: p for program in programs for p in program.library}
    kernels = {k.name: k for p in programs for k in p.kernels}
    parts = tuple(part for p in programs for part in p.parts)
    return programs[0]._replace(
        functions=tuple(functions.values()), library=tuple(library.values()), kernels=tuple(kernels.values()), parts=parts
    )


def _of_any_arrays(kernel: Procedure) -> Procedure:
    """A kernel without its name, with arrays named by position."""
    arrays = [p for p in kernel.parameters if p.type == "reals"]
    names = {p.name: Name(f"b{k}", "reals") for k, p in enumerate(arrays)}
    parameters = tuple(names.get(p.name, p) for p in kernel.parameters)
    return kernel._replace(name="", parameters=parameters, body=_mapped(kernel.body, lambda s: _renamed(s, names)))


def _calling(body: Body, names: Mapping[str, str]) -> Body:
    """Statements with calls of procedures by other names."""
    return _mapped(body, lambda s: s._replace(procedure=names.get(s.procedure, s.procedure)) if isinstance(s, Run) else s)


def _mapped(body: Body, change: Callable[[Statement], Statement]) -> Body:
    """Every statement changed, with the changed blocks of the old one."""
    out: list[Statement] = []
    for s in body:
        if isinstance(s, (Loop, Each)):
            s = s._replace(body=_mapped(s.body, change))
        elif isinstance(s, Branch):
            s = s._replace(then=_mapped(s.then, change), otherwise=_mapped(s.otherwise, change))
        elif isinstance(s, Switch):
            s = s._replace(cases=tuple((k, _mapped(inner, change)) for k, inner in s.cases))
        out.append(change(s))
    return tuple(out)


def _renamed(s: Statement, names: Mapping[str, Name]) -> Statement:
    """A statement with other names of arrays."""

    def new(e: Expression) -> Expression:
        return replaced(e, names)

    def array(n: Name) -> Name:
        return names.get(n.name, n)

    if isinstance(s, (Let, Set, Add)):
        return s._replace(value=new(s.value))
    if isinstance(s, Variable):
        return s._replace(start=new(s.start))
    if isinstance(s, Store):
        return s._replace(pointer=array(s.pointer), at=new(s.at), value=new(s.value))
    if isinstance(s, Loop):
        return s._replace(start=new(s.start), stop=new(s.stop))
    if isinstance(s, Branch):
        return s._replace(test=new(s.test))
    if isinstance(s, Switch):
        return s._replace(on=new(s.on))
    if isinstance(s, Each):
        return s._replace(pointers=tuple(map(array, s.pointers)))
    return s._replace(args=tuple(map(new, s.args)))


__all__ = ["together", "union"]
