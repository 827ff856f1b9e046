"""Known answers of modules that compute: compression, digests, numbers, texts, encodings.

Nothing is judged here: what should come out stands in suites/answers/known.yaml with its sources.
"""

# ruff: noqa: PLC0415, UP031, D103, FBT003, S311, ICN001, S314 - each question imports what it asks, and is told by its name

from __future__ import annotations

import base64
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LENGTHS = (*range(200), 1000, 4095, 4096, 4097, 100_000)
PACKED = {
    "zlib": b"eJxLLUstqszJzCutUEjFxuQCAOg3DVw=",
    "bz2": b"QlpoOTFBWSZTWdWBSI4AAARRgAAQQAACJRNgIAAiv9VGhpkIBppopSMR1aUvMrW+LuSKcKEhqwKRHA==",
    "xz": b"/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AAgABNdADKdiM7hiaVCBj1TNZjLNmfBAAAAAA8YlArFkbJc"
    b"AAEvIRid834ftvN9AQAAAAAEWVo=",
    "alone": b"XQAAgAD//////////wAynYjO4YmlQgY9UzWYyzZwI1D///wO8AA=",
}
DIGESTS = (
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512",
    "sha3_224", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s",
)  # fmt: skip
MULTIBYTE = {
    "shift_jis": "漢字", "euc_jp": "漢字", "cp932": "日本", "euc_jis_2004": "漢字",
    "iso2022_jp": "漢字", "gb18030": "한글", "gbk": "中文", "hz": "中文", "big5": "漢字",
    "big5hkscs": "中文", "euc_kr": "한글", "johab": "한글", "iso2022_kr": "한글",
}  # fmt: skip
LAUGHS = "".join(
    '<!ENTITY l%d "%s">' % (n, "&l%d;" % (n - 1) * 10 if n else "ha" * 20) for n in range(9)
)


def _noise(length: int) -> bytes:
    """Bytes that do not compress well: a linear congruence, the same everywhere."""
    state, out = 1, bytearray()
    for _ in range(length):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out.append(state >> 16 & 0xFF)
    return bytes(out)


def _unlike(pack: Callable[[bytes], bytes], unpack: Callable[[bytes], bytes]) -> list[int]:
    """Lengths at which a round trip does not give back what went in."""
    data = _noise(20_000) * 5
    return [n for n in LENGTHS if unpack(pack(data[:n])) != data[:n]]


def _text(module: Any, name: str) -> str:  # noqa: ANN401 - zlib, bz2 or lzma
    return str(module.decompress(base64.b64decode(PACKED[name])).decode())


def zlib_answers() -> dict[str, Any]:
    import zlib

    stream = zlib.decompressobj(-15)
    raw = base64.b64decode(PACKED["zlib"])[2:-4]
    pieces = b"".join(stream.decompress(raw[n : n + 1]) for n in range(len(raw)))
    return {
        "text": _text(zlib, "zlib"),
        "text in pieces": (pieces + stream.flush()).decode(),
        "crc32": zlib.crc32(b"123456789"),
        "adler32": zlib.adler32(b"Wikipedia"),
        "unlike": _unlike(lambda data: zlib.compress(data, 6), zlib.decompress),
    }


def bz2_answers() -> dict[str, Any]:
    import bz2

    return {"text": _text(bz2, "bz2"), "unlike": _unlike(bz2.compress, bz2.decompress)}


def lzma_answers() -> dict[str, Any]:
    import lzma

    checks = (lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256)
    data = _noise(1000)
    pack = lambda bytes_: lzma.compress(bytes_, preset=0)  # noqa: E731 - as an argument
    return {
        "text": _text(lzma, "xz"),
        "alone": _text(lzma, "alone"),
        "checks": [lzma.decompress(lzma.compress(data, check=n)) == data for n in checks],
        "unlike": [n for n in LENGTHS[::20] if lzma.decompress(pack(data[:n])) != data[:n]],  # type: ignore[no-untyped-call]
    }


def hash_answers() -> dict[str, Any]:
    import hashlib

    data = bytes(n % 251 for n in range(1000))
    found: dict[str, Any] = {}
    for name in DIGESTS:
        over = hashlib.sha256()
        for length in range(300):
            over.update(hashlib.new(name, data[:length]).digest())
        found[name] = [hashlib.new(name, b"abc").hexdigest()[:16], over.hexdigest()]
    found["shake_128"] = hashlib.shake_128(b"").hexdigest(16)
    found["shake_256"] = hashlib.shake_256(b"").hexdigest(16)
    return found


def own_hash_answers() -> dict[str, Any]:
    """CPython's own digests, which it uses where OpenSSL refuses one."""
    import _blake2
    import _md5  # type: ignore[import-not-found]
    import _sha1  # type: ignore[import-not-found]
    import _sha3  # type: ignore[import-not-found]

    try:
        from _sha2 import sha256, sha512  # type: ignore[import-not-found]
    except ImportError:  # before 3.12 they were two modules (gh-99108)
        from _sha256 import sha256  # type: ignore[import-not-found]
        from _sha512 import sha512  # type: ignore[import-not-found]

    kinds = {
        "md5": _md5.md5, "sha1": _sha1.sha1, "sha256": sha256, "sha512": sha512,
        "sha3_256": _sha3.sha3_256, "blake2b": _blake2.blake2b, "blake2s": _blake2.blake2s,
    }  # fmt: skip
    return {name: kind(b"abc").hexdigest()[:16] for name, kind in kinds.items()}


