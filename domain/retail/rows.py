"""The rows of an Online Retail file, read strictly (``features.md``, section 8, Reading).

`read_rows` takes a binary stream of UTF-8 CSV and gives rows one by one; whatever is
wrong is refused by row and column. `decompressed` is what to put before it for ``.csv.xz``.
Proved by ``tests/domain/retail/test_rows.py``.
"""

import csv
import lzma
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, NamedTuple, cast
from unicodedata import normalize

from chain.errors import MalformedError
from domain.money import read_minor_units
from domain.retail.london import utc_of

CURRENCY: Final = "GBP"
COLUMNS: Final = (
    *("InvoiceNo", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "UnitPrice", "CustomerID", "Country"),
)
MAX_QUANTITY: Final = 10_000_000

_INVOICE = re.compile(r"[CA]?[0-9]{1,12}")
_CODE = re.compile(r"[0-9A-Z][0-9A-Z_ ]{0,31}")
_QUANTITY = re.compile(r"-?[0-9]{1,8}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_CUSTOMER = re.compile(r"([0-9]{1,12})(?:\.0)?")


class RowError(MalformedError):
    """A row of the file is not what the format says; `row` counts from 1 below the header."""

    def __init__(self, row: int, column: str, fault: str) -> None:
        """Say what is wrong with *column* of *row*; row 0 is the header."""
        where = f"row {row}" if row else "header"
        super().__init__(f"{where}, {column}: {fault}")
        self.row = row
        self.column = column


class Row(NamedTuple):
    """One line of an invoice."""

    number: int
    """Its place in the file, from 1: its identity."""
    invoice: str
    code: str
    """The merchant's product code, in upper case."""
    title: str
    quantity: int
    at: str
    """When, in UTC, RFC 3339."""
    price: int
    """Of one unit, in pence."""
    rounded: str
    """The price as the file has it, where it was finer than a penny; else empty."""
    customer: str
    """Empty for a guest."""
    country: str

    @property
    def amount(self) -> int:
        """What the row adds to the control total, in pence."""
        return self.quantity * self.price


def decompressed(stream: BinaryIO) -> BinaryIO:
    """Return the content of an ``.xz`` *stream*, decompressed as it is read."""
    return cast("BinaryIO", lzma.LZMAFile(stream))


def read_rows(stream: BinaryIO) -> Iterator[Row]:
    """Give the rows of the CSV file that *stream* holds, in its order.

    Raises:
        RowError: the file is empty, a column is missing, a value cannot be read, the
            encoding is broken, the compressed data ends too soon, or time goes back.
    """
    number, before = -1, ""
    lines = csv.reader(_decoded(stream), strict=True)
    try:
        for number, cells in enumerate(lines):
            if number == 0:
                _check_header(cells)
                continue
            row = _read_row(number, cells)
            if row.at < before:
                raise RowError(number, "InvoiceDate", "earlier than the row before: sort the file")
            before = row.at
            yield row
    except _EncodingFault as error:
        raise RowError(number + 1, error.column, str(error)) from None
    except (EOFError, lzma.LZMAError) as error:
        fault = f"compressed data is damaged or cut off: {error}"
        raise RowError(number + 1, COLUMNS[0], fault) from None
    except csv.Error as error:
        raise RowError(number + 1, COLUMNS[0], f"not CSV: {error}") from None
    if number == -1:
        raise RowError(0, COLUMNS[0], "the file is empty")
    if number == 0:
        raise RowError(1, COLUMNS[0], "the file has a header and no row")


class _EncodingFault(Exception):  # noqa: N818 — never leaves this module
    """A line is not UTF-8; `column` names where."""

    def __init__(self, column: str, byte: int) -> None:
        super().__init__(f"broken encoding: byte 0x{byte:02x} is not UTF-8")
        self.column = column


def _decoded(stream: BinaryIO) -> Iterator[str]:
    """Give the lines of *stream* as text, without a byte order mark."""
    for line in stream:
        try:
            yield line.decode("utf-8-sig" if line.startswith(BOM_UTF8) else "utf-8")
        except UnicodeDecodeError as error:
            # What stands before the bad byte says in which column it is.
            cells = next(csv.reader([line[: error.start].decode()]), [""])
            column = COLUMNS[min(max(len(cells), 1), len(COLUMNS)) - 1]
            raise _EncodingFault(column, line[error.start]) from None


def _check_header(cells: Iterable[str]) -> None:
    found = [each.strip() for each in cells]
    for name in COLUMNS:
        if name not in found:
            raise RowError(0, name, f"column is missing: the file has {', '.join(found)!a:.200}")
    if tuple(found) != COLUMNS:
        raise RowError(0, found[0], f"columns must be exactly {', '.join(COLUMNS)}")


def _read_row(number: int, cells: list[str]) -> Row:
    if len(cells) != len(COLUMNS):
        column = COLUMNS[min(len(cells), len(COLUMNS) - 1)]
        raise RowError(number, column, f"{len(cells)} columns instead of {len(COLUMNS)}")
    invoice, code, title, quantity, date, price, customer, country = cells
    if not _INVOICE.fullmatch(invoice):
        raise RowError(number, "InvoiceNo", f"{invoice!a:.40} is no invoice number")
    code = code.strip().upper()
    if not _CODE.fullmatch(code):
        raise RowError(number, "StockCode", f"{code!a:.40} is no product code")
    if not _QUANTITY.fullmatch(quantity) or not 0 < abs(int(quantity)) <= MAX_QUANTITY:
        raise RowError(number, "Quantity", f"{quantity!a:.40} is no whole number other than 0")
    read = _CUSTOMER.fullmatch(customer)
    if customer and not read:
        raise RowError(number, "CustomerID", f"{customer!a:.40} is no customer number")
    pence, exact = _read_price(number, price)
    return Row(
        number=number,
        invoice=invoice,
        code=code,
        title=title.strip() if title.isascii() else normalize("NFC", title.strip()),
        quantity=int(quantity),
        at=_read_time(number, date),
        price=pence,
        rounded="" if exact else price,
        customer=read[1] if read else "",
        country=country if country.isascii() else normalize("NFC", country),
    )


def _read_price(number: int, price: str) -> tuple[int, bool]:
    try:
        return read_minor_units(price, CURRENCY)
    except MalformedError as error:
        raise RowError(number, "UnitPrice", str(error)) from None


def _read_time(number: int, date: str) -> str:
    try:
        if not _DATE.fullmatch(date):
            raise ValueError(date)  # noqa: TRY301 — as for a day that no calendar has
        return utc_of(date)
    except ValueError:
        fault = f"{date!a:.40} is no time such as 2010-12-01 08:26:00"
        raise RowError(number, "InvoiceDate", fault) from None
