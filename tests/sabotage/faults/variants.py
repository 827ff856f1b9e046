"""Faults that only another build has: tried where the forge's result lies in the cache.

A variant is a build whose folder below `builds` is named sabotage-NAME. What to change in the
recipes stands in each docstring's second paragraph.
"""

from __future__ import annotations

from pathlib import Path

from everylinux.sabotage.registry import fault


@fault("TLS-024", "TLS-004", "TLS-008", of="spec: Cryptographic Support", kind="variant",
       allows=("TLS-*", "BLD-03*", "LAY-11*", "PAP-*"))  # fmt: skip
def openssl_without_tls13(_: Path) -> None:
    """OpenSSL was configured without TLS 1.3.

    build/recipes/openssl.yaml: no-tls1_3.
    """


@fault("SQL-004", "SQL-007", of="museum 21", kind="variant",
       allows=("BLD-03*", "LAY-11*", "PAP-*"))  # fmt: skip
def sqlite_without_parentheses(_: Path) -> None:
    """SQLite was compiled without the enhanced syntax of full text search.

    build/recipes/sqlite3.yaml: leave -DSQLITE_ENABLE_FTS3_PARENTHESIS=1 out.
    """


@fault("BLD-046", of="spec: Security Features (Fortify)", kind="variant",
       allows=("BLD-*", "LAY-11*", "PAP-*"))  # fmt: skip
def calls_not_checked(_: Path) -> None:
    """Everything was compiled without FORTIFY.

    build/flags: leave _FORTIFY_SOURCE out.
    """


@fault("BLD-044", of="museum 67", kind="variant", allows=("ANS-02*", "BLD-03*"))
def threads_of_musls_size(_: Path) -> None:
    """CPython was compiled without THREAD_STACK_SIZE.

    build/recipes/cpython.yaml: leave -DTHREAD_STACK_SIZE=0x100000 out.
    """
