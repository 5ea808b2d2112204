"""Merchants that qualify, and what they may not do before, meanwhile and after.

One is approved by two persons, has its keys checked by their operator, is suspended and
reinstated, and loses its scope; one is refused, one expires, one is shut out, one still
waits. They are of this story alone. ``tests/domain/market/test_marketplace.py``.
"""

from collections.abc import Generator
from hashlib import sha256
from typing import Final, NamedTuple

from chain.vkey import KeyType, SigningKey
from domain.errors import (
    ConflictOfInterestError,
    DocumentsMissingError,
    NotFoundError,
    OutOfScopeError,
    SecondPersonMissingError,
    UnqualifiedError,
    UnverifiedError,
    UpstreamNotUnusedError,
)
from domain.identity.parties import Parties
from domain.keys.fingerprint import fingerprint
from domain.keys.intake import Upload
from domain.market.action import Action
from domain.market.dice import seed_secret
from domain.market.people import OTHER_STAFF, Enrolment
from domain.market.stock import Fingerprints
from domain.market.stories import RULES, STAFF, TIMER, Story, Who
from domain.market.teller import DAY, HOUR, MINUTE, Teller
from domain.money import Money
from domain.orders.sales import Basket
from domain.qualification.admission import Request
from domain.qualification.badge import BadgeSigner, Certificate, badge_bytes, sign_badge
from domain.qualification.categories import VERSION_1, DocumentKind, after
from domain.qualification.documents import Paper
from domain.qualification.issuer import IssuerKey
from domain.qualification.operator import UpstreamOperator
from domain.qualification.qualification import Scope
from domain.qualification.status import StatusList, sign_status
from domain.qualification.stolen import StolenSet

CATEGORY: Final = "game_card"
OPERATOR: Final = "operator-sandbox"
ISSUER: Final = "market.example/issuer"


class Documents:
    """The merchants' documents, in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        """See `DocumentStore.put`."""
        digest = sha256(content).hexdigest()
        self._kept[digest] = content
        return digest

    def get(self, digest: str) -> bytes:
        """See `DocumentStore.get`."""
        if digest not in self._kept:
            raise NotFoundError(f"document {digest}: is not kept here")
        return self._kept[digest]


class Enrolling(NamedTuple):
    """How the persons behind merchants are verified."""

    seed: int
    parties: Parties


def market_issuer(seed: int) -> IssuerKey:
    """Return the key of a market's own issuer; no secret, as everybody can compute it."""
    return IssuerKey(SigningKey(ISSUER, KeyType.ED25519, seed_secret(seed)))


class Office:
    """Where merchants are looked into: its staff, its documents, its key."""

    def __init__(
        self,
        teller: Teller,
        enrolling: Enrolling,
        operator: UpstreamOperator,
        signer: BadgeSigner,
    ) -> None:
        self.teller = teller
        self.seed = enrolling.seed
        self.parties = enrolling.parties
        self.operator = operator
        self.documents = Documents()
        self.signer = signer

    @property
    def now(self) -> str:
        """The story's moment."""
        return self.teller.until(0)

    def merchant(self, letter: str) -> Who:
        """Return a merchant of this story."""
        return f"M-Q{letter}{self.seed}", "merchant", "web"

    def verified(self, who: Who) -> Story:
        """Let the person behind a merchant be verified."""
        yield from Enrolment(self.teller, self.seed, self.parties, who).verified()

    def papers(self, who: Who, licence_until: str | None = None) -> tuple[Paper, ...]:
        """Return all that a seller of `CATEGORY` must bring."""

        def paper(
            kind: DocumentKind, category: str | None = None, until: str | None = None
        ) -> Paper:
            return Paper(kind, f"{kind} of {who[0]}, synthetic".encode(), category, until)

        licence = paper("business_licence", None, licence_until)
        wanted = VERSION_1.demand(CATEGORY).documents
        return licence, *(paper(kind, CATEGORY) for kind in wanted)

    def submitted(self, who: Who, papers: tuple[Paper, ...]) -> Story:
        """Bring the documents."""
        request = Request(who[0], (CATEGORY,), papers)
        filed = {"request": request, "store": self.documents, "now": self.now}
        yield self.teller.act(who, "submit_qualification", **filed)
        self.teller.wait(HOUR, DAY)

    def approved(self, who: Who, papers: tuple[Paper, ...], certificate: str) -> Story:
        """Let two reviewers read them; one is not enough."""
        teller = self.teller
        read = [sha256(each.content).hexdigest() for each in papers]
        seen = {"merchant": who[0], "read": read, "now": self.now}
        issued = {"certificate": certificate, "signer": self.signer}
        yield teller.act(STAFF, "approve_qualification", SecondPersonMissingError, **seen, **issued)
        yield teller.act(STAFF, "review_qualification", **seen)
        yield teller.act(STAFF, "approve_qualification", ConflictOfInterestError, **seen, **issued)
        teller.wait(HOUR, DAY)
        seen["now"] = self.now
        yield teller.act(OTHER_STAFF, "approve_qualification", **seen, **issued)
        teller.wait(1, MINUTE)

    def admitted(self, letter: str, certificate: str, licence_until: str | None = None) -> Story:
        """Go all the way to the merchant's badge."""
        who = self.merchant(letter)
        yield from self.verified(who)
        papers = self.papers(who, licence_until)
        yield from self.submitted(who, papers)
        yield from self.approved(who, papers, certificate)

    def two(self, merchant: str, proposal: str, decision: str, **what: object) -> Story:
        """Let one member of the staff propose, and another one decide."""
        reason = {"reason": "looked into by two", "now": self.now}
        named = {"merchant": merchant}
        yield self.teller.act(STAFF, proposal, **named, **what, **reason)
        self.teller.wait(MINUTE, HOUR)
        reason["now"] = self.now
        kept = {} if proposal == "propose_decision" else what
        yield self.teller.act(OTHER_STAFF, decision, **named, **kept, **reason)
        self.teller.wait(MINUTE, HOUR)


