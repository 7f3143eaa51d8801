"""Typed loops: what code is made of, between the plan of a computation and the languages that it is printed in."""
