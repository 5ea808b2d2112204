"""B1: documents by digest; a missing mandatory one is refused with the list of all that is."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import MalformedError, VerificationError
from chain.store.master_key import FileMasterKey, create_master_key
from domain.errors import DocumentsMissingError, IllegalTransitionError, NotFoundError
from domain.qualification.admission import Request
from domain.qualification.categories import VERSION_1
from domain.qualification.documents import MAX_DOCUMENT_SIZE, Paper, check_complete, file_papers
from domain.qualification.store.documents import DocumentFolder
from tests.domain.given import LATER, MERCHANT, NOW
from tests.domain.qualification.applying import (
    ANN,
    GOODS,
    SELLER,
    Applying,
    digests,
    paper,
    papers,
)


@pytest.fixture
def folder(tmp_path: Path) -> DocumentFolder:
    create_master_key(tmp_path, os.urandom)
    return DocumentFolder(tmp_path / "docs", FileMasterKey(tmp_path, os.urandom), os.urandom)


def files(root: Path) -> Iterator[Path]:
    return (each for each in (root / "docs").rglob("*") if each.is_file())


def test_b1_stored_digests_equal_the_files_downloaded_again(folder: DocumentFolder) -> None:
    world = Applying(folder)
    assert world.submit() == ["qualification.submitted"]
    filed = world.last("qualification.submitted")["documents"]
    assert len(filed) == 3
    for each, brought in zip(filed, papers(), strict=True):
        again = folder.get(each["sha256"])
        assert again == brought.content
        assert sha256(again).hexdigest() == each["sha256"]
        assert each["size"] == len(again)


def test_b1_everything_that_is_missing_is_named_at_once() -> None:
    world = Applying()
    with pytest.raises(DocumentsMissingError) as caught:
        world.submit([])
    assert caught.value.missing == (
        "business_licence",
        "game_card: authorisation_letter",
        "game_card: source_proof",
    )
    assert world.topics() == []


@pytest.mark.parametrize("category", sorted(VERSION_1.demands))
def test_b1_each_category_asks_for_its_own_and_no_paper_can_be_left_out(category: str) -> None:
    whole = papers(category)
    store = Applying().store
    check_complete([category], file_papers(whole, store, VERSION_1), NOW, VERSION_1)
    for left_out in whole:
        rest = [each for each in whole if each is not left_out]
        with pytest.raises(DocumentsMissingError) as caught:
            check_complete([category], file_papers(rest, store, VERSION_1), NOW, VERSION_1)
        named = f"{category}: {left_out.kind}" if left_out.category else left_out.kind
        assert caught.value.missing == (named,)


def test_b1_a_letter_for_one_category_is_none_for_another() -> None:
    world = Applying()
    request = Request(MERCHANT, ("game_card", "software"), papers())
    with pytest.raises(DocumentsMissingError) as caught:
        world.by(SELLER, "submit_qualification", request, world.store, NOW)
    assert caught.value.missing == ("software: authorisation_letter", "software: source_proof")


def test_b1_a_document_that_has_ended_is_missing() -> None:
    world = Applying()
    with pytest.raises(DocumentsMissingError, match="business_licence"):
        world.submit(papers(licence_until=NOW))
    assert world.submit(papers(licence_until=LATER)) == ["qualification.submitted"]


def test_b1_a_document_that_ends_while_it_waits_stops_the_approval() -> None:
    world = Applying()
    world.verified()
    shown = papers(licence_until=LATER)
    world.submit(shown)
    world.review(read=digests(shown))
    with pytest.raises(DocumentsMissingError, match="business_licence"):
        world.approve(read=digests(shown), at=LATER)


@pytest.mark.parametrize(
    "bad",
    [
        Paper("business_licence", b""),
        Paper("business_licence", bytes(MAX_DOCUMENT_SIZE + 1)),
        Paper("source_proof", b"x", "no_such_thing"),
    ],
    ids=["empty", "too large", "unknown category"],
)
def test_b1_what_is_no_document_is_malformed_and_kept_nowhere(
    bad: Paper, folder: DocumentFolder, tmp_path: Path
) -> None:
    world = Applying(folder)
    with pytest.raises(MalformedError):
        world.submit([bad, *papers()])
    assert (world.topics(), list(files(tmp_path))) == ([], [])


@pytest.mark.parametrize("categories", [(), (GOODS, GOODS), ("Game Card",), ("weapons",)])
def test_b1_only_known_categories_can_be_asked_for(categories: tuple[str, ...]) -> None:
    world = Applying()
    with pytest.raises(MalformedError):
        world.by(
            SELLER,
            "submit_qualification",
            Request(MERCHANT, categories, papers()),
            world.store,
            NOW,
        )


def test_b1_nothing_is_submitted_twice_at_once() -> None:
    world = Applying()
    world.submit()
    with pytest.raises(IllegalTransitionError):
        world.submit()


def test_b1_after_a_rejection_the_merchant_may_submit_anew() -> None:
    world = Applying()
    world.submit()
    world.by(ANN, "reject_qualification", MERCHANT, "the letter is a copy", NOW)
    better = (*papers(), paper("trade_certificate"))
    assert world.submit(better) == ["qualification.submitted"]
    assert len(world.qualification.documents) == 4


def test_b1_no_content_stands_in_the_log() -> None:
    world = Applying()
    world.submit()
    log = b"".join(each.body() for each in world.events())
    assert not any(each.content in log for each in papers())


def test_b1_the_folder_shows_nothing_of_a_document(folder: DocumentFolder, tmp_path: Path) -> None:
    content = b"A licence that names somebody. " * 40
    folder.put(content)
    kept = b"".join(each.read_bytes() for each in files(tmp_path))
    assert kept
    assert content[:31] not in kept


def test_b1_the_same_document_twice_is_one_file(folder: DocumentFolder, tmp_path: Path) -> None:
    one = folder.put(b"licence")
    before = {each: each.read_bytes() for each in files(tmp_path)}
    assert folder.put(b"licence") == one
    assert {each: each.read_bytes() for each in files(tmp_path)} == before


def test_b1_the_same_document_at_once_by_many_is_one_file(
    folder: DocumentFolder, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests_found = set(pool.map(folder.put, [b"licence" * 1_000] * 32))
    (digest,) = digests_found
    assert folder.get(digest) == b"licence" * 1_000
    assert len(list(files(tmp_path))) == 1


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_b1_any_flipped_bit_of_a_file_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    home = tmp_path_factory.mktemp("flipped")
    create_master_key(home, os.urandom)
    folder = DocumentFolder(home / "docs", FileMasterKey(home, os.urandom), os.urandom)
    digest = folder.put(b"licence")
    (path,) = files(home)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1 << bit
    path.write_bytes(data)
    with pytest.raises(VerificationError):
        folder.get(digest)


@pytest.mark.parametrize("left", [0, 1, 2, 30, 80])
def test_b1_a_file_that_was_cut_is_noticed(
    folder: DocumentFolder, tmp_path: Path, left: int
) -> None:
    digest = folder.put(b"licence")
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(VerificationError):
        folder.get(digest)


def test_b1_a_file_in_the_place_of_another_does_not_open(
    folder: DocumentFolder, tmp_path: Path
) -> None:
    one, other = folder.put(b"one"), folder.put(b"other")
    places = {each.name: each for each in files(tmp_path)}
    places[one].write_bytes(places[other].read_bytes())
    with pytest.raises(VerificationError):
        folder.get(one)


@pytest.mark.parametrize("digest", ["0" * 64, "", "../../keys/vault-master.key", "A" * 64])
def test_b1_a_document_that_is_not_there_is_said_to_be_missing(
    folder: DocumentFolder, digest: str
) -> None:
    with pytest.raises(NotFoundError):
        folder.get(digest)
