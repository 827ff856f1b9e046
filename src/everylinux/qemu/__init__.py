"""An emulated machine that boots a real kernel: its initial file system, its line, its process."""
