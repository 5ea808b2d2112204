"""The follower: reads the log in batches and does what policies and timers ask for.

Exactly once without a lock: a call's command is named by its policy and its cause, so the
log answers a repeated one with its first receipt; the position only saves work. It moves in
the transaction of the last command of a cause, or after a batch. What dies anywhere is
repaired by the next start, which asks for everything behind the position again. What the
rules of the business refuse is counted, with its cause, and passed over, the same way each
time; what fails for want of the database is tried again and passes nothing over. Proved by
``tests/domain/policies/test_follower.py`` and ``tests/faults/test_following.py``.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from eventsourcing.persistence import DataError, IntegrityError, Tracking

from chain.errors import MalformedError
from domain.command import Command
from domain.disputes.case import Recorded, recorded
from domain.errors import ConcurrentChangeError, Refusal
from domain.policies.following import Following
from domain.policies.policy import Call, Policy
from domain.policies.timers import Timers
from domain.sealing import Entropy, Sealer

NAME: Final = "policies"
PAGE: Final = 1_000
TRIES: Final = 8
"""Of a call whose streams others keep changing, before the whole step is tried again."""
KEPT: Final = 1_000
"""Refusals that are remembered with their words; all are counted."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that the business refused."""

    policy: str
    cause: int
    """Leaf index."""
    use_case: str
    error: str
    words: str


class Follower:
    """Follows one log under one name.

    Args:
        trade: to read from and record in.
        sealer: keeps secret values.
        entropy: where codes and salts come from.
        policies: what follows from an event.
        timers: what is due at a time; of this follower alone.
        name: under which the position is kept.
    """

    stopping: Callable[[], bool]
    """Asked after each page; once it says so, a step ends in good order before its work does."""

    def __init__(
        self,
        trade: Following,
        sealer: Sealer,
        entropy: Entropy,
        policies: Sequence[Policy],
        timers: Timers,
        name: str = NAME,
    ) -> None:
        self._trade = trade
        self._log = trade.followed
        self._sealer = sealer
        self._entropy = entropy
        self._policies = tuple(policies)
        self._timers = timers
        self._name = name
        topics = timers.TOPICS.union(*(each.topics for each in policies))
        self._topics = sorted(topics)
        self.stopping = lambda: False
        self._tracked = 0
        self.position = 0
        """Entries of the log that were reacted to."""
        self.done: Counter[str] = Counter()
        """Calls that recorded something, by policy."""
        self.repeated = 0
        """Calls that the log had the receipt of already."""
        self.refused: Counter[tuple[str, str]] = Counter()
        """By policy and name of the refusal."""
        self.refusals: deque[Refused] = deque(maxlen=KEPT)

    def step(self, now: Callable[[], str]) -> int:
        """React to all that is new, then do what is due; return how many calls were made.

        Args:
            now: says what time it is, RFC 3339 in UTC, in whole seconds.

        Raises:
            PersistenceError: the database is out of reach; call again, nothing is lost.
            ConcurrentChangeError: others keep changing the same things; call again.
        """
        self._resume()
        made = self._react(now)
        agenda = self._timers.agenda
        while not self.stopping() and (call := agenda.first(now())) is not None:
            self._perform(call, now(), None)
            agenda.drop()
            made += 1
            # What it has led to may clear or set other deadlines, at once.
            made += self._react(now)
        return made

    def _resume(self) -> None:
        """Take up the position, and what the timers must know of the log up to it."""
        kept = self._log.max_tracking_id(self._name) or 0
        self._tracked = max(self._tracked, kept)
        self.position = max(self.position, kept)
        start = self._timers.size
        while start < self.position:
            page = self._log.select_entries(start, PAGE, self.position, self._topics)
            for entry in page:
                self._timers.see(recorded(*entry))
            start = page[-1][0] + 1 if len(page) == PAGE else self.position

    def _react(self, now: Callable[[], str]) -> int:
        made = 0
        size = self._log.max_notification_id() or 0
        while self.position < size and not self.stopping():
            page = self._log.select_entries(self.position, PAGE, size, self._topics)
            for entry in page:
                cause = recorded(*entry)
                self._timers.see(cause)
                made += self._answer(cause, now())
                self.position = cause.index + 1
            if len(page) < PAGE:
                self.position = size
            self._keep_position()
            size = self._log.max_notification_id() or 0
        return made

    def _answer(self, cause: Recorded, now: str) -> int:
        """Make the calls that follow from *cause*; the last one takes the position along."""
        calls = [
            call
            for policy in self._policies
            if cause.event.TOPIC in policy.topics
            for call in policy.react(cause, now, self._log)
        ]
        for number, call in enumerate(calls, 1):
            is_last = number == len(calls) and cause.index + 1 > self._tracked
            self._perform(call, now, Tracking(self._name, cause.index + 1) if is_last else None)
            # Dying here, with the command recorded and another to come: the next start asks
            # for all of them again, and the log knows this one.
        return len(calls)

    def _perform(self, call: Call, now: str, tracking: Tracking | None) -> None:
        """Make one call, until it has recorded its command or is refused.

        Raises:
            ConcurrentChangeError: its streams have changed again and again.
        """
        for left in reversed(range(TRIES)):
            if self._trade.find_receipt(call.command_id) is not None:
                self.repeated += 1
                return
            command = Command(call.meta(now), self._sealer, self._entropy)
            try:
                with self._trade.moving(tracking):
                    ids = getattr(self._trade, call.use_case)(command, **call.arguments)
            except ConcurrentChangeError:
                # Somebody else was faster, or another follower has this name and is ahead.
                tracking = None
                if not left:
                    raise
            except (Refusal, MalformedError, DataError) as error:
                self._refuse(call, error)
                return
            else:
                if ids:
                    self.done[call.policy] += 1
                    self._tracked = max(self._tracked, tracking.notification_id if tracking else 0)
                return

    def _refuse(self, call: Call, error: Exception) -> None:
        name = type(error).__name__
        self.refused[call.policy, name] += 1
        words = Refused(call.policy, call.cause, call.use_case, name, str(error))
        self.refusals.append(words)

    def _keep_position(self) -> None:
        if self.position > self._tracked:
            # Dying before this line repeats the batch, whose commands the log knows.
            try:
                self._log.insert_tracking(Tracking(self._name, self.position))
            except IntegrityError:
                # Another follower of this name is ahead: what it did, we need not.
                self._resume()
            self._tracked = max(self._tracked, self.position)
