"""The sanctions against one merchant: applied, appealed, lifted, expired.

``features.md``, C5. A sanction ends at its end date, whether or not anybody records it:
what is in force is asked with a moment. Of two clocks the merchant has the better one.
A clock that steps back after an end date does not bring the sanction back, as far as this
stream has seen the later time; and the appeal window is held against the caller's clock
alone. The stream is named ``sanction/<merchant>``. ``tests/domain/credit/test_c5_sanctions.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from chain.errors import MalformedError
from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.credit.deposit import SanctionId
from domain.credit.ladder import LADDERS, Ground, Ladder, Level, Step
from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    NotFoundError,
    ReasonMissingError,
    WindowOverError,
    WrongPartyError,
)
from domain.event import Event, event
from domain.payload import Count, MerchantId, Moment, Units

SANCTION_TABLE: Table = {
    "sanction.applied": {NEW: "applied"},
    "sanction.appealed": {"applied": "appealed"},
    "sanction.lifted": {"applied": "lifted", "appealed": "lifted"},
    "sanction.expired": {"applied": "expired", "appealed": "expired"},
}
"""Of each sanction. An appeal that is not granted changes nothing."""

RECORD_TABLE: Table = {
    "sanction.applied": {NEW: "kept", "kept": "kept"},
    "sanction.appealed": {"kept": "kept"},
    "sanction.lifted": {"kept": "kept"},
    "sanction.expired": {"kept": "kept"},
}
"""Of the merchant's record as a whole."""

LiftCause = Literal["appeal", "error"]


@dataclass(slots=True)
class Sanction:
    """One sanction, as its events left it."""

    id: str
    step: Step
    rules: int
    started: str
    ends_at: str
    appeal_until: str
    applied_by: str
    state: str = "applied"


@event("sanction.applied")
class SanctionApplied(Event):
    """The merchant broke a rule; this follows, until its end date."""

    merchant: MerchantId
    sanction: SanctionId
    ground: Ground
    level: Level
    rules: Units
    """Version of the ladder."""
    starts_at: Moment
    ends_at: Moment
    appeal_until: Moment
    relied_on: tuple[Count, ...]
    """Leaf indexes of the events that show the breach."""
    reason_zh: str
    reason_en: str

    def _apply(self, record: "SanctionRecord") -> None:
        record.sanctions[self.sanction] = Sanction(
            self.sanction,
            LADDERS[self.rules].step(self.level),
            self.rules,
            self.starts_at,
            self.ends_at,
            self.appeal_until,
            self.meta.actor,
        )
        record.see(self.starts_at)


@event("sanction.appealed")
class SanctionAppealed(Event):
    """The merchant asks for another person's decision."""

    merchant: MerchantId
    sanction: SanctionId
    reason: str

    def _apply(self, record: "SanctionRecord") -> None:
        record.sanctions[self.sanction].state = "appealed"


@event("sanction.lifted")
class SanctionLifted(Event):
    """The sanction is over before its end, and counts for nothing later."""

    merchant: MerchantId
    sanction: SanctionId
    cause: LiftCause
    reason: str

    def _apply(self, record: "SanctionRecord") -> None:
        record.sanctions[self.sanction].state = "lifted"


@event("sanction.expired")
class SanctionExpired(Event):
    """The end date has passed; the sanction had no effect any more from that moment."""

    merchant: MerchantId
    sanction: SanctionId

    def _apply(self, record: "SanctionRecord") -> None:
        found = record.sanctions[self.sanction]
        found.state = "expired"
        record.see(found.ends_at)


