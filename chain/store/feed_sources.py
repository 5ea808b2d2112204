"""Where a consumer's pages come from: polling, server-sent events, or daily files.

Each is an iterator over parsed pages, and None where the server says that there is nothing
new. What comes is believed by nobody before `chain.feed.follower` has verified it. Follows no
redirect, reads no more than a page can have, and ends in good time.
``tests/api/test_feed_pull.py``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from chain.errors import MalformedError
from chain.feed.event import (
    MAX_BATCH_SIZE,
    CheckpointEvent,
    FeedEvent,
    parse_batch,
    parse_event,
)
from chain.hashes import HASH_SIZE
from chain.store.files import MissingFileError
from chain.store.http import UnreachableError, check_url

PATIENCE: Final = 60.0
"""Seconds without a byte after which a server is taken for gone."""
MAX_SMALL: Final = 2**20
"""Bytes of what is not a page: a checkpoint, a tile, a problem document."""

Page = list[FeedEvent]


class FeedRefusedError(UnreachableError):
    """The server does not serve this feed to us; `status` is its answer."""

    def __init__(self, status: int, said: str) -> None:
        """Take what it said."""
        super().__init__(f"the server answers {status}: {said[:300]}")
        self.status = status


class FeedServer:
    """One server of feeds, over a connection that is kept.

    Args:
        url: where it is, without ``/v1/feeds``.
        token: sent as a bearer token; never logged.
        patience: seconds without a byte.

    Raises:
        MalformedError: *url* is none.
    """

    def __init__(self, url: str, token: str | None = None, patience: float = PATIENCE) -> None:
        check_url(url)
        self._parts = urlsplit(url.rstrip("/"))
        self._patience = patience
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._connection: HTTPConnection | None = None

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str, *, limit: int = MAX_SMALL) -> bytes:
        """Return what stands at *path*.

        Raises:
            MissingFileError: nothing does.
            FeedRefusedError: the answer is another than 200.
            UnreachableError: there is no answer, or it is longer than *limit*.
        """
        reply = self._ask(path, {})
        with self._reading():
            body = reply.read(limit + 1)
        if reply.status != HTTPStatus.OK:
            self.close()
            if reply.status == HTTPStatus.NOT_FOUND:
                raise MissingFileError(path)
            raise FeedRefusedError(reply.status, body.decode(errors="replace"))
        if len(body) > limit:
            self.close()
            raise UnreachableError(f"{path}: an answer longer than {limit} bytes")
        return body

    def lines(self, path: str, headers: Mapping[str, str]) -> Iterator[bytes]:
        """Yield the lines at *path*, as they come, without their newlines.

        Raises:
            UnreachableError: as `get`.
        """
        reply = self._ask(path, headers)
        try:
            if reply.status != HTTPStatus.OK:
                said = reply.read(MAX_SMALL).decode(errors="replace")
                raise FeedRefusedError(reply.status, said)
            with self._reading():
                while line := reply.readline(MAX_BATCH_SIZE):
                    yield line.rstrip(b"\n")
        finally:
            self.close()

    def _ask(self, path: str, headers: Mapping[str, str]) -> HTTPResponse:
        whole = self._parts.path + path
        for attempt in (1, 2):
            if self._connection is None:
                kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
                host = self._parts.hostname or ""
                self._connection = kind(host, self._parts.port, timeout=self._patience)
            try:
                self._connection.request("GET", whole, headers={**self._headers, **headers})
                return self._connection.getresponse()
            except (OSError, HTTPException) as error:
                # A kept connection may have been closed meanwhile: once more over a new one.
                self.close()
                if attempt == 2:  # noqa: PLR2004 — the second of two
                    raise UnreachableError(f"no answer ({type(error).__name__})") from None
        raise AssertionError

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn faults of reading into ours, and drop the connection."""
        try:
            yield
        except (OSError, HTTPException) as error:
            self.close()
            raise UnreachableError(f"no whole answer ({type(error).__name__})") from None


def polled(
    server: FeedServer, topic: str, origin: str, size: int, timeout: int = 0
) -> Iterator[Page | None]:
    """Yield the pages after *size* one by one, by polling; each moves the cursor on."""
    while True:
        path = f"/v1/feeds/{quote(topic)}?timeout={timeout}"
        if size:
            path += f"&lastEventId={size - 1}"
        page = parse_batch(server.get(path, limit=MAX_BATCH_SIZE), origin)
        if not page:
            yield None
            continue
        yield page
        size = _end_of(page)


def streamed(server: FeedServer, topic: str, origin: str, size: int) -> Iterator[Page | None]:
    """Yield the pages after *size* as server-sent events bring them.

    A heartbeat is None: nothing new for a while.
    """
    headers = {"Accept": "text/event-stream"}
    if size:
        headers["Last-Event-ID"] = str(size - 1)
    page: Page = []
    name = b""
    for line in server.lines(f"/v1/feeds/{quote(topic)}", headers):
        if line.startswith(b": still"):
            yield None
        elif line.startswith(b"id: "):
            name = line[4:]
        elif line.startswith(b"data: "):
            event = parse_event(line[6:], origin)
            if name != _id_of(event):
                raise MalformedError(f"feed: an event's id is not the one of its line, {name!a}")
            page.append(event)
            if isinstance(event, CheckpointEvent):
                yield page
                page = []


def _id_of(event: FeedEvent) -> bytes:
    if isinstance(event, CheckpointEvent):
        return b"size-%d" % event.size
    return b"%d" % event.index


def filed(folder: Path, topic: str, origin: str, size: int) -> Iterator[Page | None]:
    """Yield the pages after *size* from the daily files in *folder*, day by day, then None.

    Raises:
        FeedUntrueError: a file is not the one that its manifest names.
    """
    from chain.store.feed_files import read_day  # noqa: PLC0415 — Parquet is slow to import

    for manifest in sorted((folder / topic).glob("*.json")):
        for page in read_day(manifest, topic, origin, size):
            yield page
            size = max(size, _end_of(page))
    while True:
        yield None


class Fetch:
    """Fetches tiles; where a partial one is gone, the full one is cut."""

    def __init__(self, server: FeedServer) -> None:
        self._server = server

    def __call__(self, path: str) -> bytes:
        """Return the tile at *path*."""
        with suppress(MissingFileError):
            return self._server.get(f"/{path}")
        whole, _, width = path.rpartition(".p/")
        if not whole:
            raise MissingFileError(path)
        return self._server.get(f"/{whole}")[: int(width) * HASH_SIZE]


def _end_of(page: Page) -> int:
    end = page[-1]
    if not isinstance(end, CheckpointEvent):
        raise MalformedError("feed: a page ends with a checkpoint")
    return end.size
