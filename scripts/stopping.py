"""How a command that works until it is stopped is told to stop: by a signal, or by its parent.

``tests/scripts/test_publish.py``, ``test_follow.py``, ``test_work.py``.
"""

import os
import signal
import threading
from typing import Final

STDIN: Final = 0


def on_signal(*events: threading.Event) -> None:
    """Have SIGTERM and SIGINT set *events*, from now on."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _set(events))


def on_end_of_input(*events: threading.Event) -> None:
    """Have the end of standard input set *events*: our parent is gone, or wants us gone."""
    threading.Thread(target=_pass_on, args=(events,), daemon=True).start()


def await_end_of_input() -> None:
    """Wait for the end of standard input: a pipe whose other end closes with our parent."""
    # Not by sys.stdin: a thread inside its buffer's lock aborts a process that wants to end.
    while os.read(STDIN, 4096):
        pass


def _pass_on(events: tuple[threading.Event, ...]) -> None:
    await_end_of_input()
    _set(events)


def _set(events: tuple[threading.Event, ...]) -> None:
    for each in events:
        each.set()
