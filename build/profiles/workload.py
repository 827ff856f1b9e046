"""What programs do: run once by the instrumented interpreter, beside CPython's own tests.

Tests go everywhere once; programs go round a few things all day. Each function here is a small
program of another kind, and asserts its result; none needs a network, a package or more than
50 MB. `profile_task` in src/everylinux/forge/interpreter.py has it run.
"""

from __future__ import annotations

import ast
import asyncio
import base64
import bisect
import collections
import copy
import csv
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import heapq
import html.parser
import io
import itertools
import json
import logging
import math
import operator
import os
import pathlib
import pickle
import random
import re
import sqlite3
import statistics
import string
import struct
import sys
import tempfile
import textwrap
import threading
import tokenize
import types
import typing
import unicodedata
import xml.etree.ElementTree as ET
import zlib
from collections.abc import AsyncIterator, Callable, Iterator

# numbers


def planets(steps: int = 4000) -> None:
    """Floats in lists of lists."""
    bodies = [[random.random() for _ in range(7)] for _ in range(5)]
    pairs = list(itertools.combinations(bodies, 2))
    for _ in range(steps):
        for one, other in pairs:
            x, y, z = one[0] - other[0], one[1] - other[1], one[2] - other[2]
            pull = 0.0001 / (x * x + y * y + z * z + 0.1) ** 1.5
            one[3] -= x * other[6] * pull
            one[4] -= y * other[6] * pull
            one[5] -= z * other[6] * pull
            other[3] += x * one[6] * pull
            other[4] += y * one[6] * pull
            other[5] += z * one[6] * pull
        for body in bodies:
            body[0] += 0.0001 * body[3]
            body[1] += 0.0001 * body[4]
            body[2] += 0.0001 * body[5]
    assert all(math.isfinite(value) for body in bodies for value in body)


