"""Large graphs of scalars, run at once by an interpreter made of machine code."""
