"""``xiyou reviews``: the queue of the reviewers, from the log."""

from tests.scripts.calling import call
from tests.scripts.conftest import Demo

LATE = "2027-12-31T00:00:00Z"


def test_the_merchant_that_waits_is_shown_with_its_waiting_time(demo: Demo) -> None:
    called = call("reviews", "--home", demo.home, "--at", LATE, "--json")
    assert called.code == 0, called.err
    (waiting,) = called.json["waiting"]
    assert waiting["merchant"].startswith("M-QE")
    assert waiting["needs"] == "first_reviewer"
    assert waiting["seconds"] > 0
    assert waiting["since"] < LATE
    words = call("reviews", "--home", demo.home, "--at", LATE).out
    assert waiting["merchant"] in words
    assert "needs a first reviewer" in words


def test_a_moment_that_is_none_ends_with_2(demo: Demo) -> None:
    assert call("reviews", "--home", demo.home, "--at", "yesterday").code == 2
