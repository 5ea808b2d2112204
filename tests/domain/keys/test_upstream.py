"""What the operator says of a key, recorded as it came."""

import pytest

from domain.errors import IllegalTransitionError, NotFoundError, ReasonMissingError
from domain.keys.upstream import Answer
from tests.domain.given import NOW, World, identifier


def test_an_answer_is_an_event_of_the_key() -> None:
    world = World()
    key = world.stocked()[0]
    answer = Answer("operator", "used", ("revoked",), NOW, sandbox=True)
    assert world.do("check_upstream", key, answer) == ["key.upstream_checked"]
    assert world.events()[-1].data() == {
        "operator": "operator",
        "state": "used",
        "findings": ["revoked"],
        "first_used_at": NOW,
        "sandbox": True,
    }


@pytest.mark.parametrize("state", ["unused", "unknown"])
def test_an_unused_key_has_no_first_use(state: str) -> None:
    world = World()
    key = world.stocked()[0]
    with pytest.raises(ReasonMissingError):
        world.do("check_upstream", key, Answer("operator", state, first_used_at=NOW))  # type: ignore[arg-type]


def test_a_dead_or_unknown_key_is_not_asked_about() -> None:
    world = World()
    key = world.stocked()[0]
    with pytest.raises(NotFoundError):
        world.do("check_upstream", identifier("key", "x"), Answer("operator", "unused"))
    world.do("unlist_key", key)
    world.do("void_key", key)
    with pytest.raises(IllegalTransitionError):
        world.do("check_upstream", key, Answer("operator", "unused"))
