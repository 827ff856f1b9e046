"""Which release of a C library an object needs, told by the symbols that it asks for."""
