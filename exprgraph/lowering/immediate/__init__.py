"""First calls: an interpreter made of machine code answers until there is machine code of the function.

``worth`` decides by counts who answers.  ``translate`` writes a graph as instructions, from the ``steps`` of each kind of nodes.
Elements that are only moved take none (``elements``), and places are used again (``reuse``).  A ``form`` calls the interpreter, whose own
code is in ``native/instructions``, ``native/interpreter`` and ``native/rows``.
"""
