"""Erasing on a real log and vault: whatever write fails, running it again ends the same.

Each write fails twice: once it is lost, once it is kept and reported lost.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest
from eventsourcing.persistence import PersistenceError, StoredEvent

from chain.canonical import to_bytes
from chain.store.auditor import audit_database
from chain.store.embedded import EmbeddedPostgres
from chain.store.forgetting import Forgotten, UnlistedError, forget, values_of
from chain.store.reader import LogReader
from chain.store.vault import ErasedValueError, SealedRow
from domain.command import Command
from domain.event import Meta
from domain.identity.account import PrivacyErased, account_of, subjects_of
from domain.identity.erasure import erased
from domain.identity.standing import find_account
from scripts import erase
from tests.domain.given import BUYER, identifier
from tests.domain.keys.deployed import Deployed, deployed

if TYPE_CHECKING:
    from api.bootstrap import Deployment

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
OTHER = identifier("usr", "other")
ATTEMPTS = 12
EACH = 300
"""References of one entry."""


@dataclass
class Ledger:
    """A deployment as far as the command needs one."""

    world: Deployed
    owner: str
    rows: list[SealedRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.trade, self.vault = self.world.trade, self.world.vault
        self.database, self.reader = self.world.database, LogReader(self.world.database)

    def owner_url(self) -> str:
        """Return the database as the schema's owner."""
        return self.owner

    def command(self, meta: Meta) -> Command:
        """Return a new command of *meta*."""
        return Command(meta, self.vault, os.urandom)

    def hold(self, subject: str, count: int) -> list[SealedRow]:
        """Seal *count* values for *subject*; each is named by two entries."""
        rows = [self.vault.seal(subject, number, os.urandom(16)) for number in range(count)]
        for part in range(0, count, EACH):
            chosen = rows[part : part + EACH]
            named = [{"sealed": each.digest.hex()} for each in chosen]
            body = to_bytes({"data": {"values": named}, "meta": {"schema": 1}})
            stream = f"held/{subject}/{part}"
            self.log(stream, body, chosen)
        return rows

    def log(self, stream: str, body: bytes, rows: Sequence[SealedRow]) -> None:
        """Record two entries with *body*, and *rows* with them."""
        events = [StoredEvent(stream, seq, "test.held", body) for seq in (1, 2)]
        self.trade.recorder.insert_events(events, command_id=stream, sealed=rows)

    def erase(self, actor: str, party: str = BUYER) -> erase.Done | None:
        """Do what the command does for *actor*; None where it waits."""
        ledger = cast("Deployment", self)
        decided = erase.decide(ledger, party, actor, NOW)
        return erase.carry_out(ledger, actor, NOW) if decided else None

    def audit(self) -> Any:  # noqa: ANN401 — the report
        """Audit with what the log says of erasures."""
        judged = erased(self.trade.recorder).judged()
        return audit_database(self.database, vault=self.vault, erased=judged, processes=1)

    def lists(self) -> list[PrivacyErased]:
        """Return the entries of the day's stream."""
        stored = self.trade.recorder.select_events("erasure/2026-11-24")
        return [cast("PrivacyErased", self.trade.mapper.to_domain_event(each)) for each in stored]


@pytest.fixture
def ledger(
    app_url: str, tmp_path: Path, postgres_server: EmbeddedPostgres, database_name: str
) -> Iterator[Ledger]:
    owner = postgres_server.url(user="xiyou_owner", database=database_name)
    with deployed(app_url, tmp_path) as world:
        yield Ledger(world, owner)


class Fault:
    """Lets each write fail as often as there are kinds, in their order."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self.kinds = kinds
        self.failed: Counter[str] = Counter()

    def around(self, name: str, run: Callable[[], Any], error: Exception) -> Any:  # noqa: ANN401 — any answer
        """Run the write *name*, or fail."""
        kind = dict(enumerate(self.kinds)).get(self.failed[name], "none")
        self.failed[name] += 1
        if kind == "lost":
            raise error
        answer = run()
        if kind == "kept":
            raise error
        return answer


@pytest.mark.parametrize(
    "kinds", [("lost", "kept"), ("kept", "lost"), ("lost", "lost")], ids="-".join
)
def test_an_erasure_whose_every_write_fails_twice_ends_as_one_that_never_failed(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, kinds: tuple[str, str]
) -> None:
    rows = ledger.hold(BUYER, 905)
    kept = ledger.hold(OTHER, 2)
    fault = Fault(kinds)
    record = ledger.trade.record

    def failing_record(command: Command) -> Sequence[int]:
        error = PersistenceError("outcome unknown")
        return cast("Sequence[int]", fault.around(command.id, lambda: record(command), error))

    def failing_forget(*arguments: Any) -> Forgotten:
        error = psycopg.OperationalError("outcome unknown")
        return cast("Forgotten", fault.around("forget", lambda: forget(*arguments), error))

    monkeypatch.setattr(ledger.trade, "record", failing_record)
    monkeypatch.setattr(erase, "forget", failing_forget)
    for actor in ("staff-1", "staff-2"):
        for _ in range(ATTEMPTS):
            with suppress(PersistenceError, psycopg.OperationalError):
                ledger.erase(actor)
                break
        else:
            pytest.fail("it never came to an end")
    assert len(fault.failed) == 4
    # What was kept is seen by the next run, and not written again.
    assert all(count > 1 for count in fault.failed.values()) == (kinds[0] == "lost")

    account = find_account(ledger.trade, BUYER)
    assert account is not None
    assert (account.state, account.asked_by) == ("erased", "staff-1")
    assert [len(each.digests or ()) for each in ledger.lists()] == [900, 5]
    listed = [digest for each in ledger.lists() for digest in each.digests or ()]
    assert listed == sorted(each.digest.hex() for each in rows)
    for row in rows[::100]:
        with pytest.raises(ErasedValueError):
            ledger.vault.open(row.digest)
    assert all(ledger.vault.keeps(row.digest) for row in kept)
    report = ledger.audit()
    assert (report.findings, report.erased) == ((), 905)
    # Once more is no harm.
    assert ledger.erase("staff-3") == erase.Done(0, 0, 0)
    assert len(ledger.lists()) == 2


def test_between_the_list_and_the_destruction_nothing_is_lost_and_an_audit_sees_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dead between the two: on record as erased, still kept; the next run destroys it."""
    rows = ledger.hold(BUYER, 3)

    def dies(*_: object) -> Forgotten:
        raise psycopg.OperationalError("dead")

    ledger.erase("staff-1")
    with monkeypatch.context() as patch:
        patch.setattr(erase, "forget", dies)
        with pytest.raises(psycopg.OperationalError):
            ledger.erase("staff-2")
    assert all(ledger.vault.keeps(row.digest) for row in rows)
    assert len(ledger.lists()) == 1
    findings = ledger.audit().findings
    assert len(findings) == 3
    assert all("run xiyou erase" in each.what for each in findings)
    # Without naming anybody, as the day's run does.
    done = erase.carry_out(cast("Deployment", ledger), "operator", NOW)
    assert done == erase.Done(listed=0, keys=1, values=3)
    assert ledger.audit().findings == ()


