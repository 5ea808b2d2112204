"""F19: a webhook's receiver is down for days: nothing is lost, and the order of a stream holds."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent

from api.bootstrap import Deployment
from api.settings import Settings
from domain.command import Command
from domain.event import Meta
from domain.webhooks.schedule import WAITS
from domain.webhooks.signing import HmacKey, SigningKey, VerifyingKey, parse_key, verify
from domain.webhooks.store.outbox import Outbox
from scripts.__main__ import run
from scripts.migrate import migrate
from tests.api.feeds import publish

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://hooks.example/in?token=canary-token"


class Receiver:
    """Stands for a receiver; what it answers is up to the test."""

    def __init__(self, answer: Callable[[dict[str, object]], int | None]) -> None:
        self.answer = answer
        self.taken: list[dict[str, object]] = []
        self.asked: list[tuple[str, bytes]] = []

    def send(self, url: str, headers: dict[str, str], body: bytes) -> int | None:
        assert url == URL
        self.asked.append((headers["webhook-id"], body))
        self.headers = headers
        data = json.loads(body)["data"]
        status = self.answer(data)
        if status == 200:
            self.taken.append(data)
        return status


@pytest.fixture
def sandbox(settings: Settings) -> Iterator[Deployment]:
    with Deployment(settings.model_copy(update={"webhook_sandbox": True}), migrate) as opened:
        opened.prepare()
        yield opened


def happen(ledger: Deployment, first: int, orders: int) -> None:
    """Let each order of M-a be placed, paid and delivered, all mixed."""
    steps = ("order.placed", "order.paid", "order.delivered")
    events = [
        StoredEvent(f"ord_{n:026}", version, kind, b'{"data":{"merchant":"M-a"},"meta":{}}')
        for version, kind in enumerate(steps, 1)
        for n in range(first, first + orders)
    ]
    ledger.trade.recorder.insert_events(events, command_id=f"c-{first}")
    publish(ledger)


def joined(ledger: Deployment, receiver: Receiver, types: tuple[str, ...] = ()) -> Outbox:
    """Register the receiver for M-a."""
    webhook = "whk_01h455vb4pex5vsknk084sn02q"
    made = ledger.outbox
    ledger.trade.register_webhook(command_of(ledger, webhook), webhook, "M-a", URL, types)
    made.add(webhook, "M-a", URL, types)
    made._sender = receiver  # type: ignore[assignment]
    return made


def command_of(ledger: Deployment, webhook: str) -> Command:
    meta = Meta("operator", "staff", "cli", "cli", f"webhook/{webhook}", f"webhook/{webhook}")
    return Command(meta, ledger.vault, bytes)


def ordered(taken: list[dict[str, object]]) -> bool:
    """Say whether each stream's messages came in the order of the log."""
    last: dict[object, int] = {}
    for each in taken:
        index = each["index"]
        assert isinstance(index, int)
        if last.get(each["subject"], -1) >= index:
            return False
        last[each["subject"]] = index
    return True


def test_three_days_of_outage_lose_nothing_and_keep_the_order(sandbox: Deployment) -> None:
    up_again = NOW + timedelta(days=3)
    clock = [NOW]
    receiver = Receiver(lambda _: 200 if clock[0] >= up_again else 500)
    outbox = joined(sandbox, receiver)
    happen(sandbox, 0, 8)
    outbox.fill(NOW)
    attempts = []
    while (due := outbox.next_due()) is not None:
        clock[0] = max(clock[0], due)
        before = len(receiver.asked)
        outbox.step(clock[0])
        attempts.append((clock[0] - NOW, len(receiver.asked) - before))
    # The head of each stream is tried by the schedule, and what waits behind it never is.
    tries, at = [], timedelta(0)
    for wait in WAITS:
        at += wait
        tries.append(at)
    assert [each for each, _ in attempts][:9] == tries[:9]
    assert [count for _, count in attempts][:9] == [8] * 9
    assert len(receiver.taken) == 24
    assert ordered(receiver.taken)
    assert len({name for name, _ in receiver.asked}) == 24, "a repeat has the same id"


def test_only_the_stream_of_a_refused_message_waits(sandbox: Deployment) -> None:
    bad = f"ord_{3:026}"
    receiver = Receiver(lambda data: 500 if data["subject"] == bad else 200)
    outbox = joined(sandbox, receiver)
    happen(sandbox, 0, 6)
    outbox.fill(NOW)
    outbox.step(NOW)
    assert len(receiver.taken) == 15
    receiver.answer = lambda _: 200
    outbox.step(NOW + timedelta(seconds=4))
    assert len(receiver.taken) == 15
    outbox.step(NOW + timedelta(seconds=5))
    assert len(receiver.taken) == 18
    assert ordered(receiver.taken)


