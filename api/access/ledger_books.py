"""What deciding needs of the ledger, and what it writes down there and in the program's log.

``tests/api/access/test_readings.py``, ``test_openings.py``.
"""

import logging
import secrets
from threading import Lock
from time import monotonic
from typing import Final

from api.access.reach import Granted
from api.bootstrap import Deployment
from api.commands import ROLES, new_id, source_of, this_moment
from api.principal import Principal
from chain.errors import MalformedError
from domain.clients.administration import Usage
from domain.clients.events import PRINCIPAL_KINDS, CallRefusal
from domain.clients.opening import Opening
from domain.command import Command
from domain.errors import NotFoundError, Refusal, SecondPersonMissingError
from domain.event import Event, Meta
from domain.identifiers import check
from domain.identity.account import account_of

logger = logging.getLogger("xiyou.access")

PAUSE: Final = 60.0
"""Seconds between two refusals of one cause that the log is told of one client."""


def meta_of(principal: Principal, name: str) -> Meta:
    """Return the meta of what *principal* does over the API, under the command id *name*."""
    role = ROLES[principal.kind]
    return Meta(principal.subject, role, source_of(principal), "api", name, name)


class LedgerBooks:
    """`api.access.reach.Books` over a deployment; safe to share between threads."""

    def __init__(self, ledger: Deployment) -> None:
        self._ledger = ledger
        self._end_users: set[tuple[str, str]] = set()
        self._told: dict[tuple[str, CallRefusal], float] = {}
        self._lock = Lock()

    def is_end_user(self, client: str, buyer: str) -> bool:
        """Say whether *buyer*'s account was opened through *client*: its first event says so."""
        if (client, buyer) in self._end_users:
            return True
        trade = self._ledger.trade
        stored = list(trade.recorder.select_events(account_of(buyer), limit=1))
        if not stored:
            return False
        first = trade.mapper.to_domain_event(stored[0])
        found = isinstance(first, Event) and bool(client) and first.meta.source == client
        if found:
            self._end_users.add((client, buyer))
        return found

    def record_read(
        self, granted: Granted, thing: str, subjects: tuple[str, ...], purpose: str | None
    ) -> None:
        """Record a read; it has not happened until this returns."""
        # A crash before the commit has answered nothing; after it, a read is told that its
        # reader perhaps never saw: rather one too many than one too few.
        usage = usage_of(granted, thing, subjects, purpose=purpose)
        self._ledger.trade.record_usage(self.command(granted, "read"), new_id("use"), usage)

    def check_opening(self, granted: Granted, thing: str, opening: str | None) -> None:
        """Refuse unless a second person has approved it; see `Books`."""
        if opening is None:
            raise SecondPersonMissingError("it takes two persons: name the approved request")
        try:
            found = self._ledger.trade.load(Opening, opening)
        except (NotFoundError, MalformedError):
            raise SecondPersonMissingError(
                "it takes two persons: name the approved request"
            ) from None
        found.check_good(granted.principal.subject, thing, this_moment())

    def command(self, granted: Granted, what: str) -> Command:
        """Return a new command of whoever was granted it."""
        name = f"{what}/{secrets.token_hex(16)}"
        meta = meta_of(granted.principal, name)
        return self._ledger.command(meta)

    def note_refusal(self, principal: Principal, operation: str, cause: str) -> None:
        """Write a refused authorization to the program's own log (ASVS 16.3.2)."""
        told = {
            "event": "access_refused",
            "kind": principal.kind.value,
            "subject": principal.subject,
            "client": principal.client,
            "token": principal.token,
            "operation": operation,
            "cause": cause,
        }
        logger.warning("access refused: %s by %s: %s", operation, principal.kind, cause, extra=told)

    def tell_refused_call(self, client: str, cause: CallRefusal, operation: str | None) -> None:
        """Record a refused call in a client's name, of each cause once a minute at the most."""
        with self._lock:
            now = monotonic()
            if now - self._told.get((client, cause), -PAUSE) < PAUSE:
                return
            self._told[client, cause] = now
        name = f"refused/{secrets.token_hex(16)}"
        meta = Meta(client, "platform", "api", "api", name, name)
        command = self._ledger.command(meta)
        try:
            self._ledger.trade.refuse_call(command, client, cause, operation)
        except (Refusal, MalformedError):
            # A provider's client, or a sandbox's, has no stream; another process may be telling.
            logger.info("a refused call of %s was not recorded", client)


def usage_of(
    granted: Granted,
    thing: str,
    subjects: tuple[str, ...],
    *,
    purpose: str | None = None,
    value: str | None = None,
    until: str | None = None,
) -> Usage:
    """Return what somebody does, for the log."""
    kind = PRINCIPAL_KINDS[granted.principal.kind.value]  # the guard lets no other this far
    client = granted.principal.client
    try:
        client = check(client, "cli") if client else None
    except MalformedError:
        client = None  # an identity provider names its clients as it likes
    return Usage(kind, granted.name, thing, subjects, client, purpose, value, until)
