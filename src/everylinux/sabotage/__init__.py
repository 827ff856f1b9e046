"""Breaks copies of a good distribution on purpose, and counts which claims see it."""
