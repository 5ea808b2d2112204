"""Whether this process can serve now, each reason by name (``reliability.md``, 7.1).

Looked at once in two seconds at the most, however many ask. ``tests/api/test_health.py``.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from time import monotonic, time
from typing import Any, Final

from api.bootstrap import Deployment
from chain.errors import ChainError
from chain.store.files import MissingFileError
from chain.store.finality import read_state

FRESH: Final = 2.0
"""Seconds for which a look is good."""
CHECKPOINT_AGE: Final = 10.0
QUORUM_AGE: Final = 60.0
CLOCK_SKEW: Final = 2.0
FREE_RATIO: Final = 0.05
FREE_BYTES: Final = 512 << 20
WELL: Final = "ok"

Look = Callable[[], str]
"""Returns `WELL`, or what is not."""


@dataclass
class Readiness:
    """Looks at what serving needs.

    Attributes:
        ledger: the deployment.
        stopping: no new work is wanted: the process is about to end.
        more: further looks by name, such as a worker's heartbeat.
    """

    ledger: Deployment
    stopping: bool = False
    more: dict[str, Look] = field(default_factory=dict)
    clock: Callable[[], float] = monotonic
    _lock: Lock = field(default_factory=Lock)
    _found: Mapping[str, str] = field(default_factory=dict)
    _at: float = float("-inf")
    _unsigned: tuple[int, float] | None = None
    _unfinal: tuple[int, float] | None = None

    def looks(self) -> dict[str, str]:
        """Return by name what is well and what is not."""
        with self._lock:
            if self.clock() - self._at > FRESH:
                self._found, self._at = self._look(), self.clock()
            found = dict(self._found)
        if self.stopping:
            found["stopping"] = "this process is about to end"
        return found

    def facts(self) -> dict[str, Any]:
        """Return what an operator is told besides."""
        try:
            return {"origin": self.ledger.origin, "size": self.ledger.reader.size()}
        except Exception:  # noqa: BLE001 — the looks say what is wrong
            return {}

    def _look(self) -> dict[str, str]:
        looks: dict[str, Look] = {
            "database": self._database,
            "schema": self._schema,
            "signer": self._signer,
            "checkpoint": self._checkpoint,
            "quorum": self._quorum,
            "disk": self._disk,
            "clock": self._clock_sane,
            **self.more,
        }
        return {name: _tried(look) for name, look in looks.items()}

    def _database(self) -> str:
        self.ledger.reader.size()
        return WELL

    def _schema(self) -> str:
        with self.ledger.database.connection() as connection:
            row = connection.execute(
                "SELECT to_regclass('ledger.head') IS NOT NULL"
                " AND to_regclass('ledger.idempotency_keys') IS NOT NULL"
            ).fetchone()
        return WELL if row and row[0] else "the schema is older than this program: xiyou migrate"

    def _signer(self) -> str:
        """The log must not be below what was signed (F15)."""
        mark, size = self.ledger.signer.mark(), self.ledger.reader.size()
        if mark is not None and mark.size > size:
            return f"the log has {size} entries and {mark.size} were signed: xiyou recover"
        return WELL

    def _checkpoint(self) -> str:
        """What is committed must be signed soon."""
        size, signed = self.ledger.reader.size(), signed_size(self.ledger)
        self._unsigned = _behind(self._unsigned, size, signed, self.clock())
        return _too_long(self._unsigned, self.clock(), CHECKPOINT_AGE, "is not signed")

    def _quorum(self) -> str:
        if not self.ledger.settings.witnesses:
            return WELL
        state = read_state(self.ledger.home) or {}
        signed, final = signed_size(self.ledger), int(state.get("final", 0) or 0)
        self._unfinal = _behind(self._unfinal, signed, final, self.clock())
        return _too_long(self._unfinal, self.clock(), QUORUM_AGE, "lacks its quorum")

    def _disk(self) -> str:
        usage = shutil.disk_usage(self.ledger.home)
        if usage.free < max(FREE_RATIO * usage.total, FREE_BYTES):
            return f"{usage.free >> 20} MiB are free: free some, writes will stop"
        return WELL

    def _clock_sane(self) -> str:
        skew = clock_skew(self.ledger)
        return WELL if abs(skew) <= CLOCK_SKEW else f"differs by {skew:.1f} s from the database's"


def signed_size(ledger: Deployment) -> int:
    """Return the size of the newest kept checkpoint; 0 if there is none."""
    note = ledger.reader.checkpoint()
    return int(note.split(b"\n")[1]) if note else 0


def clock_skew(ledger: Deployment) -> float:
    """Return by how many seconds our clock is ahead of the database's."""
    with ledger.database.connection() as connection:
        before = time()
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
        after = time()
    return (before + after) / 2 - float(row[0]) if row else 0.0


def checkpoint_age(ledger: Deployment) -> float:
    """Return for how many seconds the published checkpoint stands.

    Raises:
        MissingFileError: nothing is published.
    """
    path = ledger.files.root / "checkpoint"
    try:
        return max(0.0, time() - path.stat().st_mtime)
    except FileNotFoundError:
        raise MissingFileError("checkpoint: nothing is published") from None


def head_age(ledger: Deployment) -> float:
    """Return how many seconds ago the newest entry was taken; 0 for an empty log."""
    at = ledger.reader.head().at
    if not at:
        return 0.0
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds())


def _tried(look: Look) -> str:
    try:
        return look()
    except ChainError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 — whatever it is, it is not well
        # Its words may name hosts and roles; an operator finds them in the log.
        return f"cannot be told: {type(error).__name__}"


def _behind(
    known: tuple[int, float] | None, ahead: int, behind: int, now: float
) -> tuple[int, float] | None:
    """Return what *behind* has still to come to, and since when; None if it is there."""
    if behind >= ahead:
        return None
    if known is None or behind >= known[0]:
        return (ahead, now)
    return known


def _too_long(known: tuple[int, float] | None, now: float, most: float, what: str) -> str:
    if known is None or now - known[1] <= most:
        return WELL
    return f"size {known[0]} {what} for {now - known[1]:.0f} s: is xiyou publish running?"
