"""What SQLite offers, by asking it to do it; known answers are judged by suites/sqlite."""

# ruff: noqa: PLC0415, UP031, D103, S608, S108 - each question imports what it asks, and is told by its name

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TEXTS = ("a stone fell", "a river rose", "stone and river met")


def _folder() -> str:
    import tempfile

    return tempfile.mkdtemp(prefix="everylinux-sqlite-")


def _memory() -> Any:  # noqa: ANN401 - a connection
    import sqlite3

    return sqlite3.connect(":memory:")


def _error(connection: Any, query: str) -> str:  # noqa: ANN401 - a connection
    """The name and text of the error that a query gives; "" if it gives none."""
    try:
        connection.execute(query).fetchall()
    except Exception as error:  # its name is the fact
        return "%s: %s" % (type(error).__name__, error)
    return ""


def build_answers() -> dict[str, Any]:
    import sqlite3

    options = [row[0] for row in _memory().execute("pragma compile_options")]
    return {
        "version": sqlite3.sqlite_version,
        "options": options,
        "threadsafety": sqlite3.threadsafety,
        "extensions": hasattr(sqlite3.Connection, "enable_load_extension"),
    }


def _search(kind: str) -> Any:  # noqa: ANN401 - JSON
    connection = _memory()
    connection.execute("create virtual table t using %s(text)" % kind)
    connection.executemany("insert into t values (?)", [(text,) for text in TEXTS])
    find = "select rowid from t where t match ? order by rowid"
    return [row[0] for row in connection.execute(find, ("stone",))]


def fts3_answers() -> dict[str, Any]:
    return {"found": _search("fts3")}


def fts4_answers() -> dict[str, Any]:
    return {"found": _search("fts4")}


def fts5_answers() -> dict[str, Any]:
    connection = _memory()
    connection.execute("create virtual table t using fts5(text, tokenize='porter unicode61')")
    connection.executemany("insert into t values (?)", [("runs far",), ("a Größe",), ("x",)])
    find = "select highlight(t, 0, '[', ']') from t where t match ?"
    texts = [
        connection.execute(find, (word,)).fetchone()[0] for word in ("running", "grosse OR größe")
    ]
    return {"found": _search("fts5"), "stemmed": texts}


def parenthesis_answers() -> dict[str, Any]:
    """Without the enhanced syntax `(a OR b) AND c` is read as words and finds otherwise."""
    connection = _memory()
    connection.execute("create virtual table t using fts3(text)")
    texts = ("one three", "two three", "one two", "three and one")
    connection.executemany("insert into t values (?)", [(text,) for text in texts])
    enhanced = "select rowid from t where t match '(one OR two) AND three' order by rowid"
    return {"found": [row[0] for row in connection.execute(enhanced)]}


def tokenizer_answers() -> dict[str, Any]:
    """The two-argument form takes an address as a blob: a hole, so it must be refused."""
    connection = _memory()
    return {"error": _error(connection, "select fts3_tokenizer('evil', x'0000000000000000')")}


def json_answers() -> dict[str, Any]:
    row = _memory().execute(
        "select json_extract('{\"a\": [1, {\"b\": \"é\"}]}', '$.a[1].b'), json('[1, 2 ]'),"
        " (select sum(value) from json_each('[1,2,3]')), '{\"x\":5}' ->> 'x', json_valid('{')"
    )
    return {"row": list(row.fetchone())}


def rtree_answers() -> dict[str, Any]:
    connection = _memory()
    connection.execute("create virtual table r using rtree(id, x0, x1, y0, y1)")
    boxes = [(n, n, n + 1, n, n + 1) for n in range(100)]
    connection.executemany("insert into r values (?,?,?,?,?)", boxes)
    rows = connection.execute("select id from r where x0 >= 10 and x1 <= 12.5 and y0 >= 10")
    return {
        "found": [row[0] for row in rows],
        "check": connection.execute("select rtreecheck('r')").fetchone()[0],
    }


def math_answers() -> dict[str, Any]:
    row = _memory().execute(
        "select round(sqrt(2), 6), round(ln(10), 6), pow(2, 10), mod(7, 4), ceil(1.2)"
    )
    return {"row": list(row.fetchone())}


