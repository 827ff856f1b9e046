"""Names of hosts: what getaddrinfo makes of resolv.conf, hosts and a name server's answers.

Claims for the profile standalone alone are of musl's resolver, which is that distribution's; what
it does otherwise than glibc is documented by musl.
"""

from __future__ import annotations

from typing import Any

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

TABLE = "resolver/expected.yaml"
STANDALONE = ("standalone",)
RESOLVER = "Check the resolver of the libc that is shipped: src/network/ of musl."
MUSL = "musl wiki: Functional differences from glibc, Name Resolver/DNS"
MUSEUM = "; bug museum 68"
NONAME, AGAIN, NODATA = -2, -3, -5  # netdb.h
LONGEST = 254  # letters of a name with the dot at its end (RFC 1035, 2.3.4)
PATIENT = 20.0
"""Seconds that a lookup with a timeout of one second may last on a busy machine."""


def _case(facts: Facts, name: str, evidence: Evidence) -> dict[str, Any]:
    """The answers and questions of a case; skipped where the cell lacks what it needs."""
    section = facts["resolver_hosts"]
    found: dict[str, Any] = section if "lacks" in section else section[name]
    if "lacks" in found:
        pytest.skip(f"the cell lacks {found['lacks']}")
    assert "failed" not in found["found"], found["found"]["failed"]
    evidence["asked"] = found["asked"]
    return found


def _answers(facts: Facts, names: list[str], evidence: Evidence, expected: Expected) -> None:
    """Judge answers of the case `plain` by the table."""
    found, wanted = _case(facts, "plain", evidence)["found"], expected.table(TABLE)["plain"]
    evidence["asked"] = "see RSV-001"
    evidence["answers"] = {name: found[name] for name in names}
    assert {name: found[name].get("answer") for name in names} == {n: wanted[n] for n in names}


def _a(facts: Facts, case: str, evidence: Evidence, expected: Expected) -> list[list[str]]:
    """Judge that a case found the first address; what the server was asked for it."""
    found = _case(facts, case, evidence)
    evidence["answer"] = found["found"]["ipv4"]
    assert evidence["answer"].get("answer") == expected.table(TABLE)["a"]
    asked: list[list[str]] = found["asked"]
    return asked


def _names(asked: list[list[str]], kind: str = "A") -> list[str]:
    """The names that were asked for, each once, in order."""
    return list(dict.fromkeys(row[0] for row in asked if row[1] == kind))


