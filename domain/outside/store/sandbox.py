"""A sandbox server: stands in for outside parties over HTTP, and fails when it is told to.

It checks what a real party would check (signature, date, a nonce used once, the idempotency
key) and answers by functions of the question alone, so that the same question always gets the
same answer. ``POST /control`` with ``{"path", "mode", "times"}``, signed like any question,
makes the next *times* answers of a path go wrong; it answers how often the path's function
has run. Not for production: nothing it says is true. ``tests/domain/outside/test_client.py``.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, Final

from chain.canonical import parse, to_bytes
from chain.errors import MalformedError, VerificationError
from domain.outside import signing

Answering = Callable[[dict[str, Any]], Mapping[str, object]]
"""From a question to its answer; raises MalformedError for what is no question."""

MODES: Final = ("slow", "drip", "down", "error", "lost", "unsigned", "forged", "garbage")
"""Late; byte by byte; cut off; 503; carried out, then cut off; three that lie; no JSON."""
MAX_BODY: Final = 4_000_000
DATE_TOLERANCE: Final = 300
SLOW: Final = 30.0
_TICK: Final = 0.05


@dataclass(slots=True)
class _Fault:
    mode: str
    times: int


class SandboxServer(ThreadingHTTPServer):
    """Answers on the loopback address until it is closed.

    Args:
        answers: by path.
        secret: 32 bytes, shared with its one client.
        port: 0 takes a free one; `server_port` says which.
    """

    daemon_threads = True
    # What is still being answered slowly must not keep a closed server alive.
    block_on_close = False

    def __init__(self, answers: Mapping[str, Answering], secret: bytes, port: int = 0) -> None:
        self.answers = dict(answers)
        self.secret = secret
        self.runs: Counter[str] = Counter()
        self.closing = False
        self._faults: dict[str, _Fault] = {}
        self._nonces: set[str] = set()
        self._given: dict[str, tuple[str, bytes, bytes]] = {}
        self._lock = Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def fault_of(self, path: str) -> str | None:
        """Return how the answer that is due now goes wrong, if it does."""
        with self._lock:
            fault = self._faults.get(path)
            if fault is None or fault.times <= 0:
                return None
            fault.times -= 1
            return fault.mode

    def take_nonce(self, nonce: str) -> bool:
        """Say whether *nonce* is new."""
        with self._lock:
            new = nonce not in self._nonces
            self._nonces.add(nonce)
            return new

    def answer(self, question: signing.Question) -> tuple[int, bytes]:
        """Return status and body; the same key again gets the first answer.

        Raises:
            MalformedError: it is no question of that path.
        """
        if question.path == "/control":
            return 200, to_bytes(self._control(parse(question.body)))
        with self._lock:
            path, body, given = self._given.get(question.key, ("", b"", b""))
            if given:
                same = (path, body) == (question.path, question.body)
                return (200, given) if same else (422, b"{}")
            found = self.answers.get(question.path)
            if found is None:
                return 404, b"{}"
            asked = parse(question.body)
            if not isinstance(asked, dict):
                raise MalformedError("a question is an object")
            answer = to_bytes(dict(found(asked)))
            self.runs[question.path] += 1
            self._given[question.key] = question.path, question.body, answer
            return 200, answer

    def _control(self, order: Any) -> dict[str, object]:  # noqa: ANN401 — JSON
        if not isinstance(order, dict) or order.get("mode") not in (*MODES, "good"):
            raise MalformedError(f"mode: must be good or one of {', '.join(MODES)}")
        path = str(order.get("path"))
        with self._lock:
            self._faults[path] = _Fault(str(order["mode"]), int(order.get("times") or 0))
            return {"runs": self.runs[path]}

    def server_close(self) -> None:
        """Stop listening, and let go of those that wait for a slow answer."""
        self.closing = True
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: SandboxServer
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_POST(self) -> None:
        """Answer a question."""
        self.close_connection = True
        question = self._read()
        if question is None:
            return
        # A control order is never in the way of its own faults.
        fault = None if question.path == "/control" else self.server.fault_of(question.path)
        if fault in ("down", "slow", "error"):
            self._fail(fault, question)
            return
        try:
            status, body = self.server.answer(question)
        except MalformedError:
            status, body = 400, b"{}"
        if fault == "lost":
            return
        self._send(status, body, question.nonce, fault)

    def _read(self) -> signing.Question | None:
        """Return the question, or answer what is wrong with it."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self._plain(413)
            return None
        body = self.rfile.read(int(length))
        date, nonce, key, signature = (
            self.headers.get(name, "")
            for name in (signing.DATE, signing.NONCE, signing.IDEMPOTENCY, signing.SIGNATURE)
        )
        try:
            question = signing.Question("POST", self.path, date, nonce, key, body)
            question.verify(signature, self.server.secret)
        except (MalformedError, VerificationError):
            self._plain(401)
            return None
        then = datetime.strptime(question.date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(then.timestamp() - time.time()) > DATE_TOLERANCE:
            self._plain(401)
            return None
        if not self.server.take_nonce(question.nonce):
            self._plain(401)
            return None
        return question

    def _fail(self, fault: str, question: signing.Question) -> None:
        if fault == "error":
            self._plain(503)
        elif fault == "slow":
            end = time.monotonic() + SLOW
            while time.monotonic() < end and not self.server.closing:
                time.sleep(_TICK)
            self._plain(503)
        else:
            del question  # the line is cut: nothing is said

    def _send(self, status: int, body: bytes, nonce: str, fault: str | None) -> None:
        if fault == "garbage":
            body = b"<html>"
        secret = bytes(signing.SECRET_SIZE) if fault == "forged" else self.server.secret
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if fault != "unsigned":
            signature = signing.sign_answer(status, nonce, body, secret)
            self.send_header(signing.SIGNATURE, signature)
        self.end_headers()
        if fault != "drip":
            self.wfile.write(body)
            return
        for each in body:
            if self.server.closing:
                return
            time.sleep(_TICK)
            self.wfile.write(bytes([each]))

    def _plain(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the library's name
        """Say nothing: a request line is nobody's business."""
