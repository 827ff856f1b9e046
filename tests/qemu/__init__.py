"""Tests of the emulated machine's parts."""
