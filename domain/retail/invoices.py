"""Rows to invoices: the lines of one invoice together, in the order of their first lines.

An invoice's lines need not follow each other in the file (one does not) nor carry one
time (43 carry two, a minute apart), so an invoice stays open until the file's clock has
moved on. ``tests/domain/retail/test_invoices.py``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.retail.rows import Row, RowError

OPEN_FOR = timedelta(minutes=5)
"""How long after its last line an invoice may still get another one."""


@dataclass(slots=True)
class Invoice:
    """The lines of one invoice, at least one."""

    number: str
    rows: list[Row] = field(default_factory=list)

    @property
    def is_cancellation(self) -> bool:
        """Numbers that start with C take back what was sold before."""
        return self.number.startswith("C")

    @property
    def is_adjustment(self) -> bool:
        """Numbers that start with A write off bad debt."""
        return self.number.startswith("A")


def read_invoices(rows: Iterable[Row]) -> Iterator[Invoice]:
    """Give the invoices of *rows*, which are in order of time.

    Raises:
        RowError: a line belongs to an invoice that was over long before, or names another
            customer than the invoice's first line.
    """
    waiting: dict[str, Invoice] = {}
    closed: set[str] = set()
    now = ""
    for row in rows:
        if row.at != now:
            now = row.at
            yield from _close(waiting, closed, before=_long_before(now))
        if row.invoice in closed:
            raise RowError(
                row.number, "InvoiceNo", f"invoice {row.invoice} goes on after {OPEN_FOR} or more"
            )
        invoice = waiting.setdefault(row.invoice, Invoice(row.invoice))
        if invoice.rows and invoice.rows[0].customer != row.customer:
            raise RowError(
                row.number, "CustomerID", f"invoice {row.invoice} has another customer already"
            )
        invoice.rows.append(row)
    yield from _close(waiting, closed, before="~")


def _long_before(now: str) -> str:
    return f"{datetime.fromisoformat(now) - OPEN_FOR:%Y-%m-%dT%H:%M:%S}Z"


def _close(waiting: dict[str, Invoice], closed: set[str], before: str) -> Iterator[Invoice]:
    """Give the waiting invoices from the oldest on whose last line is *before* that time."""
    for number in list(waiting):
        # An open one holds back those that began after it: commands keep the file's order.
        if waiting[number].rows[-1].at >= before:
            return
        closed.add(number)
        yield waiting.pop(number)
