"""Patches class-slots and start of CPython 3.13: what a class answers, when cycles are sought.

What is expected is Python's own: language reference, 3.3 (special method names), and gc's page.
"""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from everylinux.distribution import newest

pytestmark = pytest.mark.built

ANSWER = "answer = lambda self, *other: 42\n"
JOINED = "'__' + ''.join(['ad', 'd__'])"  # made at run time, so equal to __add__ and another object
CLASSES = {
    "in the class": ("class A: __add__ = answer\nprint(A() + 1)", 42),
    "of a base": ("class A: __add__ = answer\nclass B(A): pass\nprint(B() + 1)", 42),
    "nearest wins": (
        """class A: __len__ = answer
class B(A): __len__ = lambda self: 7
class C(B): pass
print(len(C()))""",
        7,
    ),
    "not interned": (f"A = type('A', (), {{{JOINED}: answer}})\nprint(A() + 1)", 42),
    "not interned, of a base": (
        f"A = type('A', (), {{{JOINED}: answer}})\nclass B(A): pass\nprint(B() + 1)",
        42,
    ),
    "a key that is no plain str": (
        "class S(str): pass\nA = type('A', (), {S('__mul__'): answer})\nprint(A() * 2)",
        42,
    ),
    "an order of its own": (
        """class X: __add__ = answer
class M(type):
    def mro(cls): return [cls, X, object]
class A(metaclass=M): pass
print(A() + 1)""",
        42,
    ),
    "one name, two slots": (
        "class L(list): __add__ = answer\nprint(L() + [1], len(L([1]) * 2))",
        (42, 2),
    ),
    "absent": ("class A: pass\nprint(hasattr(A, '__len__'), A() == A())", (False, False)),
    "no hash": ("class A: __hash__ = None\nprint(isinstance(A(), __import__('typing').Hashable))",
                False),
    "called": ("class A: __call__ = answer\nclass B(A): pass\nprint(B()())", 42),
    "added later": ("class A: pass\nclass B(A): pass\nA.__add__ = answer\nprint(B() + 1)", 42),
}  # fmt: skip
CYCLES = """
import gc
print(gc.get_count()[0] >= 0, gc.get_threshold(), gc.isenabled())
before = gc.get_stats()[0]["collections"]
for _ in range(5000):
    a = []; a.append(a)
print(gc.get_stats()[0]["collections"] > before)
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The newest finished tree's interpreter."""
    found = newest("3.13")
    if found is None:
        pytest.skip("no finished tree: everylinux build")
    return found / "bin" / "python3"


def said(python: Path, code: str, *options: str) -> list[str]:
    line = [str(python), "-I", *options, "-c", code]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_answers_by_its_special_methods(python: Path, name: str) -> None:
    """A special method is found wherever in the order, and under whatever kind of name, it lies."""
    code, expected = CLASSES[name]
    words = said(python, ANSWER + code)[0].split()
    answers = tuple(ast.literal_eval(word) for word in words)

    assert answers == (expected if isinstance(expected, tuple) else (expected,))


@pytest.mark.parametrize("options", [[], ["-S"]], ids=["site", "no site"])
def test_cycles_are_looked_for_once_a_program_runs(python: Path, options: list[str]) -> None:
    """The collector starts at its documented settings, and counts the program's objects."""
    assert said(python, CYCLES, *options) == ["True (2000, 10, 10) True", "True"]
