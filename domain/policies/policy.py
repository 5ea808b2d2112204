"""A policy: the use-case calls that follow from one event of the log.

A policy is a function of the log up to its cause, and of the moment at which it is asked:
no clock, no memory, no effect of its own. The command of a call is named by policy and
cause, so that asking again, after a crash or for ever, records nothing twice; its events
say in ``causation`` which entry led to them and keep that one's correlation. Proved by
``tests/domain/policies/test_policies.py``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, runtime_checkable

from domain.disputes.case import Recorded
from domain.disputes.deadline import seconds_of
from domain.event import Meta
from domain.identifiers import derive

PREFIX: Final = "policy/"
"""Of the command ids of policies and timers: no other caller's command may begin so."""
SOURCE: Final = "policies"

Actor = Literal["rules", "timer"]


@runtime_checkable
class Entries(Protocol):
    """A recorder that hands out the log's entries in their order."""

    def select_entries(
        self, start: int, limit: int, stop: int, topics: Sequence[str] = ()
    ) -> Sequence[tuple[int, bytes]]:
        """Return leaf index and entry from leaf index *start* to before *stop*, at most *limit*."""


@dataclass(frozen=True, slots=True)
class Call:
    """One use case that is to be called."""

    policy: str
    """Which policy or timer asks for it."""
    cause: int
    """Leaf index of the entry from which it follows."""
    correlation: str
    use_case: str
    """The method of `domain.application.Trade`."""
    arguments: Mapping[str, Any]
    actor: Actor = "rules"
    part: int | None = None
    """Which of several calls of one policy for one cause."""

    @property
    def command_id(self) -> str:
        """The id of its command: the same policy and cause always have the same."""
        part = "" if self.part is None else f"/{self.part}"
        return f"{PREFIX}{self.policy}/{self.cause}{part}"

    def meta(self, now: str) -> Meta:
        """Return who asks and why, at *now*."""
        return Meta(
            actor=self.actor,
            role="platform",
            source=SOURCE,
            channel="timer" if self.actor == "timer" else "policy",
            command_id=self.command_id,
            correlation_id=self.correlation,
            causation=self.cause,
            occurred_at=now,
        )


React = Callable[[Recorded, str, Entries], Iterable[Call]]
"""From the cause, the moment at which it is asked, and the log."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule of conduct: to which events it answers, and how."""

    name: str
    topics: frozenset[str]
    react: React


def call(
    policy: str, cause: Recorded, use_case: str, *, part: int | None = None, **arguments: object
) -> Call:
    """Return the call of *use_case* that follows from *cause*."""
    correlation = cause.event.meta.correlation_id
    return Call(policy, cause.index, correlation, use_case, arguments, part=part)


def new_id(prefix: str, policy: str, cause: int, moment: str) -> str:
    """Return the identifier that a policy's call for a cause always gives to what it makes."""
    milliseconds = int(seconds_of(moment).timestamp()) * 1_000
    return derive(prefix, milliseconds, f"{PREFIX}{policy}/{cause}")
