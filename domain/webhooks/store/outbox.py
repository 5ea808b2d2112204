"""The outbox: what every endpoint is still to be told, in order a stream.

A row is made from the owner's feed and sent until it is taken, at the times of the schedule;
a later row of the same stream waits for it, one of another stream does not. What is true if the
process dies: between sending and writing down, the same message goes out once more with the
same id; nothing is lost. ``tests/api/test_f19_receiver_down.py``.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from chain.entry import Entry
from chain.store.database import Database
from chain.store.feed_subjects import SubjectFeeds
from domain.webhooks.address import InwardAddressError
from domain.webhooks.message import body_of, message_id
from domain.webhooks.schedule import is_gone, is_taken, wait_after
from domain.webhooks.signing import HmacKey, SigningKey, derived, headers_of
from domain.webhooks.store.sender import Sender

TOGETHER: Final = 256
OVERLAP: Final = timedelta(hours=24)
"""After a rotation: both the old keys and the new sign."""


_HEADS: Final = (
    "FROM webhook_outbox o JOIN webhooks w ON w.id = o.webhook"
    " WHERE o.state = 'waiting' AND w.state = 'on'"
    " AND NOT EXISTS (SELECT FROM webhook_outbox b WHERE b.webhook = o.webhook"
    " AND b.stream = o.stream AND b.state = 'waiting' AND b.number < o.number)"
)
"""The first of each stream that waits: what stands behind it is not due, whatever its time."""


class Endpoint(NamedTuple):
    """A webhook as it is kept."""

    id: str
    subject: str
    url: str
    types: list[str]
    version: int
    former_until: datetime | None
    state: str


class Due(NamedTuple):
    """A message that is due."""

    endpoint: Endpoint
    number: int
    leaf_index: int
    attempts: int


class Ended(NamedTuple):
    """What ended for good with an attempt, to be put on record."""

    kind: str
    """``gone``: the endpoint; ``dead``: a message."""
    due: Due
    status: int | None


class Outbox:
    """Fills and empties the outbox. One process at a time sends.

    Args:
        database: the log's.
        feeds: the owners' own feeds.
        sender: sends.
        master: what the endpoints' keys are derived from.
        on_end: puts on record what ended; called before it is written down here, and again
            with the same if the process died between.
    """

    def __init__(
        self,
        database: Database,
        feeds: SubjectFeeds,
        sender: Sender,
        master: bytes,
        on_end: Callable[[Ended], None],
    ) -> None:
        self._database = database
        self._feeds = feeds
        self._sender = sender
        self._master = master
        self._on_end = on_end

    def add(self, webhook: str, subject: str, url: str, types: tuple[str, ...]) -> None:
        """Tell the endpoint at *url* of what happens to *subject* from now on."""
        number = self._feeds.next_number(subject)
        with self._database.connection() as connection:
            connection.execute(
                "INSERT INTO webhooks (id, subject, url, types, number)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [webhook, subject, url, list(types), number],
            )

    def rotate(self, webhook: str, now: datetime) -> None:
        """Give the endpoint new keys; the old ones sign as well for a day."""
        with self._database.connection() as connection:
            connection.execute(
                "UPDATE webhooks SET version = version + 1, former_until = %s WHERE id = %s",
                [now + OVERLAP, webhook],
            )

    def endpoints(self) -> list[Endpoint]:
        """Return every endpoint."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT id, subject, url, types, version, former_until, state FROM webhooks"
                " ORDER BY id"
            ).fetchall()
        return [Endpoint(*row) for row in rows]

    def keys(self, endpoint: Endpoint, now: datetime) -> list[SigningKey | HmacKey]:
        """Return the keys that sign for *endpoint* now, the newest first."""
        versions = [endpoint.version]
        if endpoint.former_until is not None and now < endpoint.former_until:
            versions.append(endpoint.version - 1)
        return [key for each in versions for key in derived(self._master, endpoint.id, each)]

    def fill(self, now: datetime) -> int:
        """Take in what has happened to the owners since; return how many messages were made."""
        made = 0
        for endpoint in self.endpoints():
            if endpoint.state == "on":
                while (count := self._fill(endpoint, now)) is not None:
                    made += count
        return made

    def step(self, now: datetime) -> int:
        """Send what is due at *now*; return how many messages were taken."""
        taken = 0
        while batch := self._due(now):
            for due in batch:
                taken += self._attempt(due, now)
        return taken

    def next_due(self) -> datetime | None:
        """Return when the next message is due; None if none waits."""
        with self._database.connection() as connection:
            row = connection.execute(f"SELECT min(o.due) {_HEADS}").fetchone()
        return row[0] if row else None

    def _fill(self, endpoint: Endpoint, now: datetime) -> int | None:
        """Take in the next events of one endpoint; None if there is none."""
        with self._database.connection() as connection, connection.transaction():
            row = connection.execute(
                "SELECT number FROM webhooks WHERE id = %s FOR UPDATE", [endpoint.id]
            ).fetchone()
            if row is None:
                return None
            found = self._feeds.numbered(endpoint.subject, row[0], row[0] + TOGETHER)
            if not found:
                return None
            made = 0
            for number, event in found:
                stream, kind = stream_and_type(event.entry)
                if endpoint.types and kind not in endpoint.types:
                    continue
                made += 1
                connection.execute(
                    "INSERT INTO webhook_outbox (webhook, number, leaf_index, stream, due)"
                    " VALUES (%s, %s, %s, %s, %s)",
                    [endpoint.id, number, event.index, stream, now],
                )
            connection.execute(
                "UPDATE webhooks SET number = %s WHERE id = %s",
                [found[-1].number + 1, endpoint.id],
            )
        return made

    def _due(self, now: datetime) -> list[Due]:
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT w.id, w.subject, w.url, w.types, w.version, w.former_until, w.state,"
                f" o.number, o.leaf_index, o.attempts {_HEADS} AND o.due <= %s"
                " ORDER BY o.webhook, o.number LIMIT %s",
                [now, TOGETHER],
            ).fetchall()
        return [Due(Endpoint(*row[:7]), *row[7:]) for row in rows]

    def _attempt(self, due: Due, now: datetime) -> int:
        endpoint = due.endpoint
        [found] = self._feeds.numbered(endpoint.subject, due.number, due.number + 1)
        body = body_of(due.number, due.leaf_index, found.event.entry)
        name = message_id(endpoint.id, due.number)
        headers = headers_of(self.keys(endpoint, now), name, int(now.timestamp()), body)
        headers |= {"Content-Type": "application/json", "User-Agent": "xiyou-webhooks"}
        try:
            status = self._sender.send(endpoint.url, headers, body)
        except InwardAddressError:
            # Its name leads inward today; tomorrow it may be mended.
            status = None
        # A crash here: the receiver gets the same message again, with the same id.
        attempts = due.attempts + 1
        if is_taken(status):
            self._note(due, attempts, "delivered", now, status)
            return 1
        wait = wait_after(attempts)
        if is_gone(status):
            self._on_end(Ended("gone", due, status))
            with self._database.connection() as connection:
                connection.execute(
                    "UPDATE webhooks SET state = 'gone' WHERE id = %s", [endpoint.id]
                )
            self._note(due, attempts, "dead", now, status)
        elif wait is None:
            self._on_end(Ended("dead", due._replace(attempts=attempts), status))
            self._note(due, attempts, "dead", now, status)
        else:
            self._note(due, attempts, "waiting", now + wait, status)
        return 0

    def _note(self, due: Due, attempts: int, state: str, at: datetime, status: int | None) -> None:
        with self._database.connection() as connection:
            connection.execute(
                "UPDATE webhook_outbox SET attempts = %s, state = %s, due = %s, status = %s"
                " WHERE webhook = %s AND number = %s",
                [attempts, state, at, status, due.endpoint.id, due.number],
            )


def stream_and_type(entry: bytes) -> tuple[str, str]:
    """Return stream and type in an entry's header."""
    read = Entry.parse(entry)
    return read.stream, read.type
