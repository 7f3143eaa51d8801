"""Typed loops: the representation of code between the plan of a computation and the printed languages."""
