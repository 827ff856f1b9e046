"""Builds the distribution: recipes, sources, cache, sandbox, assembly."""
