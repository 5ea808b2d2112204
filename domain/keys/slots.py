"""Taking a slot of a limit, in the transaction of the attempt that it is for.

``tests/domain/keys/test_redemption_limits.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from domain.command import Command
from domain.keys.register import SLOTS

FOR_EVER: Final = "9999-12-31T23:59:59Z"


@dataclass(frozen=True, slots=True)
class Slot:
    """The first free slot of a counter, as it was when it was looked at."""

    counter: str
    count: int
    """Slots that there are for wrong codes; one more marks that they are all taken."""
    number: int | None
    """None where even the mark is taken."""
    lapsed: str | None
    """Until when the slot was taken before; None if it never was."""
    soonest: str
    """When the first of the taken ones is free again."""

    @classmethod
    def first_free(
        cls, counter: str, count: int, rows: Sequence[tuple[Any, ...]], now: str
    ) -> Self:
        """Return the first slot of *counter* that is free at *now*; *rows* are the register's."""
        until = {number: taken for _, number, taken in rows}
        soonest = min((each for each in until.values() if each > now), default=now)
        free = (number for number in range(count + 1) if until.get(number, "") <= now)
        number = next(free, None)
        return cls(counter, count, number, None if number is None else until.get(number), soonest)

    @property
    def is_spent(self) -> bool:
        """Whether no more codes may be tried."""
        return self.number is None or self.number == self.count

    def take(self, command: Command, until: str) -> None:
        """Take it with *command*: whoever else wants this very slot decides anew.

        The mark is taken for as long as there is no slot, so that of all the attempts in
        that time one is recorded.
        """
        if self.number is None:
            return
        self._free_lapsed(command)
        until = self.soonest if self.number == self.count else until
        command.keep(SLOTS.new(counter=self.counter, slot=self.number, until=until))

    def pass_through(self, command: Command) -> None:
        """Take it and give it back: *command* fails if somebody takes it meanwhile."""
        assert self.number is not None  # noqa: S101 — the caller has looked
        self._free_lapsed(command)
        command.keep(SLOTS.new(counter=self.counter, slot=self.number, until=""))
        command.keep(SLOTS.drop(counter=self.counter, slot=self.number, until=""))

    def _free_lapsed(self, command: Command) -> None:
        if self.lapsed is not None:
            command.keep(SLOTS.drop(counter=self.counter, slot=self.number, until=self.lapsed))
