"""A relay between a client and PostgreSQL's Unix socket that can cut a connection at COMMIT.

It passes bytes on, and watches for the message that carries ``COMMIT``: in full, or by the
name under which psycopg has prepared it.
"""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

Cut = Literal["before", "after"]

PREPARED = re.compile(rb"P....(_pg3_\d+)\0COMMIT\0", re.DOTALL)


class Relay:
    """Listens in *folder* as a PostgreSQL server would, and relays to *server*."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.commits = 0
        self.cut: Cut | None = None
        self.folder = folder
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / server.name))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(str(self._server))
            for target in (self._up, self._down):
                thread = threading.Thread(target=target, args=(client, upstream), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _up(self, client: socket.socket, upstream: socket.socket) -> None:
        names: set[bytes] = set()
        with client, upstream, suppress(OSError):
            while data := client.recv(1 << 20):
                names |= set(PREPARED.findall(data))
                commits = b"COMMIT\0" in data or any(b"\0" + name + b"\0" in data for name in names)
                self.commits += commits
                cut, self.cut = (self.cut, None) if commits else (None, self.cut)
                if cut == "before":
                    break
                upstream.sendall(data)
                if cut == "after":
                    # The server answers to nobody: it has the commit, the client hears nothing.
                    client.shutdown(socket.SHUT_RDWR)
                    while upstream.recv(1 << 16):
                        if data.endswith(b"S\0\0\0\4"):
                            break
                    break
            for each in (client, upstream):
                each.shutdown(socket.SHUT_RDWR)

    def _down(self, client: socket.socket, upstream: socket.socket) -> None:
        with suppress(OSError):
            while data := upstream.recv(1 << 20):
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(folder: Path, server: Path) -> Iterator[Relay]:
    made = Relay(folder, server)
    try:
        yield made
    finally:
        made.close()