def key_answers() -> dict[str, Any]:
    import hashlib
    import hmac

    derive = hashlib.pbkdf2_hmac
    long = (b"passwordPASSWORDpassword", b"saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 25)
    return {
        "hmac sha256": hmac.new(b"Jefe", b"what do ya want for nothing?", "sha256").hexdigest(),
        "hmac md5": hmac.new(b"Jefe", b"what do ya want for nothing?", "md5").hexdigest(),
        "hmac long key": hmac.digest(b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - "
                                     b"Hash Key First", "sha512").hex()[:32],
        "pbkdf2 1": derive("sha1", b"password", b"salt", 1).hex(),
        "pbkdf2 4096": derive("sha1", *long).hex(),
        "scrypt": hashlib.scrypt(b"", salt=b"", n=16, r=1, p=1).hex()[:32],
        "scrypt 1024": hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16).hex()[:32],
        "compare": [hmac.compare_digest(b"ab", b"ab"), hmac.compare_digest(b"ab", b"ac")],
    }  # fmt: skip


def bytes_answers() -> dict[str, Any]:
    import array
    import binascii
    import struct

    packed = struct.pack("<bHiqfd?4s", -2, 65535, -2_000_000_000, -(2**62), 0.5, -0.1, True, b"ab")
    numbers = array.array("d", [1.5, -0.0, 1e300])
    swapped = array.array("I", [0x01020304])
    swapped.byteswap()
    return {
        "crc32": binascii.crc32(b"123456789"),
        "crc_hqx": binascii.crc_hqx(b"123456789", 0),
        "base64": binascii.b2a_base64(b"foobar").decode(),
        "uu": binascii.b2a_uu(b"Cat").decode(),
        "qp": binascii.b2a_qp("é=".encode()).decode(),
        "hex": binascii.unhexlify("00ff").hex(":"),
        "struct": packed.hex(),
        "unpacked": struct.unpack("<bHiq", packed[:15]),
        "half": struct.pack(">e", 1.5).hex(),
        "array": array.array("d", numbers.tobytes()).tolist(),
        "swapped": swapped.tolist(),
    }


def decimal_answers() -> dict[str, Any]:
    import decimal

    with decimal.localcontext() as context:
        context.prec = 60
        root, e = str(decimal.Decimal(2).sqrt()), str(decimal.Decimal(1).exp())
        logarithm = str(decimal.Decimal(10).ln())
        context.prec = 2000
        third = str((1 / decimal.Decimal(3)) * 3 - 1)
    return {
        "root": root, "e": e, "ln 10": logarithm, "third": third,
        "in C": decimal.Decimal is getattr(sys.modules.get("_decimal"), "Decimal", None),
        "half even": str(decimal.Decimal("2.5").quantize(decimal.Decimal(1))),
    }  # fmt: skip


def math_answers() -> dict[str, Any]:
    import cmath
    import math
    import statistics

    infinity = math.inf
    return {
        "fsum": math.fsum([0.1] * 10),
        "comb": math.comb(50, 25),
        "isqrt": math.isqrt(10**40),
        "gamma": round(math.gamma(5.5), 10),
        "erf": round(math.erf(0.5), 12),
        "pi": repr(math.pi),
        "ulp": math.ulp(1.0),
        "edges": [math.copysign(1, -0.0), math.atan2(0.0, -0.0) == math.pi, math.exp(-infinity)],
        "shortest": [repr(0.1), repr(1e22), repr(5e-324), repr(2.0**-1074)],
        "complex": [str(cmath.sqrt(-4)), round(cmath.exp(1j * math.pi).real, 12)],
        "normal": round(statistics.NormalDist().inv_cdf(0.975), 10),
        "big": hex(3**500)[:18],
    }


def random_answers() -> dict[str, Any]:
    import random

    source = random.Random(42)
    first = [source.random() for _ in range(3)]
    return {"floats": first, "bits": source.getrandbits(64), "range": source.randrange(1000)}


def text_answers() -> dict[str, Any]:
    import datetime
    import re
    import time

    parsed = time.strptime("Tue 29 Feb 2000 23:59:58 +0130", "%a %d %b %Y %H:%M:%S %z")
    moment = datetime.datetime(2000, 2, 29, 12, tzinfo=datetime.timezone.utc)  # noqa: UP017 - 3.8
    return {
        "strptime": [*parsed[:6], parsed.tm_yday, parsed.tm_gmtoff],
        "strftime": time.strftime("%A %d %B %Y %j %H:%M %p", (2001, 9, 9, 1, 46, 40, 6, 252, 0)),
        "iso": moment.isoformat(),
        "day": (moment + datetime.timedelta(days=366)).strftime("%Y-%m-%d"),
        "ordinal": datetime.date(1970, 1, 1).toordinal(),
        "in C": datetime.datetime is getattr(sys.modules.get("_datetime"), "datetime", None),
        "re": re.findall(r"\b\w+(?=\s*=)", "größe = 1, 高=2, x=3"),
        "case": ["Straße".casefold(), "İ".lower() == "i̇", "ŉ".upper()],
    }


