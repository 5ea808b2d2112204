"""Which streams belong to a matter, and what the reader is told of its hidden values."""

from collections.abc import Callable

import pytest

from chain.errors import MalformedError
from chain.evidence.writing import Hidden
from domain.disputes.case import Histories
from domain.errors import NotFoundError, RestrictedError
from domain.evidence.composing import parties_of, rules_of, subject_of
from domain.evidence.hiding import Disclosure, Place, disclose, read_place
from domain.evidence.selection import (
    Selection,
    select_dispute,
    select_order,
    select_stream,
)
from tests.domain.given import MERCHANT, World, identifier


def log_of(world: World) -> Histories:
    recorder = world.trade.recorder
    assert isinstance(recorder, Histories)
    return recorder


def streams(selection: Selection) -> set[str]:
    return {entry.stream for _, entry in selection.parsed()}


def test_an_order_comes_with_its_key_and_nobody_elses_streams() -> None:
    world = World()
    first, second = world.stocked(["AAAA-BBBB", "CCCC-DDDD"])
    order = world.delivered(first)
    world.delivered(second, "b")
    found = select_order(log_of(world), order, world.size())
    assert streams(found) == {order, first}
    assert found.order == order


def test_a_stream_is_whole_up_to_the_size() -> None:
    world = World()
    order = world.delivered()
    log = log_of(world)
    whole = select_stream(log, order, world.size())
    indexes = [index for index, _ in log.select_history(order)]
    assert sorted(whole.entries) == indexes
    assert sorted(select_stream(log, order, indexes[-1]).entries) == indexes[:-1]


@pytest.mark.parametrize("select", [select_stream, select_order, select_dispute])
def test_what_the_log_does_not_know_is_not_found(
    select: Callable[[Histories, str, int], Selection],
) -> None:
    with pytest.raises(NotFoundError):
        select(log_of(World()), identifier("dsp"), 10)


def hidden(world: World, selection: Selection, asked: list[str], gone: set[str]) -> Disclosure:
    places = [read_place(each) for each in asked]
    return disclose(
        log_of(world), selection, places, lambda digest: digest not in gone, "court order 1"
    )


def test_every_hidden_value_is_withheld_unless_its_place_is_asked_for() -> None:
    world = World()
    order = world.delivered()
    selection = select_order(log_of(world), order, world.size())
    told = hidden(world, selection, [], set())
    assert told.hidden
    assert {each.state for each in told.hidden} == {"withheld"}
    assert told.opened == frozenset()
    first = told.hidden[0]
    opened = hidden(world, selection, [f"{first.index}{first.pointer}"], set())
    assert [each for each in opened.hidden if each.state == "opened"] == [
        Hidden(first.digest, first.index, first.pointer, "opened", "disclosed", "court order 1")
    ]
    assert opened.opened == frozenset({first.digest})


def test_a_place_without_a_hidden_value_is_not_found() -> None:
    world = World()
    selection = select_order(log_of(world), world.delivered(), world.size())
    with pytest.raises(NotFoundError, match="/data/nothing"):
        hidden(world, selection, ["/data/nothing"], set())


def test_a_value_that_is_gone_without_a_record_is_not_called_withheld() -> None:
    world = World()
    selection = select_order(log_of(world), world.delivered(), world.size())
    gone = {hidden(world, selection, [], set()).hidden[0].digest}
    with pytest.raises(NotFoundError, match="run xiyou erase"):
        hidden(world, selection, [], gone)


