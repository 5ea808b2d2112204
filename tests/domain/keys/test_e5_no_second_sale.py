"""E5, 3.7 invariant 10: the same raw key never becomes saleable twice (U5; T1, T23)."""

import multiprocessing
import os
from collections import Counter
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import Vault
from domain.errors import ConflictOfInterestError
from domain.identity.person import IndexKey
from domain.keys.fingerprint import IndexRing
from domain.keys.intake import Upload
from domain.keys.key import Key
from domain.keys.stock import FINGERPRINTS, PLATFORM_KEYS, rebuilt, rows_by_key
from tests.domain.given import (
    BUYER,
    MERCHANT,
    NOW,
    PRODUCT,
    RING,
    SECRET,
    World,
    command_of,
    identifier,
    key_of_line,
)
from tests.faults.test_last_key import trade_on

OTHER = identifier("prd", "other")


def stocked(*lines: str) -> World:
    """Return a world with *lines* in stock, and a product of another merchant."""
    world = World()
    world.stocked(lines)
    world.do("create_product", OTHER, "M-ZHU", "SKU-9", None)
    return world


def bring(
    world: World, *lines: str, name: str = "again", merchant: str = "M-ZHU", **terms: object
) -> list[str]:
    """Let a merchant bring *lines*; return what became of each."""
    product = OTHER if merchant == "M-ZHU" else PRODUCT
    content = "\n".join(lines).encode()
    batch = identifier("bat", name)
    return world.bring_file(content, batch, merchant=merchant, product=product, **terms).reasons


@pytest.mark.parametrize("merchant", [MERCHANT, "M-ZHU"])
@pytest.mark.parametrize(
    "again",
    ["AAAA-BBBB", "AAAABBBB", " AAAA BBBB ", "A-A-A-A-B-B-B-B", "ＡＡＡＡ-BBBB"],  # noqa: RUF001 — full width is the point
)
def test_t1_the_same_key_in_other_spacing_hyphens_or_merchant_is_refused(
    again: str, merchant: str
) -> None:
    world = stocked("AAAA-BBBB")
    before = world.topics()
    assert bring(world, again, merchant=merchant) == ["duplicate"]
    assert world.topics()[len(before) :] == [
        "product.import_started",
        "key.duplicate_detected",
        "product.import_line_rejected",
        "product.import_finished",
    ]


@pytest.mark.parametrize("merchant", [MERCHANT, "M-ZHU"])
def test_t1_another_case_is_set_aside_and_not_listed(merchant: str) -> None:
    world = stocked("AAAA-BBBB")
    assert bring(world, "aaaa-bbbb", merchant=merchant) == ["case_collision"]
    key = next(each.originator_id for each in world.events() if each.TOPIC == "key.quarantined")
    assert world.trade.load(Key, key).state == "quarantined"
    imported = next(each for each in world.events() if each.originator_id == key)
    assert imported.data()["collides"] == key_of_line(1)
    assert world.do("list_batch", [key]) == []


def test_where_cases_are_told_apart_another_case_is_another_key() -> None:
    world = stocked("AAAA-BBBB")
    world.do("tell_cases_apart", PRODUCT)
    assert bring(world, "aaaa-bbbb", "aAaA-bBbB", merchant=MERCHANT) == ["accepted"] * 2
    # Elsewhere they are as suspect as ever.
    assert bring(world, "Aaaa-Bbbb", name="elsewhere") == ["case_collision"]


def test_t23_the_same_key_twice_in_one_batch_is_refused_the_second_time() -> None:
    """dujiao-next/dujiao-next#290: multi-use is a bundle."""
    world = World()
    world.do("create_product", PRODUCT, MERCHANT, "SKU-001", None)
    upload = Upload(identifier("bat"), MERCHANT, PRODUCT, ["AAAA", "AAAA", "A-AAA"], 5)
    topics = Counter(world.do("import_batch", upload, RING, key_of_line))
    assert (topics["key.imported"], topics["key.duplicate_detected"]) == (1, 2)
    assert world.trade.load(Key, key_of_line(1)).units == 5


