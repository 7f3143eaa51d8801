"""Which changes of the engine would no test notice?  The mutants that mutmut does not make.

    python -m tests.mutation [FILES] [--tests FILES] [--sample N] [--seed S] [--jobs J] [--report FILE] [--again FILE] [--list]

mutmut exchanges operators, numbers and arguments in plain functions, and switches its mutants inside the module.  This harness
has the rest (``operators``): conditions and statements left out, arguments exchanged, an order forgotten.  Where mutmut cannot
go, because code stands outside functions or is compiled from its source, operators and numbers are exchanged here as well.

Mutants are tried one at a time in a temporary copy of the checkout, which itself is never written to.  A first run records which
tests execute which lines (``executed``); it is kept, by the content of packages and tests, in the directory for temporary files.
Each mutant runs the tests that execute its line (``trial``), nearest files first, until one fails.  Slow tests are not run.

A mutant is *killed* if a test fails, the modules cannot be imported, the process dies, or the tests take ten times their time
and 20 s.  Else it has *survived*, or is *unexecuted* if no test executes its line.  At the end the tests that killed are run
without a mutant: those that fail then have killed nothing, and their mutants are reported as doubtful.

``--report`` writes a line for each mutant and goes on where an earlier run ended; ``--again`` tries the survivors of a report
once more; ``--list`` only lists the mutants.  Processes are forked, so this runs on Linux and macOS.

No test can or should notice changes of docstrings, annotations, imports, text, ``raise``, ``assert``, caches and decorators:
these are not mutated.  Changes that are equal to the original are left out, as are some that fail in any call.
"""
