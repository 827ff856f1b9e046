"""Kernel floors without a kernel: tables, words and filters."""
