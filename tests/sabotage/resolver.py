"""Red samples of the area resolver: answers of resolvers and user databases that are broken."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]
NONAME, AGAIN = {"error": -2, "seconds": 0.01}, {"error": -3, "seconds": 5.0}
LATE = {"error": -3, "seconds": 75.0}
NONE: dict[str, Any] = {"answer": [], "seconds": 0.01}
SERVER = "127.0.0.1"


def _answer(case: str, question: str, row: dict[str, Any], claim: str, why: str) -> None:
    """Declare the fault that one question gets another answer."""

    @fault(kills={claim}, kind="facts", name=why)
    def sample(sections: Sections) -> None:
        sections["resolver_hosts"][case]["found"][question] = dict(row)


def _address(address: str) -> dict[str, Any]:
    return {"answer": [address], "seconds": 0.01}


for _case, _question, _row, _claim, _why in (
    ("plain", "ipv4", AGAIN, "RSV-001", "no answer is understood"),
    ("plain", "ipv6", NONAME, "RSV-002", "built without IPv6"),
    ("plain", "both", _address("192.0.2.2"), "RSV-003", "AAAA is not asked for"),
    ("plain", "few", _address("192.0.2.100"), "RSV-004", "the first address alone"),
    ("plain", "many", NONE, "RSV-005", "musl before 1.2.4 does not ask by TCP"),
    ("plain", "chain", NONAME, "RSV-006", "an alias is not followed"),
    ("plain", "missing", AGAIN, "RSV-007", "NXDOMAIN is tried again and again"),
    ("plain", "text", NONE, "RSV-008", "an empty list of addresses"),
    ("slow", "broken", NONAME, "RSV-009", "SERVFAIL is taken for NXDOMAIN"),
    ("plain", "idna", {"error": "UnicodeError", "seconds": 0.0}, "RSV-010", "no codec idna"),
    ("plain", "case", NONAME, "RSV-011", "capitals are compared"),
    ("plain", "long name", NONAME, "RSV-012", "a name buffer that is too short"),
    ("plain", "too long a name", NONE, "RSV-013", "a name is cut, not refused"),
    ("plain", "forged", _address("203.0.113.66"), "RSV-014", "the id is not compared"),
    ("plain", "reverse", NONAME, "RSV-015", "the address is not turned round"),
    ("plain", "reverse missing", {"answer": "192.0.2.250"}, "RSV-016", "NI_NAMEREQD is ignored"),
    ("plain", "alias", NONAME, "RSV-017", "aliases of /etc/hosts are not read"),
    ("plain", "listed", _address("203.0.113.1"), "RSV-018", "the server is asked first"),
    ("plain", "numeric", AGAIN, "RSV-019", "digits are asked for"),
    ("search", "short", NONAME, "RSV-020", "no search list: musl before 1.1.13"),
    ("search", "absolute", _address("192.0.2.2"), "RSV-021", "the dot at the end is dropped"),
    ("search", "dotted", _address("192.0.2.7"), "RSV-024", "glibc's resolver"),
    ("ndots", "dotted", NONAME, "RSV-022", "ndots is not read"),
    ("ndots", "enough", NONAME, "RSV-023", "the search list is all that is tried"),
    ("refused", "ipv4", AGAIN, "RSV-027", "ICMP ends the lookup"),
    ("slow", "silent", LATE, "RSV-028", "the timeout is not read"),
    ("no resolv.conf", "ipv4", AGAIN, "RSV-029", "no resolv.conf, no server"),
    ("garbage", "ipv4", AGAIN, "RSV-030", "the first bad line ends the file"),
    ("no hosts", "ipv4", AGAIN, "RSV-031", "no hosts, no lookup"),
    ("ipv6 server", "ipv4", AGAIN, "RSV-032", "servers are IPv4's alone"),
    ("files alone", "ipv4", NONAME, "RSV-033", "nsswitch.conf is obeyed"),
    ("no nsswitch.conf", "ipv4", AGAIN, "RSV-034", "nothing without nsswitch.conf"),
):
    _answer(_case, _question, _row, _claim, _why)


@fault(kills={"RSV-025", "RSV-026"}, kind="facts")
def the_first_server_alone(sections: Sections) -> None:
    """Only the first server is ever asked."""
    case = sections["resolver_hosts"]["second"]
    case["found"]["ipv4"] = dict(AGAIN)
    case["asked"] = [row for row in case["asked"] if row[3] != SERVER]


@fault(kills={"RSV-026"}, kind="facts")
def one_server_after_the_other(sections: Sections) -> None:
    """The second server is asked alone, as by a cache of those that answer."""
    case = sections["resolver_hosts"]["second"]
    case["asked"] = [row for row in case["asked"] if row[3] == SERVER]


@fault(kills={"RSV-005"}, kind="facts")
def a_server_that_sends_too_much(sections: Sections) -> None:
    """All addresses came by UDP: the truncation was not what was tried."""
    case = sections["resolver_hosts"]["plain"]
    case["asked"] = [row for row in case["asked"] if row[2] != "tcp"]


@fault(kills={"RSV-017"}, kind="facts")
def hosts_is_asked_for(sections: Sections) -> None:
    """Names of /etc/hosts leave the machine."""
    sections["resolver_hosts"]["plain"]["asked"].append(["here.example.", "A", "udp", SERVER])


def _entry(case: str, name: str, told: Any, claim: str, why: str) -> None:  # noqa: ANN401 - any answer
    """Declare the fault that a question about users gets another answer."""

    @fault(kills={claim}, kind="facts", name=why)
    def sample(sections: Sections) -> None:
        sections["resolver_users"][case][name] = told


for _case, _question, _told, _claim, _why in (
    ("files", "by id", "UnicodeDecodeError", "RSV-040", "text of passwd is ASCII"),
    ("files", "all", ["root"], "RSV-041", "the first bad line ends passwd"),
    ("files", "no such id", "OSError", "RSV-042", "an absent user is an error of the system"),
    ("files", "home", "~worker/x", "RSV-043", "homes are not looked up"),
    ("files", "huge", "OSError", "RSV-044", "ERANGE is not tried again"),
    ("files", "large", "OverflowError", "RSV-045", "ids are signed"),
    ("files", "groups", [4242], "RSV-046", "groups are not read"),
    ("no nsswitch.conf", "by id", "KeyError", "RSV-047", "users need nsswitch.conf"),
    ("odd nsswitch.conf", "by id", "KeyError", "RSV-048", "an absent service is fatal"),
    ("elsewhere", "by id", "KeyError", "RSV-049", "glibc's users"),
    ("no files", "all", "FileNotFoundError", "RSV-050", "no passwd is an error"),
):
    _entry(_case, _question, _told, _claim, _why)

for _who, _name, _said, _claim, _title in (
    ("worker", "user", "OSError", "RSV-051", "users are known by variables alone"),
    ("stranger", "home", "", "RSV-052", "a stranger has an empty home"),
    ("named", "user", "OSError", "RSV-053", "LOGNAME is not read"),
):

    @fault(kills={_claim}, kind="facts", name=_title)
    def of_self(sections: Sections, who: str = _who, name: str = _name, said: str = _said) -> None:
        """What a user knows of itself is something else."""
        sections["resolver_self"][who][name] = said
