"""No event after the end of a stream: which ends there are follows from the state machines.

A thing has ended when none of its tables (``features.md``, section 3) allows any event more: an
order that is blocked, closed or refunded, a voided key, a dispute that is executed or
withdrawn, a finished batch. A pure fold; tables are data, so it knows every end that the
program knows. ``tests/domain/witnessing/test_invariants.py``.
"""

from functools import cache

from chain.rules import BrokenRuleError, Memory
from domain.topics import AGGREGATES

States = tuple[str, ...]
"""Of each machine of a thing, in their order."""

STATE = "state"
"""The kind of what is remembered of a stream."""


class Endings:
    """Follows every thing that can end.

    Args:
        memory: of what has happened.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def take(self, index: int, stream: str, kind: str) -> None:
        """Judge an event of type *kind* in *stream*.

        Raises:
            BrokenRuleError: ``stream_ended``: nothing more may happen to that thing.
        """
        prefix = prefix_of(stream)
        if prefix is None or not can_end(prefix):
            return
        known = self._memory.get(STATE, stream)
        states = first_states(prefix) if known is None else tuple(known.split(" "))
        if known is not None and is_over(prefix, states):
            raise BrokenRuleError(
                index, "stream_ended", f"{stream} had ended ({' '.join(states)}) before its {kind}"
            )
        after = following(prefix, states, kind)
        if known is None or after != states:
            self._memory.put(STATE, stream, " ".join(after))


def prefix_of(stream: str) -> str | None:
    """Return the prefix of the aggregate that *stream* is of, None if it is of none we know."""
    for end in ("_", "/"):
        head, found, _ = stream.partition(end)
        prefix = head if end == "_" else head + found
        if found and prefix in AGGREGATES:
            return prefix
    return stream if stream in AGGREGATES else None


@cache
def first_states(prefix: str) -> States:
    """Return the states of a thing to which nothing has happened yet."""
    cls = AGGREGATES[prefix]
    thing = cls(prefix)
    return tuple(getattr(thing, attribute) for attribute in cls.MACHINES)


@cache
def following(prefix: str, states: States, kind: str) -> States:
    """Return the states after an event of type *kind*; where a table has none, the same."""
    machines = AGGREGATES[prefix].MACHINES.values()
    return tuple(
        machine.get(kind, {}).get(state, state)
        for machine, state in zip(machines, states, strict=True)
    )


@cache
def is_over(prefix: str, states: States) -> bool:
    """Say whether the tables allow no event more."""
    machines = AGGREGATES[prefix].MACHINES.values()
    pairs = list(zip(machines, states, strict=True))
    kinds = {kind for machine in machines for kind in machine}
    return not any(
        all(kind not in machine or state in machine[kind] for machine, state in pairs)
        for kind in kinds
    )


@cache
def can_end(prefix: str) -> bool:
    """Say whether some state of a machine leads nowhere; where none does, nothing ever ends."""
    return any(
        not any(state in changes for changes in machine.values())
        for machine in AGGREGATES[prefix].MACHINES.values()
        for changes in machine.values()
        for state in changes.values()
    )
