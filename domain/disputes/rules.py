"""The arbitration rule table, version 1, as data, and its matcher (``features.md``, section 4).

A row has five cells, one a fact; a cell is a value, several with ``/`` between them, or
``*``. A table is checked when it is made: every one of the 108 combinations of facts must
meet exactly one row. A published version never changes; a better table gets the next
number, and old rulings keep theirs. Proved by ``tests/domain/disputes/test_f3_rules.py`` and
frozen by ``tests/golden/domain/rules-1.json``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from typing import Final, Literal, NamedTuple

from chain.canonical import to_bytes
from chain.errors import MalformedError

Activated = Literal["no", "used", "shown"]
Upstream = Literal["used", "unused", "unknown"]
MerchantFault = Literal["total", "partial", "none"]
RuledOutcome = Literal["refund", "rejected", "manual"]
KeyEffect = Literal["unchanged", "returned", "quarantined", "voided"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule table asks, and nothing else."""

    delivered: bool
    activated: Activated
    in_window: bool
    upstream: Upstream
    merchant_fault: MerchantFault


class Rule(NamedTuple):
    """One row: the cells, and what follows where all of them fit."""

    row: str
    delivered: str
    activated: str
    in_window: str
    upstream: str
    merchant_fault: str
    outcome: RuledOutcome
    key_effect: KeyEffect
    zh: str
    """The reason, in Chinese."""
    en: str
    """The reason, in English."""


class RuleTableError(ValueError):
    """A table that leaves facts without a row, or gives them two: it cannot be used."""


ACTIVATED: Final[tuple[Activated, ...]] = ("no", "used", "shown")
UPSTREAM: Final[tuple[Upstream, ...]] = ("used", "unused", "unknown")
MERCHANT_FAULT: Final[tuple[MerchantFault, ...]] = ("total", "partial", "none")
DOMAIN: Final[dict[str, tuple[str, ...]]] = {
    "delivered": ("yes", "no"),
    "activated": ACTIVATED,
    "in_window": ("yes", "no"),
    "upstream": UPSTREAM,
    "merchant_fault": MERCHANT_FAULT,
}
"""The values of each fact, in the order of the cells."""

ROWS_1: Final[tuple[Rule, ...]] = (
    Rule("R01", "no", "used/shown", "*", "*", "*", "manual", "unchanged",
         "记录显示未发货却已激活,数据异常,转人工并告警。",
         "Activated but never delivered: the record is inconsistent; manual, with an alert."),
    Rule("R02", "no", "no", "*", "used", "*", "refund", "voided",
         "尚未发货,上游显示卡密已被使用,全额退款。",
         "Not delivered and already used upstream: full refund."),
    Rule("R03", "no", "no", "*", "unused", "none", "refund", "returned",
         "尚未发货且卡密未使用,全额退款,卡密退回库存。",
         "Not delivered, key unused: full refund, key back to stock."),
    Rule("R04", "no", "no", "*", "unused", "partial/total", "refund", "quarantined",
         "尚未发货且存在商家过错,全额退款,卡密隔离待查。",
         "Not delivered, merchant at fault: full refund, key set aside."),
    Rule("R05", "no", "no", "*", "unknown", "*", "refund", "quarantined",
         "尚未发货,上游状态不明,全额退款,卡密隔离待查。",
         "Not delivered, upstream silent: full refund, key set aside."),
    Rule("R06", "yes", "no", "*", "used", "*", "refund", "voided",
         "买家未激活,上游显示卡密已被他人使用,全额退款并查泄露。",
         "Buyer never activated, yet used upstream: full refund, leak inquiry."),
    Rule("R07", "yes", "no", "yes", "unused", "none", "refund", "returned",
         "未激活且在退款时限内,全额退款,兑换码作废,卡密退回库存。",
         "Not activated, inside the window: full refund, code revoked, key to stock."),
    Rule("R08", "yes", "no", "yes", "unknown", "none", "refund", "quarantined",
         "未激活且在退款时限内,上游状态不明,全额退款,卡密隔离。",
         "Not activated, inside the window, upstream silent: full refund, key set aside."),
    Rule("R09", "yes", "no", "*", "unused/unknown", "partial/total", "refund", "quarantined",
         "未激活且存在商家过错,不论时限,全额退款,卡密隔离。",
         "Not activated, merchant at fault: full refund whatever the time, key set aside."),
    Rule("R10", "yes", "no", "no", "unused/unknown", "none", "rejected", "unchanged",
         "已超过退款时限且无商家过错,不予退款,兑换码仍可使用。",
         "Window over, no fault: no refund; the code stays usable."),
    Rule("R11", "yes", "used/shown", "*", "*", "total", "refund", "voided",
         "上游证实买家未能获得商品,全额退款,卡密作废。",
         "Upstream confirms the buyer got nothing: full refund, key voided."),
    Rule("R12", "yes", "used/shown", "*", "used", "none", "rejected", "unchanged",
         "卡密已由本订单激活并被使用,无商家过错,不予退款。",
         "Activated by this order and used, no fault: no refund."),
    Rule("R13", "yes", "used/shown", "*", "used", "partial", "manual", "unchanged",
         "已使用但商品与描述或承诺不完全相符,转人工酌定。",
         "Used, but goods or service fell short of the promise: manual."),
    Rule("R14", "yes", "used", "*", "unused", "none/partial", "refund", "voided",
         "平台已激活但上游未到账,取消兑换,全额退款,卡密作废。",
         "Activated here, never applied upstream: redemption cancelled, full refund, key voided."),
    Rule("R15", "yes", "used", "*", "unknown", "none/partial", "manual", "unchanged",
         "已激活而上游状态不明,转人工核实。",
         "Activated, upstream silent: manual."),
    Rule("R16", "yes", "shown", "yes", "unused", "none", "manual", "unchanged",
         "原始卡密已展示但未使用,须先由上游注销方可退款,转人工。",
         "Raw key shown but unused: refundable only once upstream cancels it; manual."),
    Rule("R17", "yes", "shown", "no", "unused", "none", "rejected", "unchanged",
         "原始卡密已展示且超过退款时限,无商家过错,不予退款。",
         "Raw key shown, window over, no fault: no refund."),
    Rule("R18", "yes", "shown", "*", "unused", "partial", "manual", "unchanged",
         "原始卡密已展示未使用,存在部分过错,转人工并联系上游注销。",
         "Raw key shown, unused, part fault: manual, upstream asked to cancel."),
    Rule("R19", "yes", "shown", "*", "unknown", "none/partial", "manual", "unchanged",
         "原始卡密已展示而上游状态不明,转人工核实。",
         "Raw key shown, upstream silent: manual."),
)  # fmt: skip


