"""The follower's process: what it does beside a trade, and how it ends."""

import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from json import loads
from pathlib import Path
from time import monotonic, sleep

import pytest

from api.bootstrap import Deployment
from api.settings import load_settings
from domain.command import Command
from domain.disputes.deadline import spell
from domain.keys.intake import Upload
from domain.orders.sales import Basket
from scripts.migrate import migrate
from tests.chain.store.owners import leaked
from tests.domain.given import (
    BUYER,
    MERCHANT,
    PRICE,
    PRODUCT,
    RING,
    identifier,
    key_of_line,
    meta_of,
)
from tests.scripts.calling import command_line, environment, spawn

SOON = 60.0


@pytest.fixture(scope="module")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home for all tests of this file, which must leave no server behind."""
    home = tmp_path_factory.mktemp("follow") / "home"
    yield home
    assert leaked(home / "postgres") == []


@pytest.fixture(scope="module")
def ledger(server_home: Path) -> Iterator[Deployment]:
    """A deployment with five keys in stock, whose server is kept up for the commands."""
    with Deployment(load_settings({}, server_home), migrate) as opened:
        do(opened, "create_product", PRODUCT, MERCHANT, "SKU-001", None)
        upload = Upload(identifier("bat"), MERCHANT, PRODUCT, [f"AAAA-{n}" for n in range(5)])
        do(opened, "import_batch", upload, RING, key_of_line)
        yield opened


def do(ledger: Deployment, use_case: str, *arguments: object) -> None:
    command_id = f"test/{secrets.token_hex(8)}"
    # Of this moment: the follower goes by the clock.
    meta = replace(meta_of(command_id), occurred_at=None)
    command = Command(meta, ledger.vault, secrets.token_bytes)
    getattr(ledger.trade, use_case)(command, *arguments)


def paid(ledger: Deployment, number: int) -> str:
    order, checkout = identifier("ord", str(number)), identifier("chk", str(number))
    basket = Basket(order, checkout, BUYER, key_of_line(number), PRICE)
    payment = identifier("pay", str(number))
    do(ledger, "place_order", basket, spell(datetime.now(UTC)))
    do(ledger, "initiate_payment", payment, checkout, PRICE)
    do(ledger, "capture_payment", payment, PRICE, [order], {"name": "somebody"})
    return order


def delivered(ledger: Deployment) -> list[str]:
    found = ledger.trade.recorder.select_notifications(1, 10_000, topics=["order.delivered"])
    return [str(each.originator_id) for each in found]


def await_delivered(ledger: Deployment, order: str) -> None:
    deadline = monotonic() + SOON
    while order not in delivered(ledger):
        assert monotonic() < deadline, delivered(ledger)
        sleep(0.02)


@contextmanager
def following(home: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command_line("follow", "--home", home, "--interval", "0.02", "--json", *options),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert "following" in process.stderr.readline()
        yield process
        process.kill()


def test_it_delivers_while_the_shop_sells_and_ends_by_a_signal(
    ledger: Deployment, server_home: Path
) -> None:
    first = paid(ledger, 1)
    with following(server_home, "--arbitrator", "arb-01") as process:
        await_delivered(ledger, first)
        await_delivered(ledger, paid(ledger, 2))
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=SOON)
    assert process.returncode == 0
    facts = loads(out)
    assert (facts["ok"], facts["done"]["deliver"], facts["refused"]) == (True, 2, [])


def test_killed_and_started_again_it_does_the_rest_and_nothing_twice(
    ledger: Deployment, server_home: Path
) -> None:
    with following(server_home) as process:
        await_delivered(ledger, paid(ledger, 3))
        process.send_signal(signal.SIGKILL)
        process.wait(SOON)
    order = paid(ledger, 4)
    called = spawn("follow", "--home", server_home, "--once", "--json")
    assert called.code == 0, called.err
    assert delivered(ledger).count(order) == 1
    assert len(delivered(ledger)) == len(set(delivered(ledger)))
    assert called.json["done"]["deliver"] == 1
    assert spawn("follow", "--home", server_home, "--once", "--json").json["done"] == {}


def test_when_its_parent_lets_it_go_it_first_does_what_is_there(
    ledger: Deployment, server_home: Path
) -> None:
    with following(server_home, "--with-parent") as process:
        assert process.stdin is not None
        order = paid(ledger, 5)
        process.stdin.close()
        process.stdin = None
        out, _ = process.communicate(timeout=SOON)
    assert process.returncode == 0
    assert order in delivered(ledger)
    assert loads(out)["position"] > 0


def test_without_a_log_it_ends_with_4(tmp_path: Path) -> None:
    called = spawn("follow", "--home", tmp_path / "none", "--once")
    assert called.code == 4
