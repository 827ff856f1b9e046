"""What the probes of area peers ask, and the tables that judge it, name the same things."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from everylinux.probes.peers import hellos, minted, pkits, vectors
from everylinux.probes.peers.chains import lenient

SUITE = Path(__file__).resolve().parents[3] / "suites/peers"


def table(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((SUITE / name).read_text())
    return found


def test_each_minted_chain_has_one_row() -> None:
    """No chain is asked that nobody judges, and none is judged that nobody asks."""
    rows = [name for group in table("chains.yaml").values() for name in group]
    assert sorted(rows) == sorted(chain.name for chain in minted.chains())


def test_each_greeting_has_one_row() -> None:
    """The same of greetings, and what is known otherwise is one of them."""
    groups = table("hellos.yaml")
    expected = groups.pop("expected")
    rows = [name for group in groups.values() for name in group]
    assert sorted(rows) == sorted(hellos.hellos())
    assert {row["case"] for row in expected} <= set(rows)
    assert all(row["why"] and row["link"].startswith("https://") for row in expected)


def test_each_path_of_nist_is_in_one_section() -> None:
    """All that is judged is of exactly one section, of as many as the table says."""
    folder = vectors.package(vectors.NIST)
    if folder is None:
        pytest.skip(vectors.lacking(vectors.NIST))
    with lenient():
        names = [chain.name for chain in pkits.chains(folder)]
    groups = table("pkits.yaml")["groups"]
    found = {g: [n for n in names if re.search(row["names"], n)] for g, row in groups.items()}
    assert sorted(n for group in found.values() for n in group) == sorted(names)
    assert {g: len(of) for g, of in found.items()} == {g: r["tests"] for g, r in groups.items()}


def test_known_refusals_are_of_valid_paths() -> None:
    """Nothing that is invalid may be expected to be accepted."""
    for row in table("pkits.yaml")["expected"]:
        assert row["test"].startswith("Valid")
        assert row["code"] > 0
        assert row["why"]
        assert row["link"].startswith("https://")


def test_damaged_greetings_are_the_same_each_time() -> None:
    """What went wrong in one run can be asked again in the next."""
    first = hellos.mutations()
    assert first == hellos.mutations()
    assert len(set(first)) > hellos.MUTATIONS // 2


def test_rows_of_nist_are_read() -> None:
    """Lengths are in bits; an empty message is written as one byte; odd bits are left out."""
    text = (
        "Len = 0\nMsg = 00\nMD = aa\n\nLen = 16\nMsg = 0102\nMD = bb\n\nLen = 5\nMsg = 08\nMD = c"
    )
    assert list(vectors._rows(text)) == [("", 0, "aa"), ("0102", 0, "bb")]
    text = "Outputlen = 16\nMsg = 0a\nOutput = 0102\n"
    assert list(vectors._rows(text)) == [("0a", 2, "0102")]


def test_the_users_own_wycheproof_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the folder that the variable names come first; an invalid tag is to be missed."""
    test = {"key": "01", "msg": "02", "tag": "03", "result": "invalid"}
    data = {"testGroups": [{"tagSize": 8, "tests": [test]}]}
    (tmp_path / "hmac_sha256_test.json").write_text(json.dumps(data))
    monkeypatch.setenv(vectors.FOLDER, str(tmp_path))
    asked = vectors.keyed()
    assert asked.order["hmac_sha256_test.json"]["cases"] == [["01", "02", 1]]
    assert asked.wanted["hmac_sha256_test.json"] == [{"answer": "03", "valid": False}]
