"""One story's teller: its clock, its dice, and the numbering of its commands.

``tests/domain/market/test_marketplace.py``.
"""

from domain.errors import Refusal
from domain.event import Role
from domain.market.action import Action, moment
from domain.market.dice import Dice

MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Teller:
    """Makes the actions of one story, each a little later than the one before.

    Args:
        seed: the market's.
        name: the story's, part of its command ids.
        at: Unix seconds at which it begins.
    """

    def __init__(self, seed: int, name: str, at: int) -> None:
        self.dice = Dice(seed, name)
        self.at = at
        self._seed = seed
        self._name = f"mk{seed}/{name}"
        self._count = 0

    def wait(self, low: int, high: int) -> None:
        """Let between *low* and *high* seconds pass."""
        self.at += self.dice.between(low, high)

    def until(self, seconds: int) -> str:
        """Return the moment that is *seconds* away."""
        return moment(self.at + seconds)

    def new(self, prefix: str) -> str:
        """Return a new identifier."""
        return self.dice.identifier(prefix, self.at)

    def act(
        self,
        who: tuple[str, Role, str],
        use_case: str,
        *refused: type[Refusal],
        **arguments: object,
    ) -> Action:
        """Return the next action: *who* (actor, role, channel) does *use_case*."""
        self._count += 1
        actor, role, channel = who
        return Action(
            use_case=use_case,
            arguments=arguments,
            at=self.at,
            actor=actor,
            role=role,
            channel=channel,
            command_id=f"{self._name}/{self._count}",
            correlation_id=self._name,
            seed=self._seed,
            refused=refused,
        )
