"""Checks of our own parts: engines, images, finished builds; a part that is broken is one row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from everylinux import matrix
from everylinux.doctor import host, kernel
from everylinux.doctor.finding import Check, Finding, State
from everylinux.images import RootStore, providers

LOCAL_PROVIDERS = frozenset({"cache", "tarball"})
"""Names of the providers of root filesystems that need nothing from outside."""


def all_checks() -> dict[str, Check]:
    """Every check by "area.name", in the order of the table."""
    return {
        **_engine_checks(),
        "images.matrix": images,
        "tools.tool chain": host.tools,
        "sources.debian": host.debian_sources,
        "sources.upstream": host.upstream_sources,
        "space.disk": host.disk,
        "space.memory": host.memory,
        "kernel.user namespaces": kernel.user_namespaces,
        "kernel.cgroups": kernel.cgroups,
        "kernel.seccomp": kernel.seccomp,
        "kernel.overlayfs": kernel.overlay,
        "kernel.KVM": kernel.kvm,
        "report.browser": host.browser,
    }


def can_conform(findings: Sequence[Finding]) -> bool:
    """Tell whether `./bootstrap conform` can run: an engine, an image and the tool chain."""
    works = {(finding.area, finding.state) for finding in findings}
    has_images = not any(f.area == "images" and f.state is State.MISSING for f in findings)
    return ("engines", State.OK) in works and has_images and ("tools", State.MISSING) not in works


def images() -> Sequence[Finding]:
    """Count the rows of the matrix by where their root filesystem would come from."""
    rows = matrix.load().select()
    chain = providers(RootStore())
    local = [provider for provider in chain if provider.name in LOCAL_PROVIDERS]
    here = sum(any(provider.offers(row) for provider in local) for row in rows)
    had = sum(any(provider.offers(row) for provider in chain) for row in rows)
    detail = f"{here} of {len(rows)} here, {had - here} more to fetch or make"
    if here == len(rows):
        return [Finding("images", "matrix", State.OK, detail)]
    cost = f"offline, {len(rows) - here} cells are not run; {len(rows) - had} even online"
    state = State.DEGRADED if had else State.MISSING
    return [Finding("images", "matrix", state, detail, cost, "everylinux images, --rootfs-dir")]


def real_kernels() -> Sequence[Finding]:
    """Whether real kernels can be booted: what is there, and whether one was; none is now."""
    from everylinux.engines.qemu import Qemu  # noqa: PLC0415 - as below
    from everylinux.qemu.emulator import has_booted  # noqa: PLC0415

    cost = "--engine qemu cannot boot real kernels; floors can be judged"
    if reason := Qemu().lacks():
        cause, _, move = reason.removeprefix("qemu: ").partition(": ")
        return [Finding("kernel", "real kernels", State.MISSING, cause, cost, move)]
    if has_booted():
        return [Finding("kernel", "real kernels", State.OK, "booted one in qemu")]
    detail = "qemu and kernels are there, none was booted yet"
    return [Finding("kernel", "real kernels", State.UNKNOWN, detail, "cannot tell")]


def _engine_checks() -> dict[str, Check]:
    """One check for each engine that holds real cells (`fake` only replays)."""
    try:
        from everylinux.engines.registry import ENGINES  # noqa: PLC0415 - optional by design
    except ImportError as error:
        return {"engines.registry": partial(_broken, str(error))}
    names = [name for name, engine in ENGINES.items() if name != "fake" and not engine.boots]
    machines: dict[str, Check] = {"kernel.real kernels": real_kernels}
    return machines | {f"engines.{name}": partial(_engine, name) for name in names}


def _engine(name: str) -> Sequence[Finding]:
    from everylinux.engines.registry import ENGINES  # noqa: PLC0415 - as above

    reason = ENGINES[name].unavailable()
    if reason is None:
        return [Finding("engines", name, State.OK, "tried, works")]
    cost = f"no cells in {name}" + ("" if name == "bubblewrap" else "; another engine will do")
    cause, _, move = reason.partition(": ")
    return [Finding("engines", name, State.MISSING, cause, cost, move)]


def _broken(reason: str) -> Sequence[Finding]:
    return [Finding("engines", "registry", State.UNKNOWN, reason, "no cells at all")]