@check("RSV-001", source="RFC 1035; POSIX getaddrinfo", remedy=RESOLVER)
def test_ipv4(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A name with an IPv4 address is asked for at the server of resolv.conf and found."""
    found = _case(facts, "plain", evidence)
    evidence["answer"] = found["found"]["ipv4"]
    assert evidence["answer"].get("answer") == expected.table(TABLE)["plain"]["ipv4"]
    assert ["a.everylinux.test.", "A", "udp", "127.0.0.1"] in found["asked"]


@check("RSV-002", source="RFC 3596", remedy=RESOLVER)
def test_ipv6(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A name with an IPv6 address alone is found."""
    _answers(facts, ["ipv6"], evidence, expected)


@check("RSV-003", source="RFC 3596; RFC 3493, 6.1", remedy=RESOLVER)
def test_both(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A name with addresses of both families gives both, and one if one is asked for."""
    _answers(facts, ["both", "ipv4 of both"], evidence, expected)


@check("RSV-004", source="RFC 1035", remedy=RESOLVER)
def test_few(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A name with ten addresses gives all of them."""
    _answers(facts, ["few"], evidence, expected)


@check(
    "RSV-005", source="RFC 7766, 5" + MUSEUM, remedy="Ship musl 1.2.4 or newer, which asks by TCP."
)
def test_truncated(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Forty addresses, too many for UDP, are asked for again by TCP and all found."""
    found, wanted = _case(facts, "plain", evidence), expected.table(TABLE)["many"]
    evidence["asked"] = [row for row in found["asked"] if row[0] == "many.everylinux.test."]
    evidence["answer"] = found["found"]["many"]
    addresses = evidence["answer"].get("answer", [])
    assert wanted["first"] in addresses
    assert len(set(addresses)) == wanted["count"]
    assert "tcp" in {row[2] for row in evidence["asked"]}


@check("RSV-006", source="RFC 1034, 3.6.2; RFC 3493, 6.1", remedy=RESOLVER)
def test_chain(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Three aliases in a row lead to the address, and to the name at their end."""
    _answers(facts, ["chain", "canonical"], evidence, expected)


@check("RSV-007", source="RFC 2308; RFC 3493, 6.1" + MUSEUM, remedy=RESOLVER)
def test_missing(facts: Facts, evidence: Evidence) -> None:
    """A name that does not exist is EAI_NONAME, and quickly so."""
    evidence["found"] = _case(facts, "plain", evidence)["found"]["missing"]
    assert evidence["found"].get("error") == NONAME
    assert evidence["found"]["seconds"] < PATIENT


@check("RSV-008", source="RFC 2308, 2.2; netdb.h: EAI_NODATA", remedy=RESOLVER)
def test_without_address(facts: Facts, evidence: Evidence) -> None:
    """A name that has no address is EAI_NODATA or EAI_NONAME, no empty list."""
    evidence["found"] = _case(facts, "plain", evidence)["found"]["text"]
    assert evidence["found"].get("error") in {NONAME, NODATA}


@check("RSV-009", source="RFC 1035, 4.1.1 (RCODE 2); RFC 3493, 6.1", remedy=RESOLVER)
def test_broken_server(facts: Facts, evidence: Evidence) -> None:
    """A server that says SERVFAIL is EAI_AGAIN: try later, not a name that does not exist."""
    evidence["found"] = _case(facts, "slow", evidence)["found"]["broken"]
    assert evidence["found"].get("error") == AGAIN


@check("RSV-010", source="RFC 3490", remedy="Check the codec idna and stringprep.")
def test_idna(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A name beyond ASCII is asked for in its xn-- form."""
    asked = _case(facts, "plain", evidence)["asked"]
    _answers(facts, ["idna"], evidence, expected)
    assert "xn--bcher-kva.everylinux.test." in _names(asked)


@check("RSV-011", source="RFC 4343", remedy=RESOLVER)
def test_case(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Capitals in a name make no difference."""
    _answers(facts, ["case"], evidence, expected)


@check("RSV-012", source="RFC 1035, 2.3.4", remedy=RESOLVER)
def test_long(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A label of 63 letters and a name of 253 are found."""
    _answers(facts, ["long label", "long name"], evidence, expected)


@check("RSV-013", source="RFC 1035, 2.3.4", remedy=RESOLVER)
def test_too_long(facts: Facts, evidence: Evidence) -> None:
    """A label of 64 letters and a name of 255 are refused, and no server is asked."""
    found = _case(facts, "plain", evidence)
    evidence["asked"] = [
        name for name in _names(found["asked"]) if len(name) > LONGEST or "x" * 64 in name
    ]
    names = ("too long a label", "too long a name")
    evidence["answers"] = {name: found["found"][name] for name in names}
    assert all("error" in row for row in evidence["answers"].values())
    assert evidence["asked"] == []


@check("RSV-014", source="RFC 5452, 9.1", remedy=RESOLVER)
def test_forged(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """An answer that comes first with another id is not believed."""
    _answers(facts, ["forged"], evidence, expected)


@check("RSV-015", source="RFC 1035, 3.5; POSIX getnameinfo", remedy=RESOLVER)
def test_reverse(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """An address leads to its name by in-addr.arpa."""
    _answers(facts, ["reverse"], evidence, expected)


@check("RSV-016", source="POSIX getnameinfo: NI_NAMEREQD", remedy=RESOLVER)
def test_reverse_missing(facts: Facts, evidence: Evidence) -> None:
    """An address without a name, where one is demanded, is EAI_NONAME."""
    evidence["found"] = _case(facts, "plain", evidence)["found"]["reverse missing"]
    assert evidence["found"].get("error") == NONAME


@check("RSV-017", source="hosts(5)" + MUSEUM, remedy=RESOLVER)
def test_hosts(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Names, aliases and IPv6 addresses of /etc/hosts are found without asking a server."""
    asked = _case(facts, "plain", evidence)["asked"]
    _answers(facts, ["here", "alias", "here6"], evidence, expected)
    evidence["asked"] = [name for name in _names(asked) if name.startswith("here")]
    assert evidence["asked"] == []


@check("RSV-018", source="hosts(5); nsswitch.conf(5)", remedy=RESOLVER)
def test_hosts_first(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A name that stands in /etc/hosts and at the server has the address of /etc/hosts."""
    _answers(facts, ["listed"], evidence, expected)


@check("RSV-019", source="POSIX getaddrinfo", remedy=RESOLVER)
def test_numeric(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """An address in digits is itself, and no server is asked."""
    asked = _case(facts, "plain", evidence)["asked"]
    _answers(facts, ["numeric"], evidence, expected)
    assert not any(name.startswith("192.0.2.9") for name in _names(asked))


@check("RSV-020", source="resolv.conf(5): search" + MUSEUM, remedy=RESOLVER)
def test_search(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A name without a dot is sought in each domain of the search list, in order."""
    found = _case(facts, "search", evidence)
    evidence["answer"] = found["found"]["short"]
    assert evidence["answer"].get("answer") == expected.table(TABLE)["a"]
    tried = [name for name in _names(found["asked"]) if name.startswith("a.")]
    assert tried == ["a.first.test.", "a.everylinux.test."]


@check("RSV-021", source="RFC 1034, 3.1; resolv.conf(5)", remedy=RESOLVER)
def test_absolute(facts: Facts, evidence: Evidence) -> None:
    """A name with a dot at its end is not sought in the search list."""
    found = _case(facts, "search", evidence)
    evidence["found"] = found["found"]["absolute"]
    assert evidence["found"].get("error") in {NONAME, NODATA}
    assert [name for name in _names(found["asked"]) if name.startswith("both.")] == ["both."]


@check("RSV-022", source="resolv.conf(5): ndots" + MUSEUM, remedy=RESOLVER)
def test_ndots(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """With ndots:2 a name with one dot is sought in the search list first."""
    found = _case(facts, "ndots", evidence)
    evidence["answer"] = found["found"]["dotted"]
    assert evidence["answer"].get("answer") == expected.table(TABLE)["deep"]
    assert _names(found["asked"])[0] == "deep.sub.first.test."


@check("RSV-023", source="resolv.conf(5): ndots", remedy=RESOLVER)
def test_enough_dots(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """With ndots:2 a name with two dots is asked for as it is first."""
    found = _case(facts, "ndots", evidence)
    evidence["answer"] = found["found"]["enough"]
    assert evidence["answer"].get("answer") == expected.table(TABLE)["a"]
    assert [n for n in _names(found["asked"]) if n.startswith("a.")] == ["a.everylinux.test."]


@check("RSV-024", source=MUSL, remedy=RESOLVER, profiles=STANDALONE)
def test_dotted_is_not_sought(facts: Facts, evidence: Evidence) -> None:
    """A name with a dot that does not exist is not sought in the search list, as musl has it."""
    found = _case(facts, "search", evidence)
    evidence["found"] = found["found"]["dotted"]
    evidence.finding(
        "musl never seeks a name with ndots or more dots in the search list; glibc does",
        "name the whole domain, or set ndots higher in resolv.conf",
    )
    assert evidence["found"].get("error") == NONAME
    assert [n for n in _names(found["asked"]) if n.startswith("deep.")] == ["deep.sub."]


@check("RSV-025", source="resolv.conf(5): nameserver", remedy=RESOLVER)
def test_second(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Where the first server never answers, the second one's answer is taken."""
    asked = _a(facts, "second", evidence, expected)
    assert "127.0.0.1" in {row[3] for row in asked}


@check("RSV-026", source=MUSL, remedy=RESOLVER, profiles=STANDALONE)
def test_all_at_once(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """All servers are asked at once, and the first answer counts, as musl has it."""
    asked = _a(facts, "second", evidence, expected)
    evidence.finding(
        "musl asks all name servers at once; servers that disagree give answers by chance",
        "name only servers that agree; a domain of one's own needs a server that forwards the rest",
    )
    assert {row[3] for row in asked} == {"127.0.0.1", "127.0.0.2"}


@check("RSV-027", source="resolv.conf(5): nameserver; RFC 1122, 4.1.3.3", remedy=RESOLVER)
def test_refused(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Where nobody listens at the first server's address, the second one's answer is taken."""
    _a(facts, "refused", evidence, expected)


@check("RSV-028", source="resolv.conf(5): timeout, attempts; RFC 3493, 6.1", remedy=RESOLVER)
def test_silent(facts: Facts, evidence: Evidence) -> None:
    """Where no server answers the lookup ends by itself with EAI_AGAIN, as the timeout says."""
    found = _case(facts, "slow", evidence)
    evidence["found"] = found["found"]["silent"]
    assert evidence["found"].get("error") == AGAIN
    assert evidence["found"]["seconds"] < PATIENT
    assert "silent.everylinux.test." in _names(found["asked"])


@check("RSV-029", source="resolv.conf(5), FILES" + MUSEUM, remedy=RESOLVER)
def test_without_resolv_conf(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Without /etc/resolv.conf the server at 127.0.0.1 is asked."""
    asked = _a(facts, "no resolv.conf", evidence, expected)
    assert {row[3] for row in asked} == {"127.0.0.1"}


@check("RSV-030", source="resolv.conf(5)", remedy=RESOLVER)
def test_garbage(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Bytes, endless lines and nonsense in resolv.conf are passed over; its one server is asked."""
    asked = _a(facts, "garbage", evidence, expected)
    assert {row[3] for row in asked} == {"127.0.0.1"}


@check("RSV-031", source="hosts(5)", remedy=RESOLVER)
def test_without_hosts(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Without /etc/hosts names are found at the server."""
    _a(facts, "no hosts", evidence, expected)


@check("RSV-032", source="resolv.conf(5): nameserver; RFC 3596", remedy=RESOLVER)
def test_server_by_ipv6(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A server with an IPv6 address is asked."""
    asked = _a(facts, "ipv6 server", evidence, expected)
    assert {row[3] for row in asked} == {"::1"}


@check("RSV-033", source=MUSL + "; bug museum 68", remedy=RESOLVER, profiles=STANDALONE)
def test_switch_is_not_read(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Servers are asked though nsswitch.conf names files alone: musl does not read it."""
    evidence.finding(
        "nsswitch.conf is not read: hosts are looked up in /etc/hosts, then by DNS",
        "run a server on 127.0.0.1 that knows what other services know",
    )
    _a(facts, "files alone", evidence, expected)


@check("RSV-034", source="nsswitch.conf(5): defaults", remedy=RESOLVER)
def test_without_switch(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Without nsswitch.conf names are found at the server."""
    _a(facts, "no nsswitch.conf", evidence, expected)
