"""LLVM's back ends for other machines than this one: modules as object files and as text.

LLVM writes to the standard error about processors that it does not know, and ends the process on some that do not fit their
triple.  So names that a user gives are tried in another process first.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from typing import Any, NamedTuple

from ...support.compiling import compiling, in_llvm


class Machine(NamedTuple):
    """What LLVM is told of a machine.

    Attributes:
        triple: architecture, vendor, system and environment.
        cpu: the name of the processor.
        features: features beside those of the processor, ``"+simd128,-neon"``.
        relocation: how addresses are found, "pic" or "static".
        model: the distances that code reaches, "default" or "medium".
    """

    triple: str
    cpu: str
    features: str
    relocation: str
    model: str


class Refused(NamedTuple):
    """What LLVM does not know of a machine: names of processors or features; else ``reason`` is its message."""

    names: tuple[str, ...]
    reason: str


@cache
def _llvm() -> Any:
    with in_llvm():
        import llvmlite.binding as llvm  # part of Numba; imported when the first file is written

        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
        return llvm


def has_back_end(triple: str) -> bool:
    """Whether this LLVM makes code for an architecture."""
    with compiling, in_llvm():
        try:
            _llvm().Target.from_triple(triple)
        except RuntimeError:
            return False
        return True


def _emitted(text: str, m: Machine, printed: bool, vectors: bool | None = None) -> Any:  # LLVM's objects are freed on return
    llvm = _llvm()
    options = {"cpu": m.cpu, "features": m.features, "opt": 2, "reloc": m.relocation, "codemodel": m.model}
    machine = llvm.Target.from_triple(m.triple).create_target_machine(**options)
    module = llvm.parse_assembly(text)
    module.triple = m.triple
    module.data_layout = str(machine.target_data)
    if vectors is not None:
        tuning = llvm.create_pipeline_tuning_options(speed_level=2)
        tuning.loop_vectorization = tuning.slp_vectorization = vectors
        passes = llvm.create_pass_builder(machine, tuning)
        passes.getModulePassManager().run(module, passes)
    return machine.emit_assembly(module) if printed else bytes(machine.emit_object(module))


def object_for(text: str, machine: Machine, vectors: bool = True) -> bytes:
    """The object file of a module, optimised; ``vectors``: whether LLVM may make more vectors of scalars.

    A file is written once, unlike code in this process, so that its compilation may take twice as long.
    """
    with compiling, in_llvm():
        code: bytes = _emitted(text, machine, False, vectors)
        return code


def assembly_for(text: str, machine: Machine) -> str:
    """The machine code of a module as text."""
    with compiling, in_llvm():
        code: str = _emitted(text, machine, True)
        return code


@cache
def pointer_bits(triple: str) -> int:
    """The bits of an address."""
    with compiling, in_llvm():
        layout = str(_llvm().Target.from_triple(triple).create_target_machine().target_data)
    found = re.search(r"(?:^|-)p:(\d+)", layout)
    return int(found[1]) if found else 64


# ---------------------------------------------------------------- in another process

_SCRIPT = """
import json, sys
import llvmlite.binding as llvm
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
text, triple, cpu, features, relocation, model = json.load(sys.stdin)
machine = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, features=features, opt=2, reloc=relocation, codemodel=model)
module = llvm.parse_assembly(text)
module.triple = triple
module.data_layout = str(machine.target_data)
machine.emit_object(module)
"""
_UNKNOWN = re.compile(r"^'(.*)' is not a recognized (?:processor|feature) for this target", re.MULTILINE)
_LISTED = re.compile(r"^ {2}([^\s]+) +- ", re.MULTILINE)


def _asked(text: str, machine: Machine) -> subprocess.CompletedProcess[str]:
    """Another process that emits a module.

    Raises:
        OSError: none can be started.
    """
    import llvmlite

    if not sys.executable:
        raise OSError("there is no interpreter to start")
    places = [os.path.dirname(os.path.dirname(llvmlite.__file__)), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
    return subprocess.run(
        [sys.executable, "-c", _SCRIPT], input=json.dumps([text, *machine]), env=environment, capture_output=True, text=True, check=False
    )


@cache
def refused(text: str, machine: Machine) -> Refused | None:
    """What LLVM does not know, or why it makes no code; ``None`` if it emits the module.

    Raises:
        OSError: no process can be started for the question.
    """
    ran = _asked(text, machine)
    names = tuple(dict.fromkeys(_UNKNOWN.findall(ran.stderr)))
    if not names and ran.returncode == 0:
        return None
    lines = [line for line in ran.stderr.splitlines() if line.strip()]
    told = next((line for line in lines if "LLVM ERROR" in line), lines[-1] if lines else f"exit status {ran.returncode}")
    return Refused(names, told)


@cache
def known_names(machine: Machine) -> tuple[list[str], list[str]]:
    """The names of the processors and of the features of an architecture."""
    help_ = _asked("", machine._replace(cpu="help", features="")).stderr
    processors, _, features = help_.partition("Available features")
    return _LISTED.findall(processors), _LISTED.findall(features)


__all__ = ["Machine", "Refused", "assembly_for", "has_back_end", "known_names", "object_for", "pointer_bits", "refused"]
