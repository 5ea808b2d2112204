import multiprocessing
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import psycopg
import pytest

from chain.command import Command, CommandReusedError, NewEvent, Receipt, StaleVersionError
from chain.entry import Entry
from chain.errors import ChainError, EntryTooLargeError, MalformedError
from chain.hashes import leaf_hash
from chain.merkle import RightEdge, root_of
from chain.store.announcements import CHANNEL
from chain.store.database import Database
from chain.store.embedded import EmbeddedPostgres
from chain.store.log import Log, system_clock
from chain.store.sequencer import OutcomeUnknownError, Sequencer, SequencerClosedError
from chain.store.transaction import COPY_FROM
from tests.relay import Relay, relay


def event(stream: str, seq: int, body: bytes = b"{}") -> NewEvent:
    return NewEvent(stream, seq, "order.placed", body)


def command(name: str, *events: NewEvent) -> Command:
    return Command(name, events)


def entries(database: Database) -> list[Entry]:
    with database.connection() as connection:
        rows = connection.execute("SELECT leaf_index, entry FROM entries ORDER BY leaf_index")
        stored = [(index, bytes(entry)) for index, entry in rows]
        size, edge = connection.execute("SELECT size, edge FROM head").fetchone() or (0, b"")
    assert [index for index, _ in stored] == list(range(size))
    assert RightEdge.from_bytes(size, edge).root() == root_of(
        [leaf_hash(each) for _, each in stored]
    )
    return [Entry.parse(each) for _, each in stored]


@contextmanager
def head_locked(database: Database) -> Iterator[None]:
    """Hold all appends, so that what arrives meanwhile shares one batch."""
    with database.connect() as connection, connection.transaction():
        connection.execute("SELECT size FROM head FOR UPDATE")
        yield


def test_a_receipt_names_index_and_leaf_of_every_event(log: Log) -> None:
    log.sequencer.append(command("cmd_1", event("a", 1)))
    receipt = log.sequencer.append(command("cmd_2", event("a", 2), event("b", 1)))
    stored = entries(log.database)
    assert list(receipt.indexes) == [1, 2]
    assert list(receipt.leaf_hashes) == [leaf_hash(each.to_bytes()) for each in stored[1:]]


