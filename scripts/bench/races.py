"""``xiyou bench races``: 64 buyers for one key and for 63 keys, round after round (F5, T02).

Every round has a product of its own. Counted are orders that were placed and orders that were
refused as sold out; anything else, and any round that sells too much or too little, ends the
run. Threads of one process race first, then several processes with threads of their own, each
with a sequencer. Afterwards the log is asked whether any key was ever held twice. Times are
whole rounds; the floor is as many orders, one after the other. ``tests/scripts/test_races.py``.
"""

import os
import secrets
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import Manager, get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import Final, cast

from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import Vault
from domain.application import Trade
from domain.command import Command
from domain.errors import SoldOutError
from domain.event import Event, Meta
from domain.identifiers import derive
from domain.keys.intake import Upload
from domain.money import Money
from domain.orders.holds import HOLDS, holds_of
from domain.orders.placing import Basket, Wish
from scripts.bench.machine import Rounds, machine, timed
from scripts.migrate import migrate

BUYERS: Final = 64
PROCESSES: Final = 4
MERCHANT: Final = "M-RACE"
PRICE: Final = Money(2_500, "CNY")
NOW: Final = "2026-11-22T10:00:00Z"
KINDS: Final = {"one_key_named": 1, "one_key": 1, "sixty_three": 63}
"""What 64 want: one key by its name, one key of a product, 63 keys of a product."""


class OversoldError(AssertionError):
    """A race had other winners or losers than it must."""


@dataclass(frozen=True, slots=True)
class Course:
    """Where races are run; can be sent to another process."""

    url: str
    home: Path

    def open(self) -> "Racing":
        """Return a trade of one's own."""
        return Racing(self)


class Racing:
    """One process's trade, its sequencer and its vault."""

    def __init__(self, course: Course) -> None:
        self.database = Database(course.url)
        self.vault = Vault(self.database, FileMasterKey(course.home, os.urandom))
        self.trade = Trade(
            {
                "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
                "XIYOU_DATABASE_URL": course.url,
                "ORIGINATOR_ID_TYPE": "text",
            }
        )

    def close(self) -> None:
        """Commit what waits, and let go."""
        self.trade.close()
        self.database.close()

    def command(self, name: str) -> Command:
        """Return a command of the market's."""
        meta = Meta("race", "consumer", "bench", "api", name, name, occurred_at=NOW)
        return Command(meta, self.vault, secrets.token_bytes)

    def stock(self, name: str, keys: int) -> None:
        """Offer a product of so many keys."""
        product = _id("prd", name)
        offered = (product, MERCHANT, f"SKU-{name}", None, None, PRICE)
        self.trade.create_product(self.command(f"offer/{name}"), *offered)
        lines = [f"{name}-{number:04}" for number in range(keys)]
        upload = Upload(_id("bat", name), MERCHANT, product, lines)
        self.trade.import_batch(
            self.command(f"import/{name}"),
            upload,
            bytes(32),
            _Taken(),
            lambda number: _id("key", f"{name}/{number}"),
        )

    def buy(self, name: str, buyer: int, *, named: bool) -> str:
        """Order a key as one of the buyers; say how it ended."""
        who = f"{name}/{buyer}"
        order, checkout, user = (_id(prefix, who) for prefix in ("ord", "chk", "usr"))
        command = self.command(f"buy/{who}")
        try:
            if named:
                basket = Basket(order, checkout, user, _id("key", f"{name}/1"), PRICE)
                self.trade.place_order(command, basket)
            else:
                wish = Wish(order, checkout, user, _id("prd", name), PRICE)
                self.trade.order_product(command, wish)
        except SoldOutError:
            return "sold out"
        return "held"

    def race(self, name: str, buyers: range, start: Barrier | None, *, named: bool) -> Counter[str]:
        """Let *buyers* start together, each in a thread; count how it ended for them."""
        if start is not None:
            start.wait()
        together = Barrier(len(buyers))

        def run(buyer: int) -> str:
            together.wait()
            return self.buy(name, buyer, named=named)

        with ThreadPoolExecutor(len(buyers)) as pool:
            return Counter(pool.map(run, buyers))


