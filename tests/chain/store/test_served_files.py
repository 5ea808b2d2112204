"""Published files over HTTP: a file, no file, and an answer that is none."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from chain.errors import MalformedError
from chain.store.files import MissingFileError
from chain.store.http import UnreachableError
from chain.store.served_files import ServedFiles


class Server(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.endswith("broken"):
            self.send_error(500)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "tile").mkdir()
    (tmp_path / "tile" / "000").write_bytes(b"\x00\x01a")
    handler = partial(Server, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_file_is_read_and_a_missing_one_is_said(url: str) -> None:
    assert ServedFiles(url).read("tile/000") == b"\x00\x01a"
    with pytest.raises(MissingFileError):
        ServedFiles(url).read("tile/001")


def test_another_answer_is_no_file(url: str) -> None:
    with pytest.raises(UnreachableError, match="answered 500"):
        ServedFiles(url).read("broken")


def test_nobody_there_is_said() -> None:
    with pytest.raises(UnreachableError):
        ServedFiles("http://127.0.0.1:9/").read("checkpoint")
    with pytest.raises(MalformedError):
        ServedFiles("ftp://log.example/")
