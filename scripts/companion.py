"""A command of ours that serves in a process of its own, and ends with whoever started it.

It says its port on its first line, and ends when its standard input does.
``tests/scripts/test_sandbox.py``, ``test_witness.py``, ``test_stamp.py``.
"""

import subprocess
import sys
import threading
from contextlib import suppress
from socketserver import BaseServer
from typing import Self

from scripts.beside import start


class Companion:
    """A serving command as a child process. A context manager, which ends it.

    Args:
        arguments: of the command: its name, and what follows.
        first: what it is told on its standard input.

    Raises:
        ChildProcessError: it has not started.
    """

    def __init__(self, *arguments: object, first: str = "") -> None:
        self._process = start(arguments, stdout=subprocess.PIPE)
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("a pipe was asked for")
        if first:
            self._process.stdin.write(f"{first}\n".encode())
            self._process.stdin.flush()
        said = self._process.stdout.readline().strip()
        if not said:
            self.stop()
            raise ChildProcessError(f"xiyou {arguments[0]} has not started: run it to see why")
        self.port = int(said)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, and wait for its end: from then on nobody answers."""
        self._process.kill()
        self._process.communicate()


def serve_while_told(server: BaseServer, port_line: object) -> None:
    """Say *port_line*, and serve until standard input ends or somebody interrupts."""
    print(port_line, flush=True)  # noqa: T201 — the answer that a starter waits for
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    with suppress(KeyboardInterrupt):
        while sys.stdin.readline():
            pass
    server.shutdown()
    server.server_close()
