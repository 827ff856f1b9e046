"""What the subject does where a kernel has gathered no entropy, as in a virtual machine at boot.

The cell's kernel is booted once more and given none; its pool is emptied, then a TLS context is
asked for. Below Linux 4.8 OpenSSL waits until /dev/random can be read (wait_random_seeded of
providers/implementations/rands/seeding/rand_unix.c), later kernels answer getrandom(2) themselves.
Then the kernel is given entropy, and the same is asked once more. Times are in seconds, by the
machine's clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box, Starved
from everylinux.errors import EngineError
from everylinux.model import Limits, Section
from everylinux.probes.base import python_of

SECONDS = 30.0
"""That a context may take: one without a wait takes 0.05 to 0.3."""
CODE = """
import json, os, time
fd = os.open("/dev/random", os.O_RDONLY | os.O_NONBLOCK)
taken = 0
try:
    while taken < 1 << 16:
        taken += len(os.read(fd, 512))
except BlockingIOError:
    pass
os.close(fd)
with open("/proc/sys/kernel/random/entropy_avail") as stream:
    bits = int(stream.read())
print(json.dumps({"release": os.uname().release, "bits": bits}), flush=True)
started = time.monotonic()
import ssl
ssl.create_default_context()
print(json.dumps(round(time.monotonic() - started, 3)))
"""


class Entropy:
    """The scenario; see the module."""

    name = "entropy"
    sections = ("entropy",)

    @property
    def digest(self) -> str:
        """Digest of this file."""
        return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """`release`, `bits` in the emptied pool; `starved`, `fed`: seconds, None: still waiting."""
        if not isinstance(box, Starved):
            return {"entropy": Section(value={"lacks": "a kernel of its own (engine qemu)"})}
        try:
            with box.starved() as other:
                return {"entropy": _gathered(other)}
        except EngineError as error:
            return {"entropy": Section(error=f"no machine without entropy: {error}")}


def _gathered(box: Starved) -> Section:
    first = _asked(box)
    if first is None:
        return Section(error="the interpreter did not get as far as the question")
    box.feed()
    second = _asked(box)
    return Section(value={**first, "fed": second and second["starved"]})


def _asked(box: Box) -> dict[str, Any] | None:
    result = box.run([python_of(box.distribution), "-c", CODE], limits=Limits(seconds=SECONDS))
    lines = [json.loads(line) for line in result.out.splitlines()]
    if not lines:
        return None
    about: dict[str, Any] = lines[0]
    if len(lines) == 1 and not result.timed_out:
        how = result.err.decode("utf-8", "replace").strip().splitlines()[-1:]
        return {**about, "starved": None, "failed": "".join(how)[:300] or f"{result.signal}"}
    return {**about, "starved": lines[1] if len(lines) > 1 else None}
