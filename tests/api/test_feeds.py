"""Feeds over HTTP: pages that never change, one cursor, and who may read them."""

import json
import threading
import time
import urllib.request

import pytest
from starlette.exceptions import HTTPException

from api.bootstrap import Deployment
from api.feeding import check_topic
from api.principal import ANONYMOUS, Kind, Principal
from chain.consistency import verify_consistency
from chain.feed.event import CheckpointEvent, EntryEvent, LeavesEvent, parse_batch
from chain.quorum import verify_checkpoint
from domain.errors import NotFoundError
from tests.api.feeds import AUDITOR, REGULATOR, fill, model, publish, served


def test_a_page_has_every_index_of_its_range(ledger: Deployment) -> None:
    fill(ledger, 200)
    size = publish(ledger)
    assert 512 < size < 768
    with served(ledger, REGULATOR) as client:
        reply = client.get("/v1/feeds/transactions?lastEventId=255")
    assert reply.headers["content-type"] == "application/cloudevents-batch+json"
    page = parse_batch(reply.body, ledger.origin)
    indexes = [
        index
        for each in page
        if not isinstance(each, CheckpointEvent)
        for index in range(each.first, each.index + 1)
    ]
    assert indexes == list(range(256, 512))
    shown = [(each.index, each.entry) for each in page if isinstance(each, EntryEvent)]
    assert shown == [each for each in model(ledger, "transactions", size) if 256 <= each[0] < 512]
    assert any(isinstance(each, LeavesEvent) for each in page)
    for event in json.loads(reply.body):
        assert {"id", "source", "specversion", "type"} <= event.keys()
        assert (event["source"], event["specversion"]) == (ledger.origin, "1.0")


def test_a_full_page_is_the_same_for_ever(ledger: Deployment) -> None:
    """Whatever is signed later, by whichever process, page 0 keeps its bytes."""
    fill(ledger, 60)
    first = publish(ledger)
    fill(ledger, 100, name="more")
    second = publish(ledger)
    assert first < 256 < second
    with served(ledger, AUDITOR) as client:
        before = client.get("/v1/feeds/leads")
        assert "immutable" in before.headers["cache-control"]
    fill(ledger, 300, name="much-more")
    publish(ledger)
    del ledger.__dict__["feeding"]
    with served(ledger, REGULATOR) as client:
        after = client.get("/v1/feeds/leads?lastEventId=17")
    assert after.body == before.body
    end = parse_batch(after.body, ledger.origin)[-1]
    assert isinstance(end, CheckpointEvent)
    assert verify_checkpoint(end.note, ledger.policy()).checkpoint.size == second


def test_the_newest_page_may_grow_and_an_empty_array_says_caught_up(ledger: Deployment) -> None:
    fill(ledger, 20)
    size = publish(ledger)
    with served(ledger, AUDITOR) as client:
        part = client.get("/v1/feeds/all")
        assert part.headers["cache-control"] == "no-store"
        assert client.get(f"/v1/feeds/all?lastEventId={size - 1}").body == b"[]"
        assert client.get(f"/v1/feeds/all?lastEventId=size-{size}").body == b"[]"
        fill(ledger, 5, name="more")
        assert client.get(f"/v1/feeds/all?lastEventId={size - 1}").body == b"[]", "not signed yet"
        publish(ledger)
        grown = client.get(f"/v1/feeds/all?lastEventId={size - 1}")
    old, new = (parse_batch(each.body, ledger.origin) for each in (part, grown))
    assert new[: len(old) - 1] == old[:-1]
    assert len(new) > len(old)


