"""What knows no graph: names, numbers, files, processes, recursion of any depth."""