class RuleTable:
    """A version of the table.

    Args:
        version: from 1.
        rows: in the order in which they are published; the order decides nothing.

    Raises:
        RuleTableError: a combination of facts meets no row, or more than one.
    """

    def __init__(self, version: int, rows: tuple[Rule, ...]) -> None:
        self.version = version
        self.rows = rows
        self._found: dict[tuple[str, ...], Rule] = {}
        for cells in product(*DOMAIN.values()):
            fitting = [rule for rule in rows if _fits(rule, cells)]
            if len(fitting) != 1:
                names = ", ".join(rule.row for rule in fitting) or "no row"
                raise RuleTableError(f"{' '.join(cells)}: meets {names}, and must meet one")
            self._found[cells] = fitting[0]

    def match(self, facts: Facts) -> Rule:
        """Return the one row that *facts* meet.

        Raises:
            KeyError: a fact has a value outside `DOMAIN`.
        """
        return self._found[_cells(facts)]

    def to_bytes(self) -> bytes:
        """Return the table as canonical JSON: what is published and frozen."""
        rows = [rule._asdict() for rule in self.rows]
        return to_bytes({"rows": rows, "version": self.version})

    @property
    def digest(self) -> str:
        """SHA-256 of `to_bytes`, in hex: which table it was, beyond its number."""
        return sha256(self.to_bytes()).hexdigest()


def every_fact() -> Iterator[Facts]:
    """Give all combinations of facts, 108 of them."""
    either = (True, False)
    for cells in product(either, ACTIVATED, either, UPSTREAM, MERCHANT_FAULT):
        yield Facts(*cells)


def table_of(version: int) -> RuleTable:
    """Return a version of the table.

    Raises:
        MalformedError: this program does not know it.
    """
    table = TABLES.get(version)
    if table is None:
        raise MalformedError(f"rules: table version {version} is unknown here: upgrade")
    return table


def _fits(rule: Rule, cells: tuple[str, ...]) -> bool:
    """Say whether each cell of *rule* has the value that stands in *cells*."""
    wanted = rule[1 : 1 + len(cells)]
    return all(
        cell == "*" or value in cell.split("/") for cell, value in zip(wanted, cells, strict=True)
    )


def _cells(facts: Facts) -> tuple[str, ...]:
    spoken = {True: "yes", False: "no"}
    return (
        spoken[facts.delivered],
        facts.activated,
        spoken[facts.in_window],
        facts.upstream,
        facts.merchant_fault,
    )


CURRENT: Final = RuleTable(1, ROWS_1)
"""The version that new cases are ruled by."""
TABLES: Final[Mapping[int, RuleTable]] = {CURRENT.version: CURRENT}
