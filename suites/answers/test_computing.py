"""Modules that compute give the answers of public standards."""

from __future__ import annotations

from everylinux.checks import Evidence, Expected, agrees, check
from everylinux.facts import Facts

STANDALONE = ("standalone",)
KNOWN = "answers/known.yaml"
VERSIONS = "answers/versions.yaml"


@check(
    "ANS-001",
    source="RFC 1950, RFC 1951",
    remedy="Compare the build of zlib with its own tests; the evidence says what differs.",
)
def test_zlib(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Fixed bytes unpack, whole and in pieces, checksums are right, 205 lengths survive zlib."""
    agrees(facts, "answers_zlib", expected.table(KNOWN), evidence)


@check(
    "ANS-002",
    source="bzip2 1.0.8",
    remedy="Compare the build of bz2 with its own tests; the evidence says what differs.",
)
def test_bz2(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Fixed bytes unpack and 205 lengths survive bz2."""
    agrees(facts, "answers_bz2", expected.table(KNOWN), evidence)


@check(
    "ANS-003",
    source=".xz file format 1.1.0",
    remedy="Compare the build of lzma with its own tests; the evidence says what differs.",
)
def test_lzma(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Fixed bytes unpack in both formats, and every kind of check survives lzma."""
    agrees(facts, "answers_lzma", expected.table(KNOWN), evidence)


@check(
    "ANS-004",
    source="FIPS 180-4, FIPS 202, RFC 1321, RFC 7693; museum 29",
    remedy="Compare the build of hashlib with its own tests; the evidence says what differs.",
)
def test_hash(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Fourteen digests are right, twelve of them over 300 lengths."""
    agrees(facts, "answers_hash", expected.table(KNOWN), evidence)


@check(
    "ANS-005",
    source="FIPS 180-4, FIPS 202, RFC 1321, RFC 7693",
    remedy="Compare the build of digests with its own tests; the evidence says what differs.",
    profiles=STANDALONE,
)
def test_own_hash(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """CPython's own digests, which need no OpenSSL, are right."""
    agrees(facts, "answers_own_hash", expected.table(KNOWN), evidence)


@check(
    "ANS-006",
    source="RFC 2202, 4231, 6070, 7914; spec: Cryptographic Support",
    remedy="Compare the build of keys with its own tests; the evidence says what differs.",
)
def test_key(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """HMAC, PBKDF2 and scrypt give the answers of their standards."""
    agrees(facts, "answers_key", expected.table(KNOWN), evidence)


@check(
    "ANS-007",
    source="RFC 4648, IEEE 754, PEP 3118",
    remedy="Compare the build of bytes with its own tests; the evidence says what differs.",
)
def test_bytes(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """binascii, struct and array turn values into the right bytes and back."""
    agrees(facts, "answers_bytes", expected.table(KNOWN), evidence)


@check(
    "ANS-008",
    source="General Decimal Arithmetic",
    remedy="Compare the build of decimal with its own tests; the evidence says what differs.",
)
def test_decimal(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Decimal numbers run in C and compute roots, powers and logarithms to the last digit."""
    agrees(facts, "answers_decimal", expected.table(KNOWN), evidence)


@check(
    "ANS-009",
    source="IEEE 754; museum 53",
    remedy="Compare the build of math with its own tests; the evidence says what differs.",
)
def test_math(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """math, cmath and statistics are right at known points and at the edges."""
    agrees(facts, "answers_math", expected.table(KNOWN), evidence)


@check(
    "ANS-010",
    source="Matsumoto and Nishimura 1998",
    remedy="Compare the build of random with its own tests; the evidence says what differs.",
)
def test_random(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A seeded generator gives the sequence that it gives everywhere."""
    agrees(facts, "answers_random", expected.table(KNOWN), evidence)


@check(
    "ANS-011",
    source="ISO 8601, POSIX strptime; museum 70",
    remedy="Compare the build of text with its own tests; the evidence says what differs.",
)
def test_text(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Times are parsed and written, and patterns match, with more than ASCII."""
    agrees(facts, "answers_text", expected.table(KNOWN), evidence)


@check(
    "ANS-012",
    source="Unicode, UAX 15; docs.python.org: whatsnew, unicodedata",
    remedy="Compare the build of unicodedata with its own tests; the evidence says what differs.",
    profiles=STANDALONE,
)
def test_unicode(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Module unicodedata is of this version's Unicode and knows names and normal forms."""
    known = expected.table(KNOWN)["answers_unicode"]
    wanted = {**known, "version": expected.of_python(VERSIONS, "unicode")}
    agrees(facts, "answers_unicode", {"answers_unicode": wanted}, evidence)


@check(
    "ANS-013",
    source="JIS X 0208, GB 18030, Big5, KS X 1001",
    remedy="Compare the build of CJK codecs with its own tests; the evidence says what differs.",
)
def test_multibyte(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Thirteen encodings of Chinese, Japanese and Korean give and read known bytes."""
    agrees(facts, "answers_multibyte", expected.table(KNOWN), evidence)


@check(
    "ANS-014",
    source="XML 1.0; CVE-2013-0340; museum 72",
    remedy="Compare the build of pyexpat with its own tests; the evidence says what differs.",
)
def test_xml(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """XML is parsed and written in C, and a billion laughs are refused."""
    agrees(facts, "answers_xml", expected.table(KNOWN), evidence)


@check(
    "ANS-015",
    source="RFC 8259, RFC 4180",
    remedy="Compare their build with its own tests; the evidence says what differs.",
)
def test_serial(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """json, pickle and csv work through their C parts and give known bytes."""
    agrees(facts, "answers_serial", expected.table(KNOWN), evidence)


@check(
    "ANS-076",
    source="Python's language reference, 3.3.8; museum 28 (uv#13610)",
    remedy="Build without folding of functions that look alike (BOLT's or the linker's ICF).",
)
def test_slots(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Operators of built-in types and their subclasses reach the function of their own slot."""
    agrees(facts, "answers_slots", expected.table(KNOWN), evidence)
