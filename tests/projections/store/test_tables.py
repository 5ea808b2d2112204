"""Rows come back from PostgreSQL as they went there, whatever text stands in them."""

import pytest

from chain.store.database import Database
from projections.keys import STOCK
from projections.store.platform import as_platform
from projections.store.tables import TableRows, write_rows
from projections.timeline import BOUND
from projections.view import NothingKept, Rows, Table


def written(database: Database, table: Table, **values: object) -> dict[str, object]:
    rows = Rows(NothingKept())
    rows.new(table, "a", 7, **values)
    with as_platform(database) as connection:
        write_rows(connection, "views_b", table, rows.take_changes()[table.name])
        [row] = TableRows(connection, "views_b").load(table, ["a", "b"])
    return row


@pytest.mark.parametrize("title", ["音乐会员", 'a\\b"c\n\t', "\\u0000", "", None, "\U0001f511"])
def test_text_is_kept_as_it_is(database: Database, title: str | None) -> None:
    assert written(database, STOCK, title=title, price=2**53)["title"] == title


def test_a_zero_byte_does_not_stop_the_view(database: Database) -> None:
    assert (
        written(database, STOCK, title="a\x00b\\u0000")["title"]
        == "a\N{REPLACEMENT CHARACTER}b\\u0000"
    )


def test_lists_are_kept(database: Database) -> None:
    assert written(database, BOUND, orders=["x", 'y"'])["orders"] == ["x", 'y"']
    assert written(database, BOUND, orders=[])["orders"] == []
