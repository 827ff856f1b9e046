"""Red samples of the claims on papers; each takes the tree of papers_tree.py, and what lies beside.

A paper is made by the forge, so most faults change the manifest after the papers were written, or
a paper after the manifest was.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.sabotage import fault
from tests.sabotage.papers_tree import NAME, SITE
from tests.sabotage.tree import edit_manifest, write

BILL = "sbom.cdx.json"
STATEMENT = f"{NAME}.provenance.json"
Change = Callable[[dict[str, Any]], object]


def _edit(path: Path, change: Change) -> None:
    said = json.loads(path.read_text())
    change(said)
    write(path, json.dumps(said))


def _declared(where: Callable[[Path, Change], None], kills: tuple[str, ...]) -> Callable[..., Any]:
    def declare(change: Change) -> Change:
        def apply(tree: Path) -> None:
            where(tree, change)

        apply.__doc__, apply.__module__ = change.__doc__, __name__
        fault(kills=kills, name=change.__name__)(apply)
        return change

    return declare


def bills(*kills: str) -> Callable[..., Any]:
    """A fault of the bill alone."""
    return _declared(lambda tree, change: _edit(tree / BILL, change), kills)


def states(*kills: str) -> Callable[..., Any]:
    """A fault of the statement alone; SHA256SUMS stays true."""

    def where(tree: Path, change: Change) -> None:
        _edit(tree.parent / STATEMENT, change)
        _true_sums(tree.parent)

    return _declared(where, kills)


def manifests(*kills: str) -> Callable[..., Any]:
    """A fault that the manifest and all papers agree on: they are written anew."""

    def where(tree: Path, change: Change) -> None:
        from everylinux.forge.papers import write_sbom, write_statement  # noqa: PLC0415

        edit_manifest(tree, change)
        write_sbom(tree)
        write_statement(tree, NAME, sorted(tree.parent.glob("*.tar.*")))
        _true_sums(tree.parent)

    return _declared(where, kills)


def _true_sums(folder: Path) -> None:
    from everylinux.forge.manifest import sha256  # noqa: PLC0415

    found = [*sorted(folder.glob("*.tar.*")), folder / STATEMENT]
    write(folder / "SHA256SUMS", "".join(f"{sha256(path)}  {path.name}\n" for path in found))


def _row(said: dict[str, Any], name: str) -> dict[str, Any]:
    row: dict[str, Any] = next(row for row in said["components"] if row["name"] == name)
    return row


@fault(kills={"PAP-001"})
def no_bill(tree: Path) -> None:
    """The bill was not packed."""
    (tree / BILL).unlink()


@bills("PAP-002")
def a_bill_of_another_form(said: dict[str, Any]) -> None:
    """A key that CycloneDX does not have."""
    said["surprise"] = True


@bills("PAP-003")
def a_component_not_in_the_bill(said: dict[str, Any]) -> None:
    """A component was built and is not told."""
    said["components"].remove(_row(said, "readline"))
    said["dependencies"] = []


@bills("PAP-003")
def a_component_twice_in_the_bill(said: dict[str, Any]) -> None:
    """A component stands twice, under two references."""
    said["components"].append({**_row(said, "readline"), "bom-ref": "again"})


@bills("PAP-004")
def a_bill_with_another_digest(said: dict[str, Any]) -> None:
    """The archive in the bill is not the one that was built."""
    _row(said, "musl")["hashes"][0]["content"] = "b" * 64


@bills("PAP-004")
def a_bill_without_archives(said: dict[str, Any]) -> None:
    """Where the sources are is not told."""
    del _row(said, "musl")["externalReferences"]


@bills("PAP-005")
def a_package_url_of_another_version(said: dict[str, Any]) -> None:
    """A scanner would look up another release."""
    _row(said, "musl")["purl"] = "pkg:generic/musl@1.2.4"


@bills("PAP-005")
def no_package_url(said: dict[str, Any]) -> None:
    """No scanner finds the component."""
    del _row(said, "musl")["purl"]


@bills("PAP-006")
def a_cpe_of_another_version(said: dict[str, Any]) -> None:
    """A scanner would look up another release."""
    _row(said, "openssl")["cpe"] = "cpe:2.3:a:openssl:openssl:3.5.0:*:*:*:*:*:*:*"


@bills("PAP-007")
def another_licence_in_the_bill(said: dict[str, Any]) -> None:
    """The bill says a freer licence than the manifest."""
    _row(said, "readline")["licenses"] = [{"expression": "MIT"}]


@bills("PAP-008")
def a_patch_not_in_the_bill(said: dict[str, Any]) -> None:
    """The component looks as upstream made it."""
    del _row(said, "openssl")["pedigree"]


@bills("PAP-009")
def a_bill_of_the_clock(said: dict[str, Any]) -> None:
    """The bill has the time of the build: no two builds are alike."""
    said["metadata"]["timestamp"] = "2026-11-23T04:00:00+00:00"


@fault(kills={"PAP-010"})
def a_package_not_in_the_bill(tree: Path) -> None:
    """Pip was replaced after the bill was written."""
    write(tree / SITE.replace("25.1.1", "26.0") / "METADATA", "Name: pip\nVersion: 26.0\n\n")


@manifests("PAP-101", "PAP-104")
def a_licence_nobody_knows(said: dict[str, Any]) -> None:
    """The licence's name is of nobody's list."""
    _row(said, "musl")["licence"] = "LicenseRef-as-it-pleases"


@fault(kills={"PAP-102"})
def no_licence_text(tree: Path) -> None:
    """A component goes without its licence."""
    (tree / "licenses/openssl/COPYING").unlink()


@fault(kills={"PAP-102"})
def an_empty_licence_text(tree: Path) -> None:
    """The text was truncated."""
    write(tree / "licenses/openssl/COPYING", " \n")


@fault(kills={"PAP-103"})
def the_text_of_another_licence(tree: Path) -> None:
    """The text is another licence's."""
    write(tree / "licenses/openssl/COPYING", "Permission is hereby granted, free of charge")


