"""A function for a file: a module that needs nothing from the process that writes it.

It exports one function, for callers in C::

    void name(const double *const *arguments, double *const *results, double *workspace, int64_t samples);

The module has the code of one or two forms: for a single sample, and for any number of samples.  Kernels and numbers that both
have are there once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Union

from ...pointers import alone
from ...program import Expression, Load, Loop, Loops, Name, Store, index, operation
from ...together import together, union
from .builder import LLVMTarget, SSAValue
from .driver import DriverWriter
from .expressions import Functions
from .module import called_procedures, module
from .statements import StatementWriter, procedure


class Given(NamedTuple):
    """An array of the caller: the table of its address, its index there, and how many numbers of it belong to one sample."""

    table: str  # "arguments" or "results"
    position: int
    each: int = 0  # 0: it is the same for all samples


class Inside(NamedTuple):
    """An array in the caller's workspace, from an offset on."""

    offset: int


class Copied(NamedTuple):
    """A result that is copied to the caller's array: its offset in the workspace, the array, its size."""

    offset: int
    to: Given
    size: int


#: where an array of a program is; numbers are constants of the module
Place = Union[Given, Inside, Sequence[float]]


class PlacedForm(NamedTuple):
    """A form of a function.

    Attributes:
        name: the end of its name, "one" or "many".
        program: its loops.
        data: constants, the table of indices, the table of steps.
        arrays: the place of each argument and result of the program.
        shared: where in the caller's workspace the shared workspace begins.
        copied: results to copy at the end.
        batch: whether it computes all samples of a call; else one of them.
    """

    name: str
    program: Loops
    data: tuple[Sequence[float], Sequence[int], Sequence[int]]
    arrays: Mapping[str, Place]
    shared: int
    copied: Sequence[Copied]
    batch: bool


_GIVEN = "ptr %arguments, ptr %results, ptr %w, i64 %samples"
_VALUES = tuple(SSAValue(f"%{n}", "reals", False, 0) for n in ("arguments", "results", "w"))
_SAMPLES = SSAValue("%samples", "index", False, 0)


def print_alone(name: str, forms: Sequence[PlacedForm], target: LLVMTarget, export: str = "", attributes: str = "") -> str:
    """The text of the module.

    Args:
        name: the exported function; all other names of the module begin with it and a point, as no name of C does.
        forms: the form for a single sample; then that for any number of samples, if there is one.
        export: what LLVM writes before the type of a function that others may call, for formats that need it.
        attributes: further attributes of all functions, as LLVM writes them.

    Raises:
        UnreadableError: a function has no typed loops; only Numba compiles it.
    """
    programs = together([form.program for form in forms])
    whole = union(programs)
    called = called_procedures(whole)
    functions = Functions(whole.functions, target, f"{name}.")
    constants = _Constants(functions)
    known = (*whole.library, *whole.kernels)
    apart = alone(whole, known)
    bodies = [procedure(functions, p, apart[p.name]) for p in known if p.name in called]
    bodies += [_form(functions, form._replace(program=p), constants) for form, p in zip(forms, programs)]
    bodies.append(_exported(functions, forms, name, export))
    named = set(re.findall(r"@[\w.]+", "\n".join(bodies)))
    return module(functions, [text for name, text in constants.texts.items() if name in named], bodies, attributes)


class _Constants:
    """The constant arrays of the module, each of them once."""

    def __init__(self, functions: Functions) -> None:
        self.target = functions.target
        self.mark = functions.mark
        self.texts: dict[str, str] = {}  # by name
        self._known: dict[str, str] = {}

    def reals(self, numbers: Sequence[float]) -> SSAValue:
        """The address of reals."""
        return self._array("reals", self.target.real, [self.target.number(x) for x in numbers])

    def indices(self, numbers: Sequence[int]) -> SSAValue:
        """The address of indices."""
        return self._array("indices", self.target.type_of("index"), [str(n % 2**self.target.index) for n in numbers])

    def _array(self, of: str, kind: str, numbers: Sequence[str]) -> SSAValue:
        content = f"internal constant [{len(numbers)} x {kind}] [{', '.join(f'{kind} {n}' for n in numbers)}]"
        if content not in self._known:
            self._known[content] = f"@{self.mark}{of}{len(self._known)}"
        name = self._known[content]
        self.texts[name] = f"{name} = {content}"
        return SSAValue(name, of, False, 0)


