"""Tests of CPython's own test suite in cells."""