def test_what_is_sealed_between_the_list_and_the_destruction_is_listed_first(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.hold(BUYER, 2)
    late: list[SealedRow] = []

    def sealing(url: str, subjects: Sequence[str], listed: Any) -> Forgotten:  # noqa: ANN401 — any collection
        if not late:
            late.append(ledger.vault.seal(BUYER, "late", os.urandom(16)))
            body = to_bytes({"data": {"sealed": late[0].digest.hex()}, "meta": {"schema": 1}})
            ledger.log("late", body, late)
        return forget(url, subjects, listed)

    monkeypatch.setattr(erase, "forget", sealing)
    ledger.erase("staff-1")
    done = ledger.erase("staff-2")
    assert done == erase.Done(listed=3, keys=1, values=3)
    assert [len(each.digests or ()) for each in ledger.lists()] == [2, 1]
    assert ledger.audit().findings == ()


def test_nothing_is_destroyed_that_no_entry_lists(ledger: Ledger) -> None:
    rows = ledger.hold(BUYER, 2)
    with pytest.raises(UnlistedError, match="1 sealed value"):
        forget(ledger.owner, [BUYER], {rows[0].digest})
    assert all(ledger.vault.keeps(row.digest) for row in rows)


def test_the_persons_of_a_day_are_listed_together(ledger: Ledger) -> None:
    rows = ledger.hold(BUYER, 2) + ledger.hold(OTHER, 2)
    fake = cast("Deployment", ledger)
    for party in (BUYER, OTHER):
        for actor in ("staff-1", "staff-2"):
            erase.decide(fake, party, actor, NOW)
    assert erase.carry_out(fake, "operator", NOW) == erase.Done(4, 2, 4)
    [entry] = ledger.lists()
    assert entry.digests == tuple(sorted(each.digest.hex() for each in rows))
    assert not {BUYER, OTHER, account_of(BUYER)}.intersection(str(entry.data()))


def test_values_that_were_destroyed_before_digests_were_listed_are_listed_now(
    ledger: Ledger,
) -> None:
    [row] = ledger.hold(BUYER, 1)
    forget(ledger.owner, subjects_of(BUYER))
    assert ledger.erase("staff-1") is None
    assert ledger.erase("staff-2") == erase.Done(1, 0, 0)
    assert ledger.lists()[0].digests == (row.digest.hex(),)
    assert ledger.audit().findings == ()


def test_a_restored_backup_is_erased_again_by_the_next_run(ledger: Ledger, owner_url: str) -> None:
    [row] = ledger.hold(BUYER, 1)
    with psycopg.connect(owner_url) as owner:
        key = owner.execute("SELECT * FROM ledger.data_keys WHERE subject = %s", [BUYER]).fetchone()
        value = owner.execute(
            "SELECT * FROM ledger.sealed_values WHERE digest = %s", [row.digest]
        ).fetchone()
    assert key is not None
    assert value is not None
    for actor in ("staff-1", "staff-2"):
        ledger.erase(actor)
    with psycopg.connect(owner_url) as owner:
        owner.execute("INSERT INTO ledger.data_keys VALUES (%s, %s, %s, %s, %s)", key)
        owner.execute("INSERT INTO ledger.sealed_values VALUES (%s, %s, %s)", value)
    assert ledger.vault.keeps(row.digest)
    assert [each.where for each in ledger.audit().findings] == [f"sealed_values {row.digest.hex()}"]
    assert erase.carry_out(cast("Deployment", ledger), "operator", NOW) == erase.Done(0, 1, 1)
    assert not ledger.vault.keeps(row.digest)
    assert values_of(ledger.database, [BUYER]) == [row.digest]
