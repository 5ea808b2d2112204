"""A world in which a merchant qualifies, with one call for each step, by whoever takes it."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from chain.vkey import KeyType, SigningKey
from domain.command import Command
from domain.event import Role
from domain.keys.intake import Upload
from domain.keys.key import Key
from domain.market.qualifying import Documents
from domain.money import Money
from domain.orders.sales import Basket
from domain.qualification.admission import Request
from domain.qualification.categories import VERSION_1, DocumentKind
from domain.qualification.documents import DocumentStore, Paper
from domain.qualification.issuer import IssuerKey
from domain.qualification.operator import UpstreamOperator
from domain.qualification.qualification import Qualification, Scope
from domain.qualification.register import badge_of, publish_status
from domain.qualification.sandbox import SandboxOperator
from domain.qualification.standing import load_qualification
from tests.domain.given import MERCHANT, NOW, SECRET, identifier
from tests.domain.identity.enrolling import Enrolling

Who = tuple[str, Role]
SELLER: Final[Who] = (MERCHANT, "merchant")
ANN: Final[Who] = ("staff-ann", "staff")
BEN: Final[Who] = ("staff-ben", "staff")
CAT: Final[Who] = ("staff-cat", "staff")
RULE: Final[Who] = ("rules", "platform")
CLIENT: Final[Who] = ("cli-1", "merchant")

GOODS: Final = "game_card"
OPERATOR: Final = "operator-1"
ISSUER: Final = IssuerKey(SigningKey("issuer.test/2026", KeyType.ED25519, SECRET))
BADGE: Final = identifier("cer", "merchant")
GOODS_BADGE: Final = identifier("cer", "goods")
YEAR_LATER: Final = "2027-11-22T10:00:00Z"
HOUR_LATER: Final = "2026-11-22T11:00:00Z"
SOON: Final = "2026-11-25T10:00:00Z"


def paper(
    kind: DocumentKind, category: str | None = None, until: str | None = None, text: str = ""
) -> Paper:
    """Return a document of its own."""
    return Paper(kind, f"{kind} {category} {until} {text}".encode(), category, until)


def papers(category: str = GOODS, licence_until: str | None = None) -> tuple[Paper, ...]:
    """Return what a seller of *category* must bring."""
    wanted = VERSION_1.demand(category).documents
    licence = paper("business_licence", None, licence_until)
    return licence, *(paper(kind, category) for kind in wanted)


def digests(shown: Sequence[Paper]) -> list[str]:
    return [sha256(each.content).hexdigest() for each in shown]


class Applying(Enrolling):
    """One merchant on its way in, and what it may do then."""

    def __init__(
        self, store: DocumentStore | None = None, system: UpstreamOperator | None = None
    ) -> None:
        super().__init__(party=MERCHANT)
        self.store = store or Documents()
        self.system = system or SandboxOperator()
        self.caller: Who = SELLER

    def command(self, command_id: str | None = None) -> Command:
        """Return a new command of whoever acts."""
        command = super().command(command_id)
        actor, role = self.caller
        command.meta = replace(command.meta, actor=actor, role=role)
        return command

    def by(self, who: Who, use_case: str, *arguments: Any, **named: Any) -> list[str]:
        """Let *who* call *use_case*; return the topics of what it recorded."""
        before, self.caller = self.caller, who
        try:
            return self.do(use_case, *arguments, **named)
        finally:
            self.caller = before

    def submit(
        self, shown: Sequence[Paper] | None = None, who: Who = SELLER, at: str = NOW
    ) -> list[str]:
        request = Request(MERCHANT, (GOODS,), tuple(papers() if shown is None else shown))
        return self.by(who, "submit_qualification", request, self.store, at)

    def review(self, who: Who = ANN, read: Sequence[str] | None = None, at: str = NOW) -> list[str]:
        read = digests(papers()) if read is None else read
        return self.by(who, "review_qualification", MERCHANT, read, at)

    def approve(
        self, who: Who = BEN, read: Sequence[str] | None = None, at: str = NOW
    ) -> list[str]:
        read = digests(papers()) if read is None else read
        return self.by(who, "approve_qualification", MERCHANT, read, BADGE, ISSUER, at)

    def admitted(self, licence_until: str | None = None) -> None:
        """Let the merchant in."""
        shown = papers(licence_until=licence_until)
        self.verified()
        self.submit(shown)
        self.review(read=digests(shown))
        self.approve(read=digests(shown))

    def scope(self, until: str = SOON, operator: str | None = OPERATOR) -> Scope:
        return Scope(GOODS, until, operator)

    def granted(self, until: str = SOON) -> list[str]:
        """Let two persons grant the scope."""
        scope = self.scope(until)
        self.by(ANN, "propose_scope", MERCHANT, scope, self.store, "asked them", NOW)
        return self.grant(scope)

    def grant(self, scope: Scope | None = None, who: Who = BEN, at: str = NOW) -> list[str]:
        scope = scope or self.scope()
        named = (MERCHANT, scope, self.store, GOODS_BADGE, ISSUER, at)
        return self.by(who, "grant_scope", *named)

    def two(self, purpose: str, decision: str, at: str = NOW) -> list[str]:
        """Let Ann propose and Ben decide."""
        self.by(ANN, "propose_decision", MERCHANT, purpose, "they say so", at)
        return self.by(BEN, decision, MERCHANT, "so it is", at)

    def brought(
        self,
        lines: Sequence[str] = ("GOOD-0001",),
        merchant: str = MERCHANT,
        category: str | None = GOODS,
    ) -> list[str]:
        """Offer a product and import *lines*; return the keys' ids."""
        product = identifier("prd", f"{merchant}/{lines[0]}")
        policy = "reveal_at_activation"
        self.do("create_product", product, merchant, "SKU-1", None, category, release_policy=policy)
        ids = [identifier("key", f"{merchant}/{each}") for each in lines]
        upload = Upload(identifier("bat", f"{merchant}/{lines[0]}"), merchant, product, lines)
        self.do("import_batch", upload, SECRET, self.taken, lambda number: ids[number - 1])
        return ids

    def ask(self, key: str, at: str = NOW, operator: str = OPERATOR) -> list[str]:
        return self.by(RULE, "ask_operator", key, operator, self.system, at)

    def listed(self, line: str = "GOOD-0001") -> str:
        """Let the merchant in, with one key on the shelf; return it."""
        self.admitted()
        self.granted()
        key = self.brought([line])[0]
        self.ask(key)
        self.do("list_key", key, NOW)
        return key

    def place(self, key: str, name: str = "a", at: str = NOW) -> list[str]:
        """Order *key*, as a buyer of that name: nobody may have many unpaid orders."""
        buyer = identifier("usr", name)
        basket = Basket(
            identifier("ord", name), identifier("chk", name), buyer, key, Money(9_800, "CNY")
        )
        return self.by((buyer, "consumer"), "place_order", basket, at)

    def state(self, key: str) -> str:
        return self.trade.load(Key, key).state

    def badge(self, certificate: str = BADGE) -> bytes:
        return badge_of(self.trade, certificate)

    def status(self, at: str = NOW, until: str = HOUR_LATER) -> bytes:
        return publish_status(self.trade, ISSUER, (at, until))

    @property
    def qualification(self) -> Qualification:
        """The merchant's qualification as the log has it."""
        return load_qualification(self.trade, MERCHANT)
