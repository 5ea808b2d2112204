"""Grades with hysteresis, and the reason of a change in words (``features.md``, C2).

A grade is entered at one score and lost at a lower one. The distance is more than one
complaint can move a score, so one complaint may cost a grade and never takes it back and
forth. Proved by ``tests/domain/credit/test_c2_grade.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.credit.rules import Grade, InputName, Rules
from domain.credit.score import Input

NAMES: Final[Mapping[InputName, tuple[str, str]]] = {
    "trade_volume": ("交易量", "trade volume"),
    "complaint_rate": ("投诉率", "the complaint rate"),
    "fulfilment_speed": ("履约速度", "fulfilment speed"),
    "fault_rulings": ("判定商家有过错的裁决", "rulings that found a fault"),
    "fault_refunds": ("因过错的退款", "refunds for a fault"),
    "chargebacks": ("拒付", "chargebacks"),
}
"""Each input in Chinese and in English."""


@dataclass(frozen=True, slots=True)
class Change:
    """Why a merchant has another grade."""

    before: Grade
    after: Grade
    line: int
    """The score that had to be reached, or was lost."""
    chiefly: InputName
    """The input that moved most in that direction since the score before."""
    reason_zh: str
    reason_en: str


def grade_after(before: Grade, score: int, rules: Rules) -> Grade:
    """Return the grade of a merchant of grade *before* whose score is *score* now."""
    place = [each.grade for each in rules.bands].index(before)
    while place > 0 and score >= rules.bands[place - 1].enter:
        place -= 1
    while score < rules.bands[place].leave:
        place += 1
    return rules.bands[place].grade


def explain(
    before: Grade,
    score: int,
    rules: Rules,
    points: Mapping[InputName, int],
    inputs: tuple[Input, ...],
) -> Change | None:
    """Return the change of grade that *score* brings and its reason, None if there is none.

    Args:
        before: the grade so far.
        score: the new score.
        rules: a version of the rules.
        points: by input, what the score before was made of; empty if it is the first.
        inputs: what the new score is made of.
    """
    after = grade_after(before, score, rules)
    if after == before:
        return None
    fell = after > before  # the best grade is the first letter
    # Of several steps down the last line passed is named: it made the grade what it is.
    line = rules.bands[_place(after, rules) - 1].leave if fell else rules.band(after).enter
    moved = {each.name: each.points - points.get(each.name, 0) for each in inputs}
    chiefly = (min if fell else max)(moved, key=lambda name: moved[name])
    zh, en = NAMES[chiefly]
    how_zh = f"低于{line}分" if fell else f"达到{line}分"
    how_en = f"fell below {line}" if fell else f"reached {line}"
    return Change(
        before,
        after,
        line,
        chiefly,
        f"信用等级由{before}级变为{after}级: 信用分{score}, {how_zh}; 主要因素: {zh}。",
        f"Grade {before} to {after}: the score is {score} and {how_en}; chiefly {en}.",
    )


def _place(grade: Grade, rules: Rules) -> int:
    return [each.grade for each in rules.bands].index(grade)
