"""The interface of a function for C: one description for ``.c``, ``.o`` and shared libraries, and their header.

The exported function takes tables of pointers, the arguments and the results in their order::

    void evaluator(const double *const *arguments, double *const *results, double *workspace, int64_t samples);

So machine code and C need one entry each.  It has one workspace, unlike the function in this process (``fn.address``), whose
two buffers are for threads that share a batch; and ``results[k]`` is result ``k``, also if it is the same for all samples.
The header adds sizes as macros, and an inline function with a pointer for each argument and result.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ...graph.node import Node
from ...graph.primitive import SAMPLE_COUNT, SAMPLE_SUM
from ...graph.traverse import topological
from ...loops.print.c_names import MACROS, not_a_name
from ...loops.target import CPU, Target
from ...meaning.query import count_ops
from ..plan.program import Program
from .options import Options
from .programs import program_of
from .saved import Saved


class Quantity(NamedTuple):
    """An argument or a result.

    Attributes:
        identifier: its name in C; all names of one interface differ.
        name: the user's name, for comments.
        shape: the shape of one sample's value.
        per_sample: whether it differs by sample.
    """

    identifier: str
    name: str
    shape: tuple[int, ...]
    per_sample: bool

    @property
    def size(self) -> int:
        """The number of numbers of one sample."""
        return math.prod(self.shape)


class CForm(NamedTuple):
    """A form of a function: for one sample, or for any number of them.

    Results are arrays of their own, which the program writes where the caller wants them.  If there are many, those of
    :attr:`same` are one array ``o``: a kernel has a parameter for each array.  They are written one after another at the end
    of the workspace, and copied.

    Attributes:
        program: the loop program.
        same: positions of the results that are the same for all samples, in order.
        lanes: positions of the other results, in order.
        sizes: the number of numbers of each result.
    """

    program: Program
    same: tuple[int, ...]
    lanes: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def apart(self) -> tuple[int, ...]:
        """The results that are arrays of their own."""
        return self.lanes if "o" in self.program.loops.results else tuple(range(len(self.sizes)))

    @property
    def copied(self) -> bool:
        """Whether the results in ``o`` are copied from the end of the workspace."""
        return len(self.apart) < len(self.sizes)

    @property
    def shared(self) -> int:
        """Where the shared workspace begins in the whole."""
        return self.program.workspace

    @property
    def o(self) -> int:
        """Where the copied results begin in the workspace."""
        return self.program.workspace + self.program.shared

    @property
    def workspace(self) -> int:
        """How many numbers the whole workspace has."""
        return self.o + (sum(self.sizes[k] for k in self.same) if self.copied else 0)


@dataclass(frozen=True)
class CInterface:
    """A function as callers in C see it.

    Attributes:
        name: the exported function; the prefix of all other external names, macros in capitals.
        single: whether numbers are ``float``, else they are ``double``.
        arguments: what the caller gives, in order.
        results: what the caller gets, in order.
        positions: the position of each of these arguments among the arguments of the programs.
        one: the form for a single sample.
        many: the form for any number of samples; ``None`` if no argument differs by sample, or if it was not asked for.
        function: what is saved.
    """

    name: str
    single: bool
    arguments: tuple[Quantity, ...]
    results: tuple[Quantity, ...]
    positions: tuple[int, ...]
    one: CForm
    many: CForm | None
    function: Saved

    @property
    def real(self) -> str:
        """The type of numbers in C."""
        return "float" if self.single else "double"

    @property
    def prefix(self) -> str:
        """The prefix of macros."""
        return self.name.upper()

    @cached_property
    def workspace(self) -> int:
        """The workspace for any number of samples, in numbers."""
        return max(self.one.workspace, self.many.workspace if self.many is not None else 0)

    @property
    def signature(self) -> str:
        """The declaration of the exported function."""
        real = self.real
        return f"void {self.name}(const {real} *const *arguments, {real} *const *results, {real} *workspace, int64_t samples)"


#: names of the header's own, beside those of arguments and results
_TAKEN = ("arguments", "results", "workspace", "samples")
#: its macros, after the prefix, and that of the self-check
_MACROS = ("H", "MAIN", "ARGUMENTS", "RESULTS", "WORKSPACE", "WORKSPACE_ONE")


def interface(function: Saved, path: str, options: Options, target: Target = CPU) -> CInterface:
    """The interface of a function under a name from the options or the file's name; ``target`` decides on its workspace.

    Raises:
        ValueError: the name is no identifier, or has a meaning in C or C++.
    """
    name = exported_name(options.name, path)
    single = options.single
    if options.params is not None:
        function = function.freeze(options.params)
    positions = tuple(k for k in range(len(function.arguments)) if k not in function.frozen)
    one = _form(function, False, single, target)
    many = _form(function, True, single, target) if function.takes_batches else None
    lanes = many.lanes if many is not None else ()
    if not options.batch:
        if summed_over_samples(function.outputs):
            raise ValueError("batch=False leaves out the code for several samples, and the function has a sum or mean over the samples")
        many = None
    elif many is not None and not _lanes_gain(function, lanes):
        many = None
    taken = [*_TAKEN, name, f"{name}_call", *(f"{name.upper()}_{macro}" for macro in _MACROS)]
    given = [function.arguments[k] for k in positions]
    arguments = [Quantity(identifier(a.name, taken), a.name, a.shape, a.per_sample) for a in given]
    results = [
        Quantity(identifier(said if said[:1] not in ("", "[") else f"result{said}", taken), said, o.shape, k in lanes)
        for k, (said, o) in enumerate(zip(function.names, function.outputs))
    ]
    return CInterface(name, single, tuple(arguments), tuple(results), positions, one, many, function)


#: With fewer operations for each number of the results, samples side by side take longer than one after another.  Measured: 1.8
#: times for 6, 1.6 for 11, half for 1,100.
_WORTH_MOVING = 16
#: the most results that are arrays of their own
_APART = 32
#: arrays of one sample that have so many numbers on average fill vectors by themselves
_FILLING = 32


def _lanes_gain(function: Saved, lanes: Sequence[int]) -> bool:
    """Whether several samples together are quicker than one after another: their numbers are moved to lanes, and back."""
    if summed_over_samples(function.outputs) or len(lanes) < len(function.outputs):
        return True
    nodes = sum(not n.op.leaf for n in topological(function.outputs))
    operations = count_ops(list(function.outputs))
    return operations > _WORTH_MOVING * sum(o.size for o in function.outputs) or operations < _FILLING * nodes


def summed_over_samples(outputs: Sequence[Node]) -> bool:
    """Whether a value depends on several samples."""
    return any(n.op in (SAMPLE_SUM, SAMPLE_COUNT) for n in topological(outputs))


def _form(function: Saved, batch: bool, single: bool, target: Target) -> CForm:
    program = program_of(function, batch, single, target, apart=len(function.outputs) <= _APART)
    same = tuple(k for k, lane in enumerate(program.per_sample) if not lane)
    lanes = tuple(k for k, lane in enumerate(program.per_sample) if lane)
    return CForm(program, same, lanes, tuple(o.size for o in function.outputs))


def exported_name(given: str | None, path: str) -> str:
    """The name of the exported function.

    Raises:
        ValueError: C or C++ cannot use it.
    """
    name = stem(path) if given is None else given
    why = not_a_name(name) if isinstance(name, str) else "it is not text"
    if why is None:
        return name
    better = identifier(name, []) if isinstance(name, str) else "evaluator"
    whose = f"name={name!r}" if given is not None else f"the file's name without its ending, {name!r},"
    raise ValueError(f"{whose} cannot be the name of a function in C: {why}; give another one, as name={better!r}")


def stem(path: str) -> str:
    """The name of a function from a path: without folder, endings, and the ``lib`` of a library.

    >>> stem("out/evaluator.c"), stem("libevaluator.so"), stem("libevaluator.c")
    ('evaluator', 'evaluator', 'libevaluator')
    """
    name = re.split(r"[/\\]", path)[-1]
    found = re.fullmatch(r"(?:lib)?(.+)\.(?:so|dylib|dll|a)", name)
    return found[1] if found else name.rpartition(".")[0] or name


def identifier(name: str, taken: list[str]) -> str:
    """A name of C for a user's name, different from all in ``taken``, to which it is added.

    >>> identifier("L1.W", []), identifier("x[0]", []), identifier("\N{GREEK SMALL LETTER THETA}", []), identifier("int", [])
    ('L1_W', 'x_0', 'theta', 'int_')
    """
    text = re.sub(r"[^0-9A-Za-z]+", "_", "".join(map(_plain, unicodedata.normalize("NFKD", name)))).strip("_")[:60] or "value"
    text = f"value_{text}" if text[0].isdigit() or MACROS.fullmatch(text) else text
    text += "_" * (not_a_name(text) is not None or (len(text) == 1 and text in "IEFLU"))
    count, found = 1, text
    while found in taken:
        count += 1
        found = f"{text.rstrip('_')}_{count}"
    taken.append(found)
    return found


def _plain(c: str) -> str:
    """A letter in ASCII: Greek letters by name, others by number."""
    if c.isascii():
        return c
    called = unicodedata.name(c, "")
    if called.startswith("GREEK"):
        word = re.split(" WITH ", called)[0].split()[-1]
        return f"_{word.capitalize() if 'CAPITAL' in called else word.lower()}_"
    return "" if unicodedata.combining(c) else f"_u{ord(c):x}_" if c.isalnum() else "_"


__all__ = ["CForm", "CInterface", "Quantity", "exported_name", "identifier", "interface", "stem", "summed_over_samples"]