def test_a_key_that_is_sold_or_returned_is_not_brought_again() -> None:
    world = stocked("AAAA")
    order = world.delivered(key_of_line(1))
    assert bring(world, "AAAA", name="sold") == ["duplicate"]
    world.do("request_refund", identifier("rfd"), order)
    world.do("approve_refund", identifier("rfd"))
    assert world.trade.load(Key, key_of_line(1)).state == "returned"
    assert bring(world, "AAAA", name="returned") == ["duplicate"]


def test_a_dead_key_comes_back_by_two_persons_decision_alone() -> None:
    world = stocked("AAAA-BBBB")
    world.do("unlist_key", key_of_line(1))
    world.do("void_key", key_of_line(1))
    assert bring(world, "AAAA BBBB", name="alone") == ["voided"]
    assert bring(world, "AAAA BBBB", name="two", reviewers=("staff-1", "staff-2")) == ["accepted"]
    assert bring(world, "AAAA BBBB", name="third", reviewers=("staff-1", "staff-2")) == [
        "duplicate"
    ]
    started = [each for each in world.events() if each.TOPIC == "product.import_started"]
    assert [each.data().get("reviewers") for each in started] == [
        *(None, None, ["staff-1", "staff-2"], ["staff-1", "staff-2"])
    ]


@pytest.mark.parametrize(
    "reviewers", [("staff-1",), ("staff-1", "staff-1"), ("staff-1", "M-ZHU"), ("a", "b", "c")]
)
def test_two_persons_are_two_and_neither_is_the_merchant(reviewers: tuple[str, ...]) -> None:
    world = stocked("AAAA")
    before = world.size()
    with pytest.raises(ConflictOfInterestError):
        bring(world, "AAAA", reviewers=reviewers)
    assert world.size() == before


def test_a_key_voided_by_a_refund_stays_known_too() -> None:
    world = stocked("AAAA")
    order = world.delivered(key_of_line(1))
    world.do("activate_key", order, BUYER, NOW)
    world.do("request_refund", identifier("rfd"), order)
    assert "key.voided" in world.do("approve_refund", identifier("rfd"))
    assert bring(world, "AAAA") == ["voided"]


def test_during_a_rotation_old_and_new_index_keys_are_both_asked() -> None:
    world = stocked("AAAA")
    old, new = RING.current, IndexKey("new", SECRET[::-1])
    rotating = IndexRing(new, old)
    assert bring(world, "A-AAA", "aaaa", "CCCC", name="rotating", ring=rotating) == [
        *("duplicate", "case_collision", "accepted")
    ]
    # A process that has not heard of the new key yet, and one that no longer has the old.
    assert bring(world, "CC-CC", name="late", ring=IndexRing(old)) == ["duplicate"]
    assert bring(world, "CC CC", name="early", ring=IndexRing(new)) == ["duplicate"]


def registers(world: World) -> dict[str, object]:
    """Return both registers as they are kept."""
    return {
        each.name: rows_by_key(each, world.trade.rows_of(each))
        for each in (FINGERPRINTS, PLATFORM_KEYS)
    }


def test_the_registers_follow_from_the_log() -> None:
    world = stocked("AAAA", "aaaa", "BBBB", "CCCC")
    world.do("unlist_key", key_of_line(3))
    world.do("void_key", key_of_line(3))
    bring(world, "BBBB", "DDDD", reviewers=("staff-1", "staff-2"))
    ring = IndexRing(IndexKey("new", SECRET[::-1]), RING.current)
    bring(world, "EEEE", "CCCC", name="rotating", ring=ring)
    kept = registers(world)
    assert kept == rebuilt(world.events())
    assert {name: len(rows) for name, rows in kept.items()} == {  # type: ignore[arg-type]
        "fingerprints": 7,
        "platform_keys": 7,
    }


