"""The shape of the packages, read from their sources: ``python -m tests.structure``.

    python -m tests.structure                  a table of all measures beside their limits
    python -m tests.structure --list circles   every finding of the measures whose names contain the word
    python -m tests.structure --json           the same for a program
    python -m tests.structure --root DIR       of another checkout
    python -m tests.structure --picture        draw docs/layers.svg again

Nothing is imported: ``sources`` parses the files, ``measures`` counts, ``limits`` says how many of each there may be, and
``test_structure`` fails with the findings where there are more.  A limit only ever goes down.
"""