class _FormWriter(DriverWriter):
    """The driver of a form; if it computes one sample, number ``sample`` of those of the call."""

    def __init__(self, functions: Functions, form: PlacedForm, constants: _Constants, sample: SSAValue | None) -> None:
        given = {n: p for n, p in form.arrays.items() if isinstance(p, Given)}
        self.each = {n: p.each for n, p in given.items()}
        self.sample = sample
        data = form.data
        known = {"c": constants.reals(data[0]), "T": constants.indices(data[1]), "STEPS": constants.indices(data[2]), "w": _VALUES[2]}
        known |= {n: constants.reals(p) for n, p in form.arrays.items() if not isinstance(p, (Given, Inside))}
        known["samples"] = _SAMPLES if form.batch else SSAValue("1", "index", False, 0)
        super().__init__(functions, form.program, {n: (f"%{p.table}", p.position) for n, p in given.items()}, known)
        b = self.builder
        inside = {"s": form.shared, **{n: p.offset for n, p in form.arrays.items() if isinstance(p, Inside)}}
        self.env |= {n: b.at(_VALUES[2], b.integer(offset)) for n, offset in inside.items()}

    def listed(self, name: str, at: SSAValue) -> SSAValue:
        return self.own(super().listed(name, at), self.each[name])

    def own(self, array: SSAValue, each: int) -> SSAValue:
        """The part of an array of the caller that is the sample's."""
        b = self.builder
        return array if self.sample is None or not each else b.at(array, b.times(self.sample, b.integer(each)))


def _form(functions: Functions, form: PlacedForm, constants: _Constants) -> str:
    """The text of a form, ``form(arguments, results, workspace, samples)``, or ``sample`` instead of ``samples``."""
    sample = None if form.batch else _SAMPLES
    code = _FormWriter(functions, form, constants, sample)
    code.parts(form.program)
    for k, c in enumerate(form.copied):
        code.env[f"to{k}"] = code.own(code.address(f"%{c.to.table}", code.builder.integer(c.to.position)), c.to.each)
        e: Expression = Name("e", "index") if c.size > 1 else index(0)
        move = Store(Name(f"to{k}", "reals"), e, Load(Name("w", "reals"), operation("add", index(c.offset), e)))
        code.statements([Loop("e", "neighbours", index(0), index(c.size), (move,)) if c.size > 1 else move] if c.size else [])
    functions.declared |= code.builder.intrinsics
    given = _GIVEN.replace("i64", functions.target.type_of("index"))
    return f"define internal void @{functions.mark}{form.name}({given}) #0 {{\nentry:\n{code.builder.text()}\n  ret void\n}}"


def _exported(functions: Functions, forms: Sequence[PlacedForm], name: str, export: str) -> str:
    """The exported function: a single sample, all samples at once, or one sample after another."""
    b = StatementWriter(functions).builder
    b.do("%some = icmp sgt i64 %count, 0")
    b.do(f"%{'samples' if b.target.index == 64 else 'long'} = select i1 %some, i64 %count, i64 0")
    if b.target.index < 64:  # the caller's count is longer than an index
        b.do(f"%samples = trunc i64 %long to {b.target.type_of('index')}")

    def run(form: PlacedForm, samples: SSAValue) -> None:
        b.do(f"call void @{functions.mark}{form.name}(ptr %arguments, ptr %results, ptr %w, {b.target.type_of('index')} {samples.text})")

    one, *many = forms
    if many:
        b.require(b.binary("icmp ne", _SAMPLES, b.integer(1), "truth"), "single")
        run(many[0], _SAMPLES)
        b.do("ret void")
        b.start("single")
        run(one, b.integer(0))
    elif any(isinstance(p, Given) and p.each for p in one.arrays.values()):
        b.open(b.integer(0), _SAMPLES, 1, "index", {})
        run(one, b.loops[-1].index)
        b.close({})
    else:
        run(one, b.integer(0))
    return f"define {export}void @{name}({_GIVEN.replace('samples', 'count')}) #0 {{\nentry:\n{b.text()}\n  ret void\n}}"


__all__ = ["Copied", "Given", "Inside", "Place", "PlacedForm", "print_alone"]
