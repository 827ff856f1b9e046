"""The name server's answers, and that a cell without our files is told as one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dnslib import QTYPE, RCODE, DNSRecord

from everylinux.probes.namespaces import within
from everylinux.probes.resolver import Resolver, _lacks, _written
from everylinux.probes.resolver_server import UDP_BYTES, Server, answer, truncated
from everylinux.probes.resolver_zone import CASES, FILES, LONG_NAME, PASSWD


def asked(name: str, kind: str) -> DNSRecord:
    """What the server answers, packed and read again."""
    return DNSRecord.parse(answer(DNSRecord.question(name, kind), name, kind).pack())


def test_an_alias_brings_its_chain() -> None:
    """Three aliases, then the address."""
    kinds = [QTYPE[row.rtype] for row in asked("chain.everylinux.test.", "A").rr]
    assert kinds == ["CNAME", "CNAME", "CNAME", "A"]


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "rows"),
    [
        ("six.everylinux.test.", "AAAA", RCODE.NOERROR, 1),
        ("six.everylinux.test.", "A", RCODE.NOERROR, 0),
        ("text.everylinux.test.", "A", RCODE.NOERROR, 0),
        ("text.everylinux.test.", "TXT", RCODE.NOERROR, 1),
        ("missing.everylinux.test.", "A", RCODE.NXDOMAIN, 0),
        ("broken.everylinux.test.", "A", RCODE.SERVFAIL, 0),
        ("1.2.0.192.in-addr.arpa.", "PTR", RCODE.NOERROR, 1),
    ],
)
def test_codes(name: str, kind: str, rcode: int, rows: int) -> None:
    """A name without an address is not one that does not exist."""
    reply = asked(name, kind)
    assert (reply.header.rcode, len(reply.rr)) == (rcode, rows)


def test_many_do_not_fit_and_few_do() -> None:
    """The case of truncation is one."""
    assert len(asked("many.everylinux.test.", "A").pack()) > UDP_BYTES
    assert len(asked("few.everylinux.test.", "A").pack()) <= UDP_BYTES


def test_what_is_cut_off_says_so_and_holds_its_question() -> None:
    """Glibc drops an answer to another question; dnslib's own truncation has none."""
    question = DNSRecord.question("many.everylinux.test.", "A")
    reply = DNSRecord.parse(truncated(question).pack())
    assert (reply.header.tc, reply.header.id, reply.rr) == (1, question.header.id, [])
    assert reply.q == question.q


def test_the_long_name_is_the_longest() -> None:
    """253 letters: 255 bytes with the length before and the root after (RFC 1035, 2.3.4)."""
    assert len(LONG_NAME) == 253
    assert max(map(len, LONG_NAME.split("."))) == 63


def test_a_process_in_our_network_is_refused() -> None:
    """No server is ever bound to port 53 of this machine."""
    with pytest.raises(OSError, match="own network"):
        within(__import__("os").getpid(), lambda: None)
    with pytest.raises(OSError, match="does not say"):
        Server(0)


def test_each_case_names_files_of_ours() -> None:
    """A case changes no file that the other cases do not put back."""
    assert {name for changes, _ in CASES.values() for name in changes} <= set(FILES)
    assert not PASSWD.endswith("\n")


def test_an_engine_with_its_own_files_lacks_ours(tmp_path: Path) -> None:
    """Docker lays files over /etc: then nothing is asked."""
    _written(tmp_path, {})
    theirs: Any = SimpleNamespace(get=lambda path: path.encode())
    assert "engine has its own" in _lacks(theirs, tmp_path)
    ours: Any = SimpleNamespace(get=lambda path: (tmp_path / Path(path).name).read_bytes())
    assert _lacks(ours, tmp_path) == ""


def test_a_broken_cell_breaks_every_section(tmp_path: Path) -> None:
    """No sibling, no facts."""

    def sibling(extra: object) -> object:
        raise OSError(extra)

    broken: Any = SimpleNamespace(root=tmp_path, sibling=sibling)
    found = Resolver().gather(broken)
    assert set(found) == set(Resolver.sections)
    assert all(row.error for row in found.values())
