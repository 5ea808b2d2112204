"""The circuit: open after so many failures, one trial a rest, closed by one success."""

from domain.outside.circuit import Circuit


def opened() -> Circuit:
    circuit = Circuit(failures=3, rest=10)
    for _ in range(3):
        assert circuit.allows(0)
        circuit.failed(0)
    return circuit


def test_fewer_failures_than_the_limit_leave_it_closed() -> None:
    circuit = Circuit(failures=3, rest=10)
    circuit.failed(0)
    circuit.failed(0)
    assert circuit.allows(0)


def test_a_success_between_failures_starts_the_count_anew() -> None:
    circuit = Circuit(failures=2, rest=10)
    for _ in range(5):
        circuit.failed(0)
        circuit.succeeded()
    assert circuit.allows(0)


def test_an_open_circuit_lets_nothing_through_until_its_rest_is_over() -> None:
    circuit = opened()
    assert not circuit.allows(0)
    assert not circuit.allows(9.9)


def test_after_the_rest_one_trial_goes_through_and_no_second() -> None:
    circuit = opened()
    assert circuit.allows(10)
    assert not circuit.allows(10)


def test_a_trial_that_fails_opens_it_anew() -> None:
    circuit = opened()
    assert circuit.allows(10)
    circuit.failed(11)
    assert not circuit.allows(20.9)
    assert circuit.allows(21)


def test_a_trial_that_succeeds_closes_it() -> None:
    circuit = opened()
    assert circuit.allows(10)
    circuit.succeeded()
    assert all(circuit.allows(10) for _ in range(5))


def test_a_trial_that_never_reports_back_does_not_close_the_door_for_ever() -> None:
    circuit = opened()
    assert circuit.allows(10)
    assert circuit.allows(20)
