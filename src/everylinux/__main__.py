"""`python -m everylinux` is the command line."""

from everylinux.cli import main

main()
