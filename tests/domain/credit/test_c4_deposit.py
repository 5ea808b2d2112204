"""C4: what a grade demands of a deposit, and that no move makes or loses money."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.credit.deposit import Deposit
from domain.credit.rules import PARTS, RULES, Grade
from domain.errors import AmountMismatchError, DepositTooSmallError, IllegalTransitionError, Refusal
from domain.money import Money
from tests.domain.given import MERCHANT, command_of, identifier, recorded

RULES_1 = RULES[1]
BASE = Money(1_000_000, "CNY")
ORDER, DISPUTE, SANCTION = identifier("ord"), identifier("dsp"), identifier("snc")


def cny(amount: int) -> Money:
    """Return fen."""
    return Money(amount, "CNY")


def demanded(grade: Grade = "C", paid: int = 0) -> Deposit:
    """Return a deposit that was demanded, and *paid* of it."""
    deposit = Deposit(f"deposit/{MERCHANT}")
    deposit.demand(command_of(), BASE, grade, RULES_1)
    if paid:
        deposit.top_up(command_of(), cny(paid), "t-0")
    return deposit


@pytest.mark.parametrize(
    ("grade", "required"), [("A", 250_000), ("B", 500_000), ("C", 1_000_000), ("D", 2_000_000)]
)
def test_c4_a_better_grade_pays_less(grade: Grade, required: int) -> None:
    deposit = demanded(grade)
    assert (deposit.required, deposit.shortfall) == (required, required)


def test_c4_a_share_is_rounded_up_in_favour_of_the_buyers() -> None:
    deposit = Deposit(f"deposit/{MERCHANT}")
    deposit.demand(command_of(), cny(3), "A", RULES_1)
    assert deposit.required == 1


def test_c4_a_lower_grade_demands_a_top_up_and_a_better_one_frees_money() -> None:
    deposit = demanded("B", 500_000)
    assert deposit.shortfall == 0
    deposit.demand(command_of(), BASE, "C", RULES_1)
    assert deposit.shortfall == 500_000
    deposit.top_up(command_of(), cny(500_000), "t-1")
    assert deposit.shortfall == 0
    deposit.demand(command_of(), BASE, "A", RULES_1)
    assert deposit.excess == 750_000


def test_c4_the_same_demand_again_records_nothing() -> None:
    deposit, command = demanded("C"), command_of()
    deposit.demand(command, BASE, "C", RULES_1)
    assert recorded(command) == []


def test_c4_a_payment_counts_once() -> None:
    deposit, command = demanded(paid=100), command_of()
    with pytest.raises(IllegalTransitionError, match="t-0"):
        deposit.top_up(command, cny(100), "t-0")
    assert (deposit.balance, recorded(command)) == (100, [])


@pytest.mark.parametrize("amount", [cny(0), cny(-1), Money(5, "EUR")])
def test_c4_nothing_and_other_currencies_are_no_payment(amount: Money) -> None:
    with pytest.raises(AmountMismatchError):
        demanded().top_up(command_of(), amount, "t-1")


def test_c4_a_demand_stays_in_its_currency() -> None:
    with pytest.raises(AmountMismatchError):
        demanded().demand(command_of(), Money(5, "EUR"), "C", RULES_1)


def test_c4_what_nobody_demanded_cannot_be_paid() -> None:
    with pytest.raises(IllegalTransitionError):
        Deposit(f"deposit/{MERCHANT}").top_up(command_of(), cny(5), "t-1")


def test_c4_no_more_goes_back_than_is_not_demanded() -> None:
    deposit = demanded("C", 1_000_100)
    with pytest.raises(DepositTooSmallError, match=r"1\.00 CNY are not demanded"):
        deposit.give_back(command_of(), cny(101), "t-1")
    deposit.give_back(command_of(), cny(100), "t-1")
    assert deposit.balance == deposit.required


def test_c4_a_recall_takes_what_there_is_once_a_dispute() -> None:
    deposit = demanded(paid=300)
    assert deposit.draw(command_of(), cny(500), ORDER, DISPUTE) == cny(300)
    assert deposit.shortfall == deposit.required
    with pytest.raises(IllegalTransitionError, match="already"):
        deposit.draw(command_of(), cny(1), ORDER, DISPUTE)
    with pytest.raises(DepositTooSmallError):
        deposit.draw(command_of(), cny(1), ORDER, identifier("dsp", "b"))


def test_c4_a_sanction_takes_its_share_once() -> None:
    deposit = demanded(paid=301)
    assert deposit.forfeit(command_of(), 5_000, SANCTION) == cny(150)
    with pytest.raises(IllegalTransitionError, match=SANCTION):
        deposit.forfeit(command_of(), 5_000, SANCTION)
    with pytest.raises(DepositTooSmallError):
        demanded().forfeit(command_of(), PARTS, SANCTION)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(("demand", "top_up", "give_back", "draw", "forfeit")),
        st.integers(-5, 2_500_000),
        st.sampled_from(("A", "B", "C", "D")),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(MOVES)
def test_c4_whatever_is_tried_the_balance_is_what_came_less_what_went(
    moves: list[tuple[str, int, Grade]],
) -> None:
    deposit, came, went = demanded(), 0, 0
    for number, (move, amount, grade) in enumerate(moves):
        command, name = command_of(), f"t-{number}"
        try:
            if move == "demand":
                deposit.demand(command, BASE, grade, RULES_1)
            elif move == "top_up":
                deposit.top_up(command, cny(amount), name)
            elif move == "give_back":
                deposit.give_back(command, cny(amount), name)
            elif move == "draw":
                deposit.draw(command, cny(amount), ORDER, identifier("dsp", name))
            else:
                deposit.forfeit(command, min(abs(amount), PARTS), identifier("snc", name))
        except Refusal:
            assert recorded(command) == []
        for event in command.events:
            moved = event.data()["amount"]
            came += moved if event.TOPIC == "deposit.topped_up" else 0
            out = ("deposit.returned", "deposit.drawn", "deposit.forfeited")
            went += moved if event.TOPIC in out else 0
        assert deposit.balance == came - went >= 0
        assert deposit.shortfall == 0 or deposit.excess == 0
