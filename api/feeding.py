"""Which feed a request gets: who may read a topic, and which page answers a cursor.

Apart from the routes, so that polling, server-sent events and daily files serve the same
bytes. ``tests/api/test_feeds.py``.
"""

from collections import OrderedDict
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException

from api.principal import Kind, Principal
from chain.errors import ChainError
from chain.feed.event import PAGE_WIDTH
from chain.store.feed import FeedPages
from chain.store.feed_subjects import SubjectFeeds
from domain.errors import NotFoundError
from domain.feeds.topics import ALL, OWN, TOPICS, is_in_topic

SEE_ALL: Final = frozenset({Kind.AUDITOR, Kind.OPERATOR})
READERS: Final = {
    ALL: SEE_ALL,
    **dict.fromkeys(TOPICS, SEE_ALL | {Kind.REGULATOR}),
}
"""By topic: the kinds of principals that may read it; regulators, where their token names it."""

OWNERS: Final = frozenset({Kind.MERCHANT, Kind.PLATFORM_CLIENT})
"""Kinds that have a feed of their own."""

REMEMBERED: Final = 32
"""Full pages held in memory: at most some 10 MB of usual entries."""


class AheadOfLogError(ChainError):
    """A consumer's cursor lies beyond what is signed: the log was restored from a backup."""


class Answer(NamedTuple):
    """A page, as it is served."""

    events: list[bytes]
    """Each spelt; none if there is nothing new."""
    is_full: bool
    """Whether the page never changes again."""


def check_topic(who: Principal, topic: str) -> None:
    """Refuse whoever may not read *topic*; a topic that is another's is as one that is not.

    Raises:
        HTTPException: nobody has said who asks (401).
        NotFoundError: there is no such topic, or it is not for *who*.
    """
    if who.kind is Kind.ANONYMOUS:
        raise HTTPException(HTTPStatus.UNAUTHORIZED, "a feed is read by somebody: send a token")
    if topic == OWN and who.kind in OWNERS and owner_of(who):
        return
    named = who.kind is not Kind.REGULATOR or f"topic:{topic}" in who.scopes
    if who.kind not in READERS.get(topic, frozenset()) or not named:
        raise NotFoundError(f"{topic[:64]}: there is no such topic for you")


def owner_of(who: Principal) -> str:
    """Return whose events are *who*'s own: the client's, or the party's."""
    return (who.client or who.subject) if who.kind is Kind.PLATFORM_CLIENT else who.subject


class Feeding:
    """Answers cursors with pages; safe to share between threads.

    Args:
        pages: makes them.
        subjects: makes those of one's own.
    """

    def __init__(self, pages: FeedPages, subjects: SubjectFeeds) -> None:
        self.pages = pages
        self.subjects = subjects
        self._full: OrderedDict[tuple[str, int], list[bytes]] = OrderedDict()
        self._lock = Lock()

    def after(self, topic: str, size: int, owner: str = "") -> Answer:
        """Return the page that holds index *size*, whole; nothing if it is not signed yet.

        Args:
            topic: which `check_topic` has let pass.
            size: indexes delivered before.
            owner: whose events, where the topic is `OWN`.

        Raises:
            AheadOfLogError: not even what comes before *size* is.
            VerificationError: what is published is not what was signed.
        """
        signed = self.pages.size()
        if size > signed:
            raise AheadOfLogError(
                f"lastEventId: {size} entries were delivered, and {signed} are signed here: if"
                " the log was restored from a backup, the operator runs xiyou recover"
            )
        if size == signed:
            return Answer([], is_full=False)
        if topic == OWN:
            return Answer(*self.subjects.after(owner, size))
        number = size // PAGE_WIDTH
        end = min(signed, (number + 1) * PAGE_WIDTH)
        if end % PAGE_WIDTH:
            return Answer(self.page(topic, number, end), is_full=False)
        with self._lock:
            known = self._full.get((topic, number))
        if known is None:
            known = self.page(topic, number, end)
            with self._lock:
                self._full[topic, number] = known
                if len(self._full) > REMEMBERED:
                    self._full.popitem(last=False)
        return Answer(known, is_full=True)

    def page(self, topic: str, number: int, end: int) -> list[bytes]:
        """Return the events of page *number* of *topic* up to *end*, each spelt."""
        return self.pages.page(number, end, partial(is_in_topic, topic))

    def root(self, size: int) -> bytes:
        """Return the signed root of the log's first *size* entries.

        Raises:
            AheadOfLogError: less is signed.
        """
        if size > self.pages.size():
            raise AheadOfLogError(f"size: {size} entries are not signed yet")
        return self.pages.root(size)
