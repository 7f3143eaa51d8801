"""Generated source as a live module; equal source is compiled once in a process."""

from __future__ import annotations

import linecache
from hashlib import blake2b
from typing import Any

import numpy as np

from .compiling import compiling


class Module:
    """A loaded module of generated code."""

    def __init__(self, source: str) -> None:
        digest = blake2b(source.encode(), digest_size=12).hexdigest()
        self.name = name = f"<exprgraph {digest}>"
        # tracebacks and Numba's messages show the generated lines
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        namespace: dict[str, Any] = {"__name__": f"exprgraph_generated_{digest}"}
        exec(compile(source, name, "exec"), namespace)
        self.kernel = namespace["kernel"]
        self.table = np.array(namespace["TABLE"], dtype=np.uint64)
        self.steps = np.array(namespace["STEPS"], dtype=np.uint64).reshape(-1, 2)
        self.constants = np.array(namespace["CONSTANTS"], dtype=namespace["R"])


#: modules kept for functions of equal source that are made later
KEPT = 256

_modules: dict[str, Module] = {}


def load_module(source: str) -> Module:
    """The module of a source text."""
    with compiling:
        module = _modules.get(source)
        if module is None:
            if len(_modules) >= KEPT:  # the oldest first
                linecache.cache.pop(_modules.pop(next(iter(_modules))).name, None)
            module = _modules[source] = Module(source)
        return module