def test_a_value_that_is_gone_is_erased_by_the_entry_that_lists_it() -> None:
    """Of a day's stream all that lies between the entries that are needed: no gap."""
    world = World()
    selection = select_order(log_of(world), world.delivered(), world.size())
    first, second = (each.digest for each in hidden(world, selection, [], set()).hidden[:2])
    for listed in ([first], ["ab" * 32], [second], ["cd" * 32]):
        world.do("list_erasures", "2026-11-23", listed)
    by = [index for index, _ in log_of(world).select_history("erasure/2026-11-23")]
    now = Selection(selection.entries, world.size(), selection.order)
    told = hidden(world, now, [], {first, second})
    state = {each.digest: (each.state, each.reason, each.erased_by) for each in told.hidden}
    assert state[first] == ("erased", "erased", by[0])
    assert state[second] == ("erased", "erased", by[2])
    assert told.opened.isdisjoint({first, second})
    assert told.selection.supporting == {"erasure/2026-11-23"}
    assert told.selection.entries.keys() - selection.entries.keys() == set(by[:3])
    # At a size at which nothing was on record yet, it was not erased but gone.
    with pytest.raises(NotFoundError, match="run xiyou erase"):
        hidden(world, selection, [], {first})


def test_a_value_named_by_two_events_is_erased_in_both_by_one_entry() -> None:
    world = World()
    order = world.delivered()
    selection = select_order(log_of(world), order, world.size())
    one = hidden(world, selection, [], set()).hidden[0]
    again = dict(selection.entries)
    last = max(again)
    again[last + 1] = again[one.index]
    world.do("list_erasures", "2026-11-23", [one.digest])
    doubled = Selection(again, world.size() + 1, order)
    told = hidden(world, doubled, [], {one.digest})
    found = [each for each in told.hidden if each.digest == one.digest]
    assert [each.index for each in found] == [one.index, last + 1]
    assert len({(each.state, each.erased_by) for each in found}) == 1


def test_a_value_kept_for_a_duty_alone_is_restricted_and_not_opened() -> None:
    world = World()
    selection = select_order(log_of(world), world.delivered(), world.size())
    one = hidden(world, selection, [], set()).hidden[0]

    def duty(digest: str) -> str | None:
        return "a duty" if digest == one.digest else None

    def told(*asked: str) -> Disclosure:
        places = [read_place(each) for each in asked]
        return disclose(log_of(world), selection, places, lambda _: True, "order 1", duty)

    first, *others = told().hidden
    assert first == Hidden(
        one.digest, one.index, one.pointer, "restricted", "retention_duty", "a duty"
    )
    assert {each.state for each in others} == {"withheld"}
    with pytest.raises(RestrictedError, match="a duty"):
        told(f"{one.index}{one.pointer}")


def test_a_value_on_record_as_erased_and_not_destroyed_yet_is_restricted() -> None:
    """Dead between the list and the destruction: neither used nor called erased."""
    world = World()
    selection = select_order(log_of(world), world.delivered(), world.size())
    one = hidden(world, selection, [], set()).hidden[0]
    world.do("list_erasures", "2026-11-23", [one.digest])
    now = Selection(selection.entries, world.size(), selection.order)
    found = hidden(world, now, [], set()).hidden[0]
    assert (found.state, found.reason) == ("restricted", "retention_duty")
    assert f"by entry {world.size() - 1}; to be destroyed" in str(found.basis)
    with pytest.raises(RestrictedError):
        hidden(world, now, [f"{one.index}{one.pointer}"], set())


@pytest.mark.parametrize("text", ["data", "", "/", "/Data", "x/data", "/data/../x", "/a" * 40])
def test_a_place_has_one_form(text: str) -> None:
    with pytest.raises(MalformedError):
        read_place(text)


def test_a_place_is_in_one_entry_or_in_all() -> None:
    assert read_place("/data/text") == Place(None, "/data/text")
    assert read_place("12/data/a/0") == Place(12, "/data/a/0")


def test_parties_are_masked_pseudonyms() -> None:
    world = World()
    selection = select_order(log_of(world), world.delivered(), world.size())
    parties = parties_of(selection)
    assert [each["role"] for each in parties] == ["buyer", "seller"]
    assert all(each["name_masked"].startswith("***") for each in parties)
    assert MERCHANT not in [each["name_masked"] for each in parties]
    assert selection.order is not None
    assert selection.order in subject_of(selection, None)
    assert rules_of(selection) == []
