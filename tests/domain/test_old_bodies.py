"""Bodies of every payload version, as the program wrote them, are read for ever."""

import json

import pytest

from domain.event import EVENTS, UPCASTERS, read_event
from domain.schemas import current, file_name
from tests.domain.test_schemas import faults
from tests.golden.domain.generate import BODIES, frozen

VERSIONS = sorted(frozen())
OLDER = sorted(set(VERSIONS) - set(current()))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_body_of_every_version_is_kept_and_still_read(version: str) -> None:
    path = BODIES / file_name(version)
    assert path.exists(), "run python -m tests.golden.domain.generate; or put a body of it there"
    body = path.read_bytes()
    topic, number = version.split("/")
    assert json.loads(body)["meta"]["schema"] == int(number)
    assert faults(topic, body) == []
    event = read_event("stream", 1, topic, body)
    assert type(event) is EVENTS[topic]


@pytest.mark.parametrize("version", sorted(current()))
def test_a_body_of_the_newest_version_is_spelt_as_it_was(version: str) -> None:
    body = (BODIES / file_name(version)).read_bytes()
    assert read_event("stream", 1, version.split("/", maxsplit=1)[0], body).body() == body


@pytest.mark.parametrize("version", OLDER)
def test_an_older_body_loses_nothing_on_its_way_to_the_newest_version(version: str) -> None:
    topic, number = version.split("/")
    path = BODIES / file_name(version)
    body = json.loads(path.read_bytes())
    steps = [UPCASTERS[topic, each] for each in range(int(number), EVENTS[topic].SCHEMA)]
    data = dict(body["data"])
    for step in steps:
        data = step(dict(data))
    event = read_event("stream", 1, topic, path.read_bytes())
    assert event.data() == data
    assert event.meta.command_id == body["meta"]["command_id"]
    # What it has become is good as a new event, too.
    assert faults(topic, event.body()) == []


def test_every_upcaster_leads_from_a_version_that_was_published() -> None:
    assert {f"{topic}/{number}" for topic, number in UPCASTERS} == set(OLDER)
