"""Buckets: who asks too often is told when to come again, and nobody else is."""

from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from api.limits import QUOTAS, TIGHT, WINDOW, Limits, RateLimits
from api.principal import ANONYMOUS, Kind, Principal
from tests.api.asking import serving

LAN = Principal(Kind.MERCHANT, "M-LAN")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def passed(limits: Limits, who: Principal, times: int, address: str = "a", path: str = "/") -> int:
    return sum(limits.take(who, address, path).passed for _ in range(times))


def test_every_kind_has_its_quota_and_the_anonymous_the_least() -> None:
    assert QUOTAS.keys() == set(Kind)
    assert min(QUOTAS, key=lambda each: QUOTAS[each]) is Kind.ANONYMOUS
    for kind, quota in QUOTAS.items():
        assert passed(Limits(clock=Clock()), Principal(kind, "x"), quota + 10) == quota


def test_buckets_are_a_principal_s_own_and_of_the_anonymous_an_address_s() -> None:
    limits = Limits(clock=Clock())
    full = QUOTAS[Kind.ANONYMOUS]
    assert passed(limits, ANONYMOUS, full + 1, "a") == full
    assert passed(limits, ANONYMOUS, 1, "b") == 1
    assert passed(limits, LAN, 1, "a") == 1


def test_what_is_costly_is_tight_for_the_anonymous() -> None:
    for path, quota in TIGHT.items():
        limits = Limits(clock=Clock())
        assert passed(limits, ANONYMOUS, 100, path=path) == quota
        assert passed(limits, ANONYMOUS, 100) == 100
        assert passed(limits, LAN, 100, path=path) == 100


@given(st.lists(st.floats(0, 30), min_size=1, max_size=400), st.integers(1, 40))
def test_no_window_lets_more_through_than_twice_the_quota(waits: list[float], quota: int) -> None:
    clock = Clock()
    limits = Limits(quota / QUOTAS[Kind.ANONYMOUS], clock)
    times = []
    for wait in waits:
        clock.now += wait / quota
        standing = limits.take(ANONYMOUS, "a", "/")
        assert 0 <= standing.remaining <= standing.quota
        if standing.passed:
            times.append(clock.now)
        else:
            assert standing.seconds >= 1
    for begin in times:
        assert sum(begin <= each < begin + WINDOW for each in times) <= 2 * quota + 1


def test_who_waits_as_long_as_it_was_told_passes() -> None:
    clock = Clock()
    limits = Limits(clock=clock)
    passed(limits, ANONYMOUS, QUOTAS[Kind.ANONYMOUS])
    standing = limits.take(ANONYMOUS, "a", "/")
    assert not standing.passed
    clock.now += standing.seconds
    assert limits.take(ANONYMOUS, "a", "/").passed


def test_every_answer_says_how_it_stands_and_the_last_is_429() -> None:
    app = FastAPI()

    @app.get("/x")
    def x() -> None: ...

    app.add_middleware(RateLimits, limits=Limits(3 / QUOTAS[Kind.ANONYMOUS]))
    with serving(app) as client:
        first = client.get("/x")
        assert first.headers["ratelimit-policy"] == f'"anonymous";q=3;w={WINDOW}'
        assert first.headers["ratelimit"] == '"anonymous";r=2;t=0'
        assert client.get("/nothing").headers["ratelimit"].startswith('"anonymous";r=1')
        client.get("/x")
        late = client.get("/x")
        assert (late.status, late.json["code"]) == (429, "rate_limited")
        assert 1 <= int(late.headers["retry-after"]) <= WINDOW / 3
        assert late.json["retry"] == {
            "when": "after",
            "seconds": int(late.headers["retry-after"]),
        }
        assert "r=0" in late.headers["ratelimit"]
