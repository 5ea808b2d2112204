"""``xiyou bench refusals``: whether a caller can tell by the time why a code was refused (T20).

Codes that are refused for eight causes are typed in random order by several threads on a
real log; each answer leaves at the beat of `api.pace`. Compared by the Mann-Whitney test:
each cause against all the others, the smallest p times the number of causes. The floor is
the same run without the beat, the time that finding the answer took, where the causes can
be told apart: so the test is able to see a difference.
"""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from api.bootstrap import Deployment
from api.pace import BEAT, Pace
from api.settings import Settings
from domain.command import Command
from domain.errors import CodeRefusedError
from domain.event import Meta
from domain.identifiers import RANDOM_BITS, make
from domain.keys.code import VOUCHER_SYMBOLS, draw_code
from domain.keys.intake import Upload
from domain.keys.redemption import Attempt
from domain.money import Money
from domain.orders.sales import Basket
from domain.outside.hidden import Hidden
from scripts.bench.machine import machine
from scripts.bench.separation import p_value
from scripts.migrate import migrate

SAMPLES = 10_000
QUICK = 240
THREADS = 8
ORDERS = 12
"""Of each cause that needs an order."""
START = datetime(2030, 1, 1, tzinfo=UTC)
FAR, PAST = "9000-01-01T00:00:00Z", "2029-01-01T00:00:00Z"
PRICE = Money(9_800, "CNY")
ORDERED = ("foreign_buyer", "wrong_product", "refunded", "frozen", "expired", "used")
CAUSES = (*ORDERED, "unknown", "malformed")


def run(*, quick: bool = False) -> dict[str, object]:
    """Measure, and return one object: bench, machine, floors, results, ratios."""
    with _shop() as shop:
        facts = machine(shop.ledger.database)
        shop.prepare()
        pace = Pace()
        paced, worked = shop.measure(QUICK if quick else SAMPLES, pace)
    smallest = min(_separation(paced).values()) * len(CAUSES)
    return {
        "bench": "refusals",
        "machine": facts,
        "floors": {"unpaced_p": min(1.0, min(_separation(worked).values()) * len(CAUSES))},
        "results": {
            "samples": sum(len(each) for each in paced.values()),
            "beat_ms": BEAT * 1e3,
            "missed_beats": pace.missed,
            "paced_p": min(1.0, smallest),
            "paced_median_ms": {name: median(each) * 1e3 for name, each in paced.items()},
            "unpaced_median_ms": {name: median(each) * 1e3 for name, each in worked.items()},
        },
        "ratios": {"paced_p": min(1.0, smallest)},
    }


Times = dict[str, list[float]]


def _separation(times: Times) -> dict[str, float]:
    """Return for each cause how likely it is that it does not differ from the others."""
    return {
        name: p_value(own, [each for other in times if other != name for each in times[other]])
        for name, own in times.items()
    }


