"""A3: an identity card is read, and what it says is checked: number, and date."""

import pytest

from domain.identity.parties import Document
from domain.identity.sandbox import NEVER, PICTURE, STAMP, Sandbox
from domain.identity.store.http_parties import DOCUMENT
from tests.domain.given import LATER, NOW
from tests.domain.identity.enrolling import ALICE, Enrolling, Loopback

REFUSED = ["identity.document_read", "identity.refused"]


@pytest.mark.parametrize("until", [LATER, NEVER])
def test_a3_a_good_number_on_a_card_in_force_passes(loopback: Loopback, until: str) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.document(ALICE.card_picture(until)) == ["identity.document_read"]
    read = world.last("identity.document_read")
    assert (read["verdict"], read["valid_until"], read["sandbox"]) == ("passed", until, True)
    holder = bytes.fromhex(read["holder"]["sealed"])
    assert world.sealer.values[holder][1] == {"name": ALICE.name, "number": ALICE.number}


def test_a3_each_single_altered_digit_is_refused() -> None:
    altered = [
        f"{ALICE.number[:place]}{symbol}{ALICE.number[place + 1 :]}"
        for place in range(18)
        for symbol in ("0123456789" if place < 17 else "0123456789X")
        if symbol != ALICE.number[place]
    ]
    assert len(altered) == 17 * 9 + 10
    for number in altered:
        world = Enrolling()
        world.request()
        assert world.document(ALICE.card_picture(number=number)) == REFUSED
        assert world.last("identity.document_read")["fault"] == "number"
        assert "person" not in world.last("identity.document_read")


def test_a3_an_altered_digit_is_refused_over_http_too(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    wrong = ALICE.number[:-1] + ("0" if ALICE.number[-1] != "0" else "1")
    assert world.document(ALICE.card_picture(number=wrong)) == REFUSED
    assert world.last("identity.refused")["cause"] == "document"


@pytest.mark.parametrize("until", ["2026-11-22T09:59:59Z", NOW, "1999-01-01T00:00:00Z"])
def test_a3_an_expired_card_is_refused_from_its_last_second_on(
    loopback: Loopback, until: str
) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.document(ALICE.card_picture(until)) == REFUSED
    assert world.last("identity.document_read")["fault"] == "expired"


@pytest.mark.parametrize("picture", [b"", b"\xff\xd8\xff", PICTURE, PICTURE + b'{"name":"x"}'])
def test_a3_a_picture_that_cannot_be_read_is_no_verdict_and_another_may_follow(
    loopback: Loopback, picture: bytes
) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.document(picture) == ["identity.document_read"]
    read = world.last("identity.document_read")
    assert (read["verdict"], read["fault"]) == ("pending", "unreadable")
    assert world.document() == ["identity.document_read"]
    assert world.last("identity.document_read")["verdict"] == "passed"


@pytest.mark.parametrize("until", ["", "tomorrow", "2030-01-01", "9999-12-31T00:00:00+08:00"])
def test_a3_a_reader_that_invents_a_date_is_not_trusted(until: str) -> None:
    class Inventive(Sandbox):
        def read_document(self, picture: bytes, key: str) -> Document:
            return Document(STAMP, True, ALICE.name, ALICE.number, until)  # noqa: FBT003 — readable

    world = Enrolling(Inventive())
    world.request()
    assert world.document() == ["identity.document_read"]
    assert world.last("identity.document_read")["waits"] == "untrusted"


def test_a3_a_reader_that_is_down_gives_pending(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    with loopback.failing(DOCUMENT, "slow"):
        assert world.document() == ["identity.document_read"]
    read = world.last("identity.document_read")
    assert (read["verdict"], read["waits"]) == ("pending", "slow")