def table_answers() -> dict[str, Any]:
    connection = _memory()
    connection.execute("create table s (a integer, b integer as (a * 2) stored) strict")
    connection.execute("insert into s values (21)")
    refused = _error(connection, "insert into s values ('many')")
    rows = connection.execute("insert into s values (1) returning b").fetchall()
    window = connection.execute("select a, sum(b) over (order by a) from s").fetchall()
    upsert = "insert into u values (1, 1) on conflict (k) do update set n = n + 1"
    connection.execute("create table u (k primary key, n)")
    for _ in range(3):
        connection.execute(upsert)
    return {
        "generated": connection.execute("select b from s where a = 21").fetchone()[0],
        "refused": refused.partition(":")[0], "returning": rows, "window": window,
        "upsert": connection.execute("select n from u").fetchone()[0],
        "recursive": connection.execute(
            "with recursive c(n) as (values(1) union all select n + 1 from c where n < 1000)"
            " select sum(n) from c").fetchone()[0],
    }  # fmt: skip


def wal_answers() -> dict[str, Any]:
    import sqlite3

    path = os.path.join(_folder(), "wal.db")
    writer, reader = sqlite3.connect(path), sqlite3.connect(path)
    mode = writer.execute("pragma journal_mode=wal").fetchone()[0]
    writer.execute("create table t (x)")
    writer.commit()
    writer.execute("insert into t values (1)")
    during = reader.execute("select count(*) from t").fetchone()[0]
    writer.commit()
    after = reader.execute("select count(*) from t").fetchone()[0]
    log = os.path.getsize(path + "-wal") > 0
    checkpoint = writer.execute("pragma wal_checkpoint(truncate)").fetchone()
    return {
        "mode": mode,
        "during": during,
        "after": after,
        "log": log,
        "checkpoint": list(checkpoint),
    }


def thread_answers() -> dict[str, Any]:
    import sqlite3
    import threading

    shared = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    shared.execute("create table t (x)")

    turn = threading.Lock()  # as the documentation of check_same_thread asks for

    def fill(number: int) -> None:
        for n in range(200):
            with turn:
                shared.execute("insert into t values (?)", (number * 1000 + n,))

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = shared.execute("select count(*), count(distinct x) from t").fetchone()
    return {"rows": list(row), "integrity": shared.execute("pragma integrity_check").fetchone()[0]}


def backup_answers() -> dict[str, Any]:
    import sqlite3

    source, target = _memory(), _memory()
    source.execute("create table t (x)")
    source.executemany("insert into t values (?)", [(n,) for n in range(5000)])
    source.commit()
    source.backup(target, pages=5)
    image = source.serialize()
    third = sqlite3.connect(":memory:")
    third.deserialize(image)
    count = "select count(*), sum(x) from t"
    dump = "\n".join(target.iterdump())
    fourth = _memory()
    fourth.executescript(dump)
    return {name: list(c.execute(count).fetchone()) for name, c in
            {"backup": target, "serialised": third, "dumped": fourth}.items()}  # fmt: skip


def blob_answers() -> dict[str, Any]:
    connection = _memory()
    connection.execute("create table t (b)")
    connection.execute("insert into t values (zeroblob(5000000))")
    with connection.blobopen("t", "b", 1) as blob:
        blob.seek(4_000_000)
        blob.write(b"everylinux")
        blob.seek(4_000_005)
        found = blob.read(5).decode()
        size = len(blob)
    text = "ü" * 1_000_000
    same = connection.execute("select ?", (text,)).fetchone()[0] == text
    edges = (2**63 - 1, -(2**63), 5e-324, None, b"\0", "\0", "\U0001f600")
    back = [connection.execute("select ?", (edge,)).fetchone()[0] == edge for edge in edges]
    return {"read": found, "size": size, "text": same, "edges": all(back)}


class _Product:
    """An aggregate and window function."""

    def __init__(self) -> None:
        self.value = 1

    def step(self, number: int) -> None:
        self.value *= number

    def inverse(self, number: int) -> None:
        self.value //= number

    def finalize(self) -> int:
        return self.value

    value_of = finalize


