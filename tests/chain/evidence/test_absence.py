"""What is absent from a whole history, as the report of three verifiers says it."""

from chain.evidence.absence import absences, types_absent
from chain.evidence.claims import ABSENCES
from chain.evidence.words import words_of
from domain.topics import EVENTS
from tests.chain.evidence import standalone
from tests.chain.evidence.indexing import Indexing, busy, whole
from tests.chain.evidence.making import ORDER, TRUST, Maker, report, zipped


def test_what_does_not_occur_in_a_whole_history_is_absent() -> None:
    assert types_absent({"order.placed"}, ["order.placed", "order.paid"]) == ["order.paid"]
    entries = [{"stream": "ord_1", "type": "order.paid"}, {"stream": "other", "type": "x.y"}]
    (found,) = absences(entries, ["ord_1", "other"])
    assert found["stream"] == "ord_1"
    assert "order.paid" not in found["types"]
    assert "order.waiver_confirmed" in found["types"]


def test_a_history_with_all_of_them_is_left_out() -> None:
    entries = [{"stream": "key_1", "type": each} for each in ABSENCES["key_"]]
    assert absences(entries, ["key_1"]) == []


def test_every_type_whose_absence_is_told_can_happen() -> None:
    """The waiver's own event is of an area to come."""
    told = {each for types in ABSENCES.values() for each in types}
    assert told - {"order.waiver_confirmed"} <= EVENTS.keys()


def test_the_report_says_up_to_where_and_what_is_absent() -> None:
    package = zipped(whole().members())
    found = report(package)
    assert found["complete"] == {
        "absent": [{"stream": ORDER, "types": ABSENCES["ord_"][1:]}],
        "at": "2026-11-22T10:00:08.000000Z",
        "index": 8,
        "size": 8,
    }
    assert "P7" in found["proves"]
    assert "N3" not in found["does_not_prove"]
    words = words_of(found)
    assert words == standalone.module().words(found)
    assert "order.waiver_confirmed" in words
    assert "up to log size: 8" in words


def test_nothing_is_absent_where_the_chain_is_broken_or_no_key_vouches() -> None:
    left_out = whole((0, 3, 4))
    left_out.hidden = left_out.hidden[:1]

    def covering(bundle: dict[str, object]) -> None:
        streams = bundle["streams"]
        assert isinstance(streams, list)
        for each in streams:
            if each["stream"] == ORDER:
                each |= {"first": 1, "last": 3}

    left_out.edit = covering
    broken = report(zipped(left_out.members()))
    unsigned = report(zipped(whole().members()), type(TRUST)())
    for found in (broken, unsigned):
        assert "complete" not in found
        assert "N3" in found["does_not_prove"]


def test_an_old_commitment_says_how_old_it_is() -> None:
    """What came after N is not claimed, and the reader sees N."""
    log = busy()
    index = Indexing(log, size=4).commit()
    log.add(ORDER, "order.waiver_confirmed", {})
    found = report(zipped(Maker(log=log, heads=index.heads((0, 2, 3, 4))).members()))
    assert found["colour"] == "green"
    assert (found["complete"]["size"], found["checkpoint"]["size"]) == (4, 10)
    assert "order.waiver_confirmed" in found["complete"]["absent"][0]["types"]


def test_without_a_head_index_a_package_is_as_yellow_as_ever() -> None:
    found = report(zipped(Maker().members()))
    assert (found["colour"], found.get("complete")) == ("yellow", None)
