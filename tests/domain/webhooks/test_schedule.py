"""The schedule of retries is the one that the design states."""

from datetime import timedelta

from domain.webhooks.schedule import ATTEMPTS, is_gone, is_taken, wait_after


def test_ten_attempts_over_more_than_three_days() -> None:
    waits = [wait_after(attempts) for attempts in range(ATTEMPTS)]
    hours = [2, 5, 10, 14, 20, 24]
    assert waits == [
        *(timedelta(0), timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
        *(timedelta(hours=each) for each in hours),
    ]
    assert wait_after(ATTEMPTS) is None
    assert sum((each or timedelta(0) for each in waits), timedelta(0)) > timedelta(days=3)


def test_only_2xx_is_taken_and_only_410_is_gone() -> None:
    statuses = [None, *range(100, 600)]
    assert [each for each in statuses if is_taken(each)] == list(range(200, 300))
    assert [each for each in statuses if is_gone(each)] == [410]