@pytest.mark.parametrize("count", [1, COPY_FROM - 1, COPY_FROM, 1_000])
def test_small_and_big_batches_store_the_same_entries(log: Log, count: int) -> None:
    events = [event(f"s{n % 7}", n // 7 + 1, f'{{"n":{n},"x":"é"}}'.encode()) for n in range(count)]
    log.sequencer.append(command("cmd_1", *events))
    stored = entries(log.database)
    assert [NewEvent(each.stream, each.seq, each.type, each.body) for each in stored] == events


def test_one_stale_command_is_refused_and_the_others_of_its_batch_go_on(log: Log) -> None:
    log.sequencer.append(command("cmd_0", event("a", 1)))
    with head_locked(log.database):
        futures = [
            log.sequencer.submit(command("cmd_1", event("b", 1))),
            log.sequencer.submit(command("cmd_2", event("c", 1), event("a", 1))),
            log.sequencer.submit(command("cmd_3", event("a", 2))),
            log.sequencer.submit(command("cmd_4", event("a", 2))),
            log.sequencer.submit(command("cmd_5", event("c", 1))),
        ]
    outcomes = [future.exception() or future.result().command_id for future in futures]
    assert outcomes[0::2] == ["cmd_1", "cmd_3", "cmd_5"]
    assert isinstance(outcomes[1], StaleVersionError)
    assert isinstance(outcomes[3], StaleVersionError)
    assert [each.stream for each in entries(log.database)] == ["a", "b", "a", "c"]


def test_the_same_command_again_gets_the_first_receipt_and_writes_nothing(log: Log) -> None:
    asked = command("cmd_1", event("a", 1), event("a", 2))
    first = log.sequencer.append(asked)
    log.sequencer.append(command("cmd_2", event("a", 3)))
    assert log.sequencer.append(asked) == first
    assert len(entries(log.database)) == 3


def test_a_command_id_with_other_events_is_refused(log: Log) -> None:
    log.sequencer.append(command("cmd_1", event("a", 1)))
    with pytest.raises(CommandReusedError, match="cmd_1"):
        log.sequencer.append(command("cmd_1", event("a", 1, b'{"other":1}')))
    assert len(entries(log.database)) == 1


def test_one_command_sent_fifty_times_at_once_has_one_effect(log: Log) -> None:
    asked = command("cmd_1", event("a", 1))
    with head_locked(log.database):
        futures = [log.sequencer.submit(asked) for _ in range(50)]
    assert len({future.result() for future in futures}) == 1
    assert len(entries(log.database)) == 1


BAD = {
    "entry-too-large": (event("a", 2, b"x" * 65_400), EntryTooLargeError),
    "body-with-newline": (event("a", 2, b"{}\n"), MalformedError),
    "python-path-for-a-type": (NewEvent("a", 2, "domain.orders:Order", b"{}"), MalformedError),
    "version-gap": (event("a", 3), StaleVersionError),
    "version-taken": (event("a", 1), StaleVersionError),
    "new-stream-at-2": (event("new", 2), StaleVersionError),
}


@pytest.mark.parametrize(("bad", "error"), BAD.values(), ids=BAD)
def test_a_bad_event_writes_nothing_and_the_log_goes_on(
    log: Log, bad: NewEvent, error: type[ChainError]
) -> None:
    log.sequencer.append(command("cmd_1", event("a", 1)))
    with pytest.raises(error):
        log.sequencer.append(command("cmd_2", event("b", 1), bad))
    log.sequencer.append(command("cmd_2", event("b", 1), event("a", 2)))
    assert [(each.stream, each.seq) for each in entries(log.database)] == [
        ("a", 1),
        ("b", 1),
        ("a", 2),
    ]


def test_many_threads_leave_no_gap_and_no_fork(log: Log) -> None:
    def work(worker: int) -> int:
        refused = 0
        rng = random.Random(worker)
        for step in range(40):
            stream = f"own_{worker}" if step % 2 else "shared"
            seq = step // 2 + 1 if step % 2 else rng.randrange(1, 400)
            try:
                log.sequencer.append(command(f"cmd_{worker}_{step}", event(stream, seq)))
            except StaleVersionError:
                refused += 1
        return refused

    with ThreadPoolExecutor(16) as pool:
        refused = sum(pool.map(work, range(16)))
    stored = entries(log.database)
    assert len(stored) == 16 * 40 - refused
    for worker in range(16):
        own = [each.seq for each in stored if each.stream == f"own_{worker}"]
        assert own == list(range(1, 21))


def sell(url: str, worker: int, keys: int, start: "multiprocessing.synchronize.Barrier") -> int:
    won = 0
    with Log(url) as log:
        for number in range(keys):
            if number % 50 == 0:
                start.wait()
            order = event(f"order_{number}_{worker}", 1)
            bought = log.sequencer.submit(
                command(f"buy_{number}_{worker}", order, event(f"key_{number}", 2))
            )
            refusal = bought.exception()
            assert refusal is None or isinstance(refusal, StaleVersionError)
            won += refusal is None
    return won


def test_a_version_is_taken_once_when_two_processes_want_it(log: Log) -> None:
    keys = 300
    stock = [event(f"key_{number}", 1) for number in range(keys)]
    log.sequencer.append(command("stock", *stock))
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, spawn.Pool(2) as pool:
        start = manager.Barrier(2)
        url = log.database.url
        won = pool.starmap(sell, [(url, worker, keys, start) for worker in range(2)])
    stored = entries(log.database)
    assert sum(won) == keys
    assert min(won) > 0, "the two never met"
    assert len(stored) == 3 * keys
    sold = [each.stream for each in stored if each.seq == 2]
    assert sorted(sold) == sorted(f"key_{number}" for number in range(keys))


def test_at_never_decreases_when_the_clock_steps_back(database: Database) -> None:
    times = iter([0, 5, -3_600, 3, 6])
    start = datetime(2026, 11, 22, 10, tzinfo=UTC)
    sequencer = Sequencer(database, lambda: start + timedelta(seconds=next(times)))
    for seq in range(1, 6):
        sequencer.append(command(f"cmd_{seq}", event("a", seq)))
    sequencer.close()
    seconds = [each.at[17:19] for each in entries(database)]
    assert seconds == ["00", "05", "05", "05", "06"]


def test_a_closed_sequencer_commits_what_waits_and_takes_no_more(database: Database) -> None:
    sequencer = Sequencer(database, system_clock)
    futures = [sequencer.submit(command(f"cmd_{n}", event("a", n))) for n in range(1, 20)]
    sequencer.close()
    sequencer.close()
    assert all(future.result() for future in futures)
    with pytest.raises(SequencerClosedError):
        sequencer.submit(command("cmd_20", event("a", 20)))


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize(
    ("table", "column"), [("entries", "type"), ("receipts", "events"), ("checkpoints", "note")]
)
def test_neither_the_application_nor_the_owner_can_rewrite_the_log(
    log: Log, owner_url: str, statement: str, table: str, column: str
) -> None:
    log.sequencer.append(command("cmd_1", event("a", 1)))
    query = statement.format(f"ledger.{table}", column, column)
    with (
        log.database.connection() as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
    ):
        connection.execute(query)
    with (
        psycopg.connect(owner_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="the log only grows"),
    ):
        connection.execute(query)


def test_the_application_can_do_no_more_than_its_work_asks_for(database: Database) -> None:
    with database.connection() as connection:
        granted = connection.execute(
            "SELECT table_name, array_agg(privilege_type::text ORDER BY privilege_type::text)"
            " FROM information_schema.role_table_grants"
            " WHERE grantee = 'xiyou_app' AND table_schema = 'ledger' GROUP BY 1 ORDER BY 1"
        ).fetchall()
        flags = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles"
            " WHERE rolname = current_user"
        ).fetchone()
        owned = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole"
        ).fetchone()
    assert dict(granted) == {
        "alembic_version": ["SELECT"],
        "balances": ["INSERT", "SELECT", "UPDATE"],
        "callbacks": ["INSERT", "SELECT"],
        "checkpoints": ["INSERT", "SELECT"],
        "client_keys": ["DELETE", "INSERT", "SELECT", "UPDATE"],
        "cosignatures": ["INSERT", "SELECT"],
        "data_keys": ["INSERT", "SELECT"],
        "destroyed_values": ["SELECT"],
        "entries": ["INSERT", "SELECT"],
        "feed_mark": ["SELECT"],
        "feed_streams": ["INSERT", "SELECT"],
        "feed_subjects": ["INSERT", "SELECT"],
        "fingerprints": ["DELETE", "INSERT", "SELECT", "UPDATE"],
        "head": ["SELECT", "UPDATE"],
        "holds": ["DELETE", "INSERT", "SELECT", "UPDATE"],
        "idempotency_keys": ["INSERT", "SELECT"],
        "joint_states": ["DELETE", "INSERT", "SELECT"],
        "platform_keys": ["INSERT", "SELECT"],
        "readings": ["DELETE", "INSERT", "SELECT", "UPDATE"],
        "receipts": ["INSERT", "SELECT"],
        "redemption_codes": ["INSERT", "SELECT"],
        "redemption_slots": ["DELETE", "INSERT", "SELECT"],
        "revoked_tokens": ["DELETE", "INSERT", "SELECT"],
        "sealed_values": ["INSERT", "SELECT"],
        "shelf": ["DELETE", "INSERT", "SELECT", "UPDATE"],
        "snapshots": ["DELETE", "INSERT", "SELECT"],
        "standings": ["DELETE", "INSERT", "SELECT", "UPDATE"],
        "tracking": ["INSERT", "SELECT", "UPDATE"],
        "used_proofs": ["DELETE", "INSERT", "SELECT"],
        "webhook_outbox": ["INSERT", "SELECT"],
        "webhooks": ["INSERT", "SELECT"],
        "workers": ["DELETE", "INSERT", "SELECT"],
    }
    assert flags == (False, False, False, False)
    assert owned == (0,)


