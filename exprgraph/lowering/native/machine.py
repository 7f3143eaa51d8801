"""LLVM modules as machine code of this machine: compiled, kept as object files, loaded."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..compiling import compiling
from .builder import Target


@cache
def _llvm() -> Any:
    import llvmlite.binding as llvm  # comes with Numba; loaded when something is first compiled

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@cache
def host() -> tuple[str, str, str]:
    """Triple, processor and features: what an object file depends on."""
    llvm = _llvm()
    features = llvm.get_host_cpu_features()
    return llvm.get_process_triple(), llvm.get_host_cpu_name(), features.flatten()


def target(bits: int) -> Target:
    """The vectors of this machine, for reals of so many bits."""
    features = host()[2].split(",")
    if "+avx512f" in features and "+avx512vl" in features and "+avx512dq" in features:
        return Target(512 // bits, bits, 32)
    if "+avx2" in features:
        return Target(256 // bits, bits, 16)
    return Target(256 // bits, bits, 32 if "aarch64" in host()[0] or "arm64" in host()[0] else 16)


def _target_machine() -> Any:
    triple, cpu, features = host()
    return _llvm().Target.from_triple(triple).create_target_machine(cpu=cpu, features=features, opt=2, jit=True)


def compile_object(text: str) -> bytes:
    """The object file of a module."""
    llvm = _llvm()
    with compiling:
        module = llvm.parse_assembly(text)
        module.triple = host()[0]
        machine = _target_machine()
        module.data_layout = str(machine.target_data)
        return bytes(machine.emit_object(module))


def assembly(text: str) -> str:
    """The machine code of a module, to read."""
    llvm = _llvm()
    with compiling:
        module = llvm.parse_assembly(text)
        module.triple = host()[0]
        return str(_target_machine().emit_assembly(module))


class Loaded:
    """An object file in memory; it stays there as long as this object."""

    def __init__(self, code: bytes) -> None:
        llvm = _llvm()
        with compiling:
            self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
            self._engine.finalize_object()

    def address(self, name: str) -> int:
        return int(self._engine.get_function_address(name) or self._engine.get_global_value_address(name))


__all__ = ["Loaded", "assembly", "compile_object", "host", "target"]
