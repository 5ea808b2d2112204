"""A log that is served as feeds, and consumers of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from api.app import create_app
from api.bootstrap import Deployment
from api.principal import Kind, Principal
from chain.feed.event import EntryEvent, parse_event
from chain.store.feed_consumer import SINK, STATE, FeedConsumer
from chain.store.feed_sources import FeedServer, polled, streamed
from chain.store.reader import LogReader
from domain.feeds.topics import TOPICS, is_in_topic
from scripts.feed import opener
from tests.api.asking import Client, known, serving
from tests.chain.store.writing import Command, Event, write

AUDITOR = Principal(Kind.AUDITOR, "aud-1")
REGULATOR = Principal(Kind.REGULATOR, "reg-1", scopes=frozenset(f"topic:{each}" for each in TOPICS))
TYPES = (
    *("order.placed", "order.paid", "key.sold", "identity.verified", "sanction.applied"),
    *("dispute.opened", "key.rewrapped", "key.rewrapped"),
)


def fill(ledger: Deployment, count: int, seed: int = 7, *, name: str = "cmd") -> None:
    """Append *count* commands of 1 to 5 events of many types; nothing is published."""
    random = Random(f"{seed}{name}")
    kinds = [[random.choice(TYPES) for _ in range(random.randint(1, 5))] for _ in range(count)]
    write(
        ledger.database,
        [
            Command(
                f"{name}-{seed}-{n}",
                [Event(f"ord_{random.randrange(40)}", kind, {"n": n}) for kind in found],
            )
            for n, found in enumerate(kinds)
        ],
    )


def publish(ledger: Deployment) -> int:
    """Sign what is there; return its size."""
    shown = ledger.publisher.publish_once()
    return ledger.feeding.pages.size() if shown is None else shown.size


@contextmanager
def served(ledger: Deployment, who: Principal) -> Iterator[Client]:
    """Serve *ledger* to *who*."""
    with serving(known(create_app(ledger), lambda: who)) as client:
        yield client


def model(ledger: Deployment, topic: str, size: int) -> list[tuple[int, bytes]]:
    """Return index and entry of everything in *topic*, read straight from the database."""
    return [
        (each.leaf_index, each.entry)
        for each in LogReader(ledger.database).entries(0, size)
        if is_in_topic(topic, each.type)
    ]


def sunk(folder: Path, origin: str) -> list[tuple[int, bytes]]:
    """Return index and entry of what stands in a consumer's sink."""
    found = []
    for line in (folder / SINK).read_bytes().splitlines():
        event = parse_event(line, origin)
        assert isinstance(event, EntryEvent)
        found.append((event.index, event.entry))
    return found


def pull(
    base: str, topic: str, folder: Path, ledger: Deployment, *, sse: bool = False
) -> FeedConsumer:
    """Follow *topic* until it is caught up."""
    policy = ledger.policy()
    server = FeedServer(base)
    with FeedConsumer(folder, topic, ledger.origin, opener(policy)) as consumer:
        size = ledger.feeding.pages.size()
        source = (
            streamed(server, topic, ledger.origin, consumer.size)
            if sse
            else polled(server, topic, ledger.origin, consumer.size)
        )
        for count in consumer.pull(source, together=1 if sse else None):
            if count < 0 or consumer.size >= size:
                break
    server.close()
    return consumer


def later(days: int = 30) -> datetime:
    """Return a moment after everything that `fill` writes."""
    return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(days=days)


__all__ = ["STATE"]
