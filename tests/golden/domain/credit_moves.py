"""A merchant's credit, deposit and sanctions, each kind of event once, for the golden bodies."""

from collections.abc import Sequence
from dataclasses import replace

from domain.credit.file import CreditFile
from domain.credit.score import score
from domain.event import Event
from domain.money import Money
from tests.domain.credit.trades import SHOP, Trades
from tests.domain.given import MERCHANT, NOW, World, command_of, identifier

BASE = Money(1_000_000, "CNY")
AFTER_APPEALS = "2026-11-26T10:00:00Z"
MUCH_LATER = "2027-12-22T10:00:00Z"


def credit_moves() -> Sequence[Event]:
    """Return the events of a file, a deposit and two sanctions."""
    return [*_file(), *_money()]


def _file() -> Sequence[Event]:
    trades, file, command = Trades(), CreditFile(f"credit/{SHOP}"), command_of()
    trades.sales(60)
    file.recompute(command, score(trades.log, SHOP, len(trades.log)))
    return command.events


def _money() -> Sequence[Event]:
    world = World()
    order, dispute = world.delivered(), identifier("dsp")
    world.do("require_deposit", MERCHANT, BASE)
    world.do("top_up_deposit", MERCHANT, Money(1_000_500, "CNY"), "bank-1", NOW)
    world.do("return_deposit", MERCHANT, Money(300, "CNY"), "bank-2", NOW)
    world.do("open_dispute", dispute, order, "consumer")
    world.do("draw_deposit", MERCHANT, dispute, Money(9_800, "CNY"), NOW)
    first, second = identifier("snc", "1"), identifier("snc", "2")
    world.do("apply_sanction", MERCHANT, first, "stolen_keys", [3], NOW)
    world.do("forfeit_deposit", MERCHANT, first, AFTER_APPEALS)
    world.do("expire_sanction", MERCHANT, first, MUCH_LATER)
    world.do("apply_sanction", MERCHANT, second, "late_delivery", [3], NOW)
    world.do("appeal_sanction", MERCHANT, second, "the operator was down", NOW)
    command = world.command()
    command.meta = replace(command.meta, actor="staff-1", role="staff")
    reason = "the operator was down indeed"
    world.trade.lift_sanction(command, MERCHANT, second, "appeal", reason, NOW)
    return world.events()
