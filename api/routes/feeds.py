"""Feeds: the log by topic, for those who must miss nothing (``evidence.md``, 10.3).

One cursor, the log index, in every way of reading. A page is a CloudEvents batch of a fixed
range of 256 indexes; a full one never changes. ``docs/feeds.md`` is for whoever writes a
consumer, ``docs/asyncapi.yaml`` for its tools. ``tests/api/test_feeds.py``.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from time import monotonic
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.bootstrap import Deployment
from api.commands import Recorded, Task, Who, command_route
from api.feeding import Answer, check_topic, owner_of
from api.numbers import SPELT
from api.stating import Body
from chain.canonical import MAX_INTEGER
from chain.errors import ChainError
from chain.feed.event import batch_bytes, read_cursor
from chain.store.files import MissingFileError
from domain.feeds.reading import Reading

logger = logging.getLogger(__name__)

BATCH: Final = "application/cloudevents-batch+json"
STREAM: Final = "text/event-stream"
FOR_EVER: Final = {"Cache-Control": "private, max-age=31536000, immutable", "Vary": "Accept"}
NOT_AT_ALL: Final = {"Cache-Control": "no-store", "Vary": "Accept"}
MAX_TIMEOUT: Final = 30
LOOK_EVERY: Final = 0.2
"""Seconds between two looks for news while somebody waits."""
HEARTBEAT: Final = 10.0
"""Seconds of silence after which a stream says that it lives."""

Look = Callable[[int], Answer]
"""Returns the page after a size."""

Topic = Annotated[str, Path(pattern=r"^[a-z]{1,32}$")]
Day = Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
FILE_TYPES: Final = {"json": "application/json", "parquet": "application/vnd.apache.parquet"}
Cursor = Annotated[
    str | None,
    Query(alias="lastEventId", max_length=32, description="The id of the last event you have."),
]
Timeout = Annotated[
    int, Query(ge=0, le=MAX_TIMEOUT, description="Seconds to wait for something new."), SPELT
]


class NewReceipt(Body):
    """What a consumer computed of its own tree."""

    size: int = Field(ge=1, le=MAX_INTEGER, strict=True, description="Entries in its tree.")
    root: str = Field(pattern=r"^[0-9a-f]{64}$", description="Root of its tree, in hex.")


def feed_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of feeds."""
    router = APIRouter(prefix="/v1/feeds", tags=["feeds"])
    feeding = ledger.feeding

    @router.get(
        "/{topic}",
        operation_id="feeds_read",
        response_class=Response,
        responses={200: {"content": {BATCH: {}, STREAM: {}}}},
    )
    async def read_feed(
        request: Request,
        topic: Topic,
        who: Who,
        last: Cursor = None,
        timeout: Timeout = 0,  # noqa: ASYNC109 — the caller's own wish, in its query
        resumed: Annotated[str | None, Header(alias="Last-Event-ID", max_length=32)] = None,
    ) -> Response:
        """Return the page after the cursor, whole; an empty array says that you are caught up.

        With ``Accept: text/event-stream`` the same events come one by one, for as long as you
        listen.
        """
        check_topic(who, topic)
        if STREAM in request.headers.get("accept", ""):
            size = 0 if (resumed or last) is None else read_cursor(resumed or last or "")
            look = partial(feeding.after, topic, owner=owner_of(who))
            first = await run_in_threadpool(look, size)
            events = stream(request, look, size, first)
            return StreamingResponse(events, media_type=STREAM, headers=NOT_AT_ALL)
        size = 0 if last is None else read_cursor(last)
        look = partial(feeding.after, topic, owner=owner_of(who))
        answer = await wait_for(request, look, size, timeout)
        headers = FOR_EVER if answer.is_full else NOT_AT_ALL
        return Response(batch_bytes(answer.events), media_type=BATCH, headers=headers)

    @router.get("/{topic}/files/{day}.{kind}", operation_id="feeds_file", response_class=Response)
    def read_file(
        topic: Topic, day: Day, kind: Literal["json", "parquet"], who: Who
    ) -> FileResponse:
        """Return a day's events as Parquet, or the manifest that vouches for them."""
        check_topic(who, topic)
        path = ledger.home / "feeds" / topic / f"{day}.{kind}"
        # The manifest comes last: a file without one is still being written.
        if not path.with_suffix(".json").exists() or not path.exists():
            raise MissingFileError(f"feeds/{topic}/{day}.{kind}")
        return FileResponse(path, media_type=FILE_TYPES[kind], headers=FOR_EVER)

    _receipt_route(router, ledger)
    return router


