"""F6: each time stamp's token is on record by its digest, once a checkpoint."""

from dataclasses import replace

import pytest

from domain.errors import IllegalTransitionError
from domain.evidence.anchoring import Token
from tests.domain.given import NOW, World

TOKEN = Token(40_023, "ab" * 32, "cd" * 32, "CN=stamps,O=TEST ONLY", NOW, sandbox=True)


def test_f6_a_tokens_digest_is_recorded_with_what_it_dates() -> None:
    world = World()
    assert not world.trade.is_anchored(40_023)
    assert world.do("anchor_checkpoint", TOKEN) == ["evidence.anchored"]
    [event] = world.events()
    assert event.originator_id == "stamp/000000040023"
    assert event.data() == {
        "checkpoint_size": 40_023,
        "checkpoint_sha256": "ab" * 32,
        "token_sha256": "cd" * 32,
        "authority": "CN=stamps,O=TEST ONLY",
        "stamped_at": NOW,
        "sandbox": True,
    }
    assert world.trade.is_anchored(40_023)


def test_f6_no_other_token_takes_the_place_of_the_one_on_record() -> None:
    world = World()
    world.do("anchor_checkpoint", TOKEN)
    with pytest.raises(IllegalTransitionError):
        world.do("anchor_checkpoint", replace(TOKEN, token_sha256="ef" * 32))
    world.do("anchor_checkpoint", replace(TOKEN, checkpoint_size=40_024, sandbox=None))
    assert world.size() == 2