def test_after_ten_attempts_a_message_is_given_up_on_record(sandbox: Deployment) -> None:
    bad = f"ord_{0:026}"
    receiver = Receiver(lambda data: None if data["subject"] == bad else 200)
    outbox = joined(sandbox, receiver, ("order.placed",))
    happen(sandbox, 0, 2)
    outbox.fill(NOW)
    now = NOW
    while (due := outbox.next_due()) is not None:
        now = max(now, due)
        outbox.step(now)
    assert len([name for name, _ in receiver.asked]) == 10 + 1
    found = list(sandbox.reader.history("whk_01h455vb4pex5vsknk084sn02q"))
    assert [each.type for each in found] == ["webhook.registered", "webhook.dead_lettered"]
    said = json.loads(found[1].entry.split(b"\n")[1])["data"]
    assert (said["attempts"], said["number"]) == (10, 0)
    assert sandbox.reader.entry(said["index"]).stream == bad, "the feed covers the gap"


def test_410_switches_the_endpoint_off(sandbox: Deployment) -> None:
    receiver = Receiver(lambda _: 410)
    outbox = joined(sandbox, receiver)
    happen(sandbox, 0, 3)
    outbox.fill(NOW)
    outbox.step(NOW)
    outbox.fill(NOW)
    outbox.step(NOW + timedelta(days=9))
    assert [each.state for each in outbox.endpoints()] == ["gone"]
    assert outbox.next_due() is None
    found = list(sandbox.reader.history("whk_01h455vb4pex5vsknk084sn02q"))
    assert [each.type for each in found] == ["webhook.registered", "webhook.failed"]


def test_a_message_is_signed_small_and_without_secrets(sandbox: Deployment) -> None:
    receiver = Receiver(lambda _: 200)
    outbox = joined(sandbox, receiver)
    happen(sandbox, 0, 1)
    outbox.fill(NOW)
    [endpoint] = outbox.endpoints()
    old = [parse_key(each.spelt()) for each in outbox.keys(endpoint, NOW)]
    outbox.rotate(endpoint.id, NOW)
    [endpoint] = outbox.endpoints()
    outbox.step(NOW + timedelta(hours=23))
    both = outbox.keys(endpoint, NOW + timedelta(hours=23))
    assert len(both) == 4
    new = [parse_key(each.spelt()) for each in outbox.keys(endpoint, NOW + timedelta(hours=25))]
    assert len(new) == 2
    seconds = int((NOW + timedelta(hours=23)).timestamp())
    for keys in (old, new):
        known = [each for each in keys if isinstance(each, HmacKey | VerifyingKey)]
        assert len(known) == 2
        for key in known:
            verify([key], receiver.headers, receiver.asked[-1][1], seconds)
    assert not any(isinstance(each, SigningKey) for each in (*old, *new))
    for _, body in receiver.asked:
        assert len(body) < 20_000
        assert "entry" not in json.loads(body)["data"]
    log = b"".join(each.entry for each in sandbox.reader.entries(0, 100))
    assert b"canary-token" not in log


def test_a_crash_between_sending_and_writing_down_repeats_the_same_message(
    sandbox: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = Receiver(lambda _: 200)
    outbox = joined(sandbox, receiver)
    happen(sandbox, 0, 1)
    outbox.fill(NOW)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_note", crash)
        with pytest.raises(KeyboardInterrupt):
            outbox.step(NOW)
    outbox.step(NOW)
    names = [name for name, _ in receiver.asked]
    assert names[0] == names[1]
    assert len(set(names)) == 3


def crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_command_registers_calls_and_lists(
    sandbox: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = sandbox.settings
    assert settings.database_url is not None
    monkeypatch.setenv("XIYOU_DATABASE_URL", settings.database_url.get_secret_value())
    home = ["--home", str(settings.home)]
    refused = run(["webhooks", "add", "M-a", "https://10.0.0.1/", *home])
    assert refused.code == 3
    made = run(["webhooks", "add", "M-a", URL, *home])
    assert made.facts["keys"][0].startswith("whpk_")
    assert made.facts["keys"][1].startswith("whsec_")
    turned = run(["webhooks", "rotate", made.facts["webhook"], *home])
    assert len(turned.facts["keys"]) == 4
    listed = run(["webhooks", "list", *home])
    assert "canary-token" not in str(listed.facts) + listed.words
    assert run(["webhooks", "run", "--once", *home]).facts["taken"] == 0