def _receipt_route(router: APIRouter, ledger: Deployment) -> None:
    feeding = ledger.feeding

    @command_route(router, "/{topic}/receipts", answer=_noted, operation_id="feeds_receipt")
    def note_read(topic: Topic, body: NewReceipt, who: Who) -> Task:
        """Take the root that you computed; the answer names the entry that both sides keep.

        A reading is put on record once: the same one under another key is 409, and so derive
        the key from what you computed. ``proof`` is null until the entry is published, and is
        shown to the same key for ten minutes; ``proof_url`` has it for ever.
        """
        check_topic(who, topic)
        our_root = feeding.root(body.size).hex()
        reader = who.client or who.subject
        reading = Reading(topic, body.size, body.root, reader, who.kind.value)
        if our_root != body.root:
            logger.error("a feed reader's root differs from ours at size %d", body.size)
        return Task(
            lambda command: ledger.trade.note_feed_read(command, reading, our_root),
            reader,
            shown=lambda done: {"proof": proof_of(ledger, done.facts[0].index)},
        )


async def wait_for(request: Request, look: Look, size: int, seconds: float) -> Answer:
    """Return the page after *size*, waiting at most *seconds* for one."""
    end = monotonic() + seconds
    while True:
        answer = await run_in_threadpool(look, size)
        rest = end - monotonic()
        if answer.events or rest <= 0 or await request.is_disconnected():
            return answer
        await asyncio.sleep(min(LOOK_EVERY, rest))


async def stream(request: Request, look: Look, size: int, answer: Answer) -> AsyncIterator[bytes]:
    """Yield server-sent events after *size*, as long as somebody listens.

    Every event stands with its id, so that a consumer which reconnects goes on behind it. What
    ends the feed on our side ends the stream: the consumer comes back, and is told then.
    """
    silent_since = monotonic()
    yield b": xiyou feed\nretry: 2000\n\n"
    while not await request.is_disconnected():
        if answer.events:
            ids = [event_id(each) for each in answer.events]
            fresh = [
                b"id: %b\ndata: %b\n\n" % (name, event)
                for name, event in zip(ids, answer.events, strict=True)
                # A page is made whole; of one that has grown only the new part is sent.
                if read_cursor(name.decode()) > size
            ]
            yield b"".join(fresh)
            size, silent_since = read_cursor(ids[-1].decode()), monotonic()
        elif monotonic() - silent_since > HEARTBEAT:
            yield b": still here\n\n"
            silent_since = monotonic()
        else:
            await asyncio.sleep(LOOK_EVERY)
        try:
            answer = await run_in_threadpool(look, size)
        except ChainError:
            logger.exception("a feed's stream ended")
            return


def event_id(event: bytes) -> bytes:
    """Return the id of a spelt event."""
    # ``"id"`` stands behind ``data``, whose text is escaped: no quote is free in it.
    start = event.rindex(b',"id":"') + 7
    return event[start : event.index(b'"', start)]


def _noted(done: Recorded) -> dict[str, Any]:
    read = done.one("client.feed_read")
    our_root = read.data.get("our_root", read.data["root"])
    return {
        "matches": our_root == read.data["root"],
        "our_root": our_root,
        "proof_url": f"/v1/log/proofs/{read.index}",
        **done.receipt(),
    }


def proof_of(ledger: Deployment, index: int) -> str | None:
    """Return the tlog-proof of the entry, None where it is not published yet."""
    try:
        return ledger.prover.prove(index).decode()
    except ChainError:
        return None
