"""Use cases of the merchant's side: products and batches of goods (``features.md``, G1, E1).

``tests/domain/keys/test_intake.py``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.catalogue.batch import Batch, ProductImportStarted
from domain.catalogue.product import Product, ProductStockAdjusted, ReleasePolicy
from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import (
    ConflictOfInterestError,
    DuplicateKeyError,
    Refusal,
    WrongPartyError,
)
from domain.identity.standing import require_right
from domain.keys.acceptance import Acceptance, Line, Terms
from domain.keys.fingerprint import Fingerprints, IndexRing
from domain.keys.key import KEY_TABLE, Key
from domain.keys.known_keys import KnownKeys
from domain.money import Money
from domain.qualification.categories import VERSION_1
from domain.qualification.standing import is_held, require_listable
from domain.qualification.stolen import Listing, find_any

TRIES: Final = 8
"""How often a batch is decided anew when others bring the same raw keys at that moment."""
REVIEWERS: Final = 2


@dataclass(frozen=True, slots=True)
class Upload:
    """What a merchant uploads at once."""

    batch: str
    """The batch's new identifier."""
    merchant: str
    product: str
    lines: Iterable[str | bytes]
    """Raw keys, one a line."""
    units: int = 1
    """Units of each key; more than one makes bundles."""
    listed: bool = True
    """Keys go on the shelf at once; otherwise they wait, sealed, for `Intake.list_batch`."""
    reviewers: tuple[str, ...] = ()
    """Two of staff, if raw keys that are dead may come back with this batch."""


