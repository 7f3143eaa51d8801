"""Losses with their data, as functions of the parameters."""
