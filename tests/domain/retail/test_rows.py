"""Rows: read strictly; whatever is wrong is named by row and column."""

import lzma
from io import BytesIO

import pytest

from domain.retail.rows import Row, RowError, decompressed, read_rows
from tests.domain.retail.shop import GOOD, HEADER, SHOP, shop


def changed(column: int, text: str) -> str:
    """Return a good row with another text in *column*."""
    cells = GOOD.rstrip("\n").split(",")
    cells[column] = text
    return ",".join(cells) + "\n"


def test_a_row_is_read() -> None:
    assert list(read_rows(shop(HEADER + GOOD))) == [
        Row(
            number=1,
            invoice="536365",
            code="85123A",
            title="HOLDER",
            quantity=6,
            at="2010-12-01T08:26:00Z",
            price=255,
            rounded="",
            customer="17850",
            country="United Kingdom",
        )
    ]


def test_the_rows_of_a_compressed_file_are_the_same() -> None:
    packed = BytesIO(lzma.compress(SHOP.encode()))
    assert list(read_rows(decompressed(packed))) == list(read_rows(shop()))


def test_mark_line_ends_and_quotes_make_no_difference() -> None:
    text = "\ufeff" + SHOP.replace("\n", "\r\n").replace("BOX", '"BOX"')
    assert list(read_rows(shop(text))) == list(read_rows(shop()))


def test_the_stream_is_left_open() -> None:
    stream = shop()
    list(read_rows(stream))
    assert not stream.closed


def test_a_price_finer_than_a_penny_is_rounded_and_kept_as_text() -> None:
    row = next(each for each in read_rows(shop()) if each.code == "PADS")
    assert (row.price, row.rounded) == (0, "0.001")


BAD_FILES = {
    "empty": ("", 0, "InvoiceNo", "empty"),
    "header-only": (HEADER, 1, "InvoiceNo", "no row"),
    "column-missing": (HEADER.replace("UnitPrice,", ""), 0, "UnitPrice", "column is missing"),
    "columns-in-another-order": (
        "StockCode,InvoiceNo" + HEADER.removeprefix("InvoiceNo,StockCode"),
        0,
        "StockCode",
        "exactly",
    ),
    "short-row": (HEADER + GOOD + "536365,85123A,HOLDER\n", 2, "Quantity", "3 columns"),
    "long-row": (HEADER + GOOD.rstrip() + ",more\n", 1, "Country", "9 columns"),
    "blank-row": (HEADER + "\n" + GOOD, 1, "InvoiceNo", "0 columns"),
    "invoice": (HEADER + changed(0, "B536365"), 1, "InvoiceNo", "no invoice number"),
    "invoice-empty": (HEADER + changed(0, ""), 1, "InvoiceNo", "no invoice number"),
    "code-empty": (HEADER + changed(1, " "), 1, "StockCode", "no product code"),
    "code-foreign": (HEADER + changed(1, "85123\u00c4"), 1, "StockCode", "no product code"),
    "quantity-text": (HEADER + changed(3, "six"), 1, "Quantity", "no whole number"),
    "quantity-fraction": (HEADER + changed(3, "6.0"), 1, "Quantity", "no whole number"),
    "quantity-zero": (HEADER + changed(3, "0"), 1, "Quantity", "other than 0"),
    "quantity-huge": (HEADER + changed(3, "99999999"), 1, "Quantity", "no whole number"),
    "date-text": (HEADER + changed(4, "yesterday"), 1, "InvoiceDate", "no time"),
    "date-no-such-day": (HEADER + changed(4, "2011-02-30 08:00:00"), 1, "InvoiceDate", "no time"),
    "date-other-form": (HEADER + changed(4, "01/12/2010 08:26"), 1, "InvoiceDate", "no time"),
    "price-text": (HEADER + changed(5, "cheap"), 1, "UnitPrice", "not a decimal number"),
    "price-exponent": (HEADER + changed(5, "1e3"), 1, "UnitPrice", "not a decimal number"),
    "price-nan": (HEADER + changed(5, "NaN"), 1, "UnitPrice", "not a decimal number"),
    "customer": (HEADER + changed(6, "17850.5"), 1, "CustomerID", "no customer number"),
    "time-goes-back": (
        HEADER + GOOD + changed(4, "2010-12-01 08:25:00"),
        2,
        "InvoiceDate",
        "earlier than the row before",
    ),
    "open-quote": (HEADER + GOOD + changed(2, '"HOLDER'), 2, "InvoiceNo", "not CSV"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_by_row_and_column(name: str) -> None:
    text, row, column, fault = BAD_FILES[name]
    with pytest.raises(RowError, match=fault) as refused:
        list(read_rows(shop(text)))
    assert (refused.value.row, refused.value.column) == (row, column)
    assert str(refused.value).startswith(f"row {row}, {column}: " if row else f"header, {column}: ")


def test_a_broken_encoding_is_named_by_row_and_column() -> None:
    data = (HEADER + GOOD + GOOD).encode().replace(b"HOLDER", b"H\xe9LDER", 2)
    data = data.replace(b"H\xe9LDER", b"HOLDER", 1)
    with pytest.raises(RowError, match="row 2, Description: broken encoding: byte 0xe9"):
        list(read_rows(BytesIO(data)))


@pytest.mark.parametrize("keep", [1, 20, 60, -13])
def test_a_truncated_xz_names_the_row(keep: int) -> None:
    packed = lzma.compress((HEADER + GOOD * 100).encode())[:keep]
    fault = "InvoiceNo: compressed data is damaged or cut off"
    with pytest.raises(RowError, match=rf"(header|row \d+), {fault}"):
        list(read_rows(decompressed(BytesIO(packed))))


def test_what_is_no_xz_is_refused() -> None:
    with pytest.raises(RowError, match="compressed data is damaged"):
        list(read_rows(decompressed(shop())))