def test_the_head_moves_forward_only(log: Log) -> None:
    log.sequencer.append(command("cmd_1", event("a", 1)))
    with log.database.connection() as connection, pytest.raises(psycopg.Error, match="forward"):
        connection.execute("UPDATE head SET size = 0, edge = ''")


def test_appends_go_on_when_the_servers_side_of_the_connection_is_ended(
    log: Log, postgres_server: EmbeddedPostgres
) -> None:
    with psycopg.connect(postgres_server.url(), autocommit=True) as admin:
        for seq in range(1, 31):
            future = log.sequencer.submit(command(f"cmd_{seq}", event("a", seq)))
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'xiyou_app'"
            )
            assert future.result().first_index == seq - 1
    assert len(entries(log.database)) == 30


@pytest.fixture
def cut_relay(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Relay]:
    socket = next(Path(postgres_server.socket_folder).glob(".s.PGSQL.*[0-9]"))
    with relay(tmp_path_factory.mktemp("r"), socket) as made:
        yield made


def test_a_connection_lost_during_commit_gives_one_outcome(
    cut_relay: Relay, database: Database, app_url: str, postgres_server: EmbeddedPostgres
) -> None:
    """F3, quick: 50 trials, the commit cut off before it arrives or before its answer."""
    server, folder = (
        quote(str(each), safe="") for each in (postgres_server.socket_folder, cut_relay.folder)
    )
    assert server in app_url
    through = Database(app_url.replace(server, folder))
    sequencer = Sequencer(through, system_clock)
    rng = random.Random(3)
    receipts: list[Receipt] = []
    for trial in range(50):
        cut_relay.cut = rng.choice(["before", "after"])
        count = rng.choice([1, 3, COPY_FROM + 1])
        events = [event(f"s{trial}", seq) for seq in range(1, count + 1)]
        receipts.append(sequencer.append(command(f"cmd_{trial}", *events)))
        assert cut_relay.cut is None, "the relay saw no commit to cut"
    sequencer.close()
    through.close()
    stored = entries(database)
    assert len(stored) == sum(len(receipt.leaf_hashes) for receipt in receipts)
    for receipt in receipts:
        for index, leaf in zip(receipt.indexes, receipt.leaf_hashes, strict=True):
            assert leaf_hash(stored[index].to_bytes()) == leaf


