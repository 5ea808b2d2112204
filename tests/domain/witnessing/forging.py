"""An operator who writes into the log whatever it likes, past every rule, with its real keys."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from chain.canonical import parse
from chain.checkpoint import Checkpoint
from chain.note import Note
from chain.store.database import Database
from chain.store.files import Folder
from chain.store.publisher import CHECKPOINT, LOG_FOLDER, Publisher
from chain.store.signer import Signer, read_verifier_keys
from chain.store.stream_index.stored_log import Committed
from chain.vkey import VerifierKey
from domain.event import Event as Told
from domain.market.marketplace import marketplace
from tests.chain.store.published import AT, make_home
from tests.chain.store.stream_index.following import indexer_of
from tests.chain.store.writing import Command, Event, write
from tests.domain.given import World

SEED, ORDERS = 3, 14
OF_THE_TRADE = ("ord_", "dsp_", "rfd_", "pay_", "ledger/", "deposit/")
NUMBERS = count()


def honest_market() -> list[Told]:
    """Return the events of a small market's trade, as the application records them."""
    world = World()
    for action in marketplace(SEED, ORDERS):
        action.perform(world.trade, world.sealer)
    told = world.events()
    sold = {each.originator_id for each in told if each.TOPIC == "key.reserved"}
    # Whole streams alone are left out: goods on the shelf, and the people's papers.
    return [
        each
        for each in told
        if each.originator_id in sold or each.originator_id.startswith(OF_THE_TRADE)
    ]


def entry_of(told: Told) -> Event:
    """Return *told* as it is written past the application."""
    body = parse(told.body())
    assert isinstance(body, dict)
    data = body["data"]
    assert isinstance(data, dict)
    return Event(told.originator_id, told.TOPIC, dict(data))


class Operator:
    """The log of an operator, its keys, and where it publishes."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = make_home(home)
        self.folder = home / LOG_FOLDER

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        return tuple(read_verifier_keys(self.home))

    def say(self, *events: Event) -> int:
        """Write *events* as one command; return the leaf index of the first."""
        return write(self.database, [Command(f"forged-{next(NUMBERS)}", events)]) - len(events)

    def tell(self, told: Sequence[Told]) -> None:
        """Write what an application has recorded."""
        for at in range(0, len(told), 50):
            self.say(*(entry_of(each) for each in told[at : at + 50]))

    def commit(self) -> Committed:
        """Commit to the index, truly."""
        with indexer_of(self.database, self.home) as indexer:
            committed = indexer.commit_once()
        assert committed is not None
        return committed

    def publish(self) -> tuple[Checkpoint, bytes]:
        """Sign and publish all; return the checkpoint and its note."""
        with Publisher(self.database, self.home, Signer(self.home), clock=lambda: AT) as publisher:
            publisher.publish_once()
        note = Folder(self.folder).read(CHECKPOINT)
        return Checkpoint.parse(Note.parse(note).text), note
