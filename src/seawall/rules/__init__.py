"""Verbs of the field as pure integer functions."""
