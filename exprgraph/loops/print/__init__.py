"""Typed loops as text of a language, one small module each."""
