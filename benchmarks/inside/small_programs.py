# ruff: noqa: INP001, ANN001, ANN201, ANN202, D103, S301, S311, S314, PERF402, SIM300 - small programs
"""Twenty small programs that lean on the C library, timed in this interpreter: JSON on stdout.

    python small_programs.py [REPEATS]

`{"name": seconds of the fastest repeat}`; standard library only, Python 3.8 or newer.
"""

import io
import json
import pickle
import random
import re
import sqlite3
import sys
import threading
import time
import xml.etree.ElementTree as ET
import zlib
from collections import OrderedDict
from decimal import Decimal

TEXT = (
    "The quick brown fox, on 2024-02-29, wrote to jane.doe@example.org about 3.5 kg of tea. " * 40
)
RECORDS = [
    {"id": i, "name": f"größe {i}", "tags": [str(i % 7), "x" * (i % 50)], "ok": i % 2 == 0}
    for i in range(700)
]
BYTES = TEXT.encode() * 30


def blocks_small():
    for _ in range(5):
        [bytes(40 + i % 400) for i in range(8000)]


def blocks_middle():
    kept = [bytearray(600 + (i * 37) % 30000) for i in range(700)]
    del kept[::2]
    kept += [bytearray(600 + (i * 53) % 20000) for i in range(500)]


def blocks_large():
    for i in range(60):
        bytearray(150_000 + 7919 * i)


def blocks_in_threads():
    def work():
        for i in range(2500):
            bytearray(700 + i % 5000)

    team = [threading.Thread(target=work) for _ in range(4)]
    [one.start() for one in team]
    [one.join() for one in team]


def bytes_grow():
    grown = b""
    for _ in range(1500):
        grown += b"0123456789abcdef" * 8


def list_grows():
    for _ in range(8):
        grown = []
        for i in range(30000):
            grown.append(i)


def copies():
    for _ in range(20):
        bytearray(BYTES)[10:]


def find_bytes():
    for _ in range(40):
        BYTES.find(b"\x00")
        BYTES.rfind(b"\x01")
        BYTES.count(b"q")


def compare_bytes():
    other = bytes(bytearray(BYTES))
    for _ in range(100):
        assert BYTES == other


def split_and_join():
    for _ in range(25):
        "-".join(TEXT.split()).replace("o", "00").upper()


def format_strings():
    [f"{i:08d} {i * 0.1:.3f} {i!r}" for i in range(12000)]


def json_both_ways():
    json.loads(json.dumps(RECORDS))


def json_indented():
    json.dumps(RECORDS, indent=1)


def pickle_both_ways():
    for _ in range(3):
        pickle.loads(pickle.dumps(RECORDS, 4))


def regular_expressions():
    pattern = re.compile(r"(\w+)\.(\w+)@(\w+)\.org|(\d{4})-(\d\d)-(\d\d)")
    for _ in range(4):
        pattern.findall(TEXT)


def tree_of_xml():
    root = ET.Element("all")
    for i in range(1500):
        ET.SubElement(root, "one", id=str(i)).text = "text" * (i % 9)
    ET.fromstring(ET.tostring(root))


def database():
    base = sqlite3.connect(":memory:")
    base.execute("create table t(a integer primary key, b text)")
    base.executemany("insert into t values(?,?)", ((i, f"value {i % 900}") for i in range(7000)))
    base.execute("select b, count(*) from t where b like '%9%' group by b").fetchall()


def compression():
    zlib.decompress(zlib.compress(BYTES, 6))


def dictionaries():
    order = OrderedDict()
    for i in range(25000):
        order[f"key {i % 3000}"] = i
    sorted(order.items(), key=lambda item: item[1])


def numbers():
    chance = random.Random(1)
    sum(Decimal(chance.randrange(1, 999)) / 7 for _ in range(6000))
    sum(float(str(i * 0.37)) for i in range(9000))
    io.StringIO("\n".join(map(str, range(5000)))).readlines()


PROGRAMS = (
    *(blocks_small, blocks_middle, blocks_large, blocks_in_threads, bytes_grow, list_grows),
    *(copies, find_bytes, compare_bytes, split_and_join, format_strings, json_both_ways),
    *(json_indented, pickle_both_ways, regular_expressions, tree_of_xml, database, compression),
    *(dictionaries, numbers),
)


def fastest(program, repeats):
    program()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        program()
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    json.dump({one.__name__: fastest(one, repeats) for one in PROGRAMS}, sys.stdout)
