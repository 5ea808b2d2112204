"""Batches of goods: every line accepted or rejected, no raw key where it was refused."""

from collections import Counter

import pytest

from domain.catalogue.batch import ProductImportFinished, ProductImportLineRejected
from domain.errors import IllegalTransitionError, WrongPartyError
from domain.keys.intake import Upload
from domain.keys.key import Key
from domain.keys.upstream import Answer
from tests.domain.given import MERCHANT, PRODUCT, SECRET, World, identifier, key_of_line

LINES = ["AAAA-BBBB", "", "CCCC-DDDD", "aaaa bbbb", "BAD\x07KEY", "AAAABBBB", "E" * 513, " - "]


def test_accepted_and_rejected_are_the_lines_read() -> None:
    world = World()
    world.stocked(LINES)
    finished = [each for each in world.events() if isinstance(each, ProductImportFinished)]
    assert [(each.accepted, each.rejected) for each in finished] == [(2, 6)]
    assert Counter(world.topics())["key.listed"] == 2
    rejected = [each for each in world.events() if isinstance(each, ProductImportLineRejected)]
    assert [(each.line, each.fault) for each in rejected] == [
        (2, "empty"),
        (4, "duplicate"),
        (5, "malformed"),
        (6, "duplicate"),
        (7, "malformed"),
        (8, "empty"),
    ]


def test_no_raw_key_stands_in_the_log() -> None:
    world = World()
    world.stocked(LINES)
    log = b"".join(each.body() for each in world.events())
    assert b"AAAA" not in log
    assert b"CCCC" not in log
    assert sorted(value for _, value in world.sealer.values.values()) == ["AAAA-BBBB", "CCCC-DDDD"]


def test_a_key_of_another_merchant_is_a_duplicate() -> None:
    world = World()
    world.stocked(["AAAA-BBBB"])
    other = identifier("prd", "other")
    world.do("create_product", other, "M-ZHU", "SKU-9", None)
    upload = Upload(identifier("bat", "other"), "M-ZHU", other, ["AAAA BBBB"])
    topics = world.do("import_batch", upload, SECRET, world.taken, key_of_line)
    assert topics == [
        "product.import_started",
        "key.duplicate_detected",
        "product.import_line_rejected",
        "product.import_finished",
    ]


def test_keys_are_imported_only_for_the_merchant_s_own_product() -> None:
    world = World()
    world.stocked()
    upload = Upload(identifier("bat", "x"), "M-ZHU", PRODUCT, ["CCCC"])
    with pytest.raises(WrongPartyError, match=MERCHANT):
        world.do("import_batch", upload, SECRET, world.taken, key_of_line)


def test_a_key_is_taken_off_the_shelf_set_aside_and_voided() -> None:
    world = World()
    one, other = world.stocked(["AAAA", "BBBB"])
    assert world.do("unlist_key", one) == ["key.unlisted"]
    assert world.do("list_key", one) == ["key.listed"]
    world.do("check_upstream", other, Answer("operator", "used"))
    assert world.do("quarantine_key", other) == ["key.quarantined"]
    assert world.do("void_key", other) == ["key.voided"]
    assert world.trade.load(Key, one).state == "listed"


def test_a_product_is_renamed_adjusted_and_withdrawn() -> None:
    world = World()
    world.stocked()
    assert world.do("rename_product", PRODUCT, "新版") == ["product.updated"]
    assert world.do("adjust_stock", PRODUCT, -3) == ["product.stock_adjusted"]
    assert world.do("withdraw_product", PRODUCT) == ["product.withdrawn"]
    with pytest.raises(IllegalTransitionError):
        world.do("rename_product", PRODUCT, "again")
