"""The host's programs: what is missing is named with its package."""

from __future__ import annotations

from pathlib import Path

import pytest

from everylinux.errors import EverylinuxError
from everylinux.forge import toolchain
from everylinux.forge.contract import X86, X86_64


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the tools gets the one command that installs them."""
    monkeypatch.setattr(toolchain, "SEARCH", "/nonexistent")
    with pytest.raises(EverylinuxError) as error:
        toolchain.missing()
    assert error.value.exit_code == 2
    assert "apt-get install bubblewrap gcc binutils make" in str(error.value)


def test_the_tool_chain_is_told_by_versions() -> None:
    """Each program has the first line of its version, what is not there is absent."""
    found = toolchain.fingerprint()
    assert "gcc" in found["gcc"].lower()
    assert found["libc"].startswith("ldd (")
    assert "bwrap" not in found
    assert found == toolchain.fingerprint()
    assert toolchain._version("no-such-program") == "absent"


NO_32 = """#!/bin/sh
# as a gcc of Debian without multilib: it takes -m32, and has no libgcc for it
for word; do shift; [ "$word" = -lgcc ] || set -- "$@" "$word"; done
exec /usr/bin/gcc "$@"
"""


def test_a_gcc_without_libgcc_for_32_bit_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the build, not by musl's linker: -m32 alone is taken by any gcc."""
    (tmp_path / "gcc").write_text(NO_32)
    (tmp_path / "gcc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    toolchain.missing_for(X86_64)
    with pytest.raises(EverylinuxError, match=r"no libgcc for 32 bit: .* lib32gcc-\d+-dev"):
        toolchain.missing_for(X86)
