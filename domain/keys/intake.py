"""Use cases of the merchant's side: products and batches of goods (``features.md``, G1, E1).

``tests/domain/keys/test_intake.py``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from unicodedata import normalize

from chain.errors import MalformedError
from domain.catalogue.batch import Batch, LineFault
from domain.catalogue.product import Product, ProductStockAdjusted, ReleasePolicy
from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import WrongPartyError
from domain.identity.standing import require_right
from domain.keys.events import KeyImported
from domain.keys.fingerprint import fingerprint
from domain.keys.key import Key
from domain.money import Money
from domain.qualification.categories import VERSION_1
from domain.qualification.standing import is_held, require_listable, shelve

MAX_RAW_KEY_SIZE = 512
"""Characters of a raw key; a longer line is not a key."""


class Fingerprints(Protocol):
    """Which raw keys are in stock, over all merchants, by their keyed fingerprints."""

    def find(self, fingerprint: str) -> str | None:
        """Return the id of the key with that exact or folded fingerprint."""

    def add(self, fingerprint: str, key: str) -> None:
        """Remember *key*; called for lines that are accepted."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What a merchant uploads at once."""

    batch: str
    """The batch's new identifier."""
    merchant: str
    product: str
    lines: Iterable[str]
    """Raw keys, one a line."""
    units: int = 1
    """Units of each key; more than one makes bundles."""


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

    @use_case
    def import_batch(
        self,
        command: Command,
        upload: Upload,
        index_key: bytes,
        taken: Fingerprints,
        new_key: Callable[[int], str],
        now: str | None = None,
    ) -> None:
        """Take in a batch: each good line becomes a listed key, each bad one a rejection.

        Args:
            command: one command for the whole batch.
            upload: what the merchant brings.
            index_key: 32 bytes, the fingerprints' own key.
            taken: the raw keys that are in stock.
            new_key: gives the identifier of the key made from a line, counted from 1.
            now: RFC 3339, UTC; by default the moment that the command itself names.

        Raises:
            WrongPartyError: the product is another merchant's.
            Refusal: the merchant may not list now.
        """
        product = self.load(Product, upload.product)
        if product.merchant != upload.merchant:
            raise WrongPartyError(f"{upload.product} is offered by {product.merchant}")
        require_right(self, upload.merchant, "list")
        self.check_may_list(command, upload.merchant, now)
        batch = Batch(upload.batch)
        batch.start(command, upload.merchant, upload.product)
        shelf = _Shelf(index_key, taken)
        held = is_held(self, upload.merchant)
        accepted = 0
        for number, line in enumerate(upload.lines, 1):
            fault = shelf.fault_of(line)
            if fault is not None:
                batch.reject(command, number, fault)
            elif (first := shelf.holder_of(line)) is not None:
                batch.reject_duplicate(command, number, first)
            else:
                key = Key(new_key(number))
                _import_key(command, key, upload, line, shelf.put(line, key.id))
                shelve(self, command, key, fingerprint(line, index_key), held=held)
                accepted += 1
        batch.finish(command, accepted)
        for mark, key_id in shelf.added.items():
            taken.add(mark, key_id)

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


class _Shelf:
    """The raw keys in stock, and those that this batch adds to them."""

    def __init__(self, index_key: bytes, taken: Fingerprints) -> None:
        self._index_key = index_key
        self._taken = taken
        self.added: dict[str, str] = {}

    def fault_of(self, line: str) -> LineFault | None:
        """Say why *line* can be no raw key."""
        if not line.strip():
            return "empty"
        if len(line) > MAX_RAW_KEY_SIZE or not line.isprintable():
            return "malformed"
        try:
            fingerprint(line, self._index_key)
        except MalformedError:
            return "empty"
        return None

    def holder_of(self, line: str) -> str | None:
        """Return the key that has the same raw key, in whatever spacing or case."""
        for mark in fingerprint(line, self._index_key):
            found = self.added.get(mark) or self._taken.find(mark)
            if found:
                return found
        return None

    def put(self, line: str, key: str) -> str:
        """Remember that *key* holds *line*; return the exact fingerprint."""
        marks = fingerprint(line, self._index_key)
        for mark in marks:
            self.added[mark] = key
        return marks.exact


def _import_key(command: Command, key: Key, upload: Upload, line: str, mark: str) -> None:
    imported = KeyImported(
        *key.follows(command), upload.merchant, upload.product, upload.units, upload.batch, mark
    )
    key.seal_in(command, imported, normalize("NFC", line))
