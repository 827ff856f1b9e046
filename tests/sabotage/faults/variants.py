"""Faults that only another build has: each changes a copy of build/, which the forge then builds.

They are tried where the result lies in the cache: `everylinux sabotage --build-variants` makes it.
"""

from __future__ import annotations

from pathlib import Path

from everylinux.sabotage.registry import fault


def _replace(file: Path, old: str, new: str) -> None:
    """Replace each occurrence of a text; ValueError if a recipe has it no more."""
    text = file.read_text()
    if old not in text:
        raise ValueError(f"{file.name} has no {old!r} any more")
    file.write_text(text.replace(old, new))


@fault("TLS-024", "TLS-004", "TLS-008", of="spec: Cryptographic Support", kind="variant",
       allows=("TLS-*", "BLD-03*", "LAY-11*", "PAP-*"))  # fmt: skip
def openssl_without_tls13(build: Path) -> None:
    """OpenSSL was configured without TLS 1.3."""
    _replace(build / "recipes/openssl.yaml", "  - no-ssl3\n", "  - no-ssl3\n  - no-tls1_3\n")


@fault("SQL-004", "SQL-007", of="museum 21", kind="variant",
       allows=("BLD-03*", "LAY-11*", "PAP-*"))  # fmt: skip
def sqlite_without_parentheses(build: Path) -> None:
    """SQLite was compiled without the enhanced syntax of full text search."""
    _replace(build / "recipes/sqlite3.yaml", "-DSQLITE_ENABLE_FTS3_PARENTHESIS=1", "")


@fault("BLD-072", of="spec: Security Features (Fortify)", kind="variant",
       allows=("BLD-*", "LAY-11*", "PAP-*"))  # fmt: skip
def calls_not_checked(build: Path) -> None:
    """Everything was compiled without FORTIFY."""
    header = build / "fortify/everylinux-fortify.h"
    _replace(header, "#define EVERYLINUX_FORTIFY 1", "#define EVERYLINUX_FORTIFY_NEVER 1")


@fault("BLD-044", of="museum 67", kind="variant", allows=("ANS-02*", "BLD-03*"))
def threads_of_musls_size(build: Path) -> None:
    """CPython was compiled without THREAD_STACK_SIZE."""
    option = "  - --enable-shared\n"
    told = f"{option}  - CFLAGS_NODIST=-ftls-model=initial-exec -UTHREAD_STACK_SIZE\n"
    _replace(build / "recipes/cpython-3.13.yaml", option, told)