def unicode_answers() -> dict[str, Any]:
    import unicodedata

    return {
        "version": unicodedata.unidata_version,
        "name": unicodedata.name("ß"),
        "lookup": unicodedata.lookup("SNOWMAN"),
        "hangul": [hex(ord(c)) for c in unicodedata.normalize("NFD", "각")],
        "nfkc": unicodedata.normalize("NFKC", "ﬁ²"),
        "category": unicodedata.category("٣") + str(unicodedata.digit("٣")),
        "old": unicodedata.ucd_3_2_0.unidata_version,
    }


def multibyte_answers() -> dict[str, Any]:
    return {
        name: [text.encode(name).hex(), text.encode(name).decode(name) == text]
        for name, text in MULTIBYTE.items()
    }


def xml_answers() -> dict[str, Any]:
    import xml.etree.ElementTree
    from xml.parsers import expat

    parser, seen = expat.ParserCreate(), []
    parser.StartElementHandler = lambda name, attributes: seen.append([name, attributes])
    parser.Parse(
        '<?xml version="1.0" encoding="iso-8859-1"?><a b="\xe9"><c/></a>'.encode("latin"), True
    )
    try:
        expat.ParserCreate().Parse("<!DOCTYPE a [%s]><a>&l8;</a>" % LAUGHS, True)
        laughs = "was expanded"
    except expat.ExpatError as error:
        laughs = expat.ErrorString(error.code)
    tree = xml.etree.ElementTree.fromstring("<r><a n='1'>x</a><a n='2'>y</a></r>")
    return {
        "elements": seen,
        "billion laughs": laughs,
        "tree": [(e.get("n"), e.text) for e in tree.iter("a")],
        "tree in C": type(tree) is getattr(sys.modules.get("_elementtree"), "Element", None),
        "written": xml.etree.ElementTree.tostring(tree).decode(),
    }


def serial_answers() -> dict[str, Any]:
    import csv
    import io
    import json
    import json.scanner
    import pickle

    value = {"a": [1, 2.5, None, True, "é\U0001f600"], "b": {"c": -1}}
    text = io.StringIO()
    csv.writer(text).writerows([["a,b", 'c"d', "e\nf"], [1, None, 2.5]])
    text.seek(0)
    return {
        "json": json.dumps(value, sort_keys=True),
        "json back": json.loads(json.dumps(value)) == value,
        "json in C": json.scanner.c_make_scanner is not None,  # type: ignore[attr-defined]
        "pickle": [pickle.loads(pickle.dumps(value, n)) == value for n in range(6)],  # noqa: S301
        "pickle bytes": pickle.dumps([1, "a"], 2).hex(),
        "pickle in C": pickle.Pickler.__module__,
        "csv": text.getvalue(),
        "csv back": list(csv.reader(text)),
    }


def slot_answers() -> dict[str, Any]:
    """One operation for each kind of wrapper that the slots of types have, by its own name."""
    half = type("Half", (str,), {"__radd__": lambda _, other: "reflected " + other})
    both = [int.__dict__["__%s%s__" % (side, name)] for name in SIDED for side in ("", "r")]
    return {
        "half": [half("a") + "b", "a" + half("b"), half("a") * 2, half("%s") % 1],
        "sides": [repr(wrapper(7, 3)) for wrapper in both],
        "order": [
            getattr(str, "__%s__" % name)("a", "b") for name in ("lt", "le", "eq", "ne", "gt", "ge")
        ],
        "sequence": [str.__add__("a", "b"), str.__rmul__("a", 2), str.__contains__("a", "b")],
        "sets": [sorted(getattr(set, name)({1, 2}, {2, 3})) for name in ("__sub__", "__rsub__")],
        "alone": [
            int.__neg__(5),
            int.__pos__(5),
            int.__abs__(-5),
            int.__invert__(5),
            int.__index__(5),
        ],
    }


SIDED = ("add", "sub", "mul", "floordiv", "truediv", "mod", "divmod", "pow", "lshift", "rshift")
ASKERS = {
    "answers_zlib": zlib_answers,
    "answers_bz2": bz2_answers,
    "answers_lzma": lzma_answers,
    "answers_hash": hash_answers,
    "answers_own_hash": own_hash_answers,
    "answers_key": key_answers,
    "answers_bytes": bytes_answers,
    "answers_decimal": decimal_answers,
    "answers_math": math_answers,
    "answers_random": random_answers,
    "answers_text": text_answers,
    "answers_unicode": unicode_answers,
    "answers_multibyte": multibyte_answers,
    "answers_xml": xml_answers,
    "answers_serial": serial_answers,
    "answers_slots": slot_answers,
}
SECTIONS = sys.modules["__main__"].load("asking").sections(ASKERS)
