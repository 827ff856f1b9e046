"""One module for each command of `everylinux`; each defines a click command of its own name."""
