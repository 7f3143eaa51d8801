"""A small mutation tester: which changes of the engine would no test notice?

    python -m tests.mutation [--modules calculus simplify lowering] [--sample N] [--seed S] [--jobs J]
                             [--report FILE] [--again FILE] [--mutmut] [--list]

Mutants of the modules are made one at a time (``operators``), in a temporary copy of the tree; the checkout is never
written to.  A first run finds which tests execute which lines (``executed``); it is kept, by the content of packages and
tests, in the directory for temporary files.  For each mutant those tests run that execute its line (``trial``), until one
fails: 60 of the quickest of the three files nearest to the module, 60 over all files, the others of those three as far as they
take a minute together, and of all as far as they take half a minute.  A line that runs only when the module is imported has
the tests that use most of the module, a line of a function that is compiled from its source the tests that compile it.
A line that no test executes leaves its mutants *unexecuted*.  Slow tests are not run.

A mutant is *killed* if a test fails, if the modules cannot be imported, if the process dies, or if the tests take
ten times as long as they should, and 20 s; else it has *survived*.  In the end the tests that killed are run without a mutant:
what fails then has killed nothing, and its mutants are reported as doubtful.

With ``--mutmut`` the mutants are those of mutmut 3.8 (``of_mutmut``; ``pip install "mutmut>=3.8,<3.9"``), text and what is raised
included.  Most of those are an argument or a value that becomes ``None`` or is left out, which many a test notices; ours
(``operators``) are harder to notice: a part of a condition left out, a limit moved by one, two arguments exchanged, an order forgotten.

``--report`` writes what became of each mutant, a line each, and goes on where an earlier run ended; ``--again`` takes such a
file and tries its survivors once more; ``--list`` only lists the mutants.  Processes are forked, so this runs on Linux and macOS.

Not mutated, because no test can or should notice: docstrings, annotations, ``__all__``, imports, what only type checkers
read (``TYPE_CHECKING``, overloads, protocols, ``cast``), text of any kind, what is raised, ``assert`` (each states
what is always so), caches (``@cache``), arguments of decorators.  Recognised as equal to the original and left out: a change that
gives the same tree; exchanged arguments of symmetric functions; ``return`` of what is None already; ``continue``
at the end of a loop; ``is`` for ``==``.  Left out as trivial, since any call fails: arithmetic on text and displays of
lists, exchanged arguments of ``isinstance`` and the like.
"""
