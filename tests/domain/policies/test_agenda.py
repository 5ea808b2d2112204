"""The agenda: earliest first, cleared and set anew, and never more memory than it needs."""

from hypothesis import given
from hypothesis import strategies as st

from domain.disputes.case import Recorded
from domain.orders.events import OrderDelivered
from domain.policies.agenda import Agenda, timed
from domain.policies.periods import later
from tests.domain.given import NOW, identifier, meta_of

MOMENTS = [later(NOW, minutes=number) for number in range(6)]


def cause(index: int) -> Recorded:
    return Recorded(index, OrderDelivered(identifier("ord"), 1, meta_of("c")), NOW)


def put(agenda: Agenda, name: str, subject: str, at: str, index: int) -> None:
    agenda.set(
        name, subject, at, cause(index), timed(name, cause(index), "nothing", subject=subject)
    )


def all_due(agenda: Agenda, now: str) -> list[tuple[str, object, int]]:
    found = []
    while (call := agenda.first(now)) is not None:
        assert agenda.first(now) == call
        agenda.drop()
        found.append((call.policy, call.arguments["subject"], call.cause))
    return found


def test_the_earliest_comes_first_and_of_equals_the_older_cause() -> None:
    agenda = Agenda()
    put(agenda, "b", "x", MOMENTS[2], 1)
    put(agenda, "a", "y", MOMENTS[1], 9)
    put(agenda, "a", "z", MOMENTS[1], 3)
    assert agenda.next_at == MOMENTS[1]
    assert all_due(agenda, MOMENTS[0]) == []
    assert all_due(agenda, MOMENTS[2]) == [("a", "z", 3), ("a", "y", 9), ("b", "x", 1)]
    assert len(agenda) == 0
    assert agenda.next_at is None


def test_one_that_is_told_the_time_is_told_when_it_is_done() -> None:
    agenda = Agenda()
    make = timed("a", cause(1), "nothing", told=True)
    agenda.set("a", "x", MOMENTS[0], cause(1), make)
    call = agenda.first(MOMENTS[3])
    assert call is not None
    assert call.arguments == {"now": MOMENTS[3]}


STEP = st.tuples(
    st.sampled_from(["set", "clear", "due"]),
    st.sampled_from("ab"),
    st.sampled_from("xyz"),
    st.integers(0, 5),
)


@given(st.lists(STEP, max_size=60))
def test_it_does_what_a_plain_dictionary_does(steps: list[tuple[str, str, str, int]]) -> None:
    agenda = Agenda()
    plain: dict[tuple[str, str], tuple[str, int]] = {}
    for index, (what, name, subject, minute) in enumerate(steps):
        now = MOMENTS[minute]
        if what == "set":
            put(agenda, name, subject, now, index)
            plain[name, subject] = now, index
        elif what == "clear":
            agenda.clear(subject, name)
            plain.pop((name, subject), None)
        else:
            due = sorted((at, cause, key) for key, (at, cause) in plain.items() if at <= now)
            assert all_due(agenda, now) == [(*key, cause) for _, cause, key in due]
            for _, _, key in due:
                del plain[key]
        assert len(agenda) == len(plain)


def test_deadlines_set_again_and_again_do_not_fill_the_memory() -> None:
    agenda = Agenda()
    for index in range(20_000):
        put(agenda, "a", "x", MOMENTS[index % 6], index)
    assert len(agenda) == 1
    assert len(agenda._heap) < 2_000
