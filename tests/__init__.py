"""The tests of everylinux itself."""
