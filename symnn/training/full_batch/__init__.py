"""Optimizers that use the loss of all samples at once, and its curvature."""
