"""Functions mapped over axes: a graph with more axes in front, from the graph for one entry."""
