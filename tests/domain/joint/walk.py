"""A random walk over order, key, funds and dispute, beside a model that predicts it.

After every step the outcome, the joint row, and every account must be what the model says.
A long one: ``python -m tests.domain.joint.walk --steps 100000 --seed 1``. On PostgreSQL, where
the CHECK of the joint row stands guard as well, see ``test_database.py``.
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from random import Random
from typing import Any

from domain.errors import (
    ConcurrentChangeError,
    IllegalCombinationError,
    Refusal,
    UnbalancedError,
)
from domain.keys.key import Key
from domain.ledger.balances import BALANCES
from domain.ledger.journal import LedgerPosted
from domain.orders.joint import JOINT_STATES
from tests.domain.given import World
from tests.domain.joint.actions import random_action, unlawful
from tests.domain.joint.combinations import COMBINATIONS
from tests.domain.joint.model import Action
from tests.domain.joint.steps import MERCHANTS, Steps

NEVER = (IllegalCombinationError, UnbalancedError, ConcurrentChangeError)
"""What only a broken rule can lead to here: the guard behind the rules had to step in."""


PROBES = 0.03
"""How often, after a step, everything that is forbidden is tried."""


class Walk(Steps):
    """One walk: a world, its model, and what was seen on the way."""

    def __init__(self, world: World | None = None, name: str = "walk") -> None:
        super().__init__(world or World(), name)
        self.accounts: Counter[str] = Counter()
        self.seen: Counter[tuple[str, str, str, bool]] = Counter()
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.position = 0
        self._read()

    def run(self, steps: int, random: Random, probes: float = PROBES) -> "Walk":
        """Go *steps* steps; after the share *probes* of them, try all that is forbidden."""
        for _ in range(steps):
            self.step(random)
            if self.model.orders and random.random() < probes:
                self.probe(random)
        return self

    def probe(self, random: Random) -> None:
        """Try all that must be refused about one order."""
        for action in unlawful(self.model, random):
            assert not self._happens(action), f"{action}: accepted unforeseen"
            self.refused[action[0]] += 1

    def step(self, random: Random) -> None:
        """Choose an action and take it."""
        self.take(random_action(self.model, random))

    def take(self, action: Action) -> None:
        """Do *action* in the world and in the model, and compare everything."""
        may = self.model.may(action)
        happened = self._happens(action)
        assert happened == may, f"{action}: {'accepted' if happened else 'refused'} unforeseen"
        (self.accepted if happened else self.refused)[action[0]] += 1
        if happened:
            if action[0] == "decide":
                self._observe(action[1])
            else:
                self.model.do(action)
            self._name_what_is_new(action)
        self.check(action)

    def check(self, action: Action) -> None:
        """Compare the joint row of the order that *action* was about, and all of the money."""
        self._read()
        for number in self._about(action):
            wanted = self.model.combination(number)
            assert wanted in COMBINATIONS, f"{action}: {wanted}"
            [row] = self.trade.rows_of(JOINT_STATES, order_id=self.orders[number])
            assert tuple(row[1:5]) == wanted, f"{action}: {row}, not {wanted}"
            self.seen[wanted] += 1
        assert sum(self.accounts.values()) == 0
        assert self._money() == self._foreseen_money(), f"{action}: {self._money()}"

    def check_all(self) -> None:
        """Compare every key and order, the registers with the log, and the batches' sums."""
        for number, name in enumerate(self.keys):
            key, one = self.trade.load(Key, name), self.model.keys[number]
            found = (key.state, key.activated, key.revealed, key.voucher_live, key.units_left)
            wanted = (one.state, one.activated, one.revealed, one.voucher, one.left)
            assert found == wanted, f"{name}: {found}, not {wanted}"
        rows = self.trade.rows_of(JOINT_STATES)
        mine = {row[0]: tuple(row[1:5]) for row in rows if row[0] in set(self.orders)}
        assert mine == {
            name: self.model.combination(number) for number, name in enumerate(self.orders)
        }
        assert list(self.trade.differences()) == []

    def _about(self, action: Action) -> list[int]:
        model, name = self.model, action[0]
        if name in ("place", "review", "block_new"):
            return [len(model.orders) - 1] if model.orders else []
        if name in ("approve", "decline", "settle", "fail"):
            return [model.refunds[action[1]].order]
        if name in ("import", "list", "unlist", "quarantine", "void", "top_up", "fund"):
            return []
        return [] if name == "withdraw_money" else [action[1]]

    def _money(self) -> Counter[str]:
        found = Counter(self.accounts)
        del found["channel"]
        return Counter({name: amount for name, amount in found.items() if amount})

    def _foreseen_money(self) -> Counter[str]:
        model = self.model
        found: Counter[str] = Counter({"guarantee": model.guarantee})
        for number, merchant in enumerate(MERCHANTS):
            found[f"merchant:{merchant}"] = model.balance[number]
            found[f"debt:{merchant}"] = -model.debt[number]
            found[f"deposit:{merchant}"] = model.deposit[number]
        for name, order in zip(self.orders, model.orders, strict=True):
            found[f"escrow:{name}"] = order.escrow
        for name, refund in zip(self.refunds, model.refunds, strict=True):
            if refund.state in ("approved", "failed"):
                found[f"refund:{name}"] = refund.amount
        kept = {a: m for a, _, m in self.trade.rows_of(BALANCES) if m}
        guarded = {a: m for a, m in found.items() if m and a[:3] in ("mer", "deb", "gua")}
        assert kept == guarded, f"the register of balances has {kept}, not {guarded}"
        return Counter({name: amount for name, amount in found.items() if amount})

    def _read(self) -> None:
        """Add up the postings since the last step."""
        for each in self.trade.recorder.select_notifications(self.position + 1, 1_000):
            self.position = each.id
            if each.topic == LedgerPosted.TOPIC:
                posted: Any = self.trade.mapper.to_domain_event(each)
                for line in posted.lines:
                    if not line.account.startswith("payout:"):
                        self.accounts[line.account] += line.amount
                    else:  # what a merchant took out is of no interest any more
                        self.accounts["channel"] += line.amount

    def _happens(self, action: Action) -> bool:
        if action[0] == "reveal":
            self._set_policy(action[1])
        before = self.world.size()
        try:
            getattr(self, f"_{action[0]}")(*action[1:])
        except NEVER as error:
            raise AssertionError(f"{action}: {error}") from error
        except Refusal as refusal:
            self.why = refusal
            # To ask channel or operator is a step of its own, and was recorded.
            traces = self.world.size() - before
            assert traces <= (action[0] in ("pay", "quarantine")), f"{action} left a trace"
            return False
        return True


def main() -> None:
    """Go many walks in memory, each of another seed, and say what was seen."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--length", type=int, default=2_000, help="steps of one walk")
    asked = parser.parse_args()
    seen: Counter[tuple[str, str, str, bool]] = Counter()
    accepted = refused = 0
    for number in range(-(-asked.steps // asked.length)):
        seed = asked.seed + number
        walk = Walk().run(asked.length, Random(seed))
        walk.check_all()
        seen += walk.seen
        accepted += walk.accepted.total()
        refused += walk.refused.total()
        told = f"seed {seed}: {accepted:,} accepted, {refused:,} refused, {len(seen)} of 23 seen"
        sys.stdout.write(told + "\n")
    missing = COMBINATIONS - seen.keys()
    if missing:
        raise SystemExit(f"never seen: {sorted(missing)}")


if __name__ == "__main__":
    main()