class Vector:
    """Operators written in Python."""

    __slots__ = ("x", "y", "z")

    def __init__(self, x: float, y: float, z: float) -> None:
        self.x = x
        self.y = y
        self.z = z

    def __add__(self, other: Vector) -> Vector:
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other: Vector) -> Vector:
        return Vector(self.x - other.x, self.y - other.y, self.z - other.z)

    def scale(self, factor: float) -> Vector:
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    def dot(self, other: Vector) -> float:
        return self.x * other.x + self.y * other.y + self.z * other.z

    def length(self) -> float:
        return math.sqrt(self.dot(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and self.x == other.x and self.y == other.y

    def __hash__(self) -> int:
        return hash((self.x, self.y, self.z))


def rays(side: int = 60) -> None:
    """Geometry with objects: attributes, methods, floats."""
    centre, light, hits = Vector(0.0, 0.0, 5.0), Vector(1.0, 1.0, 0.0), 0
    for row in range(side):
        for column in range(side):
            ray = Vector(column / side - 0.5, row / side - 0.5, 1.0)
            ray = ray.scale(1.0 / ray.length())
            along = centre.dot(ray)
            gap = centre.dot(centre) - along * along
            if gap < 1.0:
                point = ray.scale(along - math.sqrt(1.0 - gap))
                normal = point - centre
                hits += normal.dot(light + point) > -9.0
    assert hits


def matrices(size: int = 40) -> None:
    """Nested lists, indices, comprehensions."""
    a = [[1.0 / (row + column + 1) for column in range(size)] for row in range(size)]
    b = [[float(row == column) for column in range(size)] for row in range(size)]
    product = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(size):
            total = 0.0
            for k in range(size):
                total += a[i][k] * b[k][j]
            product[i][j] = total
    assert product == a
    assert [sum(map(operator.mul, row, column)) for row, column in zip(a, zip(*b), strict=True)]
    n = size * 2
    grid = [0.0] * (n * n)
    for _ in range(4):
        for y in range(1, n - 1):
            for x in range(1, n - 1):
                i = y * n + x
                grid[i] = (grid[i - 1] + grid[i + 1] + grid[i - n] + grid[i + n]) * 0.25 + 1.0


def integers() -> None:
    """Small ints, shifts, big ints."""
    sieve = bytearray([1]) * 60000
    for i in range(2, 245):
        if sieve[i]:
            sieve[i * i :: i] = bytes(len(range(i * i, 60000, i)))
    assert sum(sieve[2:]) == 6057
    state, seen = 1, 0
    for _ in range(60000):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        seen += state & 1
    assert seen
    q, r, t, k, digit, shown = 1, 0, 1, 1, 0, []
    while len(shown) < 250:
        q, r, t, k = q * k, (2 * q + r) * (2 * k + 1), t * (2 * k + 1), k + 1
        digit = (q * 3 + r) // t
        if digit == (q * 4 + r) // t:
            shown.append(digit)
            q, r = q * 10, (r - digit * t) * 10
    assert shown[:5] == [3, 1, 4, 1, 5]
    big = 3**2000
    assert int(str(big)) == big
    assert pow(7, 2**200, (1 << 127) - 1) > 0
    for value in range(20000):
        high, low = divmod(value, 7)
        assert high * 7 + low == value


def exact() -> None:
    """Decimals, fractions, statistics."""
    with decimal.localcontext(decimal.Context(prec=40)):
        total = decimal.Decimal(0)
        for i in range(1, 1500):
            total += decimal.Decimal(1) / i
        assert str(total)
    half = sum((fractions.Fraction(1, n) for n in range(1, 60)), fractions.Fraction(0))
    assert half.numerator
    assert statistics.fmean(range(1000)) == 499.5
    assert statistics.median(random.random() for _ in range(999))
    assert statistics.stdev([float(x) for x in range(300)])


# objects


class State(enum.Enum):
    """Members that are compared."""

    READY = 1
    WAITING = 2
    DONE = 3


class Packet:
    """What tasks hand over."""

    def __init__(self, link: Packet | None, kind: int) -> None:
        self.link = link
        self.kind = kind
        self.data = [0] * 4


class Task:
    """One of a scheduler's, with a chain of packets; the base of others."""

    def __init__(self, name: int, work: int) -> None:
        self.name = name
        self.work = work
        self.queue: Packet | None = None
        self.state = State.READY

    def give(self, packet: Packet) -> None:
        packet.link = self.queue
        self.queue = packet

    def take(self) -> Packet | None:
        packet = self.queue
        if packet is not None:
            self.queue = packet.link
        return packet

    def step(self, others: dict[int, Task]) -> bool:
        raise NotImplementedError


class Worker(Task):
    """Changes each packet and hands it on."""

    def step(self, others: dict[int, Task]) -> bool:
        packet = self.take()
        if packet is None:
            self.state = State.WAITING
            return False
        for i in range(4):
            packet.data[i] = (packet.data[i] + self.name) % 26
        others[(self.name + 1) % len(others)].give(packet)
        return True


class Idle(Task):
    """Counts down."""

    def step(self, others: dict[int, Task]) -> bool:
        self.work -= 1
        if self.work % 2:
            packet = self.take()
            if packet:
                others[0].give(packet)
        if self.work <= 0:
            self.state = State.DONE
        return self.work > 0


def scheduler() -> None:
    """Objects, inheritance, methods that differ."""
    tasks: dict[int, Task] = {n: Worker(n, 0) for n in range(5)}
    tasks[5] = Idle(5, 6000)
    for n in range(5):
        tasks[n].give(Packet(None, n))
    rounds = 0
    while tasks[5].state is not State.DONE:
        for task in tasks.values():
            if task.step(tasks):
                task.state = State.READY
        rounds += 1
    assert rounds == 6000


class Node:
    """Of a binary tree."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.left: Node | None = None
        self.right: Node | None = None

    def insert(self, key: int) -> None:
        node = self
        while True:
            if key < node.key:
                if node.left is None:
                    node.left = Node(key)
                    return
                node = node.left
            else:
                if node.right is None:
                    node.right = Node(key)
                    return
                node = node.right

    def __iter__(self) -> Iterator[int]:
        if self.left:
            yield from self.left
        yield self.key
        if self.right:
            yield from self.right


def trees() -> None:
    """Recursion, generators within generators, garbage in cycles."""
    for _ in range(3):
        root = Node(500)
        keys = [random.randrange(1000) for _ in range(1500)]
        for key in keys:
            root.insert(key)
        assert list(root) == sorted([500, *keys])

    def made(depth: int) -> tuple[typing.Any, ...]:
        return (made(depth - 1), made(depth - 1)) if depth else ()

    def count(tree: tuple[typing.Any, ...]) -> int:
        return 1 + sum([count(branch) for branch in tree])

    assert count(made(11)) == 4095
    for _ in range(3000):
        one: dict[str, typing.Any] = {}
        one["self"] = [one, {"deep": one}]

    def fib(n: int) -> int:
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    assert fib(20) == 6765


@dataclasses.dataclass(order=True)
class Point:
    """A dataclass with comparison."""

    x: int
    y: int
    tags: list[str] = dataclasses.field(default_factory=list, compare=False)


@dataclasses.dataclass(frozen=True)
class Frozen:
    """One that can be a key."""

    name: str
    at: tuple[int, int]


class Managed:
    """Properties, __getattr__, descriptors, context managers."""

    def __init__(self) -> None:
        self._value = 0
        self.depth = 0

    @property
    def value(self) -> int:
        return self._value

    @value.setter
    def value(self, new: int) -> None:
        self._value = new

    def __getattr__(self, name: str) -> str:
        if name.startswith("any_"):
            return name
        raise AttributeError(name)

    def __enter__(self) -> typing.Self:
        self.depth += 1
        return self

    def __exit__(self, *args: object) -> None:
        self.depth -= 1

    @functools.cached_property
    def late(self) -> int:
        return 42

    @classmethod
    def new(cls) -> typing.Self:
        return cls()

    @staticmethod
    def plus(a: int, b: int = 1, *more: int, **named: int) -> int:
        return a + b + len(more) + len(named)


def objects() -> None:
    """Classes of every kind."""
    points = [Point(i % 50, -i) for i in range(3000)]
    assert sorted(points)[0].x == 0
    assert len({Frozen(str(i % 10), (i, i)) for i in range(2000)}) == 2000
    assert dataclasses.replace(points[0], x=7).x == 7
    assert len(dataclasses.asdict(points[5])) == 3
    managed = Managed.new()
    for i in range(6000):
        with managed as inner:
            inner.value = i
            assert inner.value == i
        assert managed.late == 42
        managed.plus(i, 2, 3, 4, five=5)
        managed.plus(*(1, 2), **{"b": 3} if False else {})
        getattr(managed, "any_thing")
        hasattr(managed, "nothing")
        isinstance(managed, (str, int, Managed))
    for i in range(120):
        made = type(f"Made{i}", (Point,), {"extra": lambda self, n=i: n})
        assert made(1, 2).extra() == i
    pair = collections.namedtuple("pair", "left right")
    assert sum(p.left for p in [pair(i, str(i)) for i in range(3000)]) == 4498500
    copied = copy.deepcopy({"a": [points[:40], (1, 2)], "b": managed})
    assert copied["a"][0] == points[:40]
    for state in State:
        assert State(state.value) is state
        assert State[state.name] is state


def failures() -> None:
    """Exceptions raised, caught, chained."""
    caught = 0

    def deep(n: int) -> None:
        if not n:
            raise KeyError("deep")
        try:
            deep(n - 1)
        finally:
            pass

    for i in range(2500):
        try:
            try:
                deep(4)
            except LookupError as error:
                raise ValueError(i) from error
        except (TypeError, ValueError):
            caught += 1
        try:
            int("no number")
        except ValueError:
            caught += 1
        try:
            {}["missing"]
        except KeyError:
            caught += 1
    assert caught == 7500


# containers


def containers() -> None:
    """Lists, dicts, sets, deques, heaps."""
    words = [f"word{i % 700}" for i in range(9000)]
    counted: dict[str, int] = {}
    for word in words:
        counted[word] = counted.get(word, 0) + 1
    assert counted == dict(collections.Counter(words))
    groups = collections.defaultdict(list)
    for index, word in enumerate(words):
        groups[len(word)].append(index)
    assert sorted(groups) == [5, 6, 7]
    by_count = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    assert by_count[0][1] == 13
    assert sorted(words, key=len, reverse=True)
    assert sorted([random.random() for _ in range(8000)])
    assert sorted([(i * 7919) % 4001 for i in range(6000)])
    assert len(set(words) & {f"word{i}" for i in range(100)}) == 100
    assert {k: v for k, v in counted.items() if v > 12} != {}
    queue: collections.deque[int] = collections.deque(maxlen=100)
    for i in range(6000):
        queue.append(i)
        if i % 3:
            queue.popleft()
    heap: list[tuple[float, int]] = []
    for i in range(3000):
        heapq.heappush(heap, (random.random(), i))
    assert [heapq.heappop(heap) for _ in range(3000)]
    order: list[float] = []
    for _ in range(1500):
        bisect.insort(order, random.random())
    numbers = list(range(500))
    for i in range(300):
        numbers.insert(i, numbers.pop())
        numbers[2:5] = numbers[5:8]
        numbers.remove(numbers[7])
        numbers.append(i)
    assert len(numbers) == 500
    first, *rest = words
    assert first in rest
    assert any(w == "word699" for w in words)
    assert list(itertools.chain.from_iterable(itertools.islice(groups.values(), 2)))
    assert list(itertools.permutations(range(6)))
    assert list(itertools.product("abc", range(20), repeat=2))
    assert {key: len(list(some)) for key, some in itertools.groupby(sorted(words), key=len)}


def queens(size: int = 6) -> int:
    """Backtracking with sets and generators."""

    def placed(row: int, columns: frozenset[int], up: frozenset[int], down: frozenset[int]) -> int:
        if row == size:
            return 1
        return sum(
            placed(row + 1, columns | {c}, up | {row + c}, down | {row - c})
            for c in range(size)
            if c not in columns and row + c not in up and row - c not in down
        )

    found = placed(0, frozenset(), frozenset(), frozenset())
    assert found == 4
    solutions = 0
    for order in itertools.permutations(range(size)):
        if len({order[i] + i for i in range(size)}) == size:
            solutions += len({order[i] - i for i in range(size)}) == size
    assert solutions == 4
    return found


def graph() -> None:
    """Paths, flood, knapsack: plain algorithms."""
    edges = {n: [((n * 7 + k) % 400, k + 1) for k in range(4)] for n in range(400)}
    far = dict.fromkeys(edges, sys.maxsize)
    far[0], heap = 0, [(0, 0)]
    while heap:
        distance, node = heapq.heappop(heap)
        if distance > far[node]:
            continue
        for other, weight in edges[node]:
            if distance + weight < far[other]:
                far[other] = distance + weight
                heapq.heappush(heap, (far[other], other))
    assert max(far.values()) < 400
    width = 60
    walls = {(x, y) for x in range(width) for y in range(width) if (x * y) % 7 == 3}
    todo, seen = [(0, 0)], set()
    while todo:
        x, y = todo.pop()
        if (x, y) in seen or (x, y) in walls or not (0 <= x < width and 0 <= y < width):
            continue
        seen.add((x, y))
        todo += [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
    assert seen

    @functools.lru_cache(maxsize=None)
    def best(item: int, room: int) -> int:
        if not item:
            return 0
        without = best(item - 1, room)
        return max(without, best(item - 1, room - item) + item * 3) if room >= item else without

    assert best(40, 120) == 360


# generators, coroutines, threads


def generators() -> None:
    """Pipelines, send, yield from."""

    def numbers(n: int) -> Iterator[int]:
        yield from range(n)

    def squares(source: Iterator[int]) -> Iterator[int]:
        for value in source:
            if value % 2:
                yield value * value

    assert sum(squares(numbers(20000)))

    def average() -> typing.Generator[float, float, None]:
        total = count = 0.0
        while True:
            total += yield total / max(count, 1.0)
            count += 1

    running = average()
    next(running)
    for i in range(6000):
        running.send(float(i))

    def tree(n: int) -> Iterator[int]:
        if n:
            yield from tree(n - 1)
            yield n
            yield from tree(n - 1)

    assert sum(1 for _ in tree(11)) == 2047


async def coroutines() -> None:
    """Tasks, gather, queues, asynchronous generators, streams."""

    async def leaf(n: int) -> int:
        if n % 5 == 0:
            await asyncio.sleep(0)
        return n

    async def branch(depth: int) -> int:
        if not depth:
            return await leaf(depth)
        return 1 + sum(await asyncio.gather(*[branch(depth - 1) for _ in range(3)]))

    async def down(depth: int) -> int:
        return await leaf(5) if not depth else await down(depth - 1)

    async def counted(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield await leaf(i)

    assert await branch(5)
    for _ in range(300):
        assert await down(12) == 5
    assert sum([i async for i in counted(4000)])
    queue: asyncio.Queue[int] = asyncio.Queue(10)

    async def produce() -> None:
        for i in range(1500):
            await queue.put(i)

    async def consume() -> int:
        return sum([await queue.get() for _ in range(1500)])

    lock = asyncio.Lock()
    async with lock:
        assert (await asyncio.gather(produce(), consume()))[1]
    some = {asyncio.ensure_future(leaf(i)) for i in range(300)}
    assert len((await asyncio.wait_for(asyncio.wait(some), 60))[0]) == 300

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for i in range(400):
        writer.write(b"line %d\n" % i)
        assert await reader.readline() == b"LINE %d\n" % i
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


def threads() -> None:
    """Threads with a lock, and a pool's worth of small jobs."""
    lock, total = threading.Lock(), [0]

    def work() -> None:
        for _ in range(1500):
            with lock:
                total[0] += 1

    started = [threading.Thread(target=work) for _ in range(4)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    assert total == [6000]


# text

TEXT = (
    "The quick brown fox jumps over the lazy dog; 12 boxes (of 34) cost 56.78 each.\n"
    "user@example.org wrote to <a href='https://example.org/x?y=1&z=2'>someone</a> at 10:15.\n"
    "Größe, naïve, 東京, emoji 🎉 and \t tabs.\n"
) * 30


def strings() -> None:
    """Splitting, joining, formatting, searching."""
    lines = TEXT.splitlines()
    for _ in range(25):
        out = []
        for number, line in enumerate(lines):
            words = line.split()
            out.append(f"{number:>4}: {' '.join(words)!r:.60} {len(words):x}")
            out.append("%s-%d %5.2f" % (words[0], number, number / 7))
            out.append("{0} and {name}".format(number, name=line[:10]))
            assert line.startswith(("The", "user", "Gr"))
            line.replace("o", "0").upper().lower().strip().partition(" ")
            line.find("fox"), "lazy" in line, line.encode().decode("utf-8")
            line.translate({ord("a"): "b", ord("e"): None})
        assert "\n".join(out).count("and")
    text = ""
    for i in range(4000):
        text += chr(97 + i % 26)
    assert text[::-1][::-1] == text
    assert [ord(c) for c in TEXT if c.isalpha()]
    assert string.Template("$a and ${b}").substitute(a=1, b=2) == "1 and 2"
    assert textwrap.fill(TEXT[:2000], 60)
    assert unicodedata.normalize("NFD", TEXT) != TEXT
    assert [repr(i / 3) for i in range(3000)]
    assert sum(float(f"{i}.{i}") for i in range(3000))
    assert [int(str(i)) for i in range(5000)]
    assert [f"{i:,} {i:08.3f} {i:e}" for i in range(1500)]


def expressions() -> None:
    """Regular expressions, compiled and used."""
    mail = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b")
    token = re.compile(r"(?P<number>\d+(\.\d+)?)|(?P<name>[^\W\d]\w*)|(?P<space>\s+)|(?P<other>.)")
    for _ in range(8):
        assert len(mail.findall(TEXT)) == 30
        assert sum(1 for m in token.finditer(TEXT) if m.lastgroup == "name")
        assert re.sub(r"(\w+) (\w+)", r"\2 \1", TEXT)
        assert re.sub(r"[aeiou]", lambda m: m.group().upper(), TEXT)
        assert re.split(r"[;,.\s]+", TEXT)
        assert re.search(r"(?i)emoji\s+\S", TEXT)
        assert not re.search(r"(x+x+)+y$", "x" * 12)
    re.purge()
    for i in range(25):
        re.compile(rf"^(?:a{i}|b[0-9]{{1,{i + 1}}}|(?=c)c*?)[^x-z]+(?P<n>\d)?$")


def documents() -> None:
    """JSON, pickle, CSV, XML, HTML, base64, struct, zlib, hashes."""
    data = {
        "users": [
            {"id": i, "name": f"näme {i}", "ok": i % 2 == 0, "score": i / 3, "tags": ["a", None]}
            for i in range(250)
        ],
    }
    for _ in range(6):
        assert json.loads(json.dumps(data)) == data
        assert json.loads(json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False)) == data
        for protocol in (0, 2, 4, 5):
            assert pickle.loads(pickle.dumps(data, protocol)) == data
    assert pickle._loads(pickle._dumps(data)) == data
    objects_ = [Point(i, i, ["x"]) for i in range(400)]
    assert pickle.loads(pickle.dumps(objects_)) == objects_
    for _ in range(4):
        sheet = io.StringIO()
        writer = csv.DictWriter(sheet, ["id", "name", "ok", "score", "tags"])
        writer.writeheader()
        writer.writerows(data["users"])
        assert len(list(csv.DictReader(io.StringIO(sheet.getvalue())))) == 250
        tree = ET.Element("users")
        for user in data["users"]:
            child = ET.SubElement(tree, "user", id=str(user["id"]))
            ET.SubElement(child, "name").text = str(user["name"])
        again = ET.fromstring(ET.tostring(tree))
        assert len(again.findall("./user/name")) == 250
        assert sum(1 for _ in again.iter("name")) == 250
        page = html.parser.HTMLParser()
        page.feed(TEXT)
        html.escape(TEXT)
    blob = TEXT.encode()
    for _ in range(10):
        assert base64.b64decode(base64.b64encode(blob)) == blob
        assert base64.b32decode(base64.b32encode(blob)) == blob
        assert base64.a85decode(base64.a85encode(blob)) == blob
        assert base64.b85decode(base64.b85encode(blob)) == blob
        assert zlib.decompress(zlib.compress(blob)) == blob
        assert hashlib.sha256(blob).hexdigest() != hashlib.md5(blob).hexdigest()
    packed = b"".join([struct.pack("<IHd", i, i % 9, i / 2) for i in range(3000)])
    assert sum(row[0] for row in struct.iter_unpack("<IHd", packed)) == 4498500
    assert sum(memoryview(packed).cast("B")[::3]) > 0
    for i in range(1500):
        when = datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=i)
        assert datetime.datetime.fromisoformat(when.isoformat()) == when
        when.strftime("%Y-%m-%d")


# programs about programs


def compilers() -> None:
    """Parsing, compiling, tokenizing, an interpreter written in Python."""
    with open(json.decoder.__file__, encoding="utf-8") as file:
        source = file.read()
    for _ in range(3):
        tree = ast.parse(source)
        assert sum(1 for _ in ast.walk(tree)) > 1000
        assert isinstance(compile(tree, "x", "exec"), types.CodeType)
        assert ast.unparse(tree)
    assert len(list(tokenize.generate_tokens(io.StringIO(source).readline))) > 1000

    class Names(ast.NodeVisitor):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def visit_Name(self, node: ast.Name) -> None:
            self.seen.append(node.id)
            self.generic_visit(node)

    names = Names()
    names.visit(tree)
    assert names.seen
    operations: dict[str, Callable[[float, float], float]] = {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
    }

    def value(tokens: list[str]) -> float:
        stack: list[float] = []
        for word in tokens:
            if word in operations:
                right, left = stack.pop(), stack.pop()
                stack.append(operations[word](left, right))
            else:
                stack.append(float(word))
        return stack[0]

    assert all(value("1 2 + 3 * 4 - 5 6 * +".split()) == 35.0 for _ in range(2500))

    def kind(shape: object) -> str:
        match shape:
            case {"type": "circle", "r": float() | int()}:
                return "circle"
            case [int(), int(), *_]:
                return "list"
            case Point(x=0):
                return "origin"
            case str() if shape:
                return "text"
        return "none"

    for shape in [{"type": "circle", "r": 1}, [1, 2, 3], Point(0, 1), "x", None] * 800:
        kind(shape)
    for i in range(500):
        exec(f"a = {i}\nb = [a, a + 1]\ndef f(x): return x + a", {})


def templates() -> None:
    """A page made of functions, escapes and joins."""

    def cell(value: object) -> str:
        return f"<td>{html.escape(str(value))}</td>"

    for _ in range(3):
        rows = [[i * j for j in range(20)] for i in range(100)]
        page = "".join("<tr>" + "".join(cell(value) for value in row) + "</tr>" for row in rows)
        assert page.count("<td>") == 2000
        out = io.StringIO()
        for row in rows:
            for value in row:
                out.write("<td>%d</td>" % value)
        assert len(out.getvalue()) > 2000


# files and the rest


def files() -> None:
    """Files, paths, a database, logs."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for i in range(60):
            path = folder / f"d{i % 6}" / f"file{i}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(TEXT[: i * 40], encoding="utf-8")
            assert path.with_suffix(".bak").name.endswith(".bak")
        assert sum(1 for p in folder.rglob("*.txt") if p.stat().st_size >= 0) == 60
        for base, _, leaves in os.walk(name):
            assert all(os.path.exists(os.path.join(base, leaf)) for leaf in leaves)
        with (folder / "big").open("w+", encoding="utf-8") as file:
            for i in range(8000):
                file.write(f"line {i}\n")
            file.seek(0)
            assert sum(len(line) for line in file) == file.tell()
        with (folder / "big").open("rb") as raw:
            while raw.read(512):
                pass
        with sqlite3.connect(folder / "db") as base:
            base.execute("create table t (id integer primary key, name text, v real)")
            base.executemany(
                "insert into t (name, v) values (?, ?)", [(f"n{i}", i / 2) for i in range(2000)]
            )
            found = base.execute("select name, sum(v) from t group by id % 50").fetchall()
            assert len(found) == 50
            for i in range(600):
                assert base.execute("select v from t where id = ?", (i + 1,)).fetchone()
        base.close()
    stream = io.StringIO()
    log = logging.getLogger("workload")
    log.propagate = False
    log.addHandler(logging.StreamHandler(stream))
    log.setLevel(logging.INFO)
    for i in range(1500):
        log.info("line %d of %s", i, "many")
        log.debug("not shown %r", i)
    assert stream.getvalue().count("\n") == 1500


PROGRAMS = (
    *(planets, rays, matrices, integers, exact, scheduler, trees, objects, failures),
    *(containers, queens, graph, generators, threads, strings, expressions, documents),
    *(compilers, templates, files),
)


def main(rounds: int) -> None:
    """Run all of them, several times."""
    random.seed(1)
    for _ in range(rounds):
        for program in PROGRAMS:
            program()
        asyncio.run(coroutines())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
