"""The import of Online Retail: invoices become commands of the trade's own use cases.

``features.md``, section 8. One invoice is one command, atomic and named after the invoice,
and everything in it is decided by file, book name and secret, so that importing the same
file again records nothing twice. What the source does not say but implies (payment,
delivery, the raw key) has the basis ``assumed``. The policy is ``historic``: the refund
window stays open to the last row, and at the end every order not refunded in full is
confirmed (``import_end``) and its funds are released. Proved by
``tests/domain/retail/test_importing.py``.
"""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import datetime
from functools import lru_cache
from typing import Final, TypeVar

from domain.catalogue.product import Product, ProductStockAdjusted
from domain.command import Command
from domain.entropy import KeyedEntropy
from domain.event import Meta
from domain.identifiers import derive
from domain.keys.code import PLATFORM_KEY_SYMBOLS, draw_code
from domain.keys.events import KeyImported
from domain.keys.key import Key
from domain.ledger.accounts import CHANNEL, SUSPENSE, clearing
from domain.ledger.journal import Journal, LedgerPosted, Line, Occasion
from domain.ledger.recon import Recon, ReconBreakOpened
from domain.money import Money
from domain.orders import sales
from domain.orders.events import OrderPlaced
from domain.orders.order import Order
from domain.payments.payment import Payment
from domain.refunds import returns
from domain.refunds.refund import Refund, RefundRequested
from domain.retail.customers import Customer, Customers
from domain.retail.figures import Figures
from domain.retail.invoices import Invoice, read_invoices
from domain.retail.merchants import SERVICE, merchant_of
from domain.retail.report import Progress, Report, Rounding
from domain.retail.rows import CURRENCY, Row, RowError
from domain.retail.sales import PastSales
from domain.sealing import Sealer

Submit = Callable[[Command], Future[list[int]]]
"""Queues a command; `domain.desk.Desk.submit` is one."""

IN_FLIGHT: Final = 20_000
"""Events that may wait for their commit at once; bounds memory."""


_Daily = TypeVar("_Daily", Journal, Recon)


