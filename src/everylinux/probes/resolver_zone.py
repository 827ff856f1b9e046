"""What our name server knows, and the files below /etc of each case.

Names are below .test (RFC 6761), addresses of RFC 5737 and RFC 3849: none of them is anybody's.
"""

from __future__ import annotations

DOMAIN = "everylinux.test."
LONG_LABEL = "x" * 63  # RFC 1035, 2.3.4: the longest label
LONG_NAME = ".".join(("x" * 63, "y" * 63, "z" * 63, "w" * 45, "everylinux.test"))  # 253 letters
UNANSWERED = f"silent.{DOMAIN}"
FORGED, LIE = f"forged.{DOMAIN}", "203.0.113.66"

NAMES: dict[str, tuple[str, ...]] = {
    f"a.{DOMAIN}": ("192.0.2.1",),
    f"six.{DOMAIN}": ("2001:db8::1",),
    f"both.{DOMAIN}": ("192.0.2.2", "2001:db8::2"),
    f"few.{DOMAIN}": tuple(f"192.0.2.{100 + n}" for n in range(10)),
    f"many.{DOMAIN}": tuple(f"198.51.100.{1 + n}" for n in range(40)),
    f"end.{DOMAIN}": ("192.0.2.3",),
    f"xn--bcher-kva.{DOMAIN}": ("192.0.2.4",),  # bücher
    f"{LONG_LABEL}.{DOMAIN}": ("192.0.2.5",),
    f"{LONG_NAME}.": ("192.0.2.6",),
    f"deep.sub.{DOMAIN}": ("192.0.2.7",),
    f"listed.{DOMAIN}": ("203.0.113.1",),  # /etc/hosts has another address
    FORGED: ("192.0.2.8",),
}
ALIASES = {
    f"chain.{DOMAIN}": f"link.{DOMAIN}",
    f"link.{DOMAIN}": f"last.{DOMAIN}",
    f"last.{DOMAIN}": f"end.{DOMAIN}",
}
REVERSE = {"1.2.0.192.in-addr.arpa.": f"a.{DOMAIN}"}
TEXT = {f"text.{DOMAIN}": "no address"}
BROKEN = (f"broken.{DOMAIN}",)

SERVER = "nameserver 127.0.0.1\n"
QUICK = "options timeout:5 attempts:2\n"
"""Seconds that a busy machine needs; musl's timeout is of all attempts together."""
ONE_SECOND = "options timeout:1 attempts:1\n"
HOSTS = (
    "# comment\n127.0.0.1\tlocalhost\n"
    "192.0.2.77 here.example here   # the second is an alias\n"
    "2001:db8::77 here6.example\n"
    "192.0.2.78 listed.everylinux.test\n"
)
GARBAGE = (
    b"\xff\xfe\x01 garbage\n# " + b"c" * 6000 + b"\nnameserver\nnameserver nonsense\n"
    b"options ndots:many timeout: unknown:7\nsearch\n;nameserver 127.0.0.2\n"
    b"  \t\nnameserver 127.0.0.1\n"
)
SWITCH = "hosts: files dns\npasswd: files\ngroup: files\n"
PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\n"
    "\nbroken\nshort:x:1\nletters:x:one:two::/:/bin/sh\n"
    "worker:x:4242:4242:Wörker, room 5:/home/worker:/bin/sh\n"
    "large:x:4000000000:4000000000::/home/large:/bin/sh\n"
    f"wordy:x:4244:4244:{'w' * 5000}:/home/wordy:/bin/sh\n"
    "last:x:4245:4245::/home/last:/bin/sh"  # no line feed at the end
)
MEMBERS = tuple(f"member{n}" for n in range(5000))
GROUP = (
    "root:x:0:\n\nbroken\n"
    "staff:x:5001:worker,other\n"
    f"huge:x:5002:{','.join(MEMBERS)},worker\n"
    "workers:x:4242:\nalone:x:5003:other\nlast:x:5004:worker\n"
)

