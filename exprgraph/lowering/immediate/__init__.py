"""First calls: graphs of elements, run at once by an interpreter made of machine code."""