class SanctionRecord(Aggregate):
    """All sanctions that were ever applied to one merchant."""

    TOPIC = "sanction_record"
    PREFIX = "sanction/"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": RECORD_TABLE}

    __slots__ = ("latest", "sanctions", "state")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.sanctions: dict[str, Sanction] = {}
        self.latest = ""
        """The latest moment at which a sanction began or was seen to have ended."""

    @property
    def merchant(self) -> str:
        """Whose record it is."""
        return self.id.removeprefix(self.PREFIX)

    def see(self, moment: str) -> None:
        """Remember *moment*, if it is the latest."""
        self.latest = max(self.latest, moment)

    def in_force(self, now: str) -> list[Sanction]:
        """Return the sanctions that have an effect at *now*, in the order of their start."""
        clock = max(now, self.latest)
        return [each for each in self.live() if clock < each.ends_at]

    def live(self) -> list[Sanction]:
        """Return the sanctions that are neither lifted nor recorded as expired."""
        return [each for each in self.sanctions.values() if each.state in ("applied", "appealed")]

    def find(self, sanction: str) -> Sanction:
        """Return the sanction of that identifier.

        Raises:
            NotFoundError: this merchant has none such.
        """
        if sanction not in self.sanctions:
            raise NotFoundError(f"{sanction}: there is no such sanction against {self.merchant}")
        return self.sanctions[sanction]

    def apply(
        self,
        command: Command,
        sanction: str,
        ground: Ground,
        relied_on: tuple[int, ...],
        now: str,
        ladder: Ladder,
    ) -> None:
        """Apply the step of the ladder that *ground* and the merchant's past lead to.

        Raises:
            ReasonMissingError: no event shows the breach.
            IllegalTransitionError: this sanction was applied before.
            MalformedError: *now* is no moment.
        """
        if not relied_on:
            raise ReasonMissingError(f"{sanction}: name the events that show the breach")
        if sanction in self.sanctions:
            raise IllegalTransitionError(sanction, "sanction.applied", "applied already")
        since = _after(now, days=-ladder.lookback)
        step = ladder.climb(ground, self._counting(since))
        zh, en = ladder.names[ground]
        until = _after(now, days=step.days)
        applied = SanctionApplied(
            *self.follows(command),
            merchant=self.merchant,
            sanction=sanction,
            ground=ground,
            level=step.level,
            rules=ladder.version,
            starts_at=now,
            ends_at=until,
            appeal_until=_after(now, days=0, hours=ladder.appeal_hours),
            relied_on=relied_on,
            reason_zh=f"因{zh}, 处以{step.name_zh}, 至{until}止。",
            reason_en=f"For {en}: {step.name_en}, until {until}.",
        )
        self.happen(command, applied)

    def appeal(self, command: Command, sanction: str, reason: str, now: str) -> None:
        """Let the merchant ask for another person's decision, once.

        Raises:
            WindowOverError: too late at *now*.
            ReasonMissingError: it says nothing.
        """
        found = self._check(sanction, "sanction.appealed")
        if now >= found.appeal_until:
            raise WindowOverError(f"{sanction}: could be appealed until {found.appeal_until}")
        if not reason.strip():
            raise ReasonMissingError(f"{sanction}: say why it should be lifted")
        follows = self.follows(command)
        self.happen(command, SanctionAppealed(*follows, self.merchant, sanction, reason))

    def lift(self, command: Command, sanction: str, cause: LiftCause, reason: str) -> None:
        """End a sanction before its time, by staff; an appeal is another person's to grant.

        Raises:
            WrongPartyError: it is not staff who asks.
            ConflictOfInterestError: the appeal is against the same person's decision.
            ReasonMissingError: no reason is given.
            IllegalTransitionError: it is over, or nobody has appealed.
        """
        found = self._check(sanction, "sanction.lifted")
        if command.meta.role != "staff":
            raise WrongPartyError(f"{sanction}: is lifted by staff, not by {command.meta.role}")
        if cause == "appeal":
            if found.state != "appealed":
                raise IllegalTransitionError(sanction, "sanction.lifted (appeal)", found.state)
            self.check_impartial(command, found)
        if not reason.strip():
            raise ReasonMissingError(f"{sanction}: say why it is lifted")
        follows = self.follows(command)
        self.happen(command, SanctionLifted(*follows, self.merchant, sanction, cause, reason))

    def expire(self, command: Command, sanction: str, now: str) -> None:
        """Record that the end date has passed; it had its effect already.

        Raises:
            WindowOverError: it is in force at *now*.
        """
        found = self._check(sanction, "sanction.expired")
        if max(now, self.latest) < found.ends_at:
            raise WindowOverError(f"{sanction}: is in force until {found.ends_at}")
        follows = self.follows(command)
        self.happen(command, SanctionExpired(*follows, self.merchant, sanction))

    def check_forfeit(self, command: Command, sanction: str, now: str) -> int:
        """Return the share of the deposit, in basis points, that *sanction* takes now.

        After an appeal, taking it is the decision of a person who did not apply it.

        Raises:
            IllegalTransitionError: it takes none, or is no longer in force.
            WindowOverError: it can still be appealed at *now*.
            ConflictOfInterestError: it was appealed, and the same person would decide.
        """
        found = self.find(sanction)
        if found not in self.in_force(now) or not found.step.forfeit:
            state = f"{found.step.level}, {found.state}, until {found.ends_at}"
            raise IllegalTransitionError(sanction, "deposit.forfeited", state)
        if found.state == "appealed":
            self.check_impartial(command, found)
        elif now < found.appeal_until:
            raise WindowOverError(f"{sanction}: can be appealed until {found.appeal_until}")
        return found.step.forfeit

    def check_impartial(self, command: Command, found: Sanction) -> None:
        """Refuse the person who applied *found*.

        Raises:
            ConflictOfInterestError: it is.
        """
        if command.meta.actor == found.applied_by:
            raise ConflictOfInterestError(f"{found.id}: was applied by {found.applied_by}")

    def _check(self, sanction: str, topic: str) -> Sanction:
        found = self.find(sanction)
        if found.state not in SANCTION_TABLE[topic]:
            raise IllegalTransitionError(sanction, topic, found.state)
        return found

    def _counting(self, since: str) -> int:
        """Return how many sanctions lead a new one a step further."""
        found = self.sanctions.values()
        return sum(each.state != "lifted" and each.started >= since for each in found)


def _after(now: str, *, days: int, hours: int = 0) -> str:
    """Return the moment that many days and hours after *now*."""
    try:
        at = datetime.fromisoformat(now)
        after = _spelt(at + timedelta(days=days, hours=hours))
    except (ValueError, OverflowError):
        at, after = None, ""
    if at is None or _spelt(at) != now:
        raise MalformedError(f"now: {now!a:.40} is not a moment such as 2026-11-22T10:00:00Z")
    return after


def _spelt(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
