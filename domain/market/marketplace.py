"""A seeded marketplace: merchants, buyers and staff, merged into one stream of actions.

`marketplace` gives the same actions for the same seed, in order of the market's own time.
Every kind of event of this slice occurs in it, except what only an import records; so do
refusals, each with the error that it must end in. All is marked ``synthetic``.
``tests/domain/market/test_marketplace.py``.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator

from domain.identity.parties import Parties
from domain.identity.sandbox import Sandbox
from domain.market.action import Action
from domain.market.checkouts import Checkout
from domain.market.dice import Dice, seed_secret
from domain.market.people import people
from domain.market.qualifying import Enrolling, Office, market_issuer, qualifying
from domain.market.shops import housekeeping, opening, refill
from domain.market.stock import Stock
from domain.market.stories import Story
from domain.market.teller import DAY, HOUR, Teller
from domain.qualification.badge import BadgeSigner
from domain.qualification.operator import UpstreamOperator
from domain.qualification.sandbox import SandboxOperator

OPENS_AT = 1_793_520_000
"""2026-11-01T08:00:00Z: where the market's own time begins."""
BATCH = 40
"""Keys that a merchant uploads at once."""
BUYERS = 400
"""People who come back, the eager ones more often."""


def marketplace(
    seed: int,
    orders: int = 2_000,
    parties: Parties | None = None,
    operator: UpstreamOperator | None = None,
    signer: BadgeSigner | None = None,
) -> Iterator[Action]:
    """Give the actions of a market with *orders* orders, one after the other.

    The caller performs each before asking for the next: what follows rests on it. Identity
    is checked by *parties* and single keys by *operator*, sandboxes over HTTP or, by default,
    within this process. Badges are signed by *signer*, by default with a key that everybody
    can compute.
    """
    market = _Market(seed, parties or Sandbox())
    market.open_office(operator or SandboxOperator(), signer or market_issuer(seed))
    return market.run(orders)


class _Market:
    """The stories under way, and when each goes on."""

    def __init__(self, seed: int, parties: Parties) -> None:
        self._seed = seed
        self._parties = parties
        self._dice = Dice(seed, "market")
        self._stock = Stock(Dice(seed, "stock"), OPENS_AT, seed_secret(seed))
        self._buyers = [self._dice.identifier("usr", OPENS_AT) for _ in range(BUYERS)]
        self._running: list[tuple[int, int, Action, Story, Callable[[Action], None]]] = []
        self._turn = 0

    def open_office(self, operator: UpstreamOperator, signer: BadgeSigner) -> None:
        """Let merchants qualify, too."""
        teller = Teller(self._seed, "qualifying", OPENS_AT + 2 * HOUR)
        enrolling = Enrolling(self._seed, self._parties)
        self._begin(qualifying(Office(teller, enrolling, operator, signer)))

    def run(self, orders: int) -> Iterator[Action]:
        """Give all actions up to the end of the last story."""
        for number, product in enumerate(self._stock.products):
            teller = Teller(self._seed, f"shop/{number}", OPENS_AT + 120 * number)
            yield from opening(teller, self._stock, product, BATCH)
        self._begin(housekeeping(Teller(self._seed, "house", OPENS_AT + DAY), self._stock))
        teller = Teller(self._seed, "people", OPENS_AT + HOUR)
        self._begin(people(teller, self._seed, self._stock, self._parties))
        placed, number, now = 0, 0, OPENS_AT + 3_600
        while placed < orders or self._running:
            if self._running and (placed >= orders or self._running[0][0] < now):
                yield from self._go_on()
                continue
            number += 1
            size = min(orders - placed, 2 if self._dice.percent(8) else 1)
            yield from self._check_out(f"{number:05}", size, now)
            placed += size
            now += self._dice.between(20, 400)

    def _check_out(self, name: str, size: int, now: int) -> Iterable[Action]:
        """Begin a checkout; give the refills that it needs first."""
        products = [self._dice.choose_popular(self._stock.products) for _ in range(size)]
        for product in products:
            if len(product.keys) < size:
                teller = Teller(self._seed, f"refill/{name}/{product.code}", now)
                yield refill(teller, self._stock, product, BATCH)
        buyer = self._dice.choose_popular(self._buyers)
        checkout = Checkout(Teller(self._seed, name, now), buyer, products)

        def follow(action: Action) -> None:
            if checkout.is_paid_by(action):
                for story in checkout.orders(self._seed, name):
                    self._begin(story)

        self._begin(checkout.story(), follow)

    def _begin(self, story: Story, follow: Callable[[Action], None] = lambda _: None) -> None:
        action = next(story, None)
        if action is not None:
            self._turn += 1
            heapq.heappush(self._running, (action.at, self._turn, action, story, follow))

    def _go_on(self) -> Iterator[Action]:
        """Give the next action of all, and let its story tell the one after it."""
        _, _, action, story, follow = heapq.heappop(self._running)
        yield action
        follow(action)
        self._begin(story, follow)