def test_pages_are_joined_to_each_other_by_consistency_proofs(ledger: Deployment) -> None:
    for turn in range(4):
        fill(ledger, 80, name=f"t{turn}")
        publish(ledger)
    size = ledger.feeding.pages.size()
    before = None
    with served(ledger, AUDITOR) as client:
        for number in range(size // 256):
            reply = client.get(f"/v1/feeds/identity?lastEventId=size-{number * 256}")
            end = parse_batch(reply.body, ledger.origin)[-1]
            assert isinstance(end, CheckpointEvent)
            shown = verify_checkpoint(end.note, ledger.policy()).checkpoint
            if before is None:
                assert end.consistency == ()
            else:
                verify_consistency(*before, shown.size, shown.root, end.consistency)
            before = (shown.size, shown.root)


def test_a_long_poll_answers_when_something_comes(ledger: Deployment) -> None:
    fill(ledger, 5)
    size = publish(ledger)
    ledger.publisher.close()
    fill(ledger, 5, name="more")
    with served(ledger, AUDITOR) as client:
        timer = threading.Timer(0.6, publish, [ledger])
        timer.start()
        began = time.monotonic()
        reply = client.get(f"/v1/feeds/all?lastEventId={size - 1}&timeout=20")
        took = time.monotonic() - began
        timer.join()
        assert 0.4 < took < 5
        assert len(parse_batch(reply.body, ledger.origin)) > 1
        newest = ledger.feeding.pages.size()
        began = time.monotonic()
        assert client.get(f"/v1/feeds/all?lastEventId={newest - 1}&timeout=1").body == b"[]"
        assert 0.9 < time.monotonic() - began < 5


def test_server_sent_events_are_the_same_bytes(ledger: Deployment) -> None:
    fill(ledger, 150)
    size = publish(ledger)
    with served(ledger, AUDITOR) as client:
        polled = [client.get(f"/v1/feeds/leads?lastEventId=size-{n}").body for n in (0, 256)]
        wanted = b"".join(polled)
        request = urllib.request.Request(
            client.base + "/v1/feeds/leads", headers={"Accept": "text/event-stream"}
        )
        found: list[bytes] = []
        with urllib.request.urlopen(request, timeout=20) as stream:
            while f"size-{size}".encode() not in b"".join(found[-1:]):
                line = stream.readline()
                if line.startswith(b"data: "):
                    found.append(line[6:-1])
    assert b"[" + b",".join(found) + b"]" == wanted.replace(b"][", b",")


def test_a_stream_goes_on_behind_last_event_id(ledger: Deployment) -> None:
    fill(ledger, 150)
    size = publish(ledger)
    with served(ledger, AUDITOR) as client:
        request = urllib.request.Request(
            client.base + "/v1/feeds/all",
            headers={"Accept": "text/event-stream", "Last-Event-ID": "299"},
        )
        with urllib.request.urlopen(request, timeout=20) as stream:
            ids = list(iter(stream.readline, f"id: size-{size}\n".encode()))
    names = [line for line in ids if line.startswith(b"id: ")]
    assert names == [f"id: {index}\n".encode() for index in range(300, size)]


def test_a_cursor_beyond_what_is_signed_is_said_to_be_so(ledger: Deployment) -> None:
    fill(ledger, 5)
    size = publish(ledger)
    with served(ledger, AUDITOR) as client:
        reply = client.get(f"/v1/feeds/all?lastEventId={size}")
    assert (reply.status, reply.json["code"]) == (409, "ahead_of_log")


def test_a_cursor_has_one_spelling(ledger: Deployment) -> None:
    with served(ledger, AUDITOR) as client:
        for cursor in ("-1", "01", "size-", "x", "1.0", "9" * 19, "size--1", "%C2%B2"):
            assert client.get(f"/v1/feeds/all?lastEventId={cursor}").status == 400, cursor


@pytest.mark.parametrize(
    ("who", "topic", "status"),
    [
        (ANONYMOUS, "all", 401),
        (ANONYMOUS, "nothing", 401),
        (REGULATOR, "all", 404),
        (REGULATOR, "nothing", 404),
        (REGULATOR, "leads", 200),
        (Principal(Kind.REGULATOR, "x"), "leads", 404),
        (Principal(Kind.REGULATOR, "x", scopes=frozenset({"topic:identity"})), "leads", 404),
        (Principal(Kind.OPERATOR, "x"), "all", 200),
        (AUDITOR, "all", 200),
        *(
            (Principal(each, "x"), "leads", 404)
            for each in Kind
            if each not in (Kind.AUDITOR, Kind.OPERATOR, Kind.REGULATOR, Kind.ANONYMOUS)
        ),
    ],
)
def test_who_may_read_which_topic(who: Principal, topic: str, status: int) -> None:
    if status == 200:
        check_topic(who, topic)
        return
    with pytest.raises((HTTPException, NotFoundError)) as refused:
        check_topic(who, topic)
    assert getattr(refused.value, "status_code", 404) == status


def test_every_route_of_a_feed_asks_who_it_is(ledger: Deployment) -> None:
    with served(ledger, ANONYMOUS) as client:
        assert client.get("/v1/feeds/leads").status == 401
        assert client.get("/v1/feeds/leads/files/2026-11-22.json").status == 401
        body = {"size": 1, "root": "ab" * 32}
        assert client.post("/v1/feeds/leads/receipts", body).status == 401
    with served(ledger, Principal(Kind.CONSUMER, "usr_1")) as client:
        for topic in ("leads", "nothing", "own"):
            assert client.get(f"/v1/feeds/{topic}").status == 403


def test_the_same_receipt_for_both_sides(ledger: Deployment) -> None:
    fill(ledger, 100)
    size = publish(ledger)
    root = ledger.feeding.root(size).hex()
    with served(ledger, REGULATOR) as client:
        said = {"size": size, "root": root}
        first = client.post("/v1/feeds/leads/receipts", said, "receipt-of-leads-1")
        assert (first.status, first.json["matches"], first.json["proof"]) == (201, True, None)
        publish(ledger)
        again = client.post("/v1/feeds/leads/receipts", said, "receipt-of-leads-1")
        assert again.json["index"] == first.json["index"]
        assert again.json["proof"].startswith("c2sp.org/tlog-proof@v1\n")
        other = client.post("/v1/feeds/leads/receipts", said, "receipt-of-leads-2")
        assert (other.status, other.json["code"]) == (409, "state_conflict")
        assert client.post("/v1/feeds/leads/receipts", said).status == 400
        said = {"size": 77, "root": root}
        small = client.post("/v1/feeds/leads/receipts", said, "receipt-of-leads-3")
        assert small.json["matches"] is False
        said = {"size": size + 50, "root": root}
        much = client.post("/v1/feeds/leads/receipts", said, "receipt-of-leads-4")
        assert (much.status, much.json["code"]) == (409, "ahead_of_log")
    kept = [each for each in ledger.reader.entries(size, 10_000) if each.type == "client.feed_read"]
    assert len(kept) == 2
    said = json.loads(kept[1].entry.split(b"\n")[1])["data"]
    assert said["our_root"] == ledger.feeding.root(77).hex()
    assert said["root"] == root
    assert "our_root" not in json.loads(kept[0].entry.split(b"\n")[1])["data"]
