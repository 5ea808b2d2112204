"""What each action of the walk is in the world: a use case, and who calls it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from domain.disputes.events import DisputeAssigned, RulingIssued
from domain.disputes.judgement import Judgement
from domain.disputes.rules import KeyEffect
from domain.event import Role
from domain.keys.intake import Upload
from domain.keys.stepup import StepUp
from domain.keys.upstream import Answer
from domain.money import Money
from domain.orders.review import Wish
from domain.orders.sales import Basket
from tests.domain.given import BUYER, LATER, MUCH_LATER, NOW, RING, World, identifier
from tests.domain.joint.contested import Contested
from tests.domain.joint.model import PARTS, PRICE, Action

MERCHANTS = ("M-LAN", "M-HUA")
SOON, UNAPPEALED = "2026-11-22T10:05:00Z", "2026-12-31T10:00:00Z"
STRANGER = identifier("usr", "stranger")


def cny(amount: int) -> Money:
    return Money(amount, "CNY")


class Steps:
    """A world, its model, and the names of what the model only numbers."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.model, self.name = world, Contested(), name
        self.trade = world.trade
        self.keys: list[str] = []
        self.orders: list[str] = []
        self.refunds: list[str] = []
        self.disputes: dict[int, str] = {}
        self._made = 0
        self._ident = ""
        for number, merchant in enumerate(MERCHANTS):
            self._do("create_product", self._product(number), merchant, "SKU", "会员卡")
            self._do("require_deposit", merchant, cny(0))

    def _do(
        self, use_case: str, *arguments: Any, who: tuple[Role, str] | None = None, **named: Any
    ) -> None:
        command = self.world.command(f"{self.name}/{self._next()}")
        role, actor = who or ("platform", "timer")
        command.meta = replace(command.meta, role=role, actor=actor)
        getattr(self.trade, use_case)(command, *arguments, **named)

    def _next(self) -> int:
        self._made += 1
        return self._made

    def _new(self, prefix: str) -> str:
        return identifier(prefix, f"{self.name}/{self._made}")

    def _product(self, merchant: int) -> str:
        return identifier("prd", f"{self.name}/{merchant}")

    def _name_what_is_new(self, action: Action) -> None:
        """Remember the identifiers that the last command gave."""
        made = {"import": (self.keys, "key"), "request": (self.refunds, "rfd")}
        made |= dict.fromkeys(("place", "review", "block_new"), (self.orders, "ord"))
        made |= dict.fromkeys(("give_up", "execute"), (self.refunds, "rfd"))
        if action[0] == "open":
            self.disputes[action[1]] = self._ident
        elif action[0] in made:
            found, _ = made[action[0]]
            if action[0] != "execute" or len(found) < len(self.model.refunds):
                found.append(self._ident)

    # What each action is in the world; `_ident` is the identifier that it gives.

    def _import(self, merchant: int, policy: str, units: int) -> None:
        self._ident = key = self._new("key")
        line = f"{self.name}-{self._made}-{policy}"
        batch = self._new("bat")
        upload = Upload(batch, MERCHANTS[merchant], self._product(merchant), [line], units)
        self._do("import_batch", upload, RING, lambda _: key)

    def _list(self, key: int) -> None:
        self._do("list_key", self.keys[key])

    def _unlist(self, key: int) -> None:
        self._do("unlist_key", self.keys[key])

    def _quarantine(self, key: int) -> None:
        if self.model.keys[key].order is None:
            used = Answer("operator-sandbox", "used", (), sandbox=True)
            self._do("check_upstream", self.keys[key], used, who=("upstream", "operator-sandbox"))
        self._do("quarantine_key", self.keys[key])

    def _void(self, key: int) -> None:
        self._do("void_key", self.keys[key])

    def _place(self, key: int) -> None:
        self._ident = self._new("ord")
        basket = Basket(self._ident, self._new("chk"), BUYER, self.keys[key], cny(PRICE))
        self._do("place_order", basket)

    def _wish(self, merchant: int) -> Wish:
        self._ident = self._new("ord")
        product = self._product(merchant)
        return Wish(self._ident, self._new("chk"), BUYER, product, cny(PRICE))

    def _review(self, merchant: int) -> None:
        self._do("place_for_review", self._wish(merchant), "odd_hours")

    def _block_new(self, merchant: int) -> None:
        self._do("place_blocked", self._wish(merchant), "shared_list")

    def _clear(self, order: int, key: int, role: Role) -> None:
        arguments = (self.orders[order], self.keys[key], "known buyer")
        self._do("clear_order", *arguments, who=(role, "staff-07"))

    def _block(self, order: int) -> None:
        self._do("block_order", self.orders[order], "shared_list", who=("staff", "staff-07"))

    def _pay(self, order: int, amount: int) -> None:
        payment = self._new("pay")
        stream = next(iter(self.trade.recorder.select_events(self.orders[order], limit=1)))
        placed: Any = self.trade.mapper.to_domain_event(stream)
        self._do("initiate_payment", payment, placed.checkout, cny(amount))
        arguments = (payment, cny(amount), [self.orders[order]], {"name": "somebody"})
        self._do("capture_payment", *arguments, who=("channel", "channel-sandbox"))

    def _close(self, order: int, cause: str) -> None:
        self._do("close_order", self.orders[order], cause)

    def _deliver(self, order: int) -> None:
        self._do("deliver_order", self.orders[order], LATER)

    def _confirm(self, order: int) -> None:
        self._do("confirm_order", self.orders[order], "timer")

    def _release(self, order: int) -> None:
        self._do("release_funds", self.orders[order])

    def _expire(self, order: int) -> None:
        self._do("expire_voucher", self.orders[order], LATER)

    def _renew(self, order: int) -> None:
        self._do("renew_voucher", self.orders[order], LATER)

    def _activate(self, order: int, buyer: str, when: str) -> None:
        who = BUYER if buyer == "buyer" else STRANGER
        arguments = (self.orders[order], who, MUCH_LATER if when == "late" else NOW)
        self._do("activate_key", *arguments, who=("consumer", who))

    def _set_policy(self, order: int) -> None:
        """Let the product have the release policy of the order's key: the walk's have one each."""
        key = self.model.orders[order].key
        if key is not None:
            one = self.model.keys[key]
            product = self._product(one.merchant)
            self._do("rename_product", product, "会员卡", release_policy=one.policy)

    def _reveal(self, order: int, buyer: str) -> None:
        who = BUYER if buyer == "buyer" else STRANGER
        proof = StepUp(who, NOW, "passkey")
        arguments = (self.orders[order], who, "redeem")
        self._do("reveal_key", *arguments, who=("consumer", who), step_up=proof, now=NOW)

    def _use(self, order: int, units: int) -> None:
        self._do("use_units", self.orders[order], BUYER, units, who=("consumer", BUYER))

    def _request(self, order: int, units: int) -> None:
        self._ident = self._new("rfd")
        arguments = (self._ident, self.orders[order], units or None)
        self._do("request_refund", *arguments, who=("consumer", BUYER))

    def _approve(self, refund: int) -> None:
        merchant = self.model.orders[self.model.refunds[refund].order].merchant
        who: tuple[Role, str] = ("merchant", MERCHANTS[merchant])
        self._do("approve_refund", self.refunds[refund], who=who)

    def _decline(self, refund: int) -> None:
        self._do("decline_refund", self.refunds[refund], "as described")

    def _settle(self, refund: int) -> None:
        self._do("settle_refund", self.refunds[refund], "transfer")

    def _fail(self, refund: int) -> None:
        self._do("fail_refund", self.refunds[refund], "account closed")

    def _give_up(self, order: int, role: Role, when: str) -> None:
        self._ident = self._new("rfd")
        now = MUCH_LATER if when == "late" else SOON
        self._do("refund_undelivered", self._ident, self.orders[order], now, who=(role, "timer"))

    def _withdraw_money(self, merchant: int, amount: int) -> None:
        name, who = self._new("wdr"), MERCHANTS[merchant]
        self._do("request_withdrawal", name, who, cny(amount), who=("merchant", who))

    def _top_up(self, merchant: int, amount: int) -> None:
        arguments = (cny(amount), f"bank-{self._made}", NOW)
        self._do("top_up_deposit", MERCHANTS[merchant], *arguments)

    def _fund(self, amount: int) -> None:
        self._do("fund_guarantee", cny(amount), f"bank-{self._made}", NOW)

    # Disputes.

    def _open(self, order: int, opener: str, role: Role, fault: str) -> None:
        self._ident = self._new("dsp")
        actor = BUYER if role == "consumer" else "somebody"
        arguments = (self._ident, self.orders[order], opener, fault, NOW)
        self._do("open_dispute", *arguments, who=(role, actor))

    def _dispute(self, order: int) -> str:
        return self.disputes.get(order, identifier("dsp", "none"))

    def _gather(self, order: int) -> None:
        self._do("gather_evidence", self._dispute(order))

    def _assign(self, order: int, arbitrator: str) -> None:
        self._do("assign_dispute", self._dispute(order), arbitrator, "hard", NOW)

    def _rule(self, order: int, arbitrator: str, outcome: str, effect: KeyEffect) -> None:
        escrow = self.model.orders[order].escrow
        amount = escrow // PARTS[outcome] if outcome in PARTS else None
        kind: Any = "partial_refund" if outcome in PARTS else outcome
        relied_on = (f"{self.orders[order]}/1",)
        judgement = Judgement(kind, effect, "compared", relied_on, amount)
        who: tuple[Role, str] = ("arbitrator", arbitrator)
        self._do("rule", self._dispute(order), judgement, NOW, who=who)

    def _bank(self, order: int, outcome: str) -> None:
        arguments = (self._dispute(order), outcome, "bank")
        self._do("enter_bank_result", *arguments, who=("channel", "channel-sandbox"))

    def _party(self, order: int, role: Role) -> tuple[Role, str]:
        merchant = MERCHANTS[self.model.orders[order].merchant]
        return role, BUYER if role == "consumer" else merchant

    def _concede(self, order: int, role: Role) -> None:
        self._do("concede_dispute", self._dispute(order), who=self._party(order, role))

    def _withdraw(self, order: int, role: Role) -> None:
        self._do("withdraw_dispute", self._dispute(order), who=self._party(order, role))

    def _appeal(self, order: int, role: Role) -> None:
        arguments = (self._dispute(order), "unjust", NOW)
        self._do("appeal_ruling", *arguments, who=self._party(order, role))

    def _accept(self, order: int, role: Role) -> None:
        self._do("accept_ruling", self._dispute(order), who=self._party(order, role))

    def _execute(self, order: int, when: str) -> None:
        self._ident = self._new("rfd")
        now = UNAPPEALED if when == "late" else NOW
        self._do("execute_ruling", self._dispute(order), self._ident, now)

    def _decide(self, order: int, arbitrators: Sequence[str]) -> None:
        self._do("decide_dispute", self._dispute(order), NOW, arbitrators)

    def _observe(self, order: int) -> None:
        """Let the model learn what the rule table said, within what it may say."""
        last = list(self.trade.recorder.select_events(self._dispute(order), desc=True, limit=1))
        event: Any = self.trade.mapper.to_domain_event(last[0])
        if isinstance(event, DisputeAssigned):
            self.model.do_assign(order, event.arbitrator)
            return
        assert isinstance(event, RulingIssued)
        assert event.outcome in ("refund", "rejected")
        one, key = self.model.orders[order], self.model.keys[self.model.orders[order].key or 0]
        amount = one.escrow if event.amount is None else event.amount
        assert 0 < amount <= one.escrow
        if event.key_effect == "returned":
            assert not key.activated
            assert not key.revealed
        assert (event.key_effect == "unchanged") == (
            event.outcome == "rejected" or amount < one.escrow
        )
        self.model.decided(order, event.outcome, event.key_effect, event.amount, event.units)
