"""Row 42 of ``evidence.md``, section 9, and done-when 5: the seal breaks on one changed byte."""

import zlib
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from chain.errors import MalformedError
from chain.evidence import names
from chain.evidence.fault import Fault, Unchecked
from chain.evidence.paper.certificate import Issued
from chain.evidence.seal import check_certificate
from chain.evidence.store.press import print_certificate
from chain.evidence.store.sealing import SealKey, open_seal, seal_pdf
from chain.evidence.verification import Trust
from chain.evidence.writing import with_manifests
from tests.chain.evidence import standalone
from tests.chain.evidence.agreement import assert_agree
from tests.chain.evidence.certifying import (
    NOW,
    PAGE,
    files,
    of_events,
    printed,
    seal_key,
    seal_root,
    sealed,
)
from tests.chain.evidence.making import TRUST, Maker, report, verdicts, zipped

BUNDLE = files()[names.BUNDLE]


def code_of(pdf: bytes, roots: bytes | None = None, *, is_test_allowed: bool = True) -> str | None:
    """Return the code that *pdf* gets, None where it is verified."""
    try:
        check_certificate(pdf, BUNDLE, roots or seal_root(), is_test_allowed=is_test_allowed)
    except (Fault, Unchecked) as found:
        return found.code
    return None


def other_seal(folder: Path) -> SealKey:
    return open_seal(folder, NOW)


def test_a_good_one_is_verified() -> None:
    assert code_of(sealed()) is None


def test_one_changed_byte_anywhere_breaks_the_seal() -> None:
    """Everywhere, most closely in the signature: its own bytes are the ones not signed."""
    whole = sealed()
    place = whole.index(b"/Contents <")
    places = {
        *range(0, len(whole), 1_499),
        *range(place - 4, place + 2_400, 9),
        *range(place + 2_400, len(whole), 97),
        *range(len(whole) - 600, len(whole), 29),
    }
    unseen = []
    for at in places:
        changed = bytearray(whole)
        changed[at] ^= 1 << at % 8
        if code_of(bytes(changed)) != "seal":
            unseen.append(at)
    assert unseen == []


@pytest.mark.parametrize("end", [b"\n", b"%", b"\n%%EOF\n", b"\0" * 64])
def test_nothing_may_follow_the_seal(end: bytes) -> None:
    assert code_of(sealed() + end) == "seal"


def test_an_incremental_update_after_the_seal_breaks_it() -> None:
    writer = IncrementalPdfFileWriter(BytesIO(sealed()))
    writer.root["/PageMode"] = pdf_name("/UseNone")
    writer.update_root()  # type: ignore[no-untyped-call] # the library has none
    out = BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call] # the library has none
    assert len(out.getvalue()) > len(sealed())
    assert code_of(out.getvalue()) == "seal"


@pytest.mark.parametrize("length", [0, 5, 1_000, 100_000])
def test_a_cut_one_is_broken(length: int) -> None:
    assert code_of(sealed()[:length]) == "seal"


def test_one_that_was_never_sealed_is_broken() -> None:
    assert code_of(printed()) == "seal"


def test_the_seal_of_somebody_else_is_not_the_readers(tmp_path: Path) -> None:
    stranger = other_seal(tmp_path)
    assert code_of(seal_pdf(printed(), BUNDLE, stranger, NOW)) == "seal"


def test_the_certificate_of_another_package_has_another_manifest() -> None:
    package = of_events(1)
    pdf = print_certificate(Issued(package, PAGE, seal_key().said()))
    genuine = seal_pdf(pdf, package[names.BUNDLE], seal_key(), NOW)
    assert code_of(genuine) == "attachment"
    with pytest.raises(Unchecked):
        check_certificate(genuine, package[names.BUNDLE], None, is_test_allowed=True)


