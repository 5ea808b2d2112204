"""F3: the rule table is exhaustive, frozen, and what the standard publishes."""

import json
from collections import Counter
from dataclasses import asdict
from itertools import product
from pathlib import Path

import pytest

from chain.errors import MalformedError
from domain.disputes.rules import (
    CURRENT,
    DOMAIN,
    ROWS_1,
    TABLES,
    Facts,
    Rule,
    RuleTable,
    RuleTableError,
    every_fact,
    table_of,
)
from tests.golden.domain.generate_rules import file_of, spelt

ROOT = Path(__file__).resolve().parents[3]
FEATURES = ROOT.parent / "shared/design/features.md"
PUBLISHED = "bbdc9596932e14cfa3f913d43613f0e8244cf6e35045e369070c1ede04c5ecc5"


def fits(rule: Rule, facts: Facts) -> bool:
    """Say whether *rule* fits, by a reading of the cells that is the test's own."""
    texts = [str(each) for each in asdict(facts).values()]
    spoken = {"True": "yes", "False": "no"}
    return all(
        spoken.get(text, text) in cell.split("/") or cell == "*"
        for text, cell in zip(texts, rule[1:6], strict=True)
    )


def test_f3_every_one_of_the_108_combinations_meets_exactly_one_row() -> None:
    combinations = list(every_fact())
    assert len(set(combinations)) == len(combinations) == 108
    for facts in combinations:
        fitting = [rule for rule in ROWS_1 if fits(rule, facts)]
        assert [CURRENT.match(facts)] == fitting


def test_f3_every_row_is_met_by_some_facts() -> None:
    met = Counter(CURRENT.match(facts).row for facts in every_fact())
    assert sorted(met) == [f"R{number:02}" for number in range(1, 20)]
    assert sum(met.values()) == 108


def test_f3_version_1_is_frozen_with_its_digest() -> None:
    assert file_of(1).read_text() == spelt(table_of(1))
    assert json.loads(file_of(1).read_text())["digest"] == PUBLISHED == table_of(1).digest


@pytest.mark.skipif(not FEATURES.exists(), reason="shared/design/features.md is not here")
def test_f3_version_1_is_the_published_one_word_for_word() -> None:
    lines = FEATURES.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith(("| R0", "| R1"))]
    published = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]
    assert published == [tuple(rule) for rule in ROWS_1]


def test_f3_an_unknown_version_is_named() -> None:
    with pytest.raises(MalformedError, match="version 99"):
        table_of(99)
    assert set(TABLES) == {1}


def test_f3_a_shown_key_is_never_refunded_by_rule_unless_it_gave_no_value() -> None:
    for facts in every_fact():
        rule = CURRENT.match(facts)
        if facts.activated == "shown" and rule.outcome == "refund":
            assert (facts.merchant_fault, rule.key_effect) == ("total", "voided")


def test_f3_a_used_key_never_goes_back_to_stock() -> None:
    for facts in every_fact():
        if facts.activated != "no" or facts.upstream == "used":
            assert CURRENT.match(facts).key_effect != "returned"


def test_f3_only_a_refund_moves_the_key() -> None:
    for rule in ROWS_1:
        assert (rule.key_effect == "unchanged") == (rule.outcome != "refund")


@pytest.mark.parametrize("row", [rule.row for rule in ROWS_1])
def test_f3_a_table_without_a_row_is_refused(row: str) -> None:
    with pytest.raises(RuleTableError, match="no row"):
        RuleTable(1, tuple(rule for rule in ROWS_1 if rule.row != row))


@pytest.mark.parametrize("row", [rule.row for rule in ROWS_1])
def test_f3_a_row_twice_is_refused(row: str) -> None:
    again = next(rule for rule in ROWS_1 if rule.row == row)
    with pytest.raises(RuleTableError, match=f"{row}, R20"):
        RuleTable(1, (*ROWS_1, again._replace(row="R20")))


def mutants() -> list[tuple[Rule, str, str]]:
    """Return every change of one cell of one row to another single value or to anything."""
    found = []
    for rule, (fact, values) in product(ROWS_1, DOMAIN.items()):
        cell = getattr(rule, fact)
        met = set(values if cell == "*" else cell.split("/"))
        found += [(rule, fact, other) for other in (*values, "*") if _meets(other, values) != met]
    return found


def _meets(cell: str, values: tuple[str, ...]) -> set[str]:
    return set(values) if cell == "*" else {cell}


def test_f3_every_mutated_cell_is_caught() -> None:
    changes = mutants()
    assert len(changes) > 150
    for rule, fact, cell in changes:
        mutated = Rule(**{**rule._asdict(), fact: cell})
        rows = tuple(mutated if each is rule else each for each in ROWS_1)
        with pytest.raises(RuleTableError):
            RuleTable(1, rows)


@pytest.mark.parametrize("member", ["outcome", "key_effect", "zh", "en", "row"])
def test_f3_every_mutated_consequence_changes_the_digest(member: str) -> None:
    for rule in ROWS_1:
        mutated = Rule(**{**rule._asdict(), member: "otherwise"})
        rows = tuple(mutated if each is rule else each for each in ROWS_1)
        assert RuleTable(1, rows).digest != PUBLISHED
