"""The second half of the model: disputes and late claims (``features.md``, 3.3, 3.4)."""

from tests.domain.joint.model import CONTESTED, LIVE, PARTS, RULED, Dispute, Model, Refund


class Contested(Model):
    def may_open(self, order: int, opener: str, role: str, fault: str) -> bool:
        one = self.orders[order]
        if one.state not in ("paid", "delivered", "confirmed") or one.dispute is not None:
            return False
        grounds = one.state != "confirmed" or opener == "channel" or fault != "none"
        return grounds and role in {"platform": ("platform", "staff")}.get(opener, (opener,))

    def do_open(self, order: int, opener: str, role: str, fault: str) -> None:
        one = self.orders[order]
        if one.funds == "released":
            self._recall(order)
        one.funds, one.dispute = "frozen", Dispute(opener)

    def _recall(self, order: int) -> None:
        one, m = self.orders[order], self.orders[order].merchant
        one.escrow = rest = one.released
        for pot in (self.balance, self.deposit):
            taken = min(rest, pot[m])
            pot[m] -= taken
            rest -= taken
        stood_in = min(rest, self.guarantee)
        self.guarantee -= stood_in
        one.guaranteed += stood_in
        self.debt[m] += rest - stood_in

    def _in(self, order: int, *states: str) -> Dispute | None:
        dispute = self.orders[order].dispute
        return dispute if dispute is not None and dispute.state in states else None

    def _open(self, order: int) -> Dispute:
        dispute = self.orders[order].dispute
        assert dispute is not None
        return dispute

    def may_gather(self, order: int) -> bool:
        return self._in(order, "opened") is not None

    def do_gather(self, order: int) -> None:
        self._open(order).state = "gathered"

    def may_decide(self, order: int, arbitrators: tuple[str, ...]) -> bool:
        return self._in(order, "gathered") is not None

    def decided(
        self, order: int, outcome: str, effect: str, amount: int | None, units: int | None
    ) -> None:
        """Learn what the rule table said; the table itself has its own tests."""
        dispute = self._open(order)
        dispute.state, dispute.outcome, dispute.effect = "auto_ruled", outcome, effect
        dispute.amount, dispute.units = amount, units
        dispute.may_appeal, dispute.accepted = True, False

    def may_assign(self, order: int, arbitrator: str) -> bool:
        dispute = self._in(order, "gathered", "appealed")
        return dispute is not None and arbitrator not in dispute.has_ruled

    def do_assign(self, order: int, arbitrator: str) -> None:
        dispute = self._open(order)
        dispute.state, dispute.arbitrator = "assigned", arbitrator

    def may_rule(self, order: int, arbitrator: str, outcome: str, effect: str) -> bool:
        """*outcome*: refund, rejected, or a part of ``PARTS``."""
        dispute = self._in(order, "assigned")
        if dispute is None or dispute.arbitrator != arbitrator:
            return False
        key = self._key(self.orders[order])
        if outcome == "refund":
            can_go_on = not (key.activated or key.revealed)
            return effect == "voided" or (effect in ("returned", "quarantined") and can_go_on)
        part = self.orders[order].escrow // PARTS.get(outcome, 1)
        return effect == "unchanged" and part > 0

    def do_rule(self, order: int, arbitrator: str, outcome: str, effect: str) -> None:
        dispute = self._open(order)
        dispute.state, dispute.outcome, dispute.effect = "ruled", outcome, effect
        dispute.amount = dispute.units = None
        if outcome in PARTS:
            dispute.amount, dispute.units = self.orders[order].escrow // PARTS[outcome], 0
        dispute.has_ruled.add(arbitrator)
        dispute.may_appeal, dispute.accepted = not dispute.appealed, False

    def may_bank(self, order: int, outcome: str) -> bool:
        dispute = self._in(order, "assigned")
        return dispute is not None and dispute.opener == "channel"

    def do_bank(self, order: int, outcome: str) -> None:
        dispute = self._open(order)
        dispute.state, dispute.outcome, dispute.may_appeal = "ruled", outcome, False
        dispute.effect = "voided" if outcome == "refund" else "unchanged"
        dispute.amount, dispute.units, dispute.accepted = None, None, False

    def may_concede(self, order: int, role: str) -> bool:
        return role == "merchant" and self._in(order, *CONTESTED) is not None

    def do_concede(self, order: int, role: str) -> None:
        dispute = self._open(order)
        dispute.state, dispute.outcome, dispute.effect = "ruled", "refund", "voided"
        dispute.amount, dispute.units = None, None
        dispute.may_appeal = dispute.accepted = False

    def may_withdraw(self, order: int, role: str) -> bool:
        dispute = self._in(order, *CONTESTED)
        return role == "consumer" and dispute is not None and dispute.opener != "channel"

    def do_withdraw(self, order: int, role: str) -> None:
        self.orders[order].dispute, self.orders[order].funds = None, "held"

    def may_appeal(self, order: int, role: str) -> bool:
        dispute = self._in(order, *RULED)
        return (
            dispute is not None
            and role == dispute.loser
            and dispute.may_appeal
            and not dispute.appealed
        )

    def do_appeal(self, order: int, role: str) -> None:
        self._open(order).state, self._open(order).appealed = "appealed", True

    def may_accept(self, order: int, role: str) -> bool:
        dispute = self._in(order, *RULED)
        return dispute is not None and role == dispute.loser

    def do_accept(self, order: int, role: str) -> None:
        self._open(order).accepted = True

    def may_execute(self, order: int, when: str) -> bool:
        dispute = self._in(order, *RULED)
        if dispute is None or self.orders[order].funds not in LIVE:
            return False
        waits = dispute.may_appeal and not dispute.appealed and not dispute.accepted
        return when == "late" or not waits

    def do_execute(self, order: int, when: str) -> None:
        one, dispute = self.orders[order], self._open(order)
        if dispute.outcome != "rejected":
            amount = one.escrow if dispute.amount is None else dispute.amount
            units = self._key(one).left if dispute.units is None else dispute.units
            self.refunds.append(Refund(order, amount, units, "approved"))
            self._pay_back(order, amount, units, dispute.effect)
        if one.funds == "frozen":
            one.dispute, one.funds = None, "held"
