"""The rules by themselves: honest logs pass them, and every end is that of a table."""

from collections import Counter
from collections.abc import Iterable

import pytest

from chain.entry import Entry
from chain.rules import BrokenRuleError
from domain.event import Event
from domain.market.marketplace import marketplace
from domain.retail.importing import RetailImport
from domain.retail.rows import read_rows
from domain.topics import AGGREGATES
from domain.witnessing.endings import can_end, first_states, following, is_over, prefix_of
from domain.witnessing.invariants import NEVER_BELOW_ZERO, Invariants
from tests.domain.given import SECRET, World, identifier
from tests.domain.retail.shop import shop

AT = "2026-11-22T10:00:00.000000Z"


class Remembered:
    """A memory that is a dictionary."""

    def __init__(self) -> None:
        self.facts: dict[tuple[str, str], str] = {}

    def get(self, kind: str, name: str) -> str | None:
        return self.facts.get((kind, name))

    def put(self, kind: str, name: str, value: str | None) -> None:
        self.facts.pop((kind, name), None)
        if value is not None:
            self.facts[kind, name] = value


def judge(events: Iterable[Event]) -> Remembered:
    memory = Remembered()
    rules = Invariants(memory)
    for index, each in enumerate(events):
        version = each.originator_version
        entry = Entry(AT, None, version, each.originator_id, each.TOPIC, each.body())
        rules.take(index, entry)
    return memory


@pytest.mark.parametrize("seed", [5, 11])
def test_an_honest_market_breaks_no_rule(seed: int) -> None:
    world = World()
    for action in marketplace(seed, 60):
        action.perform(world.trade, world.sealer)
    memory = judge(world.events())
    kinds = Counter(kind for kind, _ in memory.facts)
    assert {"state", "fingerprint", "paid", "used", "refunded"} <= kinds.keys()
    left = {name.partition(":")[0] for kind, name in memory.facts if kind == "account"}
    assert left <= NEVER_BELOW_ZERO


def test_an_honest_import_breaks_no_rule() -> None:
    world = World()
    RetailImport(world.trade.submit, world.sealer, SECRET).run(read_rows(shop()))
    judge(world.events())


def take(kind: str, data: bytes, stream: str = "ledger/main-2026-11-22") -> None:
    body = b'{"data":%b,"meta":{}}' % data
    Invariants(Remembered()).take(7, Entry(AT, None, 1, stream, kind, body))


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b'{"currency":"CNY","lines":[]}', "money_made"),
        (b'{"currency":"CNY"}', "money_made"),
        (b'{"currency":"CNY","lines":[{"account":"a","amount":"1"}]}', "money_made"),
        (b'{"currency":"CNY","lines":[{"amount":0}]}', "money_made"),
        (b'{"lines":[{"account":"a","amount":0}]}', "malformed"),
        (b"7", "malformed"),
    ],
)
def test_what_a_posting_must_have_is_asked_for(data: bytes, rule: str) -> None:
    with pytest.raises(BrokenRuleError) as raised:
        take("ledger.posted", data)
    assert (raised.value.rule, raised.value.index) == (rule, 7)


def test_types_and_streams_of_a_later_program_are_passed_over() -> None:
    take("order.beamed", b"{}", identifier("ord"))
    take("ledger.beamed", b"{}", "beam/1")


ENDS = {
    "acc": {"erased"},
    "bat": {"finished"},
    "cer": {"revoked"},
    "dsp": {"executed", "withdrawn"},
    "evidence/": {"exported"},
    "fdr": {"read"},
    "idv": {"expired", "refused", "revoked"},
    "key": {"voided"},
    "opn": {"shown"},
    "ord": {"blocked", "closed_completed", "closed_unpaid", "refunded"},
    "qualification/": {"revoked"},
    "rfd": {"declined"},
    "stamp/": {"anchored"},
    "use": {"read"},
    "whk": {"gone"},
}
"""``features.md``, 3.1 to 3.5, and what ends besides: the first machine's final states."""


def test_the_ends_are_those_of_the_state_machines() -> None:
    assert {prefix for prefix in AGGREGATES if can_end(prefix)} == ENDS.keys()
    for prefix, ends in ENDS.items():
        assert {states[0] for states in reached(prefix) if is_over(prefix, states)} == ends


def reached(prefix: str) -> set[tuple[str, ...]]:
    """Return every combination of states that the tables lead to."""
    machines = AGGREGATES[prefix].MACHINES.values()
    kinds = {kind for machine in machines for kind in machine}
    found, ahead = set(), [first_states(prefix)]
    while ahead:
        states = ahead.pop()
        found.add(states)
        for kind in kinds:
            pairs = zip(machines, states, strict=True)
            if all(kind not in machine or state in machine[kind] for machine, state in pairs):
                after = following(prefix, states, kind)
                if after not in found:
                    ahead.append(after)
    return found


def test_a_stream_is_known_by_its_prefix() -> None:
    assert prefix_of(identifier("ord")) == "ord"
    assert prefix_of("evidence/EV-20261124-000001") == "evidence/"
    assert prefix_of("index") == "index"
    assert prefix_of("nobody") is None
