"""The import: every kind of row in its use case, every control figure, twice the same."""

import io
import lzma
import os
from collections import Counter
from concurrent.futures import Future
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pytest
from eventsourcing.persistence import RecordConflictError

from domain.command import Command
from domain.mapper import EventMapper
from domain.retail.figures import PUBLISHED
from domain.retail.importing import RetailImport
from domain.retail.report import Progress, Report
from domain.retail.rows import RowError, decompressed, read_rows
from tests.domain.given import SECRET, MemoryRecorder, MemorySealer, World
from tests.domain.retail.recount import recount
from tests.domain.retail.shop import EXPECTED, GOOD, HEADER, SHOP, shop

REAL = Path(__file__).resolve().parents[4] / "shared/data/online_retail.csv.xz"


def import_into(world: World, text: str = SHOP, secret: bytes = SECRET) -> Report:
    """Import *text* into *world*."""
    importing = RetailImport(world.trade.submit, world.sealer, secret)
    return importing.run(read_rows(shop(text)))


@pytest.fixture(scope="module")
def imported() -> tuple[World, Report]:
    """Return a world with the small file, and the report."""
    world = World()
    return world, import_into(world)


def test_every_control_figure_is_as_counted_by_hand(imported: tuple[World, Report]) -> None:
    assert imported[1].differences(EXPECTED) == {}
    assert set(EXPECTED) == set(PUBLISHED)


def test_the_hand_count_agrees_with_the_recount_of_rows() -> None:
    figures = recount(SHOP.splitlines())
    assert {name: figures.get(name, 0) for name in EXPECTED} == EXPECTED


def test_what_was_recorded_can_be_loaded_and_agrees(imported: tuple[World, Report]) -> None:
    world, report = imported
    assert Counter(world.topics()) == report.events
    assert len(world.events()) == sum(report.events.values())


def test_a_sale_is_told_event_by_event(imported: tuple[World, Report]) -> None:
    guest = [each for each in imported[0].events() if each.meta.command_id == "or/536366"]
    assert [each.TOPIC for each in guest] == [
        "product.created",
        "key.imported",
        "key.sealed",
        "key.listed",
        "order.placed",
        "key.reserved",
        "payment.captured",
        "ledger.posted",
        "order.paid",
        "funds.held",
        "ledger.posted",
        "key.sold",
        "voucher.issued",
        "order.delivered",
        "bundle.issued",
    ]
    assumed = {each.TOPIC for each in guest if each.data().get("basis") == "assumed"}
    assert assumed == {
        *("key.imported", "key.sealed", "payment.captured"),
        *("order.paid", "voucher.issued", "order.delivered"),
    }


def test_a_cancellation_takes_the_latest_sale_first(imported: tuple[World, Report]) -> None:
    events = [each for each in imported[0].events() if each.meta.command_id == "or/C536370"]
    requested = [each.data() for each in events if each.TOPIC == "refund.requested"]
    orders = {
        each.originator_id: each for each in imported[0].events() if each.TOPIC == "order.placed"
    }
    found = [(orders[each["order"]].data()["row"], each["units"]) for each in requested]
    assert found == [(7, 2), (2, 1)]
    assert [each.TOPIC for each in events][3:8] == [
        "ledger.posted",
        "order.refunded",
        "bundle.units_refunded",
        "voucher.revoked",
        "key.returned",
    ]


def test_no_customer_number_stands_in_the_log(imported: tuple[World, Report]) -> None:
    log = b"".join(each.body() for each in imported[0].events())
    assert b"17850" not in log
    assert b"Channel Islands" not in log
    sealed = [value for _, value in imported[0].sealer.values.values() if isinstance(value, dict)]
    assert {"customer": "17850", "country": "United Kingdom"} in sealed


def test_a_rounded_price_is_named_in_the_report(imported: tuple[World, Report]) -> None:
    assert imported[1].roundings == [(12, "PADS", "0.001", 0)]


def test_monthly_sums_add_up(imported: tuple[World, Report]) -> None:
    assert imported[1].monthly == {"2010-12": EXPECTED["control_total"]}


def test_streams_that_exist_once_are_split_by_day(imported: tuple[World, Report]) -> None:
    streams = {each.originator_id for each in imported[0].events() if "/" in each.originator_id}
    assert "ledger/or-2010-12-01" in streams
    assert "recon/or-2010-12-21" in streams