def test_a_database_that_stays_away_leaves_the_outcome_unknown_and_says_so(tmp_path: Path) -> None:
    away = Database(f"postgresql://xiyou_app@/xiyou?host={tmp_path}")
    sequencer = Sequencer(away, system_clock, retry_for=0.2)
    with pytest.raises(OutcomeUnknownError, match="ask again with the same command id"):
        sequencer.append(command("cmd_1", event("a", 1)))
    sequencer.close()
    away.close()


def test_an_append_that_poisons_its_batch_fails_alone(log: Log) -> None:
    class Unkeyed(tuple[object, ...]):
        __slots__ = ()

    poison = Unkeyed((b"d" * 32, "no-such-key", b"c"))
    with head_locked(log.database):
        good = log.sequencer.submit(command("cmd_1", event("a", 1)))
        bad = log.sequencer.submit(command("cmd_2", event("b", 1)), [poison])  # type: ignore[list-item]
        after = log.sequencer.submit(command("cmd_3", event("c", 1)))
    assert good.result().command_id == "cmd_1"
    assert after.result().command_id == "cmd_3"
    assert isinstance(bad.exception(), psycopg.errors.ForeignKeyViolation)
    assert [each.stream for each in entries(log.database)] == ["a", "c"]


def test_followers_wake_within_a_tenth_of_a_second_in_this_process_and_in_others(
    log: Log, app_url: str
) -> None:
    with Log(app_url) as other:
        waits = []
        for follower in (log, other):
            woken = threading.Event()
            follower.announcements.listen(woken)
            woken.wait(1)
            for seq in range(1, 6):
                threading.Event().wait(0.15)
                woken.clear()
                began = monotonic()
                log.sequencer.append(
                    command(f"{id(follower)}_{seq}", event(f"{id(follower)}", seq))
                )
                assert woken.wait(1)
                waits.append(monotonic() - began)
            follower.announcements.forget(woken)
        # A time-out of a loaded machine is no proof of a missed wake-up: the median decides.
        assert sorted(waits)[len(waits) // 2] < 0.1


def test_the_announcement_comes_from_another_connection_than_the_append(log: Log) -> None:
    with log.database.connect() as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        log.sequencer.append(command("cmd_1", event("a", 1)))
        [heard] = connection.notifies(timeout=5, stop_after=1)
    assert heard.payload == "1"
    appender = log.sequencer._connection
    assert appender is not None
    assert heard.pid != appender.info.backend_pid


def test_ordering_by_commit_is_ordering_by_index(log: Log, app_url: str) -> None:
    seen: list[int] = []
    stop = threading.Event()

    def follow() -> None:
        with Database(app_url).connect() as connection:
            while not stop.is_set():
                rows = connection.execute(
                    "SELECT leaf_index FROM entries WHERE leaf_index >= %s ORDER BY leaf_index",
                    [len(seen)],
                )
                seen.extend(index for (index,) in rows)

    follower = threading.Thread(target=follow)
    follower.start()
    with Log(app_url) as second, ThreadPoolExecutor(8) as pool:
        logs = [log, second]

        def work(number: int) -> None:
            logs[number % 2].sequencer.append(command(f"cmd_{number}", event(f"s{number}", 1)))

        list(pool.map(work, range(400)))
    threading.Event().wait(0.1)
    stop.set()
    follower.join()
    assert seen == list(range(400))
    assert all(later == earlier + 1 for earlier, later in pairwise(seen))
