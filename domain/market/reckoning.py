"""The market's reckoning: once the trade is over, credit, deposits and sanctions.

What a score and a sanction rest on is the log's, so the caller reads it and hands it in.
``tests/domain/market/test_reckoning.py``.
"""

from collections.abc import Sequence
from typing import Final

from domain.credit.tally import Tally
from domain.errors import ConflictOfInterestError
from domain.market.people import OTHER_STAFF
from domain.market.stock import MERCHANTS
from domain.market.stories import RULES, STAFF, Story, Who
from domain.market.teller import DAY, HOUR, Teller
from domain.money import Money

BASE: Final = Money(1_000_000, "CNY")
"""Of a deposit, before the grade has its say."""
ABOVE: Final = Money(2_000_000, "CNY")
"""What merchants pay in: enough for every grade."""


def reckoning(teller: Teller, tally: Tally, stolen: Sequence[int], late: Sequence[int]) -> Story:
    """Tell it.

    Args:
        teller: of this story; its clock is past the trade's end.
        tally: of the whole log.
        stolen: leaf indexes of keys that were set aside, for a sanction to rest on.
        late: leaf indexes of deliveries that were disputed.
    """
    for merchant in MERCHANTS:
        who: Who = (merchant, "merchant", "web")
        yield teller.act(RULES, "require_deposit", merchant=merchant, base=BASE)
        transfer = f"bank-{teller.new('pay')[-10:]}"
        paid = {"received": ABOVE, "transfer": transfer, "now": teller.until(0)}
        yield teller.act(who, "top_up_deposit", merchant=merchant, **paid)
        yield teller.act(RULES, "recompute_credit", merchant=merchant, tally=tally)
        teller.wait(1, 60)
    yield from _lifted(teller, MERCHANTS[0], stolen)
    yield from _expired(teller, MERCHANTS[1], late)


def _lifted(teller: Teller, merchant: str, relied_on: Sequence[int]) -> Story:
    """Sanction a merchant, whose appeal another person grants."""
    who: Who = (merchant, "merchant", "web")
    named = {"merchant": merchant, "sanction": teller.new("snc")}
    now = {"now": teller.until(0)}
    yield teller.act(
        STAFF, "apply_sanction", **named, ground="stolen_keys", relied_on=tuple(relied_on), **now
    )
    teller.wait(HOUR, DAY)
    asked = {"reason": "the keys were bought in good faith", "now": teller.until(0)}
    yield teller.act(who, "appeal_sanction", **named, **asked)
    teller.wait(HOUR, DAY)
    lifted = {"cause": "appeal", "reason": "the source was shown", "now": teller.until(0)}
    yield teller.act(STAFF, "lift_sanction", ConflictOfInterestError, **named, **lifted)
    yield teller.act(OTHER_STAFF, "lift_sanction", **named, **lifted)


def _expired(teller: Teller, merchant: str, relied_on: Sequence[int]) -> Story:
    """Sanction a merchant until the end of its time."""
    named = {"merchant": merchant, "sanction": teller.new("snc")}
    now = {"now": teller.until(0)}
    yield teller.act(
        RULES, "apply_sanction", **named, ground="late_delivery", relied_on=tuple(relied_on), **now
    )
    teller.at += 31 * DAY
    yield teller.act(RULES, "expire_sanction", **named, now=teller.until(0))
