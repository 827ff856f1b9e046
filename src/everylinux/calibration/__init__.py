"""Floors beside the real kernels of their releases: where the emulation agrees, and where not."""
