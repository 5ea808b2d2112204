"""The desk: loads aggregates, lets a use case decide, records its command, all or none.

The eventsourcing library's `Application` with one method a use case; the areas add theirs
(`domain.orders.sales`, `domain.refunds.returns` …) and `domain.application` joins them.
A use case only lets things happen in its command; the desk records the command, or, when
the log knows its id already, answers with the first receipt. ``tests/domain/test_desk.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, runtime_checkable

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import Mapper, RecordConflictError, StoredEvent

from chain.register import Register, RegisterConflictError, RegisterRow
from domain import topics
from domain.aggregate import Aggregate
from domain.command import Command
from domain.errors import ConcurrentChangeError, NotFoundError, Refusal, SoldOutError
from domain.identifiers import check
from domain.mapper import EventMapper
from domain.qualification.stolen import NOTHING_STOLEN, StolenList

P = ParamSpec("P")
A = TypeVar("A", bound=Aggregate)
D = TypeVar("D", bound="Desk")

assert topics.EVENTS  # noqa: S101 — importing it has declared every event


@runtime_checkable
class Submitting(Protocol):
    """A recorder that takes commands without making the caller wait."""

    def submit_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command_id: str | None = None,
        sealed: Sequence[Any] = (),
        beside: Sequence[RegisterRow] = (),
    ) -> Future[list[int]]:
        """Queue the events; the future has their notification ids once they are committed."""


@runtime_checkable
class Remembering(Protocol):
    """A recorder that can say what a command wrote, without being handed its events."""

    def select_receipt(self, command_id: str) -> Sequence[int] | None:
        """Return the notification ids of the command's events; None if it is unknown."""


@runtime_checkable
class Keeping(Protocol):
    """A recorder that keeps registers beside the log."""

    def select_register(
        self, register: Register, where: Mapping[str, Any], limit: int | None = None
    ) -> Sequence[tuple[Any, ...]]:
        """Return the register's rows that have the values *where*, in the order of its key."""


class Desk(Application[str]):
    """Loads, decides, records. Safe to share between threads, as its recorder is."""

    name = "xiyou"
    stolen: StolenList = NOTHING_STOLEN
    """What is known to be stolen; whoever makes the application hands its lists in."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        super().__init__(env)
        # Looking through a protocol costs more than a look into the log: do it once.
        recorder = self.recorder
        self._submitting = recorder if isinstance(recorder, Submitting) else None
        self._remembering = recorder if isinstance(recorder, Remembering) else None
        self._keeping = recorder if isinstance(recorder, Keeping) else None

    def construct_mapper(self) -> Mapper[str]:
        """Return the mapper that writes canonical JSON."""
        return EventMapper()

    def load(self, kind: type[A], aggregate_id: str) -> A:
        """Return the aggregate as the log has it now.

        Raises:
            MalformedError: *aggregate_id* is no identifier of that kind.
            NotFoundError: the log has no event of it.
        """
        check(aggregate_id, kind.PREFIX)
        try:
            found = self.repository.get(aggregate_id, projector_func=cast("Any", kind.project))
        except AggregateNotFoundError:
            raise NotFoundError(f"{aggregate_id}: there is no such {kind.TOPIC}") from None
        return cast("A", found)

    def check_may_list(self, command: Command, merchant: str, now: str | None = None) -> None:
        """Refuse a merchant that may not put goods on the shelf; here everybody may.

        Areas that know of a reason override this, raise their own refusal, and ask on.
        """

    def find_receipt(self, command_id: str) -> Sequence[int] | None:
        """Return what the command wrote when it was first recorded; None if it is new."""
        if self._remembering is None:
            return None
        return self._remembering.select_receipt(command_id)

    def record(self, command: Command) -> Sequence[int]:
        """Record all events of *command* and wait; return their notification ids.

        Raises:
            SoldOutError: it reserves a key, and somebody else changed that key first.
            Refusal: the one that the command names for a register that takes a row not.
            ConcurrentChangeError: another stream has moved on. Nothing was recorded.
        """
        try:
            recordings = self.save(
                *command.events,
                command_id=command.id,
                sealed=command.sealed,
                beside=command.beside,
            )
        except RecordConflictError as error:
            raise self._explain(command, error) from error
        return [each.notification.id for each in recordings]

    def submit(self, command: Command) -> Future[list[int]]:
        """Queue all events of *command*; the future answers or raises as `record` does."""
        stored = [self.mapper.to_stored_event(each) for each in command.events]
        if self._submitting:
            return self._submitting.submit_events(
                stored, command_id=command.id, sealed=command.sealed, beside=command.beside
            )
        answer: Future[list[int]] = Future()
        ids = self.recorder.insert_events(
            stored, command_id=command.id, sealed=command.sealed, beside=command.beside
        )
        answer.set_result(list(ids or []))
        return answer

    def rows_of(
        self, register: Register, limit: int | None = None, **where: object
    ) -> Sequence[tuple[Any, ...]]:
        """Return the rows of *register* that have the values *where*, in the order of its key."""
        if self._keeping is None:
            return []
        return self._keeping.select_register(register, where, limit)

    def _explain(self, command: Command, error: RecordConflictError) -> Refusal:
        cause = error.__cause__
        if isinstance(cause, RegisterConflictError) and cause.register in command.refusals:
            return command.refusals[cause.register]
        keys = [each.originator_id for each in command.events if each.TOPIC == "key.reserved"]
        for key in keys:
            seen = next(e.originator_version for e in command.events if e.originator_id == key)
            if list(self.recorder.select_events(key, gt=seen - 1, limit=1)):
                return SoldOutError(f"{key}: another order took it first")
        return ConcurrentChangeError(
            f"{command.id}: something it rests on was changed; load it again and decide anew"
        )


def use_case(
    method: Callable[Concatenate[D, Command, P], None],
) -> Callable[Concatenate[D, Command, P], Sequence[int]]:
    """Make *method*, which lets things happen in a command, record that command.

    The same command again is answered with its first receipt, before anything is loaded:
    its own effects would otherwise be held against it.
    """

    @wraps(method)
    def run(desk: D, command: Command, /, *args: P.args, **kwargs: P.kwargs) -> Sequence[int]:
        receipt = desk.find_receipt(command.id)
        if receipt is not None:
            return receipt
        method(desk, command, *args, **kwargs)
        return desk.record(command)

    return run
