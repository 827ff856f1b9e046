"""Every probe there is: what gathers in a cell, and what reads the artefact."""

from __future__ import annotations

from everylinux.model import MOVED
from everylinux.probes import static
from everylinux.probes.base import CellProbe, Inside, StaticProbe
from everylinux.probes.bootstrap import Bootstrap
from everylinux.probes.entropy import Entropy
from everylinux.probes.extension import Extension
from everylinux.probes.machine import Machine
from everylinux.probes.packages import Packages
from everylinux.probes.peers.flights import Flights
from everylinux.probes.peers.talks import Talks
from everylinux.probes.performance import Performance
from everylinux.probes.resolver import Resolver
from everylinux.probes.starting import Starting
from everylinux.probes.surveying import Surveying
from everylinux.probes.terminal import Terminals
from everylinux.probes.tls import Tls
from everylinux.probes.trust import Trust

CELL_PROBES: tuple[CellProbe, ...] = (
    Inside(
        "imports",
        ("imports", "libraries", "extension_set", "interpreter", "bytecode", "attributes"),
        also=("importing",),
    ),
    Inside(
        "answers",
        (
            "answers_zlib",
            "answers_bz2",
            "answers_lzma",
            "answers_hash",
            "answers_own_hash",
            "answers_key",
            "answers_bytes",
            "answers_decimal",
            "answers_math",
            "answers_random",
            "answers_text",
            "answers_unicode",
            "answers_multibyte",
            "answers_xml",
            "answers_serial",
            "answers_slots",
        ),
        also=("asking",),
    ),
    Inside(
        "answers_system",
        (
            "answers_ctypes",
            "answers_find_library",
            "answers_memory",
            "answers_terminal",
            "answers_process",
            "answers_signal",
            "answers_user",
            "answers_recursion",
            "answers_c_recursion",
            "answers_fault",
            "answers_runtime",
            "answers_logging",
        ),
        also=("asking",),
    ),
    Inside(
        "answers_libraries",
        (
            "answers_curses",
            "answers_readline",
            "answers_dbm",
            "answers_uuid",
            "answers_zone",
            "answers_tcl",
            "answers_locale",
            "answers_packaging",
            "answers_gone",
            "library_versions",
        ),
        also=("asking",),
    ),
    Inside(
        "answers_network",
        (
            "answers_socket",
            "answers_wait",
            "answers_name",
            "answers_asyncio",
            "answers_shared",
            "answers_processes",
            "answers_interpreters",
        ),
        also=("asking",),
    ),
    Inside(
        "sqlite",
        (
            "sqlite_build",
            "sqlite_fts3",
            "sqlite_fts4",
            "sqlite_fts5",
            "sqlite_parenthesis",
            "sqlite_tokenizer",
            "sqlite_json",
            "sqlite_rtree",
            "sqlite_math",
            "sqlite_tables",
            "sqlite_wal",
            "sqlite_threads",
            "sqlite_backup",
            "sqlite_blob",
            "sqlite_functions",
            "sqlite_shared",
            "sqlite_corrupt",
            "sqlite_temporary",
        ),
        also=("asking",),
    ),
    Inside(
        "building",
        (
            "built_extension",
            "built_limited",
            "built_headers",
            "built_program",
            "built_package",
            "built_overflow",
            "built_moved",
            "built_without",
        ),
        seconds=400,
        also=("asking",),
        arguments=(str(MOVED["space"]),),
    ),
    Inside(
        "protections",
        (
            "protected_addresses",
            "protected_pages",
            "thread_stack",
            "tree_size",
            "fortified",
            "lookup_order",
        ),
        seconds=120,
        also=("asking",),
    ),
    Inside(
        "variables",
        (
            "variable_home",
            "variable_path",
            "variable_hash_seed",
            "variable_io_encoding",
            "variable_unbuffered",
            "variable_verbose",
            "variable_warnings",
            "variable_bytecode",
            "variable_optimize",
            "variable_temporary",
            "variable_pip_cache",
            "variable_search",
        ),
        seconds=120,
        also=("asking",),
    ),
    Surveying(),
    Extension(),
    Inside("crypto", ("crypto", "trust")),
    Tls(),
    Trust(),
    Flights(),
    Talks(),
    Starting(),
    Machine(),
    Entropy(),
    Terminals(),
    Resolver(),
    Bootstrap(),
    Packages(),
    Performance(),
)

STATIC_PROBES: tuple[StaticProbe, ...] = static.PROBES
