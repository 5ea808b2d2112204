"""What is measured of one application, joined to where it is known."""

import shutil
from collections.abc import Callable, Mapping

from api.bootstrap import Deployment
from api.health.readiness import checkpoint_age, clock_skew, head_age, signed_size
from api.idempotency.finisher import Finisher
from api.metrics import Gauge, Metrics


def watch(metrics: Metrics, ledger: Deployment, finisher: Finisher) -> None:
    """Let *metrics* see what *ledger* does. Views add ``projection_lag_events`` themselves."""
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
        "idempotency_interrupted",
        "Keys whose effect is there and whose answer is not.",
        _one(lambda: finisher.interrupted),
    )


def _one(ask: Callable[[], float]) -> Gauge:
    """Return what looks up one number without labels."""

    def gauge() -> Mapping[tuple[str, ...], float]:
        return {(): ask()}

    return gauge
