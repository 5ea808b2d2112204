"""Feeds of one's own: a merchant's or a client's events alone, numbered without a gap."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.bootstrap import Deployment
from api.principal import Kind, Principal
from chain.feed.event import parse_event
from chain.feed.follower import FeedUntrueError
from chain.feed.own import read_own_page
from tests.api.asking import Client
from tests.api.feeds import publish, served
from tests.chain.store.writing import Command, Event, write

A = Principal(Kind.MERCHANT, "M-a")
B = Principal(Kind.MERCHANT, "M-b")
SUB = "01h455vb4pex5vsknk084sn02q"


def trade(ledger: Deployment, first: int, count: int) -> None:
    """Orders of two merchants in turns, a dispute of each, and journals that name both."""

    def events(n: int) -> Iterator[Event]:
        merchant = "M-a" if n % 2 else "M-b"
        order = f"ord_{n:026}"
        yield Event(order, "order.placed", {"merchant": merchant})
        yield Event(order, "order.paid", {})
        yield Event(f"dsp_{n:026}", "dispute.opened", {"order": order})
        yield Event(f"dsp_{n:026}", "dispute.withdrawn", {})
        yield Event("journal/fees", "ledger.posted", {"merchant": merchant, "n": n})
        yield Event("journal/fees", "ledger.posted", {"n": n})

    commands = [Command(f"c-{n}", list(events(n))) for n in range(first, first + count)]
    write(ledger.database, commands)


def follow(client: Client, origin: str, cursor: int = 0) -> tuple[list[tuple[int, str]], int]:
    """Return number and stream of everything after *cursor*."""
    found: list[tuple[int, str]] = []
    number = counter = 0
    while True:
        path = "/v1/feeds/own" + (f"?lastEventId=size-{cursor}" if cursor else "")
        reply = client.get(path)
        assert reply.status == 200
        if reply.body == b"[]":
            return found, counter
        events, counter = read_own_page(reply.body, origin, number)
        for each in events:
            assert each.number == number
            number += 1
            found.append((each.number, stream_of(each.to_bytes(origin))))
        cursor = int(reply.body.rpartition(b'"id":"size-')[2].partition(b'"')[0])


def stream_of(data: bytes) -> str:
    import json  # noqa: PLC0415 — one look into one event

    members: dict[str, Any] = json.loads(data)
    return str(members["subject"])


def test_each_gets_its_own_alone_and_every_one(ledger: Deployment) -> None:
    trade(ledger, 0, 130)
    publish(ledger)
    trade(ledger, 130, 30)
    publish(ledger)
    for who, odd in ((A, 1), (B, 0)):
        with served(ledger, who) as client:
            found, counter = follow(client, ledger.origin)
        wanted = []
        for n in range(160):
            if n % 2 == odd:
                wanted += [f"ord_{n:026}"] * 2 + [f"dsp_{n:026}"] * 2 + ["journal/fees"]
        assert [stream for _, stream in found] == wanted
        assert counter == len(wanted) == 400
    with served(ledger, Principal(Kind.MERCHANT, "M-c")) as client:
        assert client.get("/v1/feeds/own").body == b"[]"


def test_a_full_page_of_ones_own_never_changes(ledger: Deployment) -> None:
    trade(ledger, 0, 110)
    publish(ledger)
    with served(ledger, A) as client:
        before = client.get("/v1/feeds/own")
        assert "immutable" in before.headers["cache-control"]
        trade(ledger, 110, 50)
        publish(ledger)
        assert client.get("/v1/feeds/own").body == before.body
    with ledger.database.connection() as connection:
        assert connection.execute("SELECT size FROM feed_mark").fetchone() == (960,)


def test_a_gap_shows_by_the_counter(ledger: Deployment) -> None:
    trade(ledger, 0, 6)
    publish(ledger)
    with served(ledger, A) as client:
        body = client.get("/v1/feeds/own").body
    events, counter = read_own_page(body, ledger.origin, 0)
    spelt = body[1:-1].split(b',{"data"')
    for place in range(len(events)):
        left = [*spelt[:place], *spelt[place + 1 :]]
        hidden = b',{"data"'.join(left).removeprefix(b",")
        hidden = hidden if hidden.startswith(b'{"data"') else b'{"data"' + hidden
        with pytest.raises(FeedUntrueError, match="hidden"):
            read_own_page(b"[" + hidden + b"]", ledger.origin, 0)
    assert counter == len(events)


def test_an_event_of_ones_own_is_the_same_event_with_its_number(ledger: Deployment) -> None:
    trade(ledger, 0, 3)
    publish(ledger)
    with served(ledger, A) as client:
        events, _ = read_own_page(client.get("/v1/feeds/own").body, ledger.origin, 0)
    with served(ledger, Principal(Kind.AUDITOR, "aud")) as client:
        whole = client.get("/v1/feeds/all").body
    for each in events:
        spelt = each.event.to_bytes(ledger.origin)
        assert spelt in whole
        assert parse_event(spelt, ledger.origin) == each.event
