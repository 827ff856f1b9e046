"""Loads the plugin that makes `pytest suites/ --distro=...` work; nothing else."""

pytest_plugins = ["everylinux.plugin"]
