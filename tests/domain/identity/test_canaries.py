"""No picture, name or number is in any body of the log, in whatever spelling."""

import gzip
import json
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from domain.event import Event
from domain.identity.sandbox import Citizen
from domain.identity.store.http_parties import BANKCARD, DOCUMENT, FACE, SOURCE
from tests.domain.given import LATER, NOW
from tests.domain.identity.enrolling import ALICE, BOB, Enrolling, Loopback

CARD_PICTURE = ALICE.card_picture(LATER)
SELFIE = ALICE.selfie(9_876)
CANARIES = {
    "name": ALICE.name.encode(),
    "number": ALICE.number.encode(),
    "card": ALICE.card.encode(),
    "selfie": SELFIE,
    "card_picture": CARD_PICTURE,
    "other_name": BOB.name.encode(),
    "other_number": BOB.number.encode(),
    "other_card": BOB.card.encode(),
}


def spellings(canary: bytes) -> Iterator[bytes]:
    """Give every way in which *canary* may hide."""
    yield canary
    yield canary.hex().encode()
    yield canary.hex().upper().encode()
    yield quote(canary).encode()
    text = canary.decode()
    yield json.dumps(text)[1:-1].encode()
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield " ".join(text[start : start + 4] for start in range(0, len(text), 4)).encode()
    for encode in (b64encode, urlsafe_b64encode):
        # Where it does not begin at a group's start, all but its ends is still the same.
        for shift in range(3):
            encoded = encode(bytes(shift) + canary)
            yield encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4]
    yield zlib.compress(canary)[2:-4]
    yield gzip.compress(canary, mtime=0)[10:-8]


def found_in(bodies: bytes) -> set[str]:
    """Return the canaries that *bodies* hold."""
    return {
        name
        for name, canary in CANARIES.items()
        if any(each in bodies for each in spellings(canary) if len(each) > 5)
    }


def bodies_of(events: list[Event]) -> bytes:
    return b"\n".join(each.body() + each.originator_id.encode() for each in events)


def everything(loopback: Loopback) -> Enrolling:
    """Let every use case happen, in success and in failure."""
    world = Enrolling(loopback.parties())
    world.request()
    steps: list[tuple[str, Callable[[], object]]] = [
        (SOURCE, world.source),
        (DOCUMENT, lambda: world.document(CARD_PICTURE)),
        (FACE, lambda: world.face(SELFIE)),
        (BANKCARD, world.bankcard),
    ]
    for path, step in steps:
        with loopback.failing(path, "garbage"):
            step()
        step()
    world.decide()
    world.do("expire_identity", world.verification, LATER)
    for name, wrong in (
        ("face", lambda: world.face(BOB.selfie())),
        ("document", lambda: world.document(ALICE.card_picture(NOW))),
        ("number", lambda: world.document(ALICE.card_picture(number=f"{ALICE.number[:-2]}00"))),
        ("card", lambda: world.bankcard(Citizen(ALICE.name, ALICE.number, BOB.card))),
        ("source", lambda: None),
    ):
        world.begin(name)
        world.request()
        wrong()
    return world


def test_no_canary_is_in_any_body(loopback: Loopback) -> None:
    world = everything(loopback)
    events = world.events()
    assert len({each.TOPIC for each in events}) >= 9
    assert found_in(bodies_of(events)) == set()


@pytest.mark.parametrize("name", CANARIES)
def test_the_vault_and_nothing_else_has_name_and_number(loopback: Loopback, name: str) -> None:
    world = everything(loopback)
    kept = json.dumps([value for _, value in world.sealer.values.values()], ensure_ascii=False)
    assert (name in found_in(kept.encode())) == (name in {"name", "number"})


@pytest.mark.parametrize("name", CANARIES)
def test_a_planted_canary_is_found_in_every_spelling(name: str) -> None:
    for each in spellings(CANARIES[name]):
        if len(each) > 5:
            assert name in found_in(b'{"data":{"x":"' + each + b'"}}')


def test_a_planted_canary_is_found_inside_longer_base64() -> None:
    hidden = b64encode(b"before" + ALICE.number.encode() + b"after")
    assert found_in(hidden) == {"number"}


def test_what_is_sealed_is_sealed_for_the_account(loopback: Loopback) -> None:
    world = everything(loopback)
    assert {subject for subject, _ in world.sealer.values.values()} == {world.account.id}


def test_no_error_of_a_party_says_what_was_asked(loopback: Loopback) -> None:
    parties = loopback.parties()
    for path, mode in ((SOURCE, "garbage"), (SOURCE, "error"), (SOURCE, "down")):
        with loopback.failing(path, mode), pytest.raises(Exception, match=path) as caught:
            parties.check_name(ALICE.person(), f"canary/{mode}")
        assert found_in(str(caught.value).encode()) == set()