class _Taken:
    """No raw key is in stock before a race."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}

    def find(self, fingerprint: str) -> str | None:
        """Return none."""
        return self._keys.get(fingerprint)

    def add(self, fingerprint: str, key: str) -> None:
        """Remember *key*."""
        self._keys[fingerprint] = key


def run(*, quick: bool = False) -> dict[str, object]:
    """Race, and return one object: bench, machine, floors, results, ratios."""
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as server:
        url = server.url(user="xiyou_app", database="xiyou")
        migrate(server.url(user="xiyou_owner", database="xiyou"))
        home = Path(folder) / "home"
        create_master_key(home, os.urandom)
        return run_on(Course(url, home), 3 if quick else 200, 1 if quick else 20)


def run_on(course: Course, rounds: int, process_rounds: int) -> dict[str, object]:
    """Race on a migrated database; raise where anything was sold twice, or not at all.

    Raises:
        OversoldError: a round had other winners than its keys, or another loss than sold out.
    """
    times, counts = Rounds(), {f"{kind}_rounds": rounds for kind in KINDS}
    racing = course.open()
    try:
        facts = machine(racing.database)
        for number in range(rounds):
            for kind, keys in KINDS.items():
                name = f"{kind}-{number}"
                racing.stock(name, keys)
                times.add(f"{kind}_ms", 1e3 * timed(partial(_check, racing, name, keys, kind)))
        for number in range(min(rounds, 5)):
            racing.stock(f"calm-{number}", BUYERS)
            times.add("in_turn_ms", 1e3 * timed(partial(_in_turn, racing, f"calm-{number}")))
        counts["process_rounds"] = process_rounds
        _race_processes(course, racing, process_rounds)
        held = _check_log(racing)
    finally:
        racing.close()
    names = [f"{kind}_ms" for kind in KINDS]
    return {
        "bench": "races",
        "machine": facts,
        "floors": times.summary(("in_turn_ms",)),
        "results": {**times.summary(names), **counts, "keys_held": held, "oversold": 0},
        "ratios": times.ratios({f"{each}_vs_in_turn": (each, "in_turn_ms") for each in names}),
    }


def _check(racing: Racing, name: str, keys: int, kind: str) -> None:
    _judge(name, keys, racing.race(name, range(BUYERS), None, named=kind == "one_key_named"))


def _judge(name: str, keys: int, outcomes: Counter[str]) -> None:
    wanted = Counter({"held": keys, "sold out": BUYERS - keys})
    if outcomes != wanted:
        raise OversoldError(f"{name}: {dict(outcomes)}, and not {dict(wanted)}")


def _in_turn(racing: Racing, name: str) -> None:
    for buyer in range(BUYERS):
        racing.buy(name, buyer, named=False)


def _race_processes(course: Course, racing: Racing, rounds: int) -> None:
    """Let threads of several processes want the same keys."""
    names = [(f"{kind}-processes-{n}", kind) for n in range(rounds) for kind in KINDS]
    for name, kind in names:
        racing.stock(name, KINDS[kind])
    share = BUYERS // PROCESSES
    with Manager() as manager, ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        start = manager.Barrier(PROCESSES)
        each = [
            pool.submit(_run_process, course, names, range(n * share, (n + 1) * share), start)
            for n in range(PROCESSES)
        ]
        parts = [future.result() for future in each]
    for place, (name, kind) in enumerate(names):
        _judge(name, KINDS[kind], sum((part[place] for part in parts), Counter()))


def _run_process(
    course: Course, names: list[tuple[str, str]], buyers: range, start: Barrier
) -> list[Counter[str]]:
    racing = course.open()
    try:
        return [
            racing.race(name, buyers, start, named=kind == "one_key_named") for name, kind in names
        ]
    finally:
        racing.close()


def _check_log(racing: Racing) -> int:
    """Ask the log itself: no key was held twice, and the register is what the log says."""
    recorder, mapper = racing.trade.recorder, racing.trade.mapper
    stored = recorder.select_notifications(1, 10_000_000, topics=["key.reserved", "order.placed"])
    events = [cast("Event", mapper.to_domain_event(each)) for each in stored]
    keys = Counter(each.originator_id for each in events if each.TOPIC == "key.reserved")
    if keys and max(keys.values()) > 1:
        raise OversoldError(f"held twice: {keys.most_common(3)}")
    if list(holds_of(events)) != racing.trade.rows_of(HOLDS):
        raise OversoldError("the register of holds is not what the log says")
    return len(keys)


def _id(prefix: str, name: str) -> str:
    return derive(prefix, 1_795_341_600_000, name)
