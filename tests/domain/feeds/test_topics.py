"""Every type is in one topic for ever: a full page of a feed never changes."""

import json
from pathlib import Path

import pytest

from domain import topics
from domain.errors import NotFoundError
from domain.feeds.topics import ALL, INTERNAL, TOPICS, is_in_topic

FROZEN = Path(__file__).parents[2] / "golden" / "feeds" / "topics.json"


def current() -> dict[str, list[str]]:
    return {name: sorted(kinds) for name, kinds in {**TOPICS, "internal": INTERNAL}.items()}


def test_every_event_type_has_exactly_one_place() -> None:
    """A new type must be put into a topic, or into none on purpose, before it is recorded."""
    placed = [kind for kinds in current().values() for kind in kinds]
    assert sorted(placed) == sorted(topics.EVENTS)


def test_no_type_has_moved() -> None:
    """Add new types to the golden file; what stands there stays where it stands."""
    frozen = json.loads(FROZEN.read_text())
    for name, kinds in frozen.items():
        assert set(kinds) <= set(current()[name]), name
    assert sorted(frozen) == sorted(current())
    assert frozen == current(), "put the new types into tests/golden/feeds/topics.json"


def test_all_has_everything_and_no_other_topic_is_known() -> None:
    assert is_in_topic(ALL, "whatever.happened")
    assert is_in_topic("leads", "sanction.applied")
    assert not is_in_topic("leads", "order.placed")
    with pytest.raises(NotFoundError):
        is_in_topic("nothing", "order.placed")
