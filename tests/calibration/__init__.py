"""Floors beside real kernels, from made-up reports."""
