"""Tells whether a portable Python distribution really runs on every Linux, and builds one."""

__version__ = "0.1.0"
