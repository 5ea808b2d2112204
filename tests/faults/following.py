"""Followers that are killed: each in a process of its own, at a chosen point of its work.

    python -m tests.faults.following URL FOLDER NOW POINT:COUNT...

For each POINT:COUNT a child follows the log and kills itself, as `kill -9` would, when it
comes to that point for the COUNT-th time: ``before`` a command is recorded, ``after`` its
commit, ``moving`` before the position is moved alone, ``moved`` after it. A COUNT of 0 never
comes. Prints how each ended: ``killed`` or ``end POSITION DONE REPEATED``.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eventsourcing.persistence import StoredEvent, Tracking

from chain.store.database import Database
from chain.store.master_key import FileMasterKey
from chain.store.recorder import LedgerProcessRecorder
from chain.store.vault import Vault
from domain.policies.follower import Follower
from domain.policies.following import Following
from domain.policies.rulebook import rulebook
from domain.policies.timers import Timers
from tests.domain.policies.followed import BENCH


class Mortal(LedgerProcessRecorder):
    """A recorder whose process dies at a point."""

    point, left = "", 0

    def reach(self, point: str) -> None:
        if point == self.point:
            Mortal.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        self.reach("before")
        ids = super().insert_events(stored_events, **kwargs)
        self.reach("after")
        return ids

    def insert_tracking(self, tracking: Tracking) -> None:
        self.reach("moving")
        super().insert_tracking(tracking)
        self.reach("moved")


class MortalFollowing(Following):
    """An application over it."""

    def construct_recorder(self) -> LedgerProcessRecorder:
        return Mortal(self.factory.log, str)  # type: ignore[attr-defined]


def follow(url: str, folder: Path, now: Callable[[], str]) -> None:
    environment = {
        "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
        "XIYOU_DATABASE_URL": url,
        "ORIGINATOR_ID_TYPE": "text",
    }
    vault = Vault(Database(url), FileMasterKey(folder, os.urandom))
    trade = MortalFollowing(environment)
    follower = Follower(trade, vault, os.urandom, rulebook(bench=BENCH), Timers(bench=BENCH))
    while follower.step(now):
        pass
    done = sum(follower.done.values())
    say(f"end {follower.position} {done} {follower.repeated}")
    trade.close()


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(url: str, folder: str, now: str, deaths: list[str]) -> None:
    for each in deaths:
        child = os.fork()
        if child == 0:
            Mortal.point, count = each.split(":")
            Mortal.left = int(count)
            try:
                follow(url, Path(folder), lambda: now)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            say("killed")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
