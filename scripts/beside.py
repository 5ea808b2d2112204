"""A command of ours that runs beside another one, in a process of its own.

It holds one end of a pipe and stops in good order when the other end, ours, is closed: it
cannot outlive us, however we end. ``tests/scripts/test_publish.py``, ``test_work.py``.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Self


def start(
    words: Iterable[object],
    environment: Mapping[str, str] | None = None,
    *,
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command of ours, whose standard input is a pipe of ours.

    Args:
        words: the command's name and what follows.
        environment: what it is told beside our own.
        stdout: where its output goes.
        stderr: where its complaints go; by default where ours do.
    """
    return subprocess.Popen(  # noqa: S603 — ourselves, no shell
        [sys.executable, "-m", "scripts", *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        env={**os.environ, **(environment or {}), "PYTHONPATH": os.pathsep.join(sys.path)},
        # A Ctrl-C in the terminal is ours to handle: we end it in good order.
        start_new_session=True,
    )


class Beside:
    """One such process. A context manager; leaving it without `finish` kills it.

    Args:
        words: the command's name and what follows; it must know ``--with-parent``.
        environment: what it is told beside our own.
    """

    def __init__(self, *words: object, environment: Mapping[str, str] | None = None) -> None:
        self._words = TemporaryFile()  # noqa: SIM115 — as long as the process
        self._process = start(
            (*words, "--with-parent"), environment, stdout=subprocess.DEVNULL, stderr=self._words
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._words.close()

    def finish(self, on_wait: Callable[[], None] = lambda: None) -> None:
        """Let it do what is to be done by now, and wait for its end.

        Args:
            on_wait: called some times a second meanwhile.

        Raises:
            Exception: it has failed, now or before: what `failed` returns.
        """
        if self._process.stdin is not None:
            self._process.stdin.close()
            self._process.stdin = None
        while self._process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.2)
            on_wait()
        if self._process.returncode:
            self._words.seek(0)
            said = self._words.read().decode(errors="replace")
            lines = said.strip().splitlines() or ["it said nothing"]
            raise self.failed(self._process.returncode, lines[-1])

    def failed(self, code: int, last: str) -> Exception:
        """Return the error that says how it has ended; *last* is its last line."""
        return ChildProcessError(f"it ended with {code}: {last.removeprefix('error: ')}")
