"""A2: a living face that is like enough; the log holds a salted digest, never the picture."""

from hashlib import sha256

import pytest

from domain.identity.limits import VERSION_1
from domain.identity.parties import FaceMatch
from domain.identity.person import Person
from domain.identity.sandbox import STAMP, Sandbox
from domain.identity.store.http_parties import FACE
from tests.domain.identity.enrolling import ALICE, BOB, Enrolling, Loopback

REFUSED = ["identity.face_compared", "identity.refused"]


@pytest.mark.parametrize("score", [VERSION_1.face_score, VERSION_1.face_score + 1, 10_000])
def test_a2_a_score_from_the_threshold_up_passes(loopback: Loopback, score: int) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.face(ALICE.selfie(score)) == ["identity.face_compared"]
    compared = world.last("identity.face_compared")
    assert (compared["verdict"], compared["score"]) == ("passed", score)
    assert (compared["threshold"], compared["live"]) == (VERSION_1.face_score, True)
    assert compared["sandbox"] is True


@pytest.mark.parametrize("score", [0, 1, VERSION_1.face_score - 1])
def test_a2_a_score_below_the_threshold_refuses(loopback: Loopback, score: int) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.face(ALICE.selfie(score)) == REFUSED
    assert world.last("identity.refused")["cause"] == "face"
    assert world.found.state == "refused"
    assert world.account.state == "restricted"


def test_a2_a_strangers_face_refuses(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.face(BOB.selfie(10_000)) == REFUSED
    assert world.last("identity.refused")["cause"] == "face"


def test_a2_a_picture_of_a_picture_refuses_however_like_it_is(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.face(ALICE.selfie(10_000, live=False)) == REFUSED
    assert world.last("identity.refused")["cause"] == "liveness"


def test_a2_what_is_no_picture_refuses(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    assert world.face(b"\xff\xd8\xff\xe0 no face") == REFUSED


@pytest.mark.parametrize("score", [-1, 10_001])
def test_a2_a_score_off_the_scale_is_no_answer(score: int) -> None:
    class Absurd(Sandbox):
        def compare_face(self, person: Person, picture: bytes, key: str) -> FaceMatch:
            return FaceMatch(STAMP, live=True, score=score)

    world = Enrolling(Absurd())
    world.request()
    assert world.face() == ["identity.face_compared"]
    compared = world.last("identity.face_compared")
    assert (compared["verdict"], compared["waits"]) == ("pending", "untrusted")


def test_a2_the_log_holds_a_salted_digest_and_never_the_picture(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    picture = ALICE.selfie()
    world.face(picture)
    reference = world.last("identity.face_compared")["image"]["sealed"]
    plain = sha256(picture).hexdigest()
    assert world.sealer.values[bytes.fromhex(reference)][1] == {"sha256": plain}
    assert reference != plain
    bodies = b"".join(each.body() for each in world.events())
    assert plain.encode() not in bodies
    assert picture not in bodies


def test_a2_the_same_picture_twice_has_two_digests(loopback: Loopback) -> None:
    digests = set()
    for _ in range(2):
        world = Enrolling(loopback.parties())
        world.request()
        world.face()
        digests.add(world.last("identity.face_compared")["image"]["sealed"])
    assert len(digests) == 2


def test_a2_a_comparison_that_is_down_gives_pending(loopback: Loopback) -> None:
    world = Enrolling(loopback.parties())
    world.request()
    with loopback.failing(FACE, "down"):
        assert world.face() == ["identity.face_compared"]
    compared = world.last("identity.face_compared")
    assert (compared["verdict"], compared["waits"]) == ("pending", "down")
    assert "score" not in compared