KEYS = st.sampled_from(["AAAA", "aaaa", "A AAA", "Aaaa", "BBBB", "bb-bb", "CCCC"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(KEYS, max_size=5), max_size=5), st.data())
def test_invariant_10_one_fingerprint_at_most_one_key_that_is_not_dead(
    batches: list[list[str]], data: st.DataObject
) -> None:
    world = stocked("BBBB")
    for number, lines in enumerate(batches):
        reviewed = data.draw(st.booleans())
        bring(
            world,
            *lines,
            name=str(number),
            merchant=data.draw(st.sampled_from([MERCHANT, "M-ZHU"])),
            reviewers=("staff-1", "staff-2") if reviewed else (),
        )
        live = [each[3] for each in world.trade.rows_of(FINGERPRINTS, state="live")]
        sealed = [each for each in live if world.trade.load(Key, each).state == "sealed"]
        for each in data.draw(st.lists(st.sampled_from(sealed), max_size=2)) if sealed else []:
            if world.trade.load(Key, each).state == "sealed":
                world.do("void_key", each)
    assert registers(world) == rebuilt(world.events())
    imported = {e.originator_id: e.data() for e in world.events() if e.TOPIC == "key.imported"}
    alive = Counter(
        data["fingerprint"]
        for key, data in imported.items()
        if world.trade.load(Key, key).state != "voided"
    )
    assert all(count == 1 for count in alive.values())


LINES = 240


def _bring_all(url: str, home: Path, worker: int, start: Barrier) -> list[str]:
    """Bring the same raw keys as another merchant does; return what became of each line."""
    database = Database(url)
    vault = Vault(database, FileMasterKey(home, os.urandom))
    merchant = f"M-W{worker}"
    product = identifier("prd", merchant)
    outcomes: list[str] = []
    with trade_on(url) as trade:
        for number in range(LINES // 4):
            if number % 10 == 0:
                start.wait(timeout=60)
            lines = [f"KEY-{number:03}-{each}" for each in range(4)][:: 1 - 2 * worker]
            batch = identifier("bat", f"{worker}/{number}")
            command = command_of(f"race/{worker}/{number}", vault)
            trade.import_batch(
                command,
                Upload(batch, merchant, product, lines),
                RING,
                lambda line, batch=batch: identifier("key", f"{batch}/{line}"),  # type: ignore[misc]
            )
            events: list[Any] = list(trade.events.get(batch))
            rejected = {each.line for each in events if hasattr(each, "line")}
            outcomes += ["rejected" if line in rejected else "accepted" for line in range(1, 5)][
                :: 1 - 2 * worker
            ]
    database.close()
    return outcomes


def test_t1_of_two_merchants_who_bring_a_key_at_once_exactly_one_has_it(
    app_url: str, database: Database, tmp_path: Path
) -> None:
    create_master_key(tmp_path, os.urandom)
    vault = Vault(database, FileMasterKey(tmp_path, os.urandom))
    with trade_on(app_url) as trade:
        for worker in range(2):
            product = identifier("prd", f"M-W{worker}")
            trade.create_product(command_of(f"p/{worker}", vault), product, f"M-W{worker}", "S")
        spawn = multiprocessing.get_context("spawn")
        with spawn.Manager() as manager, spawn.Pool(2) as pool:
            start = manager.Barrier(2)
            tries = [(app_url, tmp_path, worker, start) for worker in range(2)]
            one, other = pool.starmap(_bring_all, tries)
        assert all({a, b} == {"accepted", "rejected"} for a, b in zip(one, other, strict=True))
        stored = trade.recorder.select_notifications(1, 100_000)
        events = [trade.mapper.to_domain_event(each) for each in stored]
        kept = {
            each.name: rows_by_key(each, trade.rows_of(each))
            for each in (FINGERPRINTS, PLATFORM_KEYS)
        }
        assert kept == rebuilt(events)  # type: ignore[arg-type]
    assert Counter(each.topic for each in stored)["key.imported"] == LINES
