"""C4 on the log: every move is posted twice, and an unpaid deposit stops listing."""

from collections import Counter

import pytest

from domain.credit.deposit import Deposit
from domain.credit.rules import RULES
from domain.credit.tally import Tally
from domain.errors import DepositTooSmallError, DepositUnpaidError, WindowOverError, WrongPartyError
from domain.keys.intake import Upload
from domain.ledger.journal import LedgerPosted
from domain.money import Money
from tests.domain.credit.trades import Trades
from tests.domain.given import MERCHANT, NOW, PRODUCT, SECRET, World, identifier, key_of_line

BASE = Money(1_000_000, "CNY")
SANCTION = identifier("snc")
LATER = "2026-11-26T10:00:00Z"
"""After the appeal window."""


def cny(amount: int) -> Money:
    """Return fen."""
    return Money(amount, "CNY")


def deposit_of(world: World) -> Deposit:
    """Return the merchant's deposit."""
    return world.trade.deposit_of(MERCHANT)


def paid_up(world: World) -> World:
    """Let the merchant pay its deposit in full."""
    world.do("require_deposit", MERCHANT, BASE)
    world.do("top_up_deposit", MERCHANT, BASE, "bank-1", NOW)
    return world


def accounts(world: World) -> Counter[str]:
    """Return what each account of the journal has; every posting must sum to zero."""
    found: Counter[str] = Counter()
    for each in world.events():
        if isinstance(each, LedgerPosted):
            assert sum(line.amount for line in each.lines) == 0
            for line in each.lines:
                found[line.account] += line.amount
    return found


def test_c4_a_payment_and_its_posting_are_one_command() -> None:
    world = World()
    assert world.do("require_deposit", MERCHANT, BASE) == ["deposit.required"]
    topics = world.do("top_up_deposit", MERCHANT, BASE, "bank-1", NOW)
    assert topics == ["deposit.topped_up", "ledger.posted"]
    assert accounts(world) == {f"deposit:{MERCHANT}": 1_000_000, "channel": -1_000_000}


def test_c4_the_ledger_balances_after_every_kind_of_move() -> None:
    world = World()
    order = world.delivered()
    paid_up(world)
    world.do("top_up_deposit", MERCHANT, cny(500), "bank-2", NOW)
    world.do("return_deposit", MERCHANT, cny(300), "bank-3", NOW)
    world.do("open_dispute", identifier("dsp"), order, "consumer")
    world.do("draw_deposit", MERCHANT, identifier("dsp"), cny(9_800), NOW)
    world.do("apply_sanction", MERCHANT, SANCTION, "stolen_keys", [3], NOW)
    topics = world.do("forfeit_deposit", MERCHANT, SANCTION, LATER)
    assert topics == ["deposit.forfeited", "ledger.posted"]
    left = (1_000_000 + 500 - 300 - 9_800) // 2
    assert deposit_of(world).balance == left
    assert accounts(world) == {
        f"deposit:{MERCHANT}": left,
        "channel": -1_000_200,
        f"escrow:{order}": 9_800,
        "penalties": left,
    }


def test_c4_a_deposit_that_is_short_stops_listing_until_it_is_paid() -> None:
    world = World()
    (key,) = world.stocked()
    world.do("unlist_key", key)
    world.do("require_deposit", MERCHANT, BASE)
    before = world.size()
    with pytest.raises(DepositUnpaidError, match=r"10,000\.00 CNY short"):
        world.do("list_key", key)
    upload = Upload(identifier("bat", "b"), MERCHANT, PRODUCT, ["CCCC-DDDD"], 1)
    with pytest.raises(DepositUnpaidError):
        world.do("import_batch", upload, SECRET, world.taken, key_of_line)
    assert world.size() == before
    world.do("top_up_deposit", MERCHANT, cny(999_999), "bank-1", NOW)
    with pytest.raises(DepositUnpaidError, match=r"0\.01 CNY short"):
        world.do("list_key", key)
    world.do("top_up_deposit", MERCHANT, cny(1), "bank-2", NOW)
    assert world.do("list_key", key) == ["key.listed"]


def tally_of(trades: Trades) -> Tally:
    """Return a tally of *trades*."""
    tally = Tally(RULES[1])
    tally.read(trades.log)
    return tally


def test_c4_a_lower_grade_demands_a_top_up_in_the_same_command() -> None:
    world, trades = paid_up(World()), Trades()
    (key,) = world.stocked()
    world.do("unlist_key", key)
    for _ in range(5):
        trades.end(trades.dispute(trades.sale(), "channel"), "refund", "total")
    topics = world.do("recompute_credit", MERCHANT, tally_of(trades))
    assert topics == [
        "credit.recomputed",
        "credit.grade_changed",
        "credit.ranking_weighted",
        "deposit.required",
    ]
    assert (deposit_of(world).grade, deposit_of(world).shortfall) == ("D", 1_000_000)
    with pytest.raises(DepositUnpaidError):
        world.do("list_key", key)
    world.do("top_up_deposit", MERCHANT, BASE, "bank-2", NOW)
    assert world.do("list_key", key) == ["key.listed"]


def test_c4_a_better_grade_frees_part_of_the_deposit() -> None:
    world, trades = paid_up(World()), Trades()
    trades.sales(60)
    world.do("recompute_credit", MERCHANT, tally_of(trades))
    with pytest.raises(DepositTooSmallError):
        world.do("return_deposit", MERCHANT, cny(500_001), "bank-2", NOW)
    world.do("return_deposit", MERCHANT, cny(500_000), "bank-2", NOW)
    assert accounts(world)[f"deposit:{MERCHANT}"] == deposit_of(world).required == 500_000


def test_c4_a_demand_asks_what_the_grade_asks() -> None:
    world, trades = World(), Trades()
    trades.sales(60)
    world.do("recompute_credit", MERCHANT, tally_of(trades))
    world.do("require_deposit", MERCHANT, BASE)
    assert (deposit_of(world).grade, deposit_of(world).required) == ("B", 500_000)


def test_c4_a_draw_is_for_a_dispute_over_the_merchant_s_own_order() -> None:
    world = World()
    order = world.delivered()
    world.do("open_dispute", identifier("dsp"), order, "consumer")
    with pytest.raises(WrongPartyError, match=MERCHANT):
        world.do("draw_deposit", "M-HUA", identifier("dsp"), cny(1), NOW)


def test_c4_nothing_goes_back_while_a_sanction_may_still_take_it() -> None:
    world = paid_up(World())
    world.do("top_up_deposit", MERCHANT, cny(500), "bank-2", NOW)
    world.do("apply_sanction", MERCHANT, SANCTION, "stolen_keys", [3], NOW)
    with pytest.raises(DepositTooSmallError, match=SANCTION):
        world.do("return_deposit", MERCHANT, cny(500), "bank-3", NOW)
    world.do("return_deposit", MERCHANT, cny(500), "bank-3", "2026-12-22T10:00:00Z")


def test_c4_nothing_is_forfeited_while_an_appeal_is_open() -> None:
    world = paid_up(World())
    world.do("apply_sanction", MERCHANT, SANCTION, "stolen_keys", [3], NOW)
    with pytest.raises(WindowOverError, match="can be appealed"):
        world.do("forfeit_deposit", MERCHANT, SANCTION, "2026-11-25T09:59:59Z")
    assert deposit_of(world).balance == BASE.amount
