"""Checks of kernel features: tried where a try is cheap, read where it is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from everylinux.doctor.finding import Finding, State

TRY_SECONDS = 5.0
KVM_PROOF = Path(__file__).with_name("kvm_proof.py")
CGROUPS = Path("/sys/fs/cgroup")
WANTED_CONTROLLERS = frozenset({"memory", "pids"})


def user_namespaces() -> Sequence[Finding]:
    """Make one, as bubblewrap does for an unprivileged user."""
    argv = ["unshare", "--user", "--map-root-user", "true"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TRY_SECONDS, check=False)
    if not done.returncode:
        return [Finding("kernel", "user namespaces", State.OK, "made one")]
    cost = "bubblewrap needs root"
    remedy = "sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns"
    detail = " ".join(done.stderr.split())[:80]
    return [Finding("kernel", "user namespaces", State.MISSING, detail, cost, remedy)]


def cgroups() -> Sequence[Finding]:
    """Tell v1, v2 or hybrid, and whether memory and processes can be limited."""
    unified = CGROUPS / "cgroup.controllers"
    if unified.exists():
        kind, controllers = "v2", set(unified.read_text().split())
    else:
        folders = CGROUPS.iterdir() if CGROUPS.is_dir() else ()
        controllers = {folder.name for folder in folders}
        kind = "hybrid" if "unified" in controllers else "v1"
    gone = sorted(WANTED_CONTROLLERS - controllers)
    if not gone:
        return [Finding("kernel", "cgroups", State.OK, f"{kind}, with memory and pids")]
    detail, cost = f"{kind}, without {', '.join(gone)}", "limits of cells are rlimits only"
    return [Finding("kernel", "cgroups", State.DEGRADED, detail, cost, "mount the controllers")]


def seccomp() -> Sequence[Finding]:
    """Look for filters in what the kernel says it can do."""
    actions = Path("/proc/sys/kernel/seccomp/actions_avail")
    if actions.exists() and "errno" in actions.read_text().split():
        return [Finding("kernel", "seccomp", State.OK, "filters can answer errno")]
    cost = "no kernel floors (a later feature)"
    return [Finding("kernel", "seccomp", State.MISSING, "no filters", cost, "Linux 4.14 or newer")]


def overlay() -> Sequence[Finding]:
    """Look for overlayfs among the file systems that are loaded or can be."""
    if "\toverlay\n" in Path("/proc/filesystems").read_text():
        return [Finding("kernel", "overlayfs", State.OK, "there")]
    cost = "podman and docker copy images instead (slow)"
    return [Finding("kernel", "overlayfs", State.MISSING, "not loaded", cost, "modprobe overlay")]


def kvm() -> Sequence[Finding]:
    """Run one instruction in a virtual machine, within a time limit.

    That /dev/kvm opens proves nothing, and there are machines where the instruction runs and a
    kernel still hangs at boot: so this check finds faults, and never says `ok`.
    """
    cost = "real old kernels run about 20 times slower, emulated (conform needs none)"
    if not Path("/dev/kvm").exists():
        return [Finding("kernel", "KVM", State.MISSING, "no /dev/kvm", cost)]
    argv = [sys.executable, "-I", str(KVM_PROOF)]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=TRY_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return [Finding("kernel", "KVM", State.DEGRADED, "/dev/kvm opens, but hangs", cost)]
    if not done.returncode:
        detail = "ran one instruction; only a boot can prove more"
        return [Finding("kernel", "KVM", State.UNKNOWN, detail, cost)]
    detail = (done.stderr.strip().splitlines() or ["failed"])[-1][:80]
    return [Finding("kernel", "KVM", State.DEGRADED, detail, cost)]
