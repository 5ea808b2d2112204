"""Metrics for Prometheus, each with the prefix ``xiyou_`` (``reliability.md``, 7.2).

Counted where it happens: requests and their codes by `api.recording`, appends by the log's
sequencer. Looked up when asked for, once in two seconds at the most: sizes, ages, lags. No
label has an id of a person, an order or a key. ``GET /metrics`` is the operators' alone;
``XIYOU_METRICS_PORT`` shows the same on this machine. ``tests/api/test_frame.py``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from time import monotonic
from typing import Any, Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SIZES: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 4_096)
FRESH: Final = 2.0
"""Seconds for which what was looked up is shown again."""

COUNTED: Final = {"key.activation_refused": "guess_refused", "key.revealed": "reveal"}
"""Recorded events that are counted, by the metric's name."""


class Gauge(Protocol):
    """Looks something up: by the values of its labels, the number."""

    def __call__(self) -> Mapping[tuple[str, ...], float]:
        """Return the numbers; what cannot be known now is left out."""


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._looked_up = _LookedUp()
        self.registry.register(self._looked_up)
        self.append_seconds = self._histogram("append_seconds", "From queue to commit.", FAST)
        self.append_batch = self._histogram("append_batch_events", "Events of a commit.", SIZES)
        self.request_seconds = self._histogram(
            "request_seconds", "Of a request.", FAST, ("operation", "status")
        )
        self.accepted = self._counter("accepted", "Commands that were recorded.")
        self.refused = self._counter("refused", "Requests that were refused.", ("code",))
        self.db_retries = self._counter("db_retries", "Appends tried again.", ("sqlstate",))
        self.callbacks = self._counter("callback_rejected", "Callbacks refused.", ("reason",))
        self.recorded = {
            name: self._counter(name, f"Events {topic}.") for topic, name in COUNTED.items()
        }

    def appended(self, events: int, seconds: float) -> None:
        """Note one commit of the sequencer."""
        self.append_batch.observe(events)
        self.append_seconds.observe(seconds)

    def interrupted(self, sqlstate: str) -> None:
        """Note that a batch is tried again."""
        self.db_retries.labels(sqlstate).inc()

    def requested(
        self, operation: str, status: int, seconds: float, noted: Mapping[str, Any]
    ) -> None:
        """Note a request that was answered.

        Args:
            operation: method and the path's template.
            status: of the answer.
            seconds: that it took.
            noted: what the request's state holds: ``code``, ``recorded``.
        """
        self.request_seconds.labels(operation, str(status)).observe(seconds)
        code = noted.get("code")
        if isinstance(code, str):
            self.refused.labels(code).inc()
            if operation.startswith("POST /v1/callbacks/"):
                self.callbacks.labels(code).inc()
        recorded = noted.get("recorded")
        if isinstance(recorded, list):
            self.accepted.inc()
            for topic in recorded:
                if topic in COUNTED:
                    self.recorded[COUNTED[topic]].inc()

    def look_up(self, name: str, what: str, gauge: Gauge, labels: Iterable[str] = ()) -> None:
        """Show ``xiyou_<name>`` as *gauge* finds it whenever somebody asks."""
        self._looked_up.add(f"xiyou_{name}", what, gauge, tuple(labels))

    def text(self) -> bytes:
        """Return all of them in Prometheus's own format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, what: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"xiyou_{name}", what, labels, registry=self.registry)

    def _histogram(
        self, name: str, what: str, buckets: Iterable[float], labels: tuple[str, ...] = ()
    ) -> Histogram:
        return Histogram(
            f"xiyou_{name}", what, labels, buckets=tuple(buckets), registry=self.registry
        )


class _LookedUp(Collector):
    """Asks every gauge, but not more often than it must."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._gauges: list[tuple[str, str, Gauge, tuple[str, ...]]] = []
        self._clock = clock
        self._lock = Lock()
        self._found: list[Metric] = []
        self._at = float("-inf")

    def add(self, name: str, what: str, gauge: Gauge, labels: tuple[str, ...]) -> None:
        self._gauges.append((name, what, gauge, labels))

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if self._clock() - self._at > FRESH:
                self._found, self._at = [self._ask(*each) for each in self._gauges], self._clock()
            found = list(self._found)
        yield from found

    def describe(self) -> Iterable[Metric]:
        """Ask nothing when it is registered."""
        return []

    @staticmethod
    def _ask(name: str, what: str, gauge: Gauge, labels: tuple[str, ...]) -> Metric:
        family = GaugeMetricFamily(name, what, labels=labels)
        try:
            found = gauge()
        except Exception:  # noqa: BLE001 — a lookup that fails shows nothing, and hides no other
            found = {}
        for values, number in found.items():
            family.add_metric(values, number)
        return family
