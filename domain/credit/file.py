"""A merchant's credit file: scores, grades and ranking weights in their order.

``features.md``, C1 to C3. What stands in the file is what the log gave at the position
that each event names; `check_score` makes it again from the log. The stream is named
``credit/<merchant>``. Proved by ``tests/domain/credit/test_c1_standing.py``.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar

from chain.canonical import to_bytes
from chain.errors import VerificationError
from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.credit.grade import explain
from domain.credit.rules import NEWEST, RULES, Grade, InputName, Rules
from domain.credit.score import Input, Score, score
from domain.credit.tally import Logged
from domain.errors import ConcurrentChangeError, WrongPartyError
from domain.event import Event, event
from domain.payload import Count, Digest, MerchantId, Moment, Pattern, Units

CREDIT_TABLE: Table = {
    "credit.recomputed": {NEW: "scored", "scored": "scored"},
    "credit.grade_changed": {"scored": "scored"},
    "credit.ranking_weighted": {"scored": "scored"},
}

Day = Annotated[str, Pattern("[0-9]{4}-[0-9]{2}-[0-9]{2}")]


@event("credit.recomputed")
class CreditRecomputed(Event):
    """The merchant's score at a position of the log, and what it rests on."""

    merchant: MerchantId
    score: Count
    scale: Units
    rules: Units
    """Version of the rules."""
    log_size: Count
    """It rests on the leaf indexes below this one."""
    log_time: Moment
    since: Day
    inputs: tuple[Input, ...]
    contributing: Digest
    """SHA-256 over all contributing leaf indexes."""

    def _apply(self, file: "CreditFile") -> None:
        file.score, file.log_size, file.rules = self.score, self.log_size, self.rules
        file.points = {each.name: each.points for each in self.inputs}


@event("credit.grade_changed")
class CreditGradeChanged(Event):
    """The merchant has another grade, for a reason that both sides can read."""

    merchant: MerchantId
    before: Grade
    after: Grade
    score: Count
    line: Count
    """The score that had to be reached, or was lost."""
    chiefly: InputName
    rules: Units
    reason_zh: str
    reason_en: str

    def _apply(self, file: "CreditFile") -> None:
        file.grade = self.after


@event("credit.ranking_weighted")
class CreditRankingWeighted(Event):
    """How much the merchant's goods weigh in a ranking, in basis points."""

    merchant: MerchantId
    grade: Grade
    weight: Units
    cap: Units
    rules: Units

    def _apply(self, file: "CreditFile") -> None:
        file.weight = self.weight


class CreditFile(Aggregate):
    """What the log says of one merchant's trade."""

    TOPIC = "credit_file"
    PREFIX = "credit/"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": CREDIT_TABLE}

    __slots__ = ("grade", "log_size", "points", "rules", "score", "state", "weight")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.grade: Grade = NEWEST.start
        self.score = NEWEST.base
        self.weight = 0
        """0 until the first score."""
        self.log_size = 0
        self.rules = 0
        self.points: dict[InputName, int] = {}

    @property
    def merchant(self) -> str:
        """Whose file it is."""
        return self.id.removeprefix(self.PREFIX)

    def recompute(self, command: Command, found: Score) -> None:
        """Enter *found*, the grade that it leads to and the weight that the grade has.

        Raises:
            WrongPartyError: it is another merchant's score.
            ConcurrentChangeError: a score of this position or a later one stands here.
        """
        if found.merchant != self.merchant:
            raise WrongPartyError(f"{self.id}: {found.merchant} has a file of its own")
        if self.version and found.log_size <= self.log_size:
            raise ConcurrentChangeError(
                f"{self.id}: has a score of {self.log_size} entries; read on from there"
            )
        rules, points = RULES[found.rules], self.points
        fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
        self.happen(command, CreditRecomputed(*self.follows(command), **fields))
        self._regrade(command, rules, points, found.inputs)
        self._weigh(command, rules)

    def _regrade(
        self,
        command: Command,
        rules: Rules,
        points: Mapping[InputName, int],
        inputs: tuple[Input, ...],
    ) -> None:
        change = explain(self.grade, self.score, rules, points, inputs)
        if change is not None:
            changed = CreditGradeChanged(
                *self.follows(command),
                merchant=self.merchant,
                before=change.before,
                after=change.after,
                score=self.score,
                line=change.line,
                chiefly=change.chiefly,
                rules=rules.version,
                reason_zh=change.reason_zh,
                reason_en=change.reason_en,
            )
            self.happen(command, changed)

    def _weigh(self, command: Command, rules: Rules) -> None:
        weight = min(rules.band(self.grade).weight, rules.weight_cap)
        if weight != self.weight:
            weighted = CreditRankingWeighted(
                *self.follows(command),
                merchant=self.merchant,
                grade=self.grade,
                weight=weight,
                cap=rules.weight_cap,
                rules=rules.version,
            )
            self.happen(command, weighted)


def check_score(recorded: CreditRecomputed, events: Iterable[Logged]) -> None:
    """Check that the log gives the score that was *recorded*, byte for byte.

    Args:
        recorded: the event.
        events: of the log from its first entry, at least up to the event's position.

    Raises:
        VerificationError: another score follows, or its rules are none of ours.
    """
    rules = RULES.get(recorded.rules)
    if rules is None:
        raise VerificationError(f"rules: version {recorded.rules} was never in force")
    made = score(events, recorded.merchant, recorded.log_size, rules)
    if made.canonical() != to_bytes(recorded.data()):
        raise VerificationError(
            f"{recorded.originator_id}, version {recorded.originator_version}: the log gives"
            f" {made.score} at {recorded.log_size} entries, not {recorded.score} as recorded,"
            " or for other reasons"
        )
