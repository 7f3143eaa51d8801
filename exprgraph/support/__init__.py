"""Helpers that know no graph: names, numbers, files, processes, recursion of any depth."""
