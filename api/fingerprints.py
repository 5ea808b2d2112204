"""Which raw keys are in stock, for the process that takes batches in.

Kept in memory and learnt from the log: the events that key intake records carry the exact
fingerprint, so a repeated key is found after a restart too; other spellings of it are
found among the keys taken in since. ``tests/api/test_orders.py``.
"""

from threading import Lock

from eventsourcing.persistence import ApplicationRecorder

from chain.canonical import parse

PAGE = 5_000


class StockFingerprints:
    """A `domain.keys.intake.Fingerprints` that reads the log as far as it has come.

    Args:
        recorder: the application's.
    """

    def __init__(self, recorder: ApplicationRecorder) -> None:
        self._recorder = recorder
        self._keys: dict[str, str] = {}
        self._seen = 0
        self._lock = Lock()

    def find(self, fingerprint: str) -> str | None:
        """Return the key with that fingerprint, taken in by whomever."""
        with self._lock:
            self._catch_up()
            return self._keys.get(fingerprint)

    def add(self, fingerprint: str, key: str) -> None:
        """Remember *key*."""
        with self._lock:
            self._keys[fingerprint] = key

    def _catch_up(self) -> None:
        newest = self._recorder.max_notification_id() or 0
        while self._seen < newest:
            page = self._recorder.select_notifications(
                self._seen + 1, PAGE, stop=newest, topics=["key.imported"]
            )
            for each in page:
                members = parse(each.state)
                data = members.get("data") if isinstance(members, dict) else None
                mark = data.get("fingerprint") if isinstance(data, dict) else None
                if isinstance(mark, str):
                    self._keys.setdefault(mark, str(each.originator_id))
            self._seen = page[-1].id if len(page) == PAGE else newest
