"""T11: a webhook's URL that is aimed inward is refused, however it is written."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic, sleep

import pytest

from chain.errors import MalformedError
from domain.webhooks.address import InwardAddressError, parse_target
from domain.webhooks.store.sender import Sender

BY_SPELLING = [
    *("http://hooks.example/", "ftp://hooks.example/", "file:///etc/passwd", "gopher://x.example/"),
    *("javascript:alert(1)", "//hooks.example/", "hooks.example", "", "https://", "https:///x"),
    *("https://user@hooks.example/", "https://user:secret@hooks.example/", "https://@x.example/"),
    *("https://hooks.example/#part", "https://hooks.example:0/", "https://hooks.example:22/"),
    *("https://hooks.example:25/", "https://hooks.example:99999/", "https://hooks.example:6379x/"),
    *("https://hooks.example /", "https://hooks.example\t/", "https://hooks.example\\@127.0.0.1/"),
    *(
        "https://hooks.example/\r\nHost: x",
        "https://h\u00f6oks.example/",
        "https://\u2460.example/",
    ),
    *("https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/"),
    *("https://intranet/", "https://db/", "https://printer.local/", "https://x.internal/"),
    *("https://metadata.google.internal/computeMetadata/v1/", "https://nas.lan/"),
    *("https://127.0.0.1/", "https://127.1/", "https://127.0.1/", "https://2130706433/"),
    *("https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://017700000001/"),
    *("https://127.0.0.1./", "https://0.0.0.0/", "https://0/", "https://10.0.0.1/"),
    *("https://10.255.255.255/", "https://172.16.0.1/", "https://172.31.255.254/"),
    *("https://192.168.0.1/", "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/"),
    *("https://100.100.100.200/", "https://192.0.0.192/", "https://192.0.2.1/"),
    *("https://198.18.0.1/", "https://198.51.100.1/", "https://203.0.113.1/", "https://224.0.0.1/"),
    *("https://239.255.255.250/", "https://240.0.0.1/", "https://255.255.255.255/"),
    *("https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::127.0.0.1]/"),
    *("https://[::ffff:a9fe:a9fe]/", "https://[::ffff:10.0.0.1]/", "https://[fe80::1]/"),
    *("https://[fe80::1%25eth0]/", "https://[fc00::1]/", "https://[fd00:ec2::254]/"),
    *("https://[fec0::1]/", "https://[ff02::1]/", "https://[2002:7f00:1::]/"),
    *("https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "https://[2001:db8::1]/"),
    *("https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::1]/", "https://[100::1]/"),
]
BY_ANSWER = [
    *(["127.0.0.1"], ["10.1.2.3"], ["169.254.169.254"], ["::1"], ["::ffff:192.168.1.1"], []),
    *(["93.184.216.34", "127.0.0.1"], ["fe80::1%lo"], ["64:ff9b::a00:1"], ["0.0.0.0"]),
    *(["2606:2800:220:1:248:1893:25c8:1946", "fd00::1"], ["198.18.0.5"], ["not an address"]),
]


def test_the_list_is_as_long_as_the_design_asks() -> None:
    assert len(set(BY_SPELLING)) + len(BY_ANSWER) >= 60


@pytest.mark.parametrize("url", BY_SPELLING)
def test_a_url_that_leads_inward_is_refused_before_anything_is_asked(url: str) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"]

    with pytest.raises((InwardAddressError, MalformedError)) as refused:
        Sender(resolve=resolve).send(url, {}, b"{}")
    assert asked == []
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("answer", BY_ANSWER)
def test_a_name_that_resolves_inward_is_refused(answer: list[str]) -> None:
    with pytest.raises(InwardAddressError):
        Sender(resolve=lambda *_: answer).send("https://hooks.example/", {}, b"{}")


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/a?b=c",
        "https://hooks.example:8443/",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/",
        "https://xn--fiqs8s.example/",
    ],
)
def test_a_public_url_is_one(url: str) -> None:
    assert parse_target(url).scheme == "https"


def test_the_sandbox_lets_this_machine_in_and_nothing_else() -> None:
    assert parse_target("http://127.0.0.1:8080/", sandbox=True).port == 8080
    assert parse_target("http://localhost:8080/", sandbox=True).port == 8080
    for url in ("http://10.0.0.1/", "https://169.254.169.254/", "https://[fe80::1]/"):
        with pytest.raises(InwardAddressError):
            parse_target(url, sandbox=True)


class Hits:
    """What a server of the test saw."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.answer = 200
        self.delay = 0.0


@contextmanager
def listening() -> Iterator[tuple[int, Hits]]:
    hits = Hits()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hits.paths.append(f"{self.headers['Host']}{self.path}")
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(hits.answer)
            if hits.answer == 302:
                self.send_header("Location", f"http://127.0.0.1:{port}/elsewhere")
            self.end_headers()
            end = monotonic() + hits.delay
            while monotonic() < end:
                self.wfile.write(b".")
                self.wfile.flush()
                sleep(0.05)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield port, hits
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_rebinding_name_is_resolved_once_and_that_address_is_used() -> None:
    with listening() as (port, hits):
        answers = [["127.0.0.1"], ["10.0.0.1"]]

        def resolve(host: str, _port: int) -> list[str]:
            assert host == "hooks.example"
            return answers.pop(0)

        sender = Sender(sandbox=True, resolve=resolve)
        assert sender.send(f"http://hooks.example:{port}/x", {}, b"{}") == 200
        assert hits.paths == [f"hooks.example:{port}/x"]
        assert len(answers) == 1, "the name was resolved once"


def test_a_redirect_is_not_followed() -> None:
    with listening() as (port, hits):
        hits.answer = 302
        assert Sender(sandbox=True).send(f"http://127.0.0.1:{port}/x", {}, b"{}") == 302
        assert len(hits.paths) == 1


def test_a_receiver_that_dribbles_is_left_in_time() -> None:
    with listening() as (port, hits):
        hits.delay = 3.0
        began = monotonic()
        sender = Sender(sandbox=True, time_limit=0.4)
        assert sender.send(f"http://127.0.0.1:{port}/x", {}, b"{}") is None
        assert monotonic() - began < 2