def test_the_same_file_again_records_nothing_and_says_the_same() -> None:
    world = World()
    first = import_into(world)
    before, states = world.size(), _states(world)
    assert import_into(world) == first
    assert world.size() == before
    other = World()
    import_into(other)
    assert _states(other) == states


def test_another_secret_changes_what_is_sealed_and_nothing_else() -> None:
    one, other = World(), World()
    import_into(one)
    import_into(other, secret=SECRET[::-1])
    assert _states(one) != _states(other)
    assert one.topics() == other.topics()
    assert [e.originator_id for e in one.events()] == [e.originator_id for e in other.events()]


def test_another_file_under_the_same_book_conflicts() -> None:
    world = World()
    import_into(world)
    recorder = cast("MemoryRecorder", world.trade.recorder)
    recorder.receipts.clear()
    with pytest.raises(RecordConflictError, match="already recorded"):
        import_into(world)


def test_progress_reaches_the_last_row() -> None:
    world, seen = World(), list[Progress]()
    RetailImport(world.trade.submit, world.sealer, SECRET, on_progress=seen.append).run(
        read_rows(shop())
    )
    assert seen[-1] == (16, world.size())
    assert [each.rows for each in seen] == sorted(each.rows for each in seen)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (GOOD.replace(",6,", ",-6,"), "row 2, Quantity: negative in a sale"),
        (GOOD.replace("536365", "C9"), "row 2, Quantity: positive in a cancellation"),
        (GOOD.replace("2.55", "-2.55"), "row 2, UnitPrice: negative outside an adjustment"),
    ],
)
def test_a_sign_that_does_not_fit_its_invoice_is_refused(line: str, fault: str) -> None:
    world = World()
    with pytest.raises(RowError, match=fault):
        import_into(world, HEADER + GOOD + line.replace("536365", "536399"))
    assert {each.meta.command_id for each in world.events()} == {"or/536365"}


def test_a_bad_row_leaves_whole_invoices_before_it_and_nothing_of_its_own() -> None:
    world = World()
    cut = SHOP.index("C536372")
    with pytest.raises(RowError, match="row 11"):
        import_into(world, SHOP[:cut] + "C536372,85123A,HOLDER\n")
    commands = [each.meta.command_id for each in world.events()]
    assert commands[-1] == "or/C536370"
    assert "or/C536372" not in commands
    import_into(world)
    assert Counter(world.topics())["order.placed"] == EXPECTED["goods_rows"]


class Counting:
    """A recorder that maps and counts, and keeps nothing."""

    def __init__(self) -> None:
        self.mapper = EventMapper()
        self.events = 0
        self.bytes = 0
        self.commands: set[str] = set()

    def submit(self, command: Command) -> Future[list[int]]:
        """Map the command's events and forget them."""
        assert command.id not in self.commands
        self.commands.add(command.id)
        self.events += len(command.events)
        self.bytes += sum(len(self.mapper.to_stored_event(each).state) for each in command.events)
        done: Future[list[int]] = Future()
        done.set_result([])
        return done


class Forgetful(MemorySealer):
    """A sealer that keeps nothing."""

    def seal(self, subject: str, value: object, salt: bytes) -> Any:  # noqa: ANN401 — a row
        """Seal and forget."""
        row = super().seal(subject, value, salt)
        self.values.clear()
        return row


@pytest.mark.skipif(not REAL.exists(), reason="shared/data/online_retail.csv.xz is not here")
def test_the_real_file_agrees_with_a_recount_of_its_rows() -> None:
    whole = os.environ.get("XIYOU_TEST_WHOLE_FILE") == "1"
    limit = None if whole else 20_000
    counting = Counting()
    with REAL.open("rb") as stream:
        rows = islice(read_rows(decompressed(stream)), limit)
        report = RetailImport(counting.submit, Forgetful(), SECRET).run(rows)
    with lzma.open(REAL) as packed:
        lines = io.TextIOWrapper(packed, encoding="utf-8", newline="")
        figures = recount(islice(lines, None if limit is None else limit + 1))
    expected = {name: figures.get(name, 0) for name in PUBLISHED}
    assert report.differences(expected) == {}
    assert sum(report.events.values()) == counting.events
    if whole:
        assert report.differences(PUBLISHED) == {}


def _states(world: World) -> str:
    found = cast("MemoryRecorder", world.trade.recorder).select_notifications(1, 1_000_000)
    return sha256(b"".join(each.state for each in found)).hexdigest()
