"""`xiyou feed pull` against servers that lie: each is caught, and the index is named."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api.bootstrap import Deployment
from chain.feed.event import batch_bytes, parse_batch
from scripts.__main__ import run
from tests.api.asking import Client
from tests.api.feeds import AUDITOR, fill, model, publish, served, sunk

Tamper = Callable[[str, bytes], bytes]


@contextmanager
def between(client: Client, tamper: Tamper) -> Iterator[str]:
    """Serve what the honest server says, tampered with."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = client.get(self.path)
            body = tamper(self.path, reply.body)
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def on_page(change: Callable[[list[bytes]], list[bytes]], source: str) -> Tamper:
    """Change the second page, spelt event by event."""

    def tamper(path: str, body: bytes) -> bytes:
        if "lastEventId=255" not in path:
            return body
        events = [each.to_bytes(source) for each in parse_batch(body, source)]
        return batch_bytes(change(events))

    return tamper


def altered(events: list[bytes], place: int) -> list[bytes]:
    entry = events[place].replace(b'\\"n\\":', b'\\"m\\":', 1)
    assert entry != events[place]
    return [*events[:place], entry, *events[place + 1 :]]


LIES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "hides": (lambda each: [*each[:40], *each[41:]], "hidden at index 296"),
    "alters": (lambda each: altered(each, 44), "altered at index 300"),
    "reorders": (lambda each: [*each[:40], each[41], each[40], *each[42:]], "hidden at index 296"),
    "repeats": (lambda each: [*each[:41], *each[40:]], "repeated at index 296"),
    "says that there is nothing": (lambda _: [], "withheld at index 256"),
}


@pytest.mark.parametrize("how", LIES)
def test_a_server_that_lies_is_named_with_the_index(
    ledger: Deployment, tmp_path: Path, how: str
) -> None:
    fill(ledger, 200)
    size = publish(ledger)
    assert size > 512
    policy, state = tmp_path / "policy", tmp_path / "state"
    policy.write_bytes(ledger.policy().to_bytes())
    change, said = LIES[how]
    asked = ["--topic", "all", "--state", str(state), "--policy", str(policy)]
    with served(ledger, AUDITOR) as client:
        with between(client, on_page(change, ledger.origin)) as url:
            outcome = run(["feed", "pull", url, *asked])
        assert outcome.code == 1
        assert said in outcome.words
        good = run(["feed", "pull", client.base, *asked])
    assert (good.code, good.facts["size"]) == (0, size)
    assert sunk(state, ledger.origin) == model(ledger, "all", size)


def test_a_server_that_was_rolled_back_or_forked_is_caught(
    ledger: Deployment, tmp_path: Path
) -> None:
    fill(ledger, 100)
    publish(ledger)
    old = ledger.files.read("checkpoint")
    policy, state = tmp_path / "policy", tmp_path / "state"
    policy.write_bytes(ledger.policy().to_bytes())
    asked = ["--topic", "leads", "--state", str(state), "--policy", str(policy)]
    fill(ledger, 50, name="more")
    publish(ledger)

    def rolled_back(path: str, body: bytes) -> bytes:
        if path == "/checkpoint":
            return old
        return b"[]" if "lastEventId" in path else body

    with served(ledger, AUDITOR) as client:
        assert run(["feed", "pull", client.base, *asked]).code == 0
        with between(client, rolled_back) as url:
            outcome = run(["feed", "pull", url, *asked])
        assert outcome.code == 1
        assert "rolled_back at index" in outcome.words

        def without_signature(path: str, body: bytes) -> bytes:
            if path != "/checkpoint":
                return body
            return body[: body.index("\u2014".encode())] + "\u2014 x AAAAAAA=\n".encode()

        with between(client, without_signature) as url:
            assert run(["feed", "pull", url, *asked]).code == 1
