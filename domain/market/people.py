"""People whom the market verifies, and what they may not do before and after.

A merchant and some buyers of this story alone, so that the other stories trade as they always
did. The outside parties are whatever the caller hands in; one check meets a source that is
down. ``tests/domain/market/test_marketplace.py``.
"""

from typing import Final, NoReturn

from domain.errors import ChecksPendingError, ConflictOfInterestError, UnverifiedError
from domain.identity.parties import Parties
from domain.identity.person import IndexKey, Person
from domain.identity.sandbox import CITIZENS, NEVER, Citizen, citizen
from domain.market.dice import seed_secret
from domain.market.stock import Stock
from domain.market.stories import RULES, STAFF, TIMER, Story, Who
from domain.market.teller import DAY, HOUR, MINUTE, Teller
from domain.money import Money
from domain.orders.sales import Basket
from domain.outside.party import PartyDownError

OTHER_STAFF: Final[Who] = ("staff-12", "staff", "desk")
DEAR: Final = Money(59_900, "CNY")
"""More than an unverified buyer may spend on one order."""


class _Down:
    """A source that is out of reach."""

    def check_name(self, person: Person, key: str) -> NoReturn:
        """Fail, whatever is asked."""
        del person, key
        raise PartyDownError("the source is down")


class Enrolment:
    """One party on its way to a verdict."""

    def __init__(self, teller: Teller, seed: int, parties: Parties, who: Who) -> None:
        self.teller = teller
        self.parties = parties
        self.who = who
        self.party = who[0]
        self.id = teller.new("idv")
        self.key = IndexKey(f"market{seed}", seed_secret(seed))
        first = teller.dice.below(CITIZENS)
        self.citizen = citizen(first)
        self.other = citizen((first + 1) % CITIZENS)

    def request(self) -> Story:
        """State who it is."""
        stated = {"party": self.party, "person": self.citizen.person(), "index_key": self.key}
        yield self.teller.act(self.who, "request_identity", verification=self.id, **stated)
        self.teller.wait(1, MINUTE)

    def source(self, *, down: bool = False) -> Story:
        """Let the authority be asked."""
        about = {"person": self.citizen.person(), "index_key": self.key}
        source = _Down() if down else self.parties
        yield self.teller.act(RULES, "check_source", verification=self.id, **about, source=source)
        self.teller.wait(1, 5)

    def document(self, until: str = NEVER) -> Story:
        """Show an identity card."""
        picture, now = self.citizen.card_picture(until), self.teller.until(0)
        read = {"picture": picture, "index_key": self.key, "reader": self.parties, "now": now}
        yield self.teller.act(self.who, "read_document", verification=self.id, **read)
        self.teller.wait(1, MINUTE)

    def face(self, shown: Citizen) -> Story:
        """Show a face."""
        about = {"person": self.citizen.person(), "picture": shown.selfie()}
        asked = {"index_key": self.key, "faces": self.parties}
        yield self.teller.act(self.who, "compare_face", verification=self.id, **about, **asked)
        self.teller.wait(1, MINUTE)

    def bankcard(self, holder: Citizen) -> Story:
        """Name a bank card and its holder."""
        about = {"person": holder.person(), "card": holder.bank_card()}
        asked = {"index_key": self.key, "bank": self.parties}
        yield self.teller.act(self.who, "check_bankcard", verification=self.id, **about, **asked)
        self.teller.wait(1, MINUTE)

    def decide(self, *refused: type[ChecksPendingError]) -> Story:
        """Let the rule decide."""
        now = self.teller.until(0)
        yield self.teller.act(RULES, "decide_identity", *refused, verification=self.id, now=now)
        self.teller.wait(1, MINUTE)

    def verified(self, until: str = NEVER) -> Story:
        """Go all the way."""
        yield from self.request()
        yield from self.source()
        yield from self.document(until)
        yield from self.face(self.citizen)
        yield from self.bankcard(self.citizen)
        yield from self.decide()


def people(teller: Teller, seed: int, stock: Stock, parties: Parties) -> Story:
    """Verify a merchant and buyers, refuse others, and end what they may do."""
    yield from _merchant(teller, Enrolment(teller, seed, parties, _shop(seed)))
    yield from _impostors(teller, seed, parties)
    yield from _buyer(teller, Enrolment(teller, seed, parties, _consumer(teller)), stock)
    yield from _expiring(teller, Enrolment(teller, seed, parties, _consumer(teller)))


def _shop(seed: int) -> Who:
    return f"M-NEW{seed}", "merchant", "web"


def _consumer(teller: Teller) -> Who:
    return teller.new("usr"), "consumer", "web"


def _merchant(teller: Teller, new: Enrolment) -> Story:
    """Let a merchant try before it is verified, then after, then after the revocation."""
    offered = {"product": teller.new("prd"), "merchant": new.party, "code": "SKU-700"}
    yield teller.act(new.who, "open_account", party=new.party)
    teller.wait(1, MINUTE)
    yield teller.act(new.who, "create_product", UnverifiedError, **offered, title=None)
    yield from new.verified()
    yield teller.act(new.who, "create_product", **offered, title=None)
    teller.wait(HOUR, 2 * HOUR)
    yield teller.act(STAFF, "revoke_identity", verification=new.id, cause="fraud")
    more = {"product": teller.new("prd"), "merchant": new.party, "code": "SKU-701"}
    teller.wait(1, MINUTE)
    yield teller.act(new.who, "create_product", UnverifiedError, **more, title=None)
    teller.wait(1, MINUTE)
    yield teller.act(STAFF, "withdraw_product", product=offered["product"])


def _impostors(teller: Teller, seed: int, parties: Parties) -> Story:
    """Refuse another's face, and another's bank card."""
    face = Enrolment(teller, seed, parties, _consumer(teller))
    yield from face.request()
    yield from face.source()
    yield from face.face(face.other)
    card = Enrolment(teller, seed, parties, _consumer(teller))
    yield from card.request()
    yield from card.source()
    yield from card.document()
    yield from card.face(card.citizen)
    yield from card.bankcard(card.other)
    yield from card.decide()


def _buyer(teller: Teller, new: Enrolment, stock: Stock) -> Story:
    """Let a buyer want too much, wait for the source, be verified, and be erased."""
    yield from new.request()
    key = next((key for product in stock.products for key in product.keys), None)
    if key is not None:
        basket = Basket(teller.new("ord"), teller.new("chk"), new.party, key, DEAR)
        yield teller.act(new.who, "place_order", UnverifiedError, basket=basket)
    yield from new.source(down=True)
    yield from new.document()
    yield from new.face(new.citizen)
    yield from new.bankcard(new.citizen)
    yield from new.decide(ChecksPendingError)
    yield from new.source()
    yield from new.decide()
    teller.wait(DAY, 2 * DAY)
    until = teller.until(HOUR)
    yield teller.act(STAFF, "ask_erasure", party=new.party, keep_until=until)
    teller.wait(2 * HOUR, DAY)
    erased = {"party": new.party, "now": teller.until(0)}
    yield teller.act(STAFF, "erase_person", ConflictOfInterestError, **erased)
    teller.wait(1, MINUTE)
    yield teller.act(OTHER_STAFF, "erase_person", **erased)


def _expiring(teller: Teller, new: Enrolment) -> Story:
    """Verify somebody whose document ends soon."""
    yield from new.verified(teller.until(DAY))
    teller.wait(DAY, 2 * DAY)
    expired = {"verification": new.id, "now": teller.until(0)}
    yield teller.act(TIMER, "expire_identity", **expired)