def test_a_swapped_attachment_breaks_the_seal() -> None:
    """Another stream of the same length, in the very place of the first."""
    packed = next(
        piece.split(b"\nendstream")[0]
        for piece in sealed().split(b"stream\n")[1:]
        if _unpacked(piece.split(b"\nendstream")[0]) == BUNDLE
    )
    other = zlib.compress(BUNDLE.replace(b"EV-", b"EW-"), 9)[: len(packed)].ljust(len(packed))
    assert code_of(sealed().replace(packed, other)) == "seal"


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""


def test_a_bomb_in_a_stream_is_not_inflated() -> None:
    """T9: at most `LIMITS` of memory, whatever a stream says of itself."""
    bomb = zlib.compress(bytes(200 * 2**20), 9)
    objects = (
        b"%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 2/W[1 2 1]/Root 2 0 R/Filter/FlateDecode/Length "
        + str(len(bomb)).encode()
        + b">>\nstream\n"
        + bomb
        + b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n"
    )
    assert code_of(objects) == "seal"


def test_without_roots_or_under_a_test_root_nobody_vouches() -> None:
    with pytest.raises(Unchecked, match="no_outside_roots"):
        check_certificate(sealed(), BUNDLE, None, is_test_allowed=True)
    assert code_of(sealed(), is_test_allowed=False) == "no_outside_roots"


def test_a_seal_is_judged_by_the_time_that_it_states() -> None:
    """A certificate that has ended since then has sealed well."""
    late = NOW + timedelta(days=5 * 365 - 1)
    assert code_of(seal_pdf(printed(), BUNDLE, seal_key(), late)) is None
    with pytest.raises(MalformedError, match="valid from"):
        seal_pdf(printed(), BUNDLE, seal_key(), late + timedelta(days=2))


def package(certificate: bytes) -> bytes:
    members = {n: c for n, c in files().items() if n not in names.MANIFESTS.values()}
    return zipped(with_manifests({**members, names.CERTIFICATE: certificate}))


TRUSTING = replace(
    TRUST, seal_roots=seal_root(), seal_tool=check_certificate, allow_test_authority=True
)


@pytest.mark.parametrize(
    ("certificate", "trust", "verdict", "colour"),
    [
        (sealed(), TRUSTING, ("verified", None), "yellow"),
        (sealed(), replace(TRUSTING, seal_roots=None), ("not_checked", "no_outside_roots"), None),
        (sealed(), replace(TRUSTING, seal_tool=None), ("not_checked", "needs_pdf_tool"), None),
        (sealed()[:-1], TRUSTING, ("failed", "seal"), "red"),
        (b"%PDF-1.7\n", TRUSTING, ("failed", "seal"), "red"),
    ],
)
def test_the_claim_in_a_package(
    certificate: bytes, trust: Trust, verdict: tuple[str, str | None], colour: str | None
) -> None:
    found = report(package(certificate), trust)
    assert verdicts(found)["certificate"] == verdict
    assert found["colour"] == (colour or "yellow")


def test_row_42_the_certificate_of_another_package() -> None:
    """The installed command sees it; elsewhere it is not checked, and the baseline's colour."""
    other = Maker()
    other.make()
    swapped = of_events(1)
    pdf = print_certificate(Issued(swapped, PAGE, seal_key().said()))
    foreign = package(seal_pdf(pdf, swapped[names.BUNDLE], seal_key(), NOW))
    for trust in (TRUSTING, replace(TRUSTING, seal_roots=None)):
        found = report(foreign, trust)
        assert verdicts(found)["certificate"] == ("failed", "attachment")
        assert found["colour"] == "red"
    elsewhere = standalone.report(foreign, replace(TRUST, allow_test_authority=True))
    assert verdicts(elsewhere)["certificate"] == ("not_checked", "needs_pdf_tool")
    assert elsewhere["colour"] == "yellow"
    assert_agree(report(foreign, replace(TRUSTING, seal_roots=None)), elsewhere)


def test_the_report_names_the_roots_of_seals_only_where_they_are_given() -> None:
    assert "seal_roots_sha256" not in report(package(sealed()))["anchors"]
    assert len(report(package(sealed()), TRUSTING)["anchors"]["seal_roots_sha256"]) == 64
