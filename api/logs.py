"""Logs: one JSON object a line, on standard output alone (``reliability.md``, 7.3).

    {"time": …, "level": "info", "event": "request", "request_id": "req_…", "trace_id": …,
     "operation": "POST /v1/orders", "status": 201, "code": null, "kind": "consumer",
     "log_index": 17, "duration_ms": 4.2}

Bodies, headers and parameters of statements are never written; of an error its class and
where it arose, not its words, which may quote a secret. `api.redaction` is the net under it
all. A line that cannot be written is lost, and nothing else is. ``tests/api/test_logs.py``.
"""

import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from json import dumps
from typing import Any, Final, TextIO

from api.redaction import plain

MEMBERS: Final = (
    *("request_id", "trace_id", "operation", "status", "code", "kind", "log_index"),
    "duration_ms",
)
FRAMES: Final = 12


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON.

    Args:
        clock: says what time it is, in UTC.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__()
        self._clock = clock

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a record that cannot be written says so."""
        line: MutableMapping[str, Any] = {
            "time": f"{self._clock():%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": record.levelname.lower(),
            "event": plain(_words(record)),
            "logger": record.name,
        }
        for name in MEMBERS:
            if hasattr(record, name):
                line[name] = plain(getattr(record, name))
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _chain(record.exc_info[1])
        return dumps(line, ensure_ascii=False)


class Lossy(logging.StreamHandler[TextIO]):
    """Writes to a stream for as long as that can be done; a failed write fails nothing."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 — the library's name
        """Let it go: the sale that it tells of stands."""
        del record


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send every log of this process to *stream*, by default standard output, as JSON lines."""
    handler = Lossy(stream or sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        known = logging.getLogger(name)
        known.handlers.clear()
        known.propagate = True
    # It would write every request once more, with its query.
    logging.getLogger("uvicorn.access").disabled = True


def _words(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"unreadable: {record.msg!a:.80}"


def _chain(error: BaseException) -> list[dict[str, Any]]:
    """Return *error* and what led to it: classes and places, no words."""
    found: list[dict[str, Any]] = []
    each: BaseException | None = error
    while each is not None and len(found) < FRAMES:
        frames = traceback.extract_tb(each.__traceback__)[-FRAMES:]
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        found.append({"class": type(each).__qualname__, "at": places})
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return found
