"""An exchange with somebody slow, silent, talkative or elsewhere ends in good time."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from time import monotonic, sleep

import pytest

from chain.errors import MalformedError
from chain.store.http import MAX_REPLY_SIZE, Reply, UnreachableError, check_url, post

Serve = Callable[[Callable[[socket.socket], None]], str]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return what starts a server of one connection, and returns its URL."""
    with ExitStack() as running:

        def start(answer: Callable[[socket.socket], None]) -> str:
            door = running.enter_context(socket.create_server(("127.0.0.1", 0)))

            def take() -> None:
                with suppress(OSError):
                    peer, _ = door.accept()
                    with peer:
                        peer.recv(65_536)
                        answer(peer)

            threading.Thread(target=take, daemon=True).start()
            return f"http://127.0.0.1:{door.getsockname()[1]}/"

        yield start


def test_the_reply_is_handed_on_whatever_its_status(serve: Serve) -> None:
    url = serve(lambda peer: peer.sendall(b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n5\n"))
    assert post(url, b"x", "text/plain", 5) == Reply(409, "", b"5\n")


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    answer = b"HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    assert post(serve(lambda peer: peer.sendall(answer)), b"x", "text/plain", 5).status == 307


def drip(peer: socket.socket) -> None:
    peer.sendall(HEAD + b"Content-Length: 5000\r\n\r\n")
    for _ in range(200):
        peer.sendall(b"x")
        sleep(0.05)


def drip_head(peer: socket.socket) -> None:
    for letter in HEAD * 20:
        peer.sendall(bytes([letter]))
        sleep(0.05)


def silent(peer: socket.socket) -> None:
    sleep(10)


@pytest.mark.parametrize("answer", [drip, drip_head, silent])
def test_who_takes_too_long_is_left_at_the_deadline(
    serve: Serve, answer: Callable[[socket.socket], None]
) -> None:
    url, started = serve(answer), monotonic()
    with pytest.raises(UnreachableError, match=r"within 0\.4 s"):
        post(url, b"x", "text/plain", 0.4)
    assert monotonic() - started < 5


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda peer: peer.sendall(HEAD + b"\r\n" + b"x" * (MAX_REPLY_SIZE + 1)), "longer than"),
        (lambda peer: peer.sendall(b"hello\r\n\r\n"), "no answer"),
        (lambda peer: None, "no answer"),
    ],
    ids=["too much", "no HTTP", "nothing"],
)
def test_what_is_no_answer_is_one_error(
    serve: Serve, answer: Callable[[socket.socket], None], words: str
) -> None:
    with pytest.raises(UnreachableError, match=words):
        post(serve(answer), b"x", "text/plain", 5)


def test_nobody_there_is_the_same_error() -> None:
    with pytest.raises(UnreachableError, match="ConnectionRefusedError"):
        post("http://127.0.0.1:9/", b"x", "text/plain", 5)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a/", "http://", "http:///x", "http://u:p@a/", "http://a b/", "http://a:0/",
     "http://a:99999/", "http://[::1", "http://a/#x", "http://a/\n", "http://ä/"],
)  # fmt: skip
def test_a_url_that_is_none_is_malformed(url: str) -> None:
    with pytest.raises(MalformedError, match="url"):
        check_url(url)
