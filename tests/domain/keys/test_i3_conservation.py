"""I3: what a batch brought is available, reserved, delivered, voided, set aside or returned."""

from dataclasses import replace

from domain.aggregate import NEW
from domain.catalogue.batch import ProductImportFinished
from domain.keys.conservation import PLACES, balances
from domain.keys.key import KEY_TABLE, Key
from domain.market.marketplace import marketplace
from tests.domain.given import World, identifier


def test_i3_every_batch_of_the_market_balances() -> None:
    world = World()
    for action in marketplace(11, 150):
        action.perform(world.trade, world.sealer)
    fold = balances(world.events())
    assert fold.unbalanced() == []
    assert len(fold.batches) >= 12
    found: dict[str, int] = {}
    for batch in fold.batches.values():
        assert batch.accepted is not None
        assert batch.accepted > 0
        for place, count in batch.places.items():
            found[place] = found.get(place, 0) + count
    assert found["delivered"] > 50
    assert found["voided"] > 0
    # What the fold says of each key is what the aggregate says.
    for key, (_, state) in fold._keys.items():
        assert world.trade.load(Key, key).state == state


def test_every_state_of_a_key_has_its_place() -> None:
    states = {after for table in KEY_TABLE.values() for after in table.values()}
    states |= {before for table in KEY_TABLE.values() for before in table}
    assert states - {NEW} == set(PLACES)


def test_i3_a_key_too_few_or_a_line_unaccounted_for_is_found() -> None:
    world = World()
    world.stocked(["AAAA", "", "BBBB"])
    events = world.events()
    assert balances(events).unbalanced() == []
    without = [each for each in events if each.originator_id != identifier("key", "line 1")]
    assert [each.batch for each in balances(without).unbalanced()] == [identifier("bat")]
    forged = [
        replace(each, rejected=0) if isinstance(each, ProductImportFinished) else each
        for each in events
    ]
    assert len(balances(forged).unbalanced()) == 1
    unrejected = [each for each in events if each.TOPIC != "product.import_line_rejected"]
    assert len(balances(unrejected).unbalanced()) == 1


def test_i3_a_transition_that_no_table_knows_is_found() -> None:
    world = World()
    world.stocked(["AAAA"])
    events = world.events()
    sold = [each for each in events if each.TOPIC == "key.listed"]
    twice = [*events, *sold]
    assert len(balances(twice).unbalanced()) == 1
