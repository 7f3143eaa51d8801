"""Optimizers on batches: the next parameters as expressions of parameters, gradient, memory and learning rate."""