class Intake(Desk):
    """What merchants do with their goods."""

    @use_case
    def create_product(  # noqa: PLR0913 — what a merchant says of a product
        self,
        command: Command,
        product: str,
        merchant: str,
        code: str,
        title: str | None = None,
        category: str | None = None,
        price: Money | None = None,
        *,
        release_policy: ReleasePolicy | None = None,
    ) -> None:
        """Offer a product, of one of the known categories where it has one.

        Args:
            command: the merchant's.
            product: its new identifier.
            merchant: who offers it.
            code: the merchant's own.
            title: for its buyers.
            category: of the goods.
            price: what one order of it costs.
            release_policy: when the raw key is shown to its buyer; by default never.
        """
        require_right(self, merchant, "list")
        if category is not None:
            VERSION_1.demand(category)
        Product(product).create(command, merchant, code, title, category, price, release_policy)

    @use_case
    def adjust_stock(self, command: Command, product: str, units: int) -> None:
        """Count stock in (positive) or out (negative) that came or went without a sale."""
        found = self.load(Product, product)
        follows = found.follows(command)
        found.adjust_stock(command, ProductStockAdjusted(*follows, found.merchant, units))

    def import_batch(
        self,
        command: Command,
        upload: Upload,
        ring: IndexRing,
        new_key: Callable[[int], str],
        now: str | None = None,
    ) -> Sequence[int]:
        """Take in a batch: each good line becomes a key, each bad one a rejection.

        All of it is one command: for some thousand lines at most. A file of any size is
        brought by `domain.keys.importing.KeyImport`.

        Args:
            command: one command for the whole batch.
            upload: what the merchant brings.
            ring: the keys of the fingerprints.
            new_key: gives the identifier of the key made from a line, counted from 1.
            now: RFC 3339, UTC; by default the moment that the command itself names.

        Raises:
            WrongPartyError: the product is another merchant's.
            ConflictOfInterestError: the reviewers are not two of staff.
            Refusal: the merchant may not list now.
        """
        lines = list(enumerate(upload.lines, 1))
        for _ in range(TRIES):
            receipt = self.find_receipt(command.id)
            if receipt is not None:
                return receipt
            attempt = command.anew()
            self._take_batch(attempt, upload, lines, (ring, new_key), now)
            try:
                return self.record(attempt)
            except DuplicateKeyError as error:
                # Somebody brought one of the raw keys first: this time it is found.
                lost = error
        raise lost

    def _take_batch(
        self,
        command: Command,
        upload: Upload,
        lines: Sequence[Line],
        by: tuple[IndexRing, Callable[[int], str]],
        now: str | None,
    ) -> None:
        terms = self.terms_of(upload, command.meta.actor)
        if upload.listed:
            self.check_may_list(command, upload.merchant, now)
        batch = Batch(upload.batch)
        started = ProductImportStarted(
            *batch.follows(command),
            upload.merchant,
            upload.product,
            upload.units,
            reviewers=upload.reviewers or None,
        )
        batch.start(command, started)
        ring, new_key = by
        acceptance = Acceptance(terms, ring, KnownKeys(self, ring), new_key, self.suspects)
        verdicts = acceptance.decide(command, batch, acceptance.read(lines))
        batch.finish(command, sum(each.outcome != "rejected" for each in verdicts))

    def terms_of(self, upload: Upload, actor: str) -> Terms:
        """Return what holds for all lines of *upload*, which *actor* brings.

        Raises:
            WrongPartyError: the product is another merchant's.
            ConflictOfInterestError: the reviewers are not two of staff.
            UnverifiedError: nobody verified is behind the merchant.
        """
        product = self.load(Product, upload.product)
        if product.merchant != upload.merchant:
            raise WrongPartyError(f"{upload.product} is offered by {product.merchant}")
        require_right(self, upload.merchant, "list")
        if upload.reviewers:
            check_reviewers(upload.reviewers, {upload.merchant, actor})
        return Terms(
            upload.batch,
            upload.merchant,
            upload.product,
            upload.units,
            case_sensitive=product.case_sensitive,
            revives=bool(upload.reviewers),
            # A merchant that is held to its qualification lists each key once its operator
            # was asked.
            listed=upload.listed and not is_held(self, upload.merchant),
        )

    def suspects(self, wanted: Sequence[Fingerprints]) -> Mapping[int, Listing]:
        """Return which raw keys stand on a list of stolen ones, by place, and on which."""
        listings = (
            find_any(self.stolen, (mark.hex() for each in marks if each for mark in each))
            for marks in wanted
        )
        return {place: found for place, found in enumerate(listings) if found is not None}

    @use_case
    def list_batch(self, command: Command, keys: Sequence[str], now: str | None = None) -> None:
        """Put *keys*, some hundreds, on the shelf, as many as may be.

        What is on it already, set aside or sold stays as it is.

        Raises:
            Refusal: none of them may be listed; the reason is the first one's.
        """
        asked: dict[str, Refusal | None] = {}
        first: Refusal | None = None
        for key in self.load_many(Key, keys):
            if key.state not in KEY_TABLE["key.listed"]:
                continue
            if key.merchant not in asked:
                asked[key.merchant] = self._refusal_of(command, key.merchant, now)
            refusal = asked[key.merchant]
            if refusal is None:
                try:
                    require_listable(self, command, key, now)
                    key.offer(command)
                except Refusal as error:
                    refusal = error
            first = first or refusal
        if first is not None and not command.events:
            raise first

    def _refusal_of(self, command: Command, merchant: str, now: str | None) -> Refusal | None:
        try:
            require_right(self, merchant, "list")
            self.check_may_list(command, merchant, now)
        except Refusal as error:
            return error
        return None

    @use_case
    def rename_product(
        self,
        command: Command,
        product: str,
        title: str,
        *,
        release_policy: ReleasePolicy | None = None,
    ) -> None:
        """Give a product another title; a release policy holds for views from now on."""
        self.load(Product, product).rename(command, title, release_policy)

    @use_case
    def reprice_product(self, command: Command, product: str, price: Money) -> None:
        """Give a product another price, for the orders that follow."""
        self.load(Product, product).reprice(command, price)

    @use_case
    def tell_cases_apart(self, command: Command, product: str) -> None:
        """Declare that raw keys of a product that differ in case alone are different keys."""
        self.load(Product, product).tell_cases_apart(command)

    @use_case
    def withdraw_product(self, command: Command, product: str) -> None:
        """Offer a product no longer; keys on the shelf are taken off one by one."""
        self.load(Product, product).withdraw(command)

    @use_case
    def list_key(self, command: Command, key: str, now: str | None = None) -> None:
        """Put a key on the shelf, such as one that came back with a refund.

        Raises:
            Refusal: its merchant may not list at *now*.
        """
        found = self.load(Key, key)
        require_right(self, found.merchant, "list")
        self.check_may_list(command, found.merchant, now)
        require_listable(self, command, found, now)
        found.offer(command)

    @use_case
    def unlist_key(self, command: Command, key: str) -> None:
        """Take a key off the shelf."""
        self.load(Key, key).take_off(command)

    @use_case
    def void_key(self, command: Command, key: str) -> None:
        """Withdraw a key that is not on the shelf, for good."""
        self.load(Key, key).void(command)


def check_reviewers(reviewers: Sequence[str], parties: set[str]) -> None:
    """Check that two persons decide, neither of whom is among *parties*.

    Raises:
        ConflictOfInterestError: they are not two, or one of them is a party.
    """
    if len(reviewers) != REVIEWERS or len(set(reviewers)) != REVIEWERS:
        raise ConflictOfInterestError("a raw key that is dead comes back by two persons' decision")
    if parties & set(reviewers):
        raise ConflictOfInterestError("a reviewer brings the batch or is its merchant: ask another")