def function_answers() -> dict[str, Any]:
    connection = _memory()
    connection.create_function("twice", 1, lambda x: x * 2, deterministic=True)
    connection.create_aggregate("product", 1, _Product)
    window = type("Window", (), {
        "__init__": lambda self: setattr(self, "n", 1),
        "step": lambda self, x: setattr(self, "n", self.n * x),
        "inverse": lambda self, x: setattr(self, "n", self.n // x),
        "value": lambda self: self.n, "finalize": lambda self: self.n,
    })  # fmt: skip
    connection.create_window_function("wproduct", 1, window)
    connection.create_collation("backwards", lambda a, b: (a < b) - (a > b))
    numbers = "(select 1 as x union select 2 union select 3 union select 4)"
    over = "select wproduct(x) over (order by x rows between 1 preceding and current row) from "
    words = "select w from (select 'a' as w union select 'b') order by w collate backwards"
    seen: list[str] = []
    connection.set_trace_callback(seen.append)
    connection.execute("select 1")
    return {
        "function": connection.execute("select twice(21)").fetchone()[0],
        "aggregate": connection.execute("select product(x) from " + numbers).fetchone()[0],
        "window": [row[0] for row in connection.execute(over + numbers)],
        "collation": [row[0] for row in connection.execute(words)],
        "traced": seen[:1],
    }


def shared_cache_answers() -> dict[str, Any]:
    import sqlite3

    uri = "file:everylinux?mode=memory&cache=shared"
    first, second = (sqlite3.connect(uri, uri=True) for _ in range(2))
    first.execute("create table t (x)")
    first.execute("insert into t values (7)")
    first.commit()
    return {"seen": second.execute("select x from t").fetchone()[0]}


def corrupt_answers() -> dict[str, Any]:
    """Errors of databases broken at many places: their names, and that the process lives."""
    import sqlite3

    path = os.path.join(_folder(), "broken.db")
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (x)")
        connection.executemany("insert into t values (?)", [("y" * 500,) for _ in range(200)])
    connection.close()
    with open(path, "rb") as stream:
        good = stream.read()
    names = set()
    for offset in (0, 16, 100, 4096, 4100, 8192):
        with open(path, "wb") as stream:
            stream.write(good[:offset] + b"\xff" * 300 + good[offset + 300 :])
        connection = sqlite3.connect(path)
        names.add(_error(connection, "select sum(length(x)) from t").partition(":")[0])
        names.add(_error(connection, "pragma integrity_check").partition(":")[0])
        connection.close()
    return {"errors": sorted(names - {""})}


def temporary_answers() -> dict[str, Any]:
    """A sort and an index that spill to a file, where the cell has only /tmp to write to."""
    os.environ.pop("SQLITE_TMPDIR", None)
    connection = _memory()
    connection.execute("pragma temp_store=1")
    connection.execute("pragma cache_size=10")
    connection.execute("create temp table t (x)")
    many = "with recursive c(n) as (values(1) union all select n + 1 from c where n < 20000)"
    connection.execute(
        "insert into t " + many + " select ((n * 7919) % 20011) || 'xxxxxxxxxxxxxxxx' from c"
    )
    last = connection.execute("select x from t order by x desc limit 1").fetchone()[0]
    return {
        "last": last,
        "writable": [p for p in ("/var/tmp", "/usr/tmp", "/tmp") if os.access(p, os.W_OK)],
    }


ASKERS = {
    "sqlite_build": build_answers,
    "sqlite_fts3": fts3_answers,
    "sqlite_fts4": fts4_answers,
    "sqlite_fts5": fts5_answers,
    "sqlite_parenthesis": parenthesis_answers,
    "sqlite_tokenizer": tokenizer_answers,
    "sqlite_json": json_answers,
    "sqlite_rtree": rtree_answers,
    "sqlite_math": math_answers,
    "sqlite_tables": table_answers,
    "sqlite_wal": wal_answers,
    "sqlite_threads": thread_answers,
    "sqlite_backup": backup_answers,
    "sqlite_blob": blob_answers,
    "sqlite_functions": function_answers,
    "sqlite_shared": shared_cache_answers,
    "sqlite_corrupt": corrupt_answers,
    "sqlite_temporary": temporary_answers,
}
SECTIONS = sys.modules["__main__"].load("asking").sections(ASKERS)
