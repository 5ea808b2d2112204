"""Verifying: from a container to a colour, and what the reader brings."""

import json
from dataclasses import replace

import pytest

from chain.errors import MalformedError
from chain.evidence.archive import read_archive
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.package import Package
from chain.evidence.verification import Source, Trust, verify_package
from tests.chain.evidence.making import (
    POLICY,
    TOOL,
    TRUST,
    Maker,
    golden,
    report,
    trade,
    verdicts,
    zipped,
)


def test_a_good_package_is_yellow_for_the_histories_alone() -> None:
    found = report(golden())
    assert (found["colour"], found["exit"]) == ("yellow", 3)
    unchecked = [
        each["claim"]
        for each in found["claims"]
        if each["need"] == "required" and each["verdict"] != "verified"
    ]
    assert unchecked == ["history_complete"]
    assert found["counts"]["failed"] == 0
    assert found["proves"] == ["P1", "P3", "P4", "P5", "P6"]
    assert found["does_not_prove"] == ["N1", "N2", "N3", "N4", "N5", "N6"]


def test_without_a_policy_of_the_readers_own_nothing_signed_is_verified() -> None:
    found = verdicts(report(golden(), Trust()))
    for claim in ("checkpoint_signed", "checkpoint_mldsa44", "witness_quorum", "issued"):
        assert found[claim] == ("not_checked", "only_package_keys")
    assert report(golden(), Trust())["proves"] == []


def test_a_folder_has_the_report_of_its_archive_but_for_the_archive_itself() -> None:
    files = read_archive(golden())
    folder = verify_package(Source(files=files, container="folder"), TRUST, TOOL)
    archive = report(golden())
    assert folder.pop("package") is None
    assert archive.pop("package")["size"] == len(golden())
    assert folder == archive


def test_the_report_is_a_function_of_what_goes_in() -> None:
    assert report(golden()) == report(golden())
    assert report(golden())["checked_at"] is None
    now = "2027-01-01T00:00:00.000000Z"
    assert report(golden(), replace(TRUST, now=now))["checked_at"] == now


@pytest.mark.parametrize(
    "trust",
    [
        Trust(policy=b"nonsense\n"),
        Trust(policy=b"\xff\n"),
        Trust(known=b"nonsense"),
        Trust(known_proof=b"nonsense"),
        Trust(tsa_roots=b"nonsense"),
    ],
)
def test_what_the_reader_brings_in_no_format_is_an_error_and_no_report(trust: Trust) -> None:
    with pytest.raises(MalformedError):
        report(golden(), trust)


def test_a_replayer_is_believed_about_rulings() -> None:
    def same(_: Package) -> None:
        return

    def other(_: Package) -> None:
        raise Fault("different_ruling", "entries/000000000003.txt")

    def unsure(_: Package) -> None:
        raise Unchecked("value_not_opened")

    def verdict(replayer: object) -> tuple[str, str | None]:
        trust = replace(TRUST, replayer=replayer)  # type: ignore[arg-type] # one of the three
        return verdicts(report(golden(), trust))["ruling_replayed"]

    assert verdict(same) == ("verified", None)
    assert verdict(other) == ("failed", "different_ruling")
    assert verdict(unsure) == ("not_checked", "value_not_opened")


def test_a_package_is_a_function_of_its_parts() -> None:
    one, other = Maker().make(), Maker().make()
    assert one == other


def test_nothing_changes_standing_stands_in_a_package_that_opens_nothing() -> None:
    maker = Maker(hidden=(replace(Maker().hidden[0], state="withheld", reason="privacy"),))
    maker.hidden = (*maker.hidden, *Maker().hidden[1:])
    maker.opened = ()
    data = zipped(maker.members())
    assert report(data)["colour"] == "yellow"
    for secret in (b"buyer@example.com", b"13800000000", b"110101199003070000"):
        assert secret not in data


def test_a_checkpoint_of_the_year_ten_thousand_has_no_time() -> None:
    log = trade()
    note = log.note(5, seconds=2**62)
    data = zipped(Maker(note=note).members())
    found = report(data)
    assert found["checkpoint"]["witnesses"][0] == {"name": "w1", "time": None}
    assert verdicts(found)["witness_quorum"] == ("verified", None)


def test_the_report_is_canonical_json_without_floats() -> None:
    assert json.loads(json.dumps(report(golden()))) == report(golden())
    assert POLICY
