"""Replay: how an order, key, payment, refund, dispute or merchant stood at any tree size.

``features.md``, F7 and C1; ``reliability.md``, 4.2 ("replay a history at a tree size").
The state is the aggregate's own, folded from its entries by the domain's mapper with its
upcasters, so a replay and the rules never disagree; beside it stands what each event changed
and at which leaf index, of which `chain.store.prover` makes the proofs. Pure: entries in,
answer out. Proved by ``tests/projections/test_replay.py`` against a model that shares no code.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

from chain.errors import MalformedError
from domain import topics
from domain.aggregate import AGGREGATES, Aggregate
from domain.disputes.case import Recorded
from domain.errors import NotFoundError
from domain.event import Event

assert topics.AREAS  # noqa: S101 — importing it has declared every aggregate

HIDDEN: Final = frozenset({"fingerprint", "imported", "raw_key", "voucher_code", "voucher_tag"})
"""References and keyed digests of values that a replay does not need."""

Recordings = Callable[[str], Sequence[Recorded]]
"""Returns the entries of one stream, in order."""
State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One member that an event changed; None stands for a member that was not there."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a history, and the difference that it made."""

    index: int
    """Leaf index: what a proof of it is asked by."""
    stream: str
    version: int
    topic: str
    moment: str
    actor: str
    role: str
    changes: Mapping[str, Change]


@dataclass(frozen=True, slots=True)
class Replayed:
    """How one thing stood when the log had *size* entries, and what led there."""

    stream: str
    size: int
    state: State
    """By member of the aggregate; ``version`` is the number of its events."""
    steps: tuple[Step, ...]


def kind_of(stream: str) -> type[Aggregate]:
    """Return the aggregate class whose streams are named like *stream*.

    Raises:
        MalformedError: there is none.
    """
    for prefix in (stream.partition("_")[0], f"{stream.partition('/')[0]}/"):
        if prefix in AGGREGATES:
            return AGGREGATES[prefix]
    raise MalformedError(f"{stream!a:.80}: is no identifier of anything that can be replayed")


def replay(stream: str, history: Iterable[Recorded], size: int) -> Replayed:
    """Return how the thing named *stream* stood when the log had *size* entries.

    Args:
        stream: its identifier.
        history: its entries, in order; those from *size* on are passed over.
        size: of the tree.

    Raises:
        MalformedError: *stream* is no identifier.
        NotFoundError: the log had nothing of it.
    """
    aggregate = kind_of(stream)(stream)
    steps: list[Step] = []
    state: State = {}
    for each in history:
        if each.index >= size:
            break
        aggregate.evolve(each.event)
        after = state_of(aggregate)
        steps.append(_step(each, difference(state, after)))
        state = after
    if not steps:
        raise NotFoundError(f"{stream}: the log of {size} entries has nothing of it")
    return Replayed(stream, size, state, tuple(steps))


def state_of(aggregate: Aggregate) -> State:
    """Return the aggregate's members as JSON values; what is None or hidden is absent."""
    names = {name for cls in type(aggregate).__mro__ for name in getattr(cls, "__slots__", ())}
    found = {}
    for name in sorted(names - HIDDEN):
        value = plain(getattr(aggregate, name))
        if value is not None:
            found[name] = value
    return found


def plain(value: Any) -> Any:  # noqa: ANN401 — a member of any aggregate
    """Return *value* as JSON has it: no sets, no tuples, no objects."""
    match value:
        case Event():
            return plain(value.data())
        case Mapping():
            return dict(sorted((_name(key), plain(each)) for key, each in value.items()))
        case set() | frozenset():
            return sorted(plain(each) for each in value)
        case tuple() | list():
            return [plain(each) for each in value]
    return _members(value) if is_dataclass(value) else value


def _members(value: Any) -> dict[str, Any]:  # noqa: ANN401 — any dataclass
    members = {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    return {name: each for name, each in members.items() if each is not None}


def difference(before: State, after: State) -> dict[str, Change]:
    """Return what differs, by member; the number of events always does and is left out."""
    names = sorted((before.keys() | after.keys()) - {"id", "version"})
    return {
        name: Change(before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    }


def _name(key: object) -> str:
    if isinstance(key, tuple):
        return "/".join(str(each) for each in key if each is not None)
    return "" if key is None else str(key)


def _step(each: Recorded, changes: Mapping[str, Change]) -> Step:
    event = each.event
    return Step(
        each.index,
        event.originator_id,
        event.originator_version,
        event.TOPIC,
        each.moment,
        event.meta.actor,
        event.meta.role,
        changes,
    )