FILES: dict[str, str | bytes | None] = {
    "resolv.conf": SERVER + QUICK,
    "hosts": HOSTS,
    "nsswitch.conf": SWITCH,
    "passwd": PASSWD,
    "group": GROUP,
}
"""What is below /etc where a case does not say otherwise; None is a file that is not there."""

PLAIN = {
    "ipv4": ["addresses", "a.everylinux.test"],
    "ipv6": ["addresses", "six.everylinux.test"],
    "both": ["addresses", "both.everylinux.test"],
    "ipv4 of both": ["addresses4", "both.everylinux.test"],
    "few": ["addresses", "few.everylinux.test"],
    "many": ["addresses", "many.everylinux.test"],
    "chain": ["addresses", "chain.everylinux.test"],
    "canonical": ["canonical", "chain.everylinux.test"],
    "missing": ["addresses", "missing.everylinux.test"],
    "text": ["addresses", "text.everylinux.test"],
    "idna": ["addresses", "bücher.everylinux.test"],
    "case": ["addresses", "A.EveryLinux.TEST"],
    "long label": ["addresses", LONG_LABEL + ".everylinux.test"],
    "long name": ["addresses", LONG_NAME],
    "too long a label": ["addresses", "x" * 64 + ".everylinux.test"],
    "too long a name": ["addresses", "v." + LONG_NAME],
    "forged": ["addresses", "forged.everylinux.test"],
    "reverse": ["reverse", "192.0.2.1"],
    "reverse missing": ["reverse", "192.0.2.250"],
    "numeric": ["addresses", "192.0.2.9"],
    "here": ["addresses", "here.example"],
    "alias": ["addresses", "here"],
    "here6": ["addresses", "here6.example"],
    "listed": ["addresses", "listed.everylinux.test"],
}
A_ALONE = {"ipv4": ["addresses", "a.everylinux.test"]}
SEARCH = "search first.test everylinux.test\n" + SERVER

SLOW = "slow"
"""The case whose questions are asked at once: each takes as long as the timeout."""

CASES: dict[str, tuple[dict[str, str | bytes | None], dict[str, list[str]]]] = {
    "plain": ({}, PLAIN),
    "search": (
        {"resolv.conf": SEARCH + QUICK},
        {
            "short": ["addresses", "a"],
            "absolute": ["addresses", "both."],
            "dotted": ["addresses", "deep.sub"],
        },
    ),
    "ndots": (
        {"resolv.conf": SEARCH + "options timeout:5 ndots:2\n"},
        {"dotted": ["addresses", "deep.sub"], "enough": ["addresses", "a.everylinux.test"]},
    ),
    "second": ({"resolv.conf": "nameserver 127.0.0.2\n" + SERVER + "options timeout:2\n"}, A_ALONE),
    "refused": ({"resolv.conf": "nameserver 127.0.0.3\n" + SERVER + QUICK}, A_ALONE),
    SLOW: (
        {"resolv.conf": SERVER + ONE_SECOND},
        {
            "silent": ["addresses", "silent.everylinux.test"],
            "broken": ["addresses", "broken.everylinux.test"],
        },
    ),
    "no resolv.conf": ({"resolv.conf": None}, A_ALONE),
    "garbage": ({"resolv.conf": GARBAGE}, A_ALONE),
    "no hosts": ({"hosts": None}, A_ALONE),
    "ipv6 server": ({"resolv.conf": "nameserver ::1\n" + QUICK}, A_ALONE),
    "files alone": ({"nsswitch.conf": SWITCH.replace(" dns", "")}, A_ALONE),
    "no nsswitch.conf": ({"nsswitch.conf": None}, A_ALONE),
}
"""By name: files that differ from FILES, and what is asked."""

USER_CASES: dict[str, dict[str, str | bytes | None]] = {
    "files": {},
    "no nsswitch.conf": {"nsswitch.conf": None},
    "odd nsswitch.conf": {"nsswitch.conf": "passwd: sss nosuch files\ngroup: nosuch files\n"},
    "elsewhere": {"nsswitch.conf": "passwd: nosuch\ngroup: nosuch\n"},
    "no files": {"passwd": None, "group": None},
}
