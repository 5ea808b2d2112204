"""Typing codes: attempts of buyers and strangers, in memory or on a real log."""

from dataclasses import replace
from typing import Any

from domain.errors import CodeRefusedError
from domain.event import Meta
from domain.keys.key import Key
from domain.keys.redemption import Attempt
from domain.orders.order import Order
from domain.outside.hidden import Hidden
from tests.domain.given import BUYER, NOW, World, identifier

STRANGER = identifier("usr", "stranger")
NO_CODE = "00000-00000-00000-00011"
"""Has the form of a code and its check symbol, and nobody was given it."""


def attempt(
    code: str,
    account: str = BUYER,
    *,
    device: str | None = None,
    address: str | None = None,
    product: str | None = None,
) -> Attempt:
    """Return what somebody types."""
    return Attempt(
        account,
        Hidden(code),
        Hidden(device) if device else None,
        Hidden(address) if address else None,
        product,
    )


class Typing(World):
    """A trade in memory whose codes are typed."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: set[Any] = set()
        """What callers of refused codes were told, in every respect."""

    def last(self, topic: str) -> dict[str, Any]:
        """Return the payload of the last event of *topic*."""
        return [each.data() for each in self.events() if topic == each.TOPIC][-1]

    def code(self, order: str) -> str:
        """Return the code of *order*, as its buyer was given it."""
        key = self.trade.load(Key, self.trade.load(Order, order).key)
        assert key.voucher_code is not None
        return str(self.command().unseal(key.voucher_code))

    def redeem(
        self,
        code: str,
        account: str = BUYER,
        now: str = NOW,
        *,
        by: Meta | None = None,
        **where: Any,
    ) -> list[str]:
        """Type *code*; return the topics of what was recorded."""
        before, command = self.size(), self.command()
        if by is not None:
            command.meta = replace(by, command_id=command.id, correlation_id=command.id)
        self.trade.redeem_code(command, attempt(code, account, **where), now)
        return self.topics()[before:]

    def refused(self, code: str, account: str = BUYER, now: str = NOW, **where: Any) -> str:
        """Type *code*, which is not accepted; return the cause that was recorded, or nothing."""
        before = self.size()
        try:
            self.redeem(code, account, now, **where)
        except CodeRefusedError as error:
            self.answers.add((type(error), error.args, error.__cause__, error.__context__))
            found = self.events()[before:]
            refusals = [each for each in found if each.TOPIC == "key.activation_refused"]
            assert len(refusals) <= 1
            return str(refusals[0].data()["cause"]) if refusals else ""
        raise AssertionError("the code was accepted")
