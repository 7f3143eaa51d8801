"""Machine code for loop programs: compiled, kept on disk, loaded, and called from Python.

From a program to its address: ``machine`` has LLVM compile an object file.  ``kept`` finds it, when a later process asks for the same one,
and LLVM is not loaded then; ``disk`` is the directory.  ``image`` places its sections in ``pages`` of memory, and ``loaded`` tells the
addresses.  ``programs`` does all of this for the programs of compiled functions, ``rows`` for the parts of the interpreter.
"""
