"""Importing a file by the demo: control figures, a second time, and files that are bad."""

import lzma
from collections.abc import Iterator
from pathlib import Path
from secrets import token_bytes, token_hex

import pytest

from api.commands import new_id
from chain.store.embedded import EmbeddedPostgres
from domain.command import Command
from domain.event import Meta
from scripts.deploying import deployment
from tests.chain.store.owners import leaked
from tests.domain.retail.shop import HEADER, SHOP
from tests.scripts.calling import call, spawn

LINES = SHOP.splitlines(keepends=True)[1:]
WHOLE = SHOP.encode()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a log, whose server is kept up."""
    home = tmp_path_factory.mktemp("data") / "home"
    assert call("migrate", "--home", home).code == 0
    with EmbeddedPostgres(home / "postgres"):
        yield home
    assert leaked(home / "postgres") == []


def size(home: Path) -> int:
    number = call("log", "head", "--home", home, "--json").json["size"]
    assert isinstance(number, int)
    return number


def append(home: Path) -> None:
    """Offer a product: one more event."""
    command_id = f"test/{token_hex(8)}"
    with deployment(home) as ledger:
        meta = Meta("M-AA", "merchant", "test", "test", command_id, command_id)
        command = Command(meta, ledger.vault, token_bytes)
        ledger.trade.create_product(command, new_id("prd"), "M-AA", "X")


def with_row(number: int, old: str, new: str) -> bytes:
    """Return the shop's file with *old* in a row, counted from 1, replaced."""
    lines = list(LINES)
    assert old in lines[number - 1], lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    return (HEADER + "".join(lines)).encode()


def last_of(number: int, column: int) -> str:
    return LINES[number - 1].rstrip("\n").split(",")[column]


ROW = len(LINES)
BAD = {
    "column-missing.csv": (WHOLE.replace(b",UnitPrice", b"", 1), 0, "UnitPrice"),
    "bad-number.csv": (with_row(ROW, f",{last_of(ROW, 3)},", ",many,"), ROW, "Quantity"),
    "bad-price.csv": (with_row(2, f",{last_of(2, 5)},", ",1e3,"), 2, "UnitPrice"),
    "broken-encoding.csv": (
        WHOLE[: -len(LINES[-1])] + LINES[-1].encode().replace(b",", b",\xff", 2),
        ROW,
        None,
    ),
    "empty.csv": (b"", 0, "InvoiceNo"),
    "truncated.csv.xz": (lzma.compress(WHOLE)[:-60], None, "InvoiceNo"),
    "not-xz.csv.xz": (b"this is no xz file", None, "InvoiceNo"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_file_ends_with_2_and_leaves_whole_commands_only(
    home: Path, tmp_path: Path, name: str
) -> None:
    content, row, column = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    called = call("demo", "--home", home, "--data", path, "--json")
    assert called.code == 2, called.err
    facts = called.json
    assert str(path) in facts["message"]
    if row is not None:
        assert facts["row"] == row
    assert facts["column"] == (column or facts["column"])
    assert facts["column"] in facts["message"]
    # Every entry belongs to a receipt, and the log still takes commands.
    assert call("audit", "--home", home, "--database").code == 0
    before = size(home)
    append(home)
    assert size(home) == before + 1


def test_a_file_is_imported_once_however_often_it_is_given(tmp_path: Path) -> None:
    home, plain, packed = tmp_path / "home", tmp_path / "shop.csv", tmp_path / "shop.csv.xz"
    plain.write_bytes(WHOLE)
    packed.write_bytes(lzma.compress(WHOLE))
    assert call("migrate", "--home", home).code == 0
    with EmbeddedPostgres(home / "postgres"):
        first = call("demo", "--home", home, "--data", plain, "--json")
        assert first.code == 0, first.err
        figures = first.json["figures"]
        assert figures["rows"]["reproduced"] == len(LINES)
        assert figures["closing_sum"]["ok"] is True
        assert first.json["events"] == first.json["size"] > len(LINES)
        again = call("demo", "--home", home, "--data", packed, "--json")
        assert again.code == 0, again.err
        assert again.json["events"] == 0
        assert again.json["size"] == first.json["size"]
        assert again.json["figures"] == figures
        # Another file under the same ids is a conflict, not a second truth.
        price = LINES[0].split(",")[5]
        plain.write_bytes(with_row(1, f",{price},", ",7.77,"))
        other = call("demo", "--home", home, "--data", plain, "--json")
        assert other.code == 3
        assert "--home" in other.json["message"]
        assert size(home) == first.json["size"]
    assert leaked(home / "postgres") == []


def test_the_figures_are_a_table_and_the_roundings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_bytes(WHOLE)
    called = spawn("demo", "--home", tmp_path / "home", "--data", path)
    assert called.code == 0, called.err
    assert "closing_sum" in called.out
    assert "PADS at 0.001 was rounded to 0 pence" in called.out
    assert max(len(each) for each in called.out.splitlines() if str(tmp_path) not in each) <= 100
