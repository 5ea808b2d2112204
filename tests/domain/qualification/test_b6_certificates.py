"""B6: certificates in the log, in one command with what they follow; badges made from it."""

import pytest

from domain.errors import NotFoundError
from domain.qualification.badge import open_badge
from domain.qualification.history import read_events
from domain.qualification.register import TOPICS, badge_of, status_of
from domain.qualification.status import (
    CertificateRevokedError,
    CertificateSuspendedError,
    open_status,
    verify_badge,
    verify_double,
)
from tests.domain.given import LATER, MERCHANT, NOW, identifier
from tests.domain.qualification.applying import (
    BADGE,
    GOODS,
    GOODS_BADGE,
    HOUR_LATER,
    ISSUER,
    RULE,
    YEAR_LATER,
    Applying,
)

KEYS = [ISSUER.key]


def qualified() -> Applying:
    world = Applying()
    world.admitted()
    world.granted()
    return world


def test_b6_person_and_goods_each_have_a_badge_made_from_the_log_alone() -> None:
    world = qualified()
    verify_double(world.badge(), world.badge(GOODS_BADGE), world.status(), KEYS, NOW, GOODS)
    certificate = open_badge(world.badge(), KEYS)
    assert (certificate.merchant, certificate.valid_until) == (MERCHANT, YEAR_LATER)
    assert world.badge() == world.badge()


def test_b6_a_suspended_merchant_s_badges_fail_and_come_back() -> None:
    world = qualified()
    badges = world.badge(), world.badge(GOODS_BADGE)
    topics = world.two("suspension", "suspend_qualification")
    assert topics == ["qualification.suspended", "certificate.suspended", "certificate.suspended"]
    for each in badges:
        with pytest.raises(CertificateSuspendedError):
            verify_badge(each, world.status(), KEYS, NOW)
    topics = world.two("reinstatement", "reinstate_qualification")
    assert topics == ["qualification.reinstated", *["certificate.reinstated"] * 2]
    verify_double(*badges, world.status(), KEYS, NOW)


@pytest.mark.parametrize("first", [None, "suspend"])
@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_b6_what_ends_a_qualification_revokes_its_badges(ended: str, first: str | None) -> None:
    world = qualified()
    badges = world.badge(), world.badge(GOODS_BADGE)
    if first:
        world.by(RULE, "suspend_qualification", MERCHANT, "x", NOW)
    if ended == "revoked":
        topics = world.two("revocation", "revoke_qualification")
    else:
        topics = world.by(RULE, "expire_qualification", MERCHANT, YEAR_LATER)
    assert topics == [f"qualification.{ended}", *["certificate.revoked"] * 2]
    for each in badges:
        with pytest.raises(CertificateRevokedError):
            verify_badge(each, world.status(), KEYS, NOW)


def test_b6_an_ended_scope_takes_the_goods_badge_and_leaves_the_merchant_s() -> None:
    world = qualified()
    goods = world.badge(GOODS_BADGE)
    world.by(RULE, "end_scope", MERCHANT, GOODS, "over", "2026-11-25T10:00:00Z")
    with pytest.raises(CertificateRevokedError):
        verify_badge(goods, world.status(), KEYS, NOW)
    verify_badge(world.badge(), world.status(), KEYS, NOW)


def test_b6_the_list_is_a_function_of_the_log_at_a_size() -> None:
    world = qualified()
    before = world.size()
    world.two("suspension", "suspend_qualification")
    now = open_status(world.status(), KEYS)
    assert now.suspended == tuple(sorted([BADGE, GOODS_BADGE]))
    assert now.size == world.size()
    times = NOW, HOUR_LATER
    then = status_of(read_events(world.trade, TOPICS, before), ISSUER.key.name, times, before)
    assert (then.size, then.suspended, then.revoked) == (before, (), ())
    assert world.status() == world.status(), "the same moment, the same bytes"


def test_b6_a_list_leaves_out_what_is_over_and_what_is_another_issuer_s() -> None:
    world = qualified()
    world.two("revocation", "revoke_qualification")
    goods_over = open_status(world.status("2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z"), KEYS)
    assert goods_over.revoked == (BADGE,)
    history = list(read_events(world.trade, TOPICS))
    other = status_of(history, "somebody.else/1", (NOW, LATER), 9)
    assert (other.suspended, other.revoked) == ((), ())


def test_b6_a_badge_that_was_never_issued_cannot_be_made() -> None:
    world = qualified()
    with pytest.raises(NotFoundError):
        badge_of(world.trade, identifier("cer", "nobody's"))


def test_b6_the_event_keeps_no_key_but_the_signature() -> None:
    world = qualified()
    issued = world.last("certificate.issued")
    assert len(issued["signature"]) == 92
    assert issued["issuer"] == ISSUER.key.name


def test_b6_reading_page_after_page_gives_every_event_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = qualified()
    whole = list(read_events(world.trade, TOPICS))
    for size in (1, 2, 3):
        monkeypatch.setattr("domain.qualification.history.PAGE", size)
        assert list(read_events(world.trade, TOPICS)) == whole
