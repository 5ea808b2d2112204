"""The published schemas: deterministic, frozen, and true of what the program writes."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chain.canonical import parse
from chain.errors import MalformedError
from domain.event import EVENTS, Event, read_event
from domain.schemas import FORMAT, INDEX, current, file_name, published
from domain.store.superseded import read_superseded
from tests.golden.domain.generate import BODIES, SCHEMAS, frozen, recorded

FILES = published(read_superseded())
VALIDATORS = {
    name.removesuffix(".json"): Draft202012Validator(json.loads(data))
    for name, data in FILES.items()
    if name != INDEX
}


def faults(topic: str, body: bytes) -> list[str]:
    """Return what the published schema of the body's own version says against it."""
    read = json.loads(body)
    validator = VALIDATORS[f"{topic}-{read['meta']['schema']}"]
    return [error.message for error in validator.iter_errors(read)]


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(recorded())


def test_two_runs_publish_the_same_bytes() -> None:
    assert published(read_superseded()) == FILES
    assert published(dict(reversed(read_superseded().items()))) == FILES


def test_what_is_published_is_what_is_frozen_and_nothing_was_taken_away() -> None:
    golden = {path.name: path.read_bytes() for path in SCHEMAS.iterdir()}
    files = {name: data for name, data in FILES.items() if name != INDEX}
    assert files == golden, "run python -m tests.golden.domain.generate"
    assert {file_name(each) for each in frozen()} == set(golden)


def test_every_file_is_a_schema_of_the_draft_that_it_names() -> None:
    for name, data in FILES.items():
        if name != INDEX:
            schema = json.loads(data)
            assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
            Draft202012Validator.check_schema(schema)


def test_the_index_names_every_version_with_its_digest() -> None:
    index = json.loads(FILES[INDEX])
    assert index["format"] == FORMAT
    assert set(index["types"]) == set(EVENTS)
    listed = [each for entry in index["types"].values() for each in entry["versions"]]
    assert {each["file"] for each in listed} == set(FILES) - {INDEX}
    assert all(each["sha256"] == sha256(FILES[each["file"]]).hexdigest() for each in listed)
    for topic, entry in index["types"].items():
        assert entry["current"] == EVENTS[topic].SCHEMA
        # No version between the first and the newest is missing.
        assert [each["schema"] for each in entry["versions"]] == list(
            range(1, entry["current"] + 1)
        )


def test_every_event_of_the_market_is_as_its_schema_says(events: list[Event]) -> None:
    found = {}
    for each in events:
        body = each.body()
        assert faults(each.TOPIC, body) == [], each.TOPIC
        found[each.TOPIC] = body
    assert len(found) > 80


def changed(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give *data* with each member of it left out or of another kind, and one too many."""
    yield data | {"surplus": 1}
    for name, value in data.items():
        yield {key: kept for key, kept in data.items() if key != name}
        yield data | {name: [value, 0.5]}


def test_what_the_schema_refuses_the_program_refuses_and_the_other_way_round() -> None:
    for version in sorted(current()):
        topic, number = version.split("/")
        body = json.loads((BODIES / file_name(version)).read_bytes())
        for data in changed(body["data"]):
            altered = spelt(body | {"data": data})
            is_valid = faults(topic, altered) == []
            assert is_valid == is_read(topic, altered), (topic, number, data)


def spelt(body: dict[str, Any]) -> bytes:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="surrogatepass")


def is_read(topic: str, body: bytes) -> bool:
    try:
        read_event("s", 1, topic, body)
    except MalformedError:
        return False
    return True


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_value_swapped_for_another_is_judged_alike_by_schema_and_program(
    data: st.DataObject,
) -> None:
    version = data.draw(st.sampled_from(sorted(current())))
    body = json.loads((BODIES / file_name(version)).read_bytes())
    if not body["data"]:
        return
    name = data.draw(st.sampled_from(sorted(body["data"])))
    scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8)
    body["data"][name] = data.draw(scalars | st.lists(scalars, max_size=2))
    altered, topic = spelt(body), version.split("/")[0]
    try:
        parse(altered)
    except MalformedError:
        return  # no canonical JSON: no schema is asked
    assert (faults(topic, altered) == []) == is_read(topic, altered)
