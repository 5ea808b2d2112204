"""Runs ``xiyou feed pull`` again and again in processes of its own, and kills them.

One line of JSON on standard input is one run: ``arguments`` of the command, and ``kill_after``,
seconds or null. Each run is a fork of this process, which has imported everything, so that a
kill lands in the work and not in the imports. Answers a line each: the exit code, or -9.
"""

import json
import os
import signal
import sys
import time

from chain.store import feed_consumer, feed_files
from scripts.__main__ import run

assert feed_files.VERSION


def pull(arguments: list[str]) -> None:
    """Run the command in this process, which ends with it."""
    feed_consumer.TOGETHER = 2  # type: ignore[misc] # many steps, so that many kills fall between
    outcome = run(["feed", "pull", *arguments])
    if outcome.code and outcome.words:
        print(outcome.words, file=sys.stderr)  # noqa: T201 — why it failed
    os._exit(outcome.code)


def main() -> None:
    """Serve the runs."""
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            pull(asked["arguments"])
        if asked["kill_after"] is not None:
            time.sleep(asked["kill_after"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 — the answer


if __name__ == "__main__":
    main()