def qualifying(office: Office) -> Story:
    """Tell it all."""
    yield from _refused(office)
    yield from _trading(office)
    yield from _ending(office)


def _refused(office: Office) -> Story:
    """Refuse a merchant: at first its documents are not complete, then they are not good."""
    who = office.merchant("B")
    papers = office.papers(who)
    request = Request(who[0], (CATEGORY,), papers[:1])
    filed = {"request": request, "store": office.documents, "now": office.now}
    yield office.teller.act(who, "submit_qualification", DocumentsMissingError, **filed)
    office.teller.wait(MINUTE, HOUR)
    yield from office.submitted(who, papers)
    seen = {"merchant": who[0], "reason": "the letter is not the operator's", "now": office.now}
    yield office.teller.act(STAFF, "reject_qualification", **seen)
    office.teller.wait(MINUTE, HOUR)


def _trading(office: Office) -> Story:
    """Let a merchant in, check its keys, suspend and reinstate it, end its scope."""
    teller, who = office.teller, office.merchant("A")
    papers, certificate = office.papers(who), teller.new("cer")
    yield from office.submitted(who, papers)
    read = [sha256(each.content).hexdigest() for each in papers]
    seen = {"merchant": who[0], "read": read, "now": office.now}
    yield teller.act(STAFF, "review_qualification", **seen)
    issued = {"certificate": certificate, "signer": office.signer}
    # Two reviewers agree, and still nobody verified is behind it.
    yield teller.act(OTHER_STAFF, "approve_qualification", UnverifiedError, **seen, **issued)
    yield from office.verified(who)
    seen["now"] = approved_at = office.now
    yield teller.act(OTHER_STAFF, "approve_qualification", **seen, **issued)
    teller.wait(MINUTE, HOUR)
    yield from _scope(office, who)
    keys = yield from _keys(office, who)
    yield from _presented(office, who, certificate, approved_at)
    yield from _suspended(office, who, keys)
    yield from office.two(who[0], "propose_scope_end", "end_scope", category=CATEGORY)
    listing = {"key": keys[0], "now": office.now}
    yield teller.act(who, "list_key", OutOfScopeError, **listing)


def _scope(office: Office, who: Who) -> Story:
    teller = office.teller
    scope = Scope(CATEGORY, teller.until(90 * DAY), OPERATOR)
    asked = {"merchant": who[0], "scope": scope, "store": office.documents}
    voted = {"reason": "asked the operator by letter", "now": office.now}
    yield teller.act(STAFF, "propose_scope", **asked, **voted)
    issued = {"certificate": teller.new("cer"), "signer": office.signer, "now": office.now}
    yield teller.act(STAFF, "grant_scope", ConflictOfInterestError, **asked, **issued)
    teller.wait(MINUTE, HOUR)
    issued["now"] = office.now
    yield teller.act(OTHER_STAFF, "grant_scope", **asked, **issued)
    teller.wait(MINUTE, HOUR)


