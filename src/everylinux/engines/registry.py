"""The engines, and the choice among them."""

from __future__ import annotations

import difflib

from everylinux.engines.base import Engine
from everylinux.engines.bubblewrap import Bubblewrap
from everylinux.engines.containerd import Containerd
from everylinux.engines.docker import Docker
from everylinux.engines.fake import Fake
from everylinux.engines.gvisor import Gvisor
from everylinux.engines.lxc import Lxc
from everylinux.engines.podman import Podman
from everylinux.engines.qemu import Qemu
from everylinux.errors import EngineError, UsageError

ENGINES: dict[str, Engine] = {
    engine.name: engine
    for engine in (
        *(Bubblewrap(), Podman(), Docker()),
        *(Lxc(), Containerd(), Gvisor(), Qemu(), Fake()),
    )
}
"""Every engine by its name."""
AUTO = ("bubblewrap", "podman", "docker")
"""What `auto` tries, in this order."""


def choose(name: str = "auto") -> Engine:
    """The named engine, or the first of AUTO that works, swept of what killed runs left.

    UsageError for an unknown name; EngineError with each reason if none works.
    """
    if name != "auto" and name not in ENGINES:
        near = difflib.get_close_matches(name, ENGINES, n=1)
        known = ", ".join(["auto", *ENGINES])
        move = f"did you mean {near[0]}?" if near else f"one of {known}"
        raise UsageError(f"no engine is called {name!r}", move=move)
    reasons = []
    for candidate in AUTO if name == "auto" else (name,):
        engine = ENGINES.get(candidate)
        reason = engine.unavailable() if engine else None
        if engine and reason is None:
            engine.sweep()
            return engine
        reasons += [reason] if reason else []
    raise EngineError("no engine works here", move="; ".join(reasons))
