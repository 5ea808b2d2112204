"""Every event type, its payload version and its schema are frozen in a golden file."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import topics
from domain.aggregate import Aggregate
from domain.event import UPCASTERS
from domain.identifiers import derive
from tests.golden.domain.generate import FILE, current, frozen, spelt

ROOT = Path(__file__).resolve().parents[2]
FEATURES = ROOT.parent / "shared/design/features.md"
OF_THE_LOG_ITSELF = {"index.committed"}
"""Named by the format of the log (``docs/stream-index.md``, 3), not by a feature."""


def test_the_golden_file_is_what_the_classes_say() -> None:
    assert frozen() | current() == frozen(), "run python -m tests.golden.domain.generate"
    assert FILE.read_text() == spelt(frozen())


def test_no_event_type_was_taken_away() -> None:
    missing = {name.split("/")[0] for name in frozen()} - set(topics.EVENTS)
    assert not missing, "a name in the log is for ever"


def test_every_older_payload_version_has_its_upcaster() -> None:
    for name in frozen():
        topic, version = name.split("/")
        for schema in range(int(version), topics.EVENTS[topic].SCHEMA):
            assert (topic, schema) in UPCASTERS


@pytest.mark.skipif(not FEATURES.exists(), reason="shared/design/features.md is not here")
def test_every_name_is_one_of_the_feature_table() -> None:
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", FEATURES.read_text()))
    assert set(topics.EVENTS) <= named | OF_THE_LOG_ITSELF


def test_every_event_and_aggregate_has_a_name_of_its_own() -> None:
    assert all(
        "TOPIC" in vars(cls) and vars(cls)["TOPIC"] == name for name, cls in topics.EVENTS.items()
    )
    assert len({cls.TOPIC for cls in topics.AGGREGATES.values()}) == len(topics.AGGREGATES)


def test_every_event_is_one_that_some_table_allows() -> None:
    assert set(_named_in_tables()) == set(topics.EVENTS)


def test_an_aggregate_without_a_name_is_refused() -> None:
    with pytest.raises(TypeError, match="must have a TOPIC of its own"):

        class Nameless(Aggregate):
            PREFIX = "xxx"


def test_stream_names_are_short_printable_text() -> None:
    for prefix in topics.AGGREGATES:
        name = f"{prefix}or-2010-12-01" if prefix.endswith("/") else derive(prefix, 0, "a")
        assert len(name) <= 128
        assert re.fullmatch(r"[!-~]+", name)


def _named_in_tables() -> Iterator[str]:
    for cls in topics.AGGREGATES.values():
        for table in cls.MACHINES.values():
            yield from table