def _keys(office: Office, who: Who) -> Generator[Action, None, list[str]]:
    """Bring four keys: two good ones, a used one, and one that somebody reports as stolen."""
    teller, index_key = office.teller, seed_secret(office.seed)
    product = teller.new("prd")
    created = {"product": product, "merchant": who[0], "code": "SKU-800", "title": "点卡"}
    yield teller.act(who, "create_product", **created, category=CATEGORY)
    lines = [f"Q{office.seed}-{number}-{mark}" for number, mark in enumerate(_LINES)]
    keys = [teller.new("key") for _ in lines]
    upload = Upload(teller.new("bat"), who[0], product, tuple(lines))
    imported = {"index_key": index_key, "taken": Fingerprints(), "new_key": lambda n: keys[n - 1]}
    yield teller.act(who, "import_batch", upload=upload, **imported)
    teller.wait(1, MINUTE)
    listing = {"key": keys[0], "now": office.now}
    yield teller.act(who, "list_key", UpstreamNotUnusedError, **listing)
    for number, key in enumerate(keys):
        yield _ask(office, key)
        teller.wait(1, 5)
        refused = (UpstreamNotUnusedError,) if number == _USED else ()
        yield teller.act(who, "list_key", *refused, key=key, now=office.now)
    yield teller.act(RULES, "quarantine_key", key=keys[_USED])
    stolen = StolenSet("market", "1", fingerprint(lines[_STOLEN], index_key))
    yield teller.act(RULES, "quarantine_key", key=keys[_STOLEN], stolen=stolen)
    teller.wait(HOUR, DAY)
    yield from _lifted(office, who, keys[_STOLEN])
    return keys


_LINES: Final = ("AAAA", "BBBB", "USED", "CCCC")
_USED, _STOLEN = 2, 3


def _ask(office: Office, key: str) -> Action:
    asked = {"operator": OPERATOR, "system": office.operator, "now": office.now}
    return office.teller.act(RULES, "ask_operator", key=key, **asked)


def _lifted(office: Office, who: Who, key: str) -> Story:
    """Let a key out of quarantine: the report was wrong."""
    teller, reason = office.teller, "the report named another key"
    yield teller.act(STAFF, "propose_lifting", key=key, reason=reason, now=office.now)
    lifted = {"key": key, "reason": reason, "now": office.now}
    yield teller.act(OTHER_STAFF, "lift_quarantine", UpstreamNotUnusedError, **lifted)
    yield _ask(office, key)
    yield teller.act(STAFF, "lift_quarantine", ConflictOfInterestError, **lifted)
    yield teller.act(OTHER_STAFF, "lift_quarantine", **lifted)
    teller.wait(1, MINUTE)
    yield teller.act(who, "list_key", key=key, now=office.now)


def _presented(office: Office, who: Who, name: str, approved_at: str) -> Story:
    """Show the badge to a platform customer."""
    until = after(approved_at, days=VERSION_1.life_days)
    issuer = office.signer.key.name
    certificate = Certificate(name, who[0], "merchant", issuer, approved_at, until)
    badge = badge_bytes(certificate, sign_badge(certificate, office.signer))
    # The list that the customer happened to have: made before there was anything to list.
    listed = StatusList(issuer, office.now, office.teller.until(HOUR), 0, (), ())
    shown = {"badge": badge, "status": sign_status(listed, office.signer)}
    checked = {"keys": [office.signer.key], "now": office.now}
    customer: Who = ("cli-market", "merchant", "api")
    yield office.teller.act(
        customer, "present_certificate", audience="cli-market", **shown, **checked
    )


def _suspended(office: Office, who: Who, keys: list[str]) -> Story:
    """Stop the merchant's trade, and let it go on."""
    teller = office.teller
    teller.wait(HOUR, DAY)
    yield from office.two(who[0], "propose_decision", "suspend_qualification", purpose="suspension")
    buyer = teller.new("usr")
    basket = Basket(teller.new("ord"), teller.new("chk"), buyer, keys[0], Money(9_800, "CNY"))
    yield teller.act((buyer, "consumer", "web"), "place_order", UnqualifiedError, basket=basket)
    cleared = {"merchant": who[0], "keys": keys[:2], "now": office.now}
    yield teller.act(RULES, "clear_shelf", **cleared)
    yield teller.act(who, "list_key", UnqualifiedError, key=keys[0], now=office.now)
    yield from office.two(
        who[0], "propose_decision", "reinstate_qualification", purpose="reinstatement"
    )
    yield _ask(office, keys[0])
    yield teller.act(who, "list_key", key=keys[0], now=office.now)


def _ending(office: Office) -> Story:
    """Let one merchant's licence run out, and shut another out."""
    teller = office.teller
    until = teller.until(20 * DAY)
    yield from office.admitted("C", teller.new("cer"), until)
    yield from office.admitted("D", teller.new("cer"))
    shut = office.merchant("D")[0]
    yield from office.two(shut, "propose_decision", "revoke_qualification", purpose="revocation")
    # And one waits: nobody has read its documents by the end.
    yield from office.submitted(office.merchant("E"), office.papers(office.merchant("E")))
    teller.at += 20 * DAY
    expired = {"merchant": office.merchant("C")[0], "now": office.now}
    yield teller.act(TIMER, "expire_qualification", **expired)
