"""What is measured of one application, joined to where it is known."""

import shutil
from collections.abc import Callable, Mapping

from api.bootstrap import Deployment
from api.health.readiness import checkpoint_age, clock_skew, head_age, signed_size
from api.heartbeats import read_beats
from api.idempotency.finisher import Finisher
from api.metrics import Gauge, Metrics
from api.views.reading import Viewing


def watch(metrics: Metrics, ledger: Deployment, finisher: Finisher, viewing: Viewing) -> None:
    """Let *metrics* see what *ledger* does."""
    ledger.trade.factory.log.sequencer.watcher = metrics  # type: ignore[attr-defined]

    def disk() -> dict[tuple[str, ...], float]:
        usage = shutil.disk_usage(ledger.home)
        return {("home",): usage.free / usage.total}

    def unsigned() -> float:
        return head_age(ledger) if ledger.reader.size() > signed_size(ledger) else 0.0

    look_up = metrics.look_up
    look_up("log_size", "Entries in the log.", _one(ledger.reader.size))
    look_up("signed_size", "Entries under a signature.", _one(lambda: signed_size(ledger)))
    look_up(
        "time_to_signed_seconds", "That the newest entry waits for its signature.", _one(unsigned)
    )
    look_up("checkpoint_age_seconds", "Of the one shown.", _one(lambda: checkpoint_age(ledger)))
    look_up(
        "pool_wait_seconds",
        "Waited for connections, since the start.",
        _one(ledger.database.pool_wait_seconds),
    )
    look_up("clock_skew_seconds", "Ahead of the database.", _one(lambda: clock_skew(ledger)))
    look_up("disk_free_ratio", "Of a volume.", disk, ["volume"])
    look_up(
        "projection_lag_events",
        "Entries that a view does not hold yet.",
        lambda: _by_name(viewing.lag()),
        ["view"],
    )
    look_up(
        "feed_lag_seconds",
        "That the newest entry waits to be served, by consumer: all, or those of one's own.",
        lambda: feed_lag(ledger),
        ["consumer"],
    )
    look_up(
        "worker_heartbeat_age_seconds",
        "Since a worker last said that it lives.",
        lambda: _by_name({name: beat.age for name, beat in read_beats(ledger.database).items()}),
        ["worker"],
    )
    look_up(
        "idempotency_interrupted",
        "Keys whose effect is there and whose answer is not.",
        _one(lambda: finisher.interrupted),
    )


def _by_name(found: Mapping[str, float]) -> Mapping[tuple[str, ...], float]:
    return {(name,): float(number) for name, number in found.items()}


def _one(ask: Callable[[], float]) -> Gauge:
    """Return what looks up one number without labels."""

    def gauge() -> Mapping[tuple[str, ...], float]:
        return {(): ask()}

    return gauge


def feed_lag(ledger: Deployment) -> dict[tuple[str, ...], float]:
    """Return for how long the newest entry is not in the feeds that serve it.

    A feed serves what is signed, and a feed of one's own what it has taken in of that.
    """
    size, signed = ledger.reader.size(), signed_size(ledger)
    with ledger.database.connection() as connection:
        row = connection.execute("SELECT size FROM feed_mark").fetchone()
    taken = int(row[0]) if row else 0
    age = head_age(ledger)
    return {("all",): age if size > signed else 0.0, ("own",): age if size > taken else 0.0}