@dataclass
class _Shop:
    """Orders whose codes are refused, each for its cause."""

    ledger: Deployment
    codes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By cause: buyers and their codes."""
    product: str = ""
    numbers: Iterator[int] = field(default_factory=count)

    def command(self, actor: str) -> Command:
        name = f"bench/{next(self.numbers)}"
        meta = Meta(actor, "consumer", "synthetic", "bench", name, name)
        return self.ledger.command(meta)

    def prepare(self) -> None:
        """Sell a key for every order and bring it where its cause is true."""
        trade, self.product = self.ledger.trade, _new("prd")
        trade.create_product(self.command("M-LAN"), self.product, "M-LAN", "SKU")
        lines = [f"RAW-{number:06d}" for number in range(len(ORDERED) * ORDERS)]
        keys = [_new("key") for _ in lines]
        upload = Upload(_new("bat"), "M-LAN", self.product, lines)
        command = self.command("M-LAN")
        trade.import_batch(command, upload, self.ledger.index_ring, lambda line: keys[line - 1])
        ends: dict[str, Callable[[str, str, str], object]] = {
            "refunded": lambda buyer, order, _: self._give_back(buyer, order),
            "frozen": lambda buyer, order, _: trade.open_dispute(
                self.command(buyer), _new("dsp"), order, "consumer"
            ),
            "used": lambda buyer, _, code: trade.redeem_code(
                self.command(buyer), Attempt(buyer, Hidden(code)), _moment(0)
            ),
        }
        for cause in ORDERED:
            for _ in range(ORDERS):
                buyer, order, code = self._sell(keys.pop(), PAST if cause == "expired" else FAR)
                if cause in ends:
                    ends[cause](buyer, order, code)
                self.codes.setdefault(cause, []).append((buyer, code))

    def measure(self, samples: int, pace: Pace) -> tuple[Times, Times]:
        """Type *samples* codes; return the times of the answers, and of finding them."""
        dice = Random(20)
        wanted = [CAUSES[number % len(CAUSES)] for number in range(samples)]
        dice.shuffle(wanted)
        paced: Times = {name: [] for name in CAUSES}
        worked: Times = {name: [] for name in CAUSES}

        def ask(number: int, cause: str) -> None:
            attempt = self._attempt(cause, number)
            command = self.command(attempt.account)
            # Every attempt is a quarter of an hour after the one before: no limit is met.
            now = _moment(1 + number)
            began = perf_counter()
            try:
                with pace.keeping():
                    try:
                        self.ledger.trade.redeem_code(command, attempt, now)
                    finally:
                        found = perf_counter()
            except CodeRefusedError:
                paced[cause].append(perf_counter() - began)
                worked[cause].append(found - began)
            else:
                raise AssertionError(f"{cause}: the code was accepted")

        with ThreadPoolExecutor(THREADS) as pool:
            for done in [pool.submit(ask, *each) for each in enumerate(wanted)]:
                done.result()
        return paced, worked

    def _attempt(self, cause: str, number: int) -> Attempt:
        if cause not in self.codes:
            code = (
                "nonsense"
                if cause == "malformed"
                else draw_code(VOUCHER_SYMBOLS, secrets.token_bytes)
            )
            return Attempt(_new("usr"), Hidden(code))
        buyer, code = self.codes[cause][number % ORDERS]
        if cause == "foreign_buyer":
            buyer = _new("usr")
        return Attempt(
            buyer, Hidden(code), product=_new("prd") if cause == "wrong_product" else None
        )

    def _sell(self, key: str, until: str) -> tuple[str, str, str]:
        trade, buyer, order = self.ledger.trade, _new("usr"), _new("ord")
        checkout, payment = _new("chk"), _new("pay")
        basket = Basket(order, checkout, buyer, key, PRICE)
        trade.place_order(self.command(buyer), basket, _moment(0))
        trade.initiate_payment(self.command(buyer), payment, checkout, PRICE)
        trade.capture_payment(self.command(buyer), payment, PRICE, [order], {"name": "x"})
        trade.deliver_order(self.command(buyer), order, until)
        return buyer, order, trade.show_code(self.command(buyer), order, buyer).reveal()

    def _give_back(self, buyer: str, order: str) -> None:
        refund = _new("rfd")
        self.ledger.trade.request_refund(self.command(buyer), refund, order)
        self.ledger.trade.approve_refund(self.command("M-LAN"), refund)


@contextmanager
def _shop() -> Iterator[_Shop]:
    with TemporaryDirectory(prefix="xiyou-bench-") as folder:
        settings = Settings(home=Path(folder) / "home", database_url=None)
        with Deployment(settings, migrate) as ledger:
            ledger.prepare()
            yield _Shop(ledger)


def _new(prefix: str) -> str:
    return make(prefix, 1_893_456_000_000, secrets.randbits(RANDOM_BITS))


def _moment(number: int) -> str:
    return f"{START + timedelta(minutes=15 * number):%Y-%m-%dT%H:%M:%SZ}"
