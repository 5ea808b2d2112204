"""A world with a follower, and a clock that the test sets."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    StoredEvent,
    Tracking,
)

from domain.command import Command
from domain.disputes.case import Recorded, recorded
from domain.event import Role
from domain.policies.follower import Follower
from domain.policies.following import Following
from domain.policies.judging import Bench
from domain.policies.periods import DEFAULTS, Periods, later
from domain.policies.rulebook import rulebook
from domain.policies.timers import Timers
from tests.domain.given import NOW, MemoryRecorder, World, entry_of

BENCH = Bench(("arb-01", "arb-02"))


class MemoryProcessRecorder(MemoryRecorder):
    """The recorder in memory, with followers' positions."""

    def __init__(self) -> None:
        super().__init__()
        self.positions: dict[str, int] = {}

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Insert, and move the position with it; once a command id."""
        tracking = kwargs.pop("tracking", None)
        if kwargs.get("command_id") in self.receipts:
            return self.receipts[kwargs["command_id"]]
        if tracking is not None:
            self._check(tracking)
        ids = super().insert_events(stored_events, **kwargs)
        if tracking is not None:
            self.insert_tracking(tracking)
        return ids

    def insert_tracking(self, tracking: Tracking) -> None:
        """Move a position forward."""
        self._check(tracking)
        self.positions[tracking.application_name] = tracking.notification_id

    def max_tracking_id(self, application_name: str) -> int | None:
        """Return a position."""
        return self.positions.get(application_name)

    def _check(self, tracking: Tracking) -> None:
        if tracking.notification_id <= self.positions.get(tracking.application_name, 0):
            raise IntegrityError(f"{tracking} is behind")

    def select_entries(
        self, start: int, limit: int, stop: int, topics: Sequence[str] = ()
    ) -> list[tuple[int, bytes]]:
        """Return leaf index and entry."""
        found = self.select_notifications(start + 1, limit, stop, topics)
        return [(each.id - 1, entry_of(each)) for each in found]


class MemoryFollowing(Following):
    """The application of a follower over a recorder in memory."""

    def construct_recorder(self) -> ApplicationRecorder:
        """Return the recorder in memory."""
        return MemoryProcessRecorder()


class Followed(World):
    """A world whose log is followed."""

    def __init__(self, periods: Periods = DEFAULTS, bench: Bench = BENCH) -> None:
        super().__init__()
        self.trade: Following = MemoryFollowing()
        self.now = NOW
        self.periods = periods
        self.bench = bench
        self.follower = self.follow()

    def follow(self, name: str = "policies") -> Follower:
        """Return a follower that has just been started."""
        policies = rulebook(self.periods, self.bench)
        timers = Timers(self.periods, self.bench)
        entropy = self.command()._entropy
        return Follower(self.trade, self.sealer, entropy, policies, timers, name)

    def command(self, command_id: str | None = None) -> Command:
        """Return a new command of this moment."""
        command = super().command(command_id)
        command.meta = replace(command.meta, occurred_at=getattr(self, "now", NOW))
        return command

    def by(self, actor: str, role: Role, use_case: str, *arguments: Any, **named: Any) -> None:
        """Let *actor* call *use_case*."""
        command = self.command()
        command.meta = replace(command.meta, actor=actor, role=role)
        getattr(self.trade, use_case)(command, *arguments, **named)

    def step(self) -> list[str]:
        """Let the follower work; return the topics of what was recorded meanwhile."""
        before = self.size()
        self.follower.step(lambda: self.now)
        return self.topics()[before:]

    def wait(self, **time: int) -> list[str]:
        """Let time pass, then the follower work; return the topics of what that recorded."""
        self.now = later(self.now, **time)
        return self.step()

    def causes(self) -> list[Recorded]:
        """Return every entry of the log."""
        size = self.size()
        return [recorded(*each) for each in self.trade.followed.select_entries(0, size, size)]

    def last(self, topic: str) -> Recorded:
        """Return the newest entry of *topic*."""
        return next(each for each in reversed(self.causes()) if topic == each.event.TOPIC)


def tracking(position: int, name: str = "policies") -> Tracking:
    """Return a position."""
    return Tracking(name, position)