@manifests("PAP-104")
def a_licence_without_a_phrase(said: dict[str, Any]) -> None:
    """A licence of the list that nobody has looked at."""
    _row(said, "musl")["licence"] = "WTFPL"


@fault(kills={"PAP-105"})
def the_licence_of_a_stranger(tree: Path) -> None:
    """A licence lies there of something that was not built."""
    write(tree / "licenses/db/COPYING", "permission is hereby granted, free of charge")


@fault(kills={"PAP-106"})
def a_library_of_nobody(tree: Path) -> None:
    """A library of the build machine was copied along."""
    write(tree / "shared_libraries/lib/libbsd.so.0", "copied")


@fault(kills={"PAP-107"})
def a_notice_instead_of_the_licence(tree: Path) -> None:
    """The text points to a licence that is not there."""
    write(tree / "licenses/readline/COPYING", "GNU General Public License Version 3: see its site")


@manifests("PAP-201")
def a_component_below_its_floor(said: dict[str, Any]) -> None:
    """OpenSSL is a release whose advisories are public."""
    row = _row(said, "openssl")
    row["version"] = row["sources"][0]["version"] = "3.5.4"


@manifests("PAP-201")
def a_patch_that_is_gone(said: dict[str, Any]) -> None:
    """A fix that was a patch of ours is not applied."""
    _row(said, "musl")["patches"].clear()


@manifests("PAP-202")
def a_patch_not_in_the_table(said: dict[str, Any]) -> None:
    """A patch for an advisory that the table does not know."""
    row = {"file": "0199-CVE-2099-12345.patch", "sha256": "c" * 64}
    _row(said, "musl")["patches"].append(row)


@manifests("PAP-203", "PAP-102")
def a_component_nobody_looked_up(said: dict[str, Any]) -> None:
    """A component came in without a look at its advisories, and without its licence."""
    row = _row(said, "musl")
    said["components"].append({**row, "name": "libyaml", "patches": []})


@manifests("PAP-204")
def a_table_older_than_the_sources(said: dict[str, Any]) -> None:
    """The sources are of a year after the table."""
    said["source_date_epoch"] += 3 * 365 * 86400


@fault(kills={"PAP-301", "PAP-302", "PAP-303", "PAP-304", "PAP-305"})
def no_statement(tree: Path) -> None:
    """Archives without a word of where they came from; SHA256SUMS names what is not there."""
    (tree.parent / STATEMENT).unlink()


@states("PAP-301")
def a_statement_of_another_type(said: dict[str, Any]) -> None:
    """SLSA's first draft."""
    said["predicateType"] = "https://slsa.dev/provenance/v0.1"


@states("PAP-302")
def a_statement_of_other_archives(said: dict[str, Any]) -> None:
    """The statement is of another build."""
    said["subject"][0]["digest"]["sha256"] = "d" * 64


@states("PAP-303")
def a_material_that_is_not_told(said: dict[str, Any]) -> None:
    """A source is left out."""
    said["predicate"]["buildDefinition"]["resolvedDependencies"].pop()


@states("PAP-304")
def a_parameter_that_is_not_true(said: dict[str, Any]) -> None:
    """A quick build is passed off as a release."""
    said["predicate"]["buildDefinition"]["externalParameters"]["profile"] = "release"


@fault(kills={"PAP-302", "PAP-305"})
def an_archive_that_was_changed(tree: Path) -> None:
    """An archive was packed anew after the papers were written."""
    write(tree.parent / f"{NAME}.tar.gz", "other bytes")


@fault(kills={"PAP-305"})
def an_archive_without_a_sum(tree: Path) -> None:
    """SHA256SUMS leaves the statement out."""
    sums = tree.parent / "SHA256SUMS"
    write(
        sums, "".join(line for line in sums.read_text().splitlines(keepends=True) if ".tar" in line)
    )
