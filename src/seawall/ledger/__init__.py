"""Nouns: what there is. Records and integer columns, no rules."""
