"""Kernels to judge under: floors by seccomp, and which words of `--kernel` mean which."""