class RetailImport:
    """One import; `run` takes it from the first row to the report.

    Args:
        submit: where commands go.
        sealer: keeps customers and raw keys.
        secret: 32 bytes that decide every salt and generated key of this import.
        book: the import's name, part of command ids and of what identifiers derive from.
        on_progress: told after every invoice.
    """

    def __init__(
        self,
        submit: Submit,
        sealer: Sealer,
        secret: bytes,
        *,
        book: str = "or",
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._submit = submit
        self._sealer = sealer
        self._secret = secret
        self._book = book
        self._on_progress = on_progress
        self._figures = Figures()
        self._sales = PastSales(book)
        self._ranges: list[tuple[str, int, int]] = []
        self._customers = Customers(book)
        self._products: dict[str, Product] = {}
        self._journal = Journal("")
        self._recon = Recon("")
        self._waiting: deque[tuple[Future[list[int]], int]] = deque()
        self._in_flight = 0
        self._events = 0
        self._roundings: list[Rounding] = []

    def run(self, rows: Iterable[Row]) -> Report:
        """Import *rows*, which `domain.retail.rows.read_rows` gives.

        Raises:
            RowError: a row is not what the format says; whole invoices before it stay.
            eventsourcing.persistence.RecordConflictError: the log holds another import of
                this book's name.
        """
        last, done = "", 0
        for invoice in read_invoices(rows):
            self._import(invoice)
            last, done = max(last, invoice.rows[-1].at), done + len(invoice.rows)
            self._on_progress(Progress(done, self._events))
        for number, first, end in self._ranges:
            self._end(number, first, end, last)
            self._on_progress(Progress(done, self._events))
        while self._waiting:
            self._await_oldest()
        figures = self._figures
        return Report(
            figures.result(), dict(figures.monthly), dict(figures.events), self._roundings
        )

    def _import(self, invoice: Invoice) -> None:
        command = self._command(invoice.number, invoice.rows[0].at)
        customer = self._customers.find(invoice.rows[0], _milliseconds(invoice.rows[0].at))
        sold: list[Row] = []
        for row in invoice.rows:
            _check_signs(invoice, row)
            if row.rounded:
                self._roundings.append(Rounding(row.number, row.code, row.rounded, row.price))
            if not row.price and not row.rounded:
                self._adjust_stock(command, row, customer)
            elif invoice.is_adjustment:
                self._post(command, row, customer, "bad_debt")
            elif not invoice.is_cancellation:
                sold.append(row)
            elif merchant_of(row.code) == SERVICE:
                self._post(command, row, customer, "service_refund")
            else:
                self._take_back(command, row, customer)
        if sold:
            self._sell(command, invoice, sold, customer)
        self._send(command)

    def _sell(
        self, command: Command, invoice: Invoice, rows: list[Row], customer: Customer
    ) -> None:
        """Record a checkout: its orders placed, its one payment, its orders served."""
        at = rows[0].at
        source = f"{self._book}/{invoice.number}"
        checkout = derive("chk", _milliseconds(at), source)
        payment = Payment(derive("pay", _milliseconds(at), source))
        buyer = customer.buyer or derive("usr", _milliseconds(at), source)
        first, placed = len(self._sales), []
        for row in rows:
            if merchant_of(row.code) == SERVICE:
                continue
            command.at(row.at)
            placed.append((row, *self._place(command, row, checkout, buyer, customer)))
        command.at(at)
        payer = customer.seal(command, buyer)
        total = Money(sum(row.amount for row in rows), CURRENCY)
        payment.assume_captured(command, checkout, total, payer)
        for row, order, key in placed:
            command.at(row.at)
            price = Money(row.amount, CURRENCY)
            sales.pay(command, order, key, payment.id, price, "assumed")
            key.assume_voucher(command)
            order.deliver(command, "assumed")
            key.issue_bundle(command)
            match = (customer.number, row.code)
            self._sales.add(row.number, _seconds(row.at), order, key, row.price, match)
        for row in rows:
            if merchant_of(row.code) == SERVICE:
                # The channel's money is in the checkout's clearing account already.
                taken = clearing(checkout)
                self._post(command, row, customer, "service_sale", other=taken)
        if placed:
            self._ranges.append((invoice.number, first, len(self._sales)))

    def _place(
        self, command: Command, row: Row, checkout: str, buyer: str, customer: Customer
    ) -> tuple[Order, Key]:
        product = self._product(command, row)
        order = self._sales.new_order(row.number, _seconds(row.at))
        key = self._sales.new_key(row.number, _seconds(row.at))
        imported = KeyImported(
            *key.follows(command), product.merchant, product.id, row.quantity, basis="assumed"
        )
        key.take_in(command, imported, draw_code(PLATFORM_KEY_SYMBOLS, command.draw))
        placed = OrderPlaced(
            *order.follows(command),
            checkout=checkout,
            buyer=buyer,
            merchant=product.merchant,
            product=product.id,
            key=key.id,
            units=row.quantity,
            amount=row.amount,
            currency=CURRENCY,
            guest=None if customer.buyer else True,
            row=row.number,
        )
        sales.place(command, order, key, placed)
        return order, key

    def _take_back(self, command: Command, row: Row, customer: Customer) -> None:
        """Refund what the cancelled units were bought as; of what was not, open a break."""
        command.at(row.at)
        missing = -row.quantity
        parts = self._sales.take_back(customer.number, row.code, row.price, missing)
        for count, part in enumerate(parts):
            order, key = self._sales.order(part.sale), self._sales.key(part.sale)
            name = f"{self._book}/{row.number}/{count}"
            refund = Refund(derive("rfd", _milliseconds(row.at), name))
            request = RefundRequested(
                *refund.follows(command),
                order=order.id,
                merchant=merchant_of(row.code),
                amount=part.units * row.price,
                currency=CURRENCY,
                units=part.units,
                row=row.number,
            )
            refund.request(command, request)
            refund.approve(command)
            returns.execute(command, order, key, refund, "returned")
            self._sales.refunded(part.sale, order, key)
            missing -= part.units
        if missing:
            self._open_break(command, row, missing, customer)

    def _open_break(self, command: Command, row: Row, units: int, customer: Customer) -> None:
        product = self._product(command, row)
        self._recon = self._today(Recon, self._recon, row.at)
        opened = ReconBreakOpened(
            *self._recon.follows(command),
            kind="refund_without_sale",
            amount=units * row.price,
            currency=CURRENCY,
            units=units,
            merchant=product.merchant,
            product=product.id,
            buyer=customer.buyer,
            row=row.number,
            party=customer.seal(command, customer.buyer),
        )
        self._recon.open_break(command, opened)
        self._post(command, row, customer, "refund_without_sale", -units * row.price)

    def _post(
        self,
        command: Command,
        row: Row,
        customer: Customer,
        occasion: Occasion,
        amount: int | None = None,
        other: str = CHANNEL,
    ) -> None:
        command.at(row.at)
        self._journal = self._today(Journal, self._journal, row.at)
        value = row.amount if amount is None else amount
        account = SUSPENSE if occasion == "refund_without_sale" else SERVICE
        posted = LedgerPosted(
            *self._journal.follows(command),
            occasion=occasion,
            currency=CURRENCY,
            lines=(Line(account, value), Line(other, -value)),
            merchant=merchant_of(row.code),
            code=row.code,
            buyer=customer.buyer,
            row=row.number,
            party=customer.seal(command, customer.buyer),
        )
        self._journal.post(command, posted)

    def _adjust_stock(self, command: Command, row: Row, customer: Customer) -> None:
        command.at(row.at)
        product = self._product(command, row)
        adjusted = ProductStockAdjusted(
            *product.follows(command),
            merchant=product.merchant,
            units=row.quantity,
            row=row.number,
            buyer=customer.buyer,
            party=customer.seal(command, customer.buyer),
        )
        product.adjust_stock(command, adjusted)

    def _end(self, number: str, first: int, end: int, at: str) -> None:
        """Confirm and release what is left of an invoice's orders, at the end of the file."""
        command = self._command(f"{number}/end", at, begun_by=number)
        for sale in self._sales.left(first, end):
            order = self._sales.order(sale)
            key = self._sales.key(sale)
            sales.confirm(command, order, key, "import_end")
            sales.release(command, order, key)
        if command.events:
            self._send(command)

    def _product(self, command: Command, row: Row) -> Product:
        """Return the row's product, created when it is first heard of."""
        product = self._products.get(row.code)
        title = row.title if row.price and row.quantity > 0 else ""
        if product is None:
            source = f"{self._book}/{row.number}"
            product = Product(derive("prd", _milliseconds(row.at), source))
            self._products[row.code] = product
            product.create(command, merchant_of(row.code), row.code, title or None)
        elif title and product.title is None:
            # What stands beside an adjustment is a note ("damaged?"); a sale's is the title.
            product.rename(command, title)
        return product

    def _today(self, kind: type[_Daily], current: _Daily, at: str) -> _Daily:
        stream = f"{kind.PREFIX}{self._book}-{at[:10]}"
        return current if current.id == stream else kind(stream)

    def _command(self, name: str, at: str, begun_by: str | None = None) -> Command:
        command_id = f"{self._book}/{name}"
        meta = Meta(
            actor="import",
            role="platform",
            source="retail",
            channel="file",
            command_id=command_id,
            correlation_id=f"{self._book}/{begun_by}" if begun_by else command_id,
            occurred_at=at,
        )
        return Command(meta, self._sealer, KeyedEntropy(self._secret, command_id))

    def _send(self, command: Command) -> None:
        self._figures.take(command.events)
        size = len(command.events)
        self._waiting.append((self._submit(command), size))
        self._events += size
        self._in_flight += size
        while self._in_flight > IN_FLIGHT:
            self._await_oldest()

    def _await_oldest(self) -> None:
        future, size = self._waiting.popleft()
        self._in_flight -= size
        future.result()


def _check_signs(invoice: Invoice, row: Row) -> None:
    """Refuse a priced line that takes where its invoice sells, or the other way round.

    Raises:
        RowError: it does.
    """
    if row.price == 0 or invoice.is_adjustment:
        return
    if row.price < 0:
        raise RowError(row.number, "UnitPrice", "negative outside an adjustment (A…) invoice")
    if invoice.is_cancellation != (row.quantity < 0):
        kind = "positive in a cancellation" if invoice.is_cancellation else "negative in a sale"
        raise RowError(row.number, "Quantity", kind)


@lru_cache(maxsize=64)
def _seconds(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp())


def _milliseconds(at: str) -> int:
    return _seconds(at) * 1000
