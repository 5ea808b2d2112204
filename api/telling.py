"""Joins what tells others of the log: the feeds, and the webhooks' outbox. For `api.bootstrap`."""

import secrets
from typing import TYPE_CHECKING, Final

from api.feeding import Feeding
from chain.store.database import Database
from chain.store.feed import FeedPages
from chain.store.feed_subjects import SubjectFeeds
from chain.store.files import PublishedFiles
from domain.feeds.subjects import concern_of
from domain.webhooks.called import Called
from domain.webhooks.store.outbox import Outbox
from domain.webhooks.store.sender import Sender

if TYPE_CHECKING:
    from api.bootstrap import Deployment

WEBHOOK_KEY: Final = "webhook"
"""What the keys of webhooks are derived from; made when the first is registered."""


def feeding_of(database: Database, files: PublishedFiles, origin: str) -> Feeding:
    """Return what answers the cursors of those who follow the log."""
    pages = FeedPages(database, files, origin)
    return Feeding(pages, SubjectFeeds(database, pages, concern_of))


def outbox_of(ledger: "Deployment") -> Outbox:
    """Return what endpoints are still to be told; its master key is made when there is none."""
    sender = Sender(sandbox=ledger.settings.webhook_sandbox)
    called = Called(ledger.trade, ledger.vault, secrets.token_bytes)
    master = ledger.made_secret(WEBHOOK_KEY)
    return Outbox(ledger.database, ledger.feeding.subjects, sender, master, called.note_end)
