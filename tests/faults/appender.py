"""A process that appends for its life: it says what it tries and what was acknowledged.

    python -m tests.faults.appender URL THREADS COMMANDS START...

Thread *t* sends commands START[t] to COMMANDS-1 of its own; a command's id and events follow
from its number, so that a successor who sends an unanswered one again sends the same.
Lines on stdout: ``ok THREAD NUMBER FIRST_INDEX COUNT``, ``end``.
"""

import sys
import threading

from chain.command import Command, NewEvent
from chain.store.log import Log

PRINTING = threading.Lock()


def command(thread: int, number: int) -> Command:
    """Return command *number* of *thread*: one to four events of its stream, and one of another."""
    first = 1 + sum(size(each) for each in range(number))
    body = b'{"n":%d,"x":"%b"}' % (number, b"y" * 400)
    own = [NewEvent(f"t{thread}", first + n, "order.placed", body) for n in range(size(number))]
    return Command(
        f"c_{thread}_{number}", [*own, NewEvent(f"n{thread}_{number}", 1, "key.sold", body)]
    )


def size(number: int) -> int:
    """Return how many events of its own stream command *number* writes."""
    return 1 + number * 7 % 4


def say(text: str) -> None:
    with PRINTING:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def work(log: Log, thread: int, start: int, stop: int) -> None:
    for number in range(start, stop):
        receipt = log.sequencer.append(command(thread, number))
        say(f"ok {thread} {number} {receipt.first_index} {len(receipt.leaf_hashes)}")


def main(url: str, threads: int, stop: int, starts: list[int]) -> None:
    with Log(url) as log:
        workers = [
            threading.Thread(target=work, args=(log, thread, starts[thread], stop))
            for thread in range(threads)
        ]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
    say("end")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), [int(each) for each in sys.argv[4:]])
