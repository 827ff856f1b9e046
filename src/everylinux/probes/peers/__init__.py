"""Implementations and test suites that we did not write, asked what they think of the subject."""
