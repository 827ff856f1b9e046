"""By which names the world's scanners know a component: package URL and CPE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from packageurl import PackageURL

CPE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bzip2": ("bzip", "bzip2"),
        "cpython": ("python", "python"),
        "expat": ("libexpat_project", "libexpat"),
        "gcc": ("gnu", "gcc"),
        "gdbm": ("gnu", "gdbm"),
        "gettext": ("gnu", "gettext"),
        "libffi": ("libffi_project", "libffi"),
        "libx11": ("x.org", "libx11"),
        "libxcb": ("x.org", "libxcb"),
        "linux-headers": ("linux", "linux_kernel"),
        "musl": ("musl-libc", "musl"),
        "ncurses": ("gnu", "ncurses"),
        "openssl": ("openssl", "openssl"),
        "readline": ("gnu", "readline"),
        "sqlite3": ("sqlite", "sqlite"),
        "tcl": ("tcl", "tcl"),
        "util-linux": ("kernel", "util-linux"),
        "xz": ("tukaani", "xz"),
        "zlib": ("zlib", "zlib"),
        "zstd": ("facebook", "zstandard"),
    }
)
"""Component -> vendor and product of NVD's CPE dictionary; who is not in it has none.

Source: https://nvd.nist.gov/products/cpe
"""


def purl(component: Mapping[str, Any]) -> PackageURL:
    """`pkg:generic/zlib@1.3.1?checksum=sha256:...&download_url=...` of a manifest's component.

    generic, also where the archive came from Debian: Debian's patches are not in it.
    https://github.com/package-url/purl-spec/blob/main/types-doc/generic-definition.md
    """
    qualifiers = {"checksum": f"sha256:{component['sha256']}"}
    urls = component["origin"].get("urls", ())
    if urls:
        qualifiers["download_url"] = urls[0]
    return PackageURL(
        type="generic",
        name=component["name"],
        version=component["version"],
        qualifiers=qualifiers,
    )


def cpe(component: Mapping[str, Any]) -> str | None:
    """CPE 2.3 of a manifest's component, `cpe:2.3:a:zlib:zlib:1.3.1:*:...`; None if NVD has none.

    OpenSSL's letters belong to its version there: `1.1.1w`.
    """
    if component["name"] not in CPE:
        return None
    vendor, product = CPE[component["name"]]
    part = "o" if product == "linux_kernel" else "a"
    version = re.sub(r"([^\w.-])", r"\\\1", component["version"])
    return f"cpe:2.3:{part}:{vendor}:{product}:{version}" + ":*" * 7
