"""Invoices: their lines together, in the order of their first lines."""

import pytest

from domain.retail.invoices import read_invoices
from domain.retail.rows import RowError, read_rows
from tests.domain.retail.shop import GOOD, HEADER, shop


def rows(*lines: tuple[str, str, str]) -> str:
    """Return a file of rows, each with an invoice, a time of day and a customer."""
    cells = "{},85123A,HOLDER,6,2010-12-01 {},2.55,{},United Kingdom\n"
    return HEADER + "".join(cells.format(*line) for line in lines)


def test_lines_that_another_invoice_parts_come_together() -> None:
    text = rows(("1", "08:00:00", "7"), ("2", "08:00:00", "8"), ("1", "08:01:00", "7"))
    found = [
        (each.number, [row.number for row in each.rows])
        for each in read_invoices(read_rows(shop(text)))
    ]
    assert found == [("1", [1, 3]), ("2", [2])]


def test_an_invoice_is_given_once_the_clock_has_moved_on() -> None:
    text = rows(("1", "08:00:00", "7"), ("2", "08:10:00", "7"), ("3", "09:00:00", "7"))
    invoices = read_invoices(read_rows(shop(text + "broken\n")))
    assert [next(invoices).number, next(invoices).number] == ["1", "2"]
    with pytest.raises(RowError, match="row 4"):
        next(invoices)


def test_an_invoice_that_goes_on_long_after_is_refused() -> None:
    text = rows(("1", "08:00:00", "7"), ("2", "09:00:00", "7"), ("1", "09:00:00", "7"))
    with pytest.raises(RowError, match="row 3, InvoiceNo: invoice 1 goes on"):
        list(read_invoices(read_rows(shop(text))))


def test_an_invoice_of_two_customers_is_refused() -> None:
    text = rows(("1", "08:00:00", "7"), ("1", "08:00:00", "8"))
    with pytest.raises(RowError, match="row 2, CustomerID: invoice 1 has another customer"):
        list(read_invoices(read_rows(shop(text))))


def test_kinds_are_told_by_the_number() -> None:
    text = HEADER + "".join(GOOD.replace("536365", each) for each in ("1", "C2", "A3"))
    kinds = [
        (each.is_cancellation, each.is_adjustment) for each in read_invoices(read_rows(shop(text)))
    ]
    assert kinds == [(False, False), (True, False), (False, True)]
