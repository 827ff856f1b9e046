"""The host's programs: what is missing is named with its package."""

from __future__ import annotations

import pytest

from everylinux.errors import EverylinuxError
from everylinux.forge import toolchain


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
