"""CPython's own test suite in cells: run, kept, and judged by what is explained."""
