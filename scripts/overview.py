"""The trade on one screen: what happened in each area, counted from the log, and checked.

Every ruling is made again from the log, order and money registers are compared with it, and
the time that disputes took is set against the same cases all decided by people (F5).
``tests/scripts/test_demo.py``.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from api.bootstrap import Deployment
from chain.canonical import parse
from domain.disputes.handling import Staff, compare
from domain.disputes.replay import replay, rulings
from domain.money import Money
from domain.policies.policy import Entries
from scripts.disputes import entries_of_disputes

PAGE: Final = 2_000
MONEY: Final = ("payment.captured", "funds.released", "refund.executed")

AREAS: Final = (
    (
        "identity",
        ("identity.verified", "verified"),
        ("identity.refused", "refused"),
        ("identity.expired", "expired"),
        ("identity.revoked", "revoked"),
        ("privacy.erased", "erased"),
    ),
    (
        "qualification",
        ("qualification.approved", "approved"),
        ("qualification.rejected", "rejected"),
        ("qualification.suspended", "suspended"),
        ("qualification.reinstated", "reinstated"),
        ("qualification.revoked", "revoked"),
        ("certificate.issued", "certificates"),
    ),
    (
        "keys",
        ("key.imported", "imported"),
        ("product.import_line_rejected", "lines rejected"),
        ("key.duplicate_detected", "of them duplicates"),
        ("key.quarantined", "quarantined"),
        ("key.activated", "activated"),
        ("key.revealed", "views"),
        ("key.voided", "voided"),
    ),
    (
        "orders",
        ("order.placed", "placed"),
        ("order.paid", "paid"),
        ("order.delivered", "delivered"),
        ("order.confirmed", "confirmed"),
        ("order.refunded", "refunded"),
        ("order.closed", "closed"),
    ),
    (
        "credit",
        ("credit.recomputed", "scores"),
        ("credit.grade_changed", "grades changed"),
        ("deposit.topped_up", "deposits"),
        ("sanction.applied", "sanctions"),
        ("sanction.lifted", "lifted"),
        ("sanction.expired", "expired"),
    ),
    (
        "disputes",
        ("dispute.opened", "opened"),
        ("dispute.withdrawn", "withdrawn"),
        ("dispute.conceded", "conceded"),
        ("dispute.assigned", "to a person"),
        ("dispute.appealed", "appealed"),
        ("ruling.executed", "executed"),
    ),
)
"""By area: the events that are counted, and the word for each."""


class Rulings(NamedTuple):
    """What became of making every ruling again."""

    made: int
    by_rule: int
    same: int


def counted(ledger: Deployment) -> Counter[str]:
    """Return how many events of each type the log has."""
    with ledger.database.connection() as connection:
        rows = connection.execute("SELECT type, count(*) FROM entries GROUP BY type").fetchall()
    return Counter(dict(rows))


def lines(counts: Counter[str]) -> list[tuple[str, str]]:
    """Return each area with what happened in it."""
    return [
        (area, ", ".join(f"{counts[topic]:,} {word}" for topic, word in kinds))
        for area, *kinds in AREAS
    ]


def money_moved(ledger: Deployment) -> list[tuple[str, Money]]:
    """Return what was captured, released and paid back, in each currency."""
    sums: Counter[tuple[str, str]] = Counter()
    for _, topic, data in _events(ledger, MONEY):
        sums[topic, data["currency"]] += data["amount"]
    return [(topic, Money(amount, currency)) for (topic, currency), amount in sorted(sums.items())]


def replayed(ledger: Deployment) -> Rulings:
    """Make every ruling of the log again from its entries."""
    disputes = {stream for stream, _, _ in _events(ledger, ("ruling.issued",))}
    found = [
        replay(each, case.entries)
        for dispute in sorted(disputes)
        for case in [ledger.trade.read_case(dispute)]
        for each in rulings(case)
    ]
    by_rule = sum(each.ruling.mode == "auto" for each in found)
    return Rulings(len(found), by_rule, sum(each.is_same for each in found))


def medians(ledger: Deployment) -> tuple[int, int] | None:
    """Return the median seconds of a dispute with rules, and all by hand; None without any."""
    log = ledger.trade.recorder
    assert isinstance(log, Entries)  # noqa: S101 — the ledger's own recorder is one
    found = compare(entries_of_disputes(log, ledger.reader.size()), Staff())
    return None if found is None else (found.median_with_rules, found.median_all_manual)


def _events(
    ledger: Deployment, topics: tuple[str, ...]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give stream, type and payload of every event of *topics*."""
    start = 1
    while True:
        page = ledger.trade.recorder.select_notifications(start, PAGE, topics=topics)
        for each in page:
            body = parse(each.state)
            assert isinstance(body, dict)  # noqa: S101 — as every entry of ours
            data = body["data"]
            assert isinstance(data, dict)  # noqa: S101 — as every entry of ours
            yield str(each.originator_id), each.topic, data
        if len(page) < PAGE:
            return
        start = page[-1].id + 1
