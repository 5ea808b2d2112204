"""What follows by itself of a merchant's standing: suspension, and the ends of its times."""

from typing import TYPE_CHECKING

from domain.policies.follower import Follower
from domain.policies.rulebook import rulebook
from domain.policies.timers import Timers
from domain.qualification.standing import find_qualification
from tests.domain.given import MERCHANT, NOW
from tests.domain.policies.followed import MemoryFollowing
from tests.domain.qualification.applying import ANN, SOON, Applying

if TYPE_CHECKING:
    from domain.policies.following import Following


def followed() -> tuple[Applying, Follower]:
    """Return a world with an approved merchant, and what follows its log."""
    world = Applying()
    trade: Following = MemoryFollowing()
    world.trade = trade
    world.admitted()
    world.granted()
    entropy = world.command()._entropy
    follower = Follower(trade, world.sealer, entropy, rulebook(), Timers())
    step(world, follower, NOW)
    return world, follower


def step(world: Applying, follower: Follower, now: str) -> list[str]:
    before = world.size()
    follower.step(lambda: now)
    return world.topics()[before:]


def state(world: Applying) -> str:
    found = find_qualification(world.trade, MERCHANT)
    assert found is not None
    return found.state


def test_a_merchant_whose_identity_is_revoked_is_suspended_and_its_badges_with_it() -> None:
    world, follower = followed()
    [verified] = [each for each in world.events() if each.TOPIC == "identity.verified"]
    world.by(ANN, "revoke_identity", verified.originator_id, "fraud")
    topics = step(world, follower, NOW)
    assert {"qualification.suspended", "certificate.suspended"} <= set(topics)
    assert state(world) == "suspended"
    assert step(world, follower, NOW) == []


def test_a_scope_ends_at_its_end_and_the_qualification_at_its_own() -> None:
    world, follower = followed()
    assert step(world, follower, NOW) == []
    assert step(world, follower, SOON) == ["qualification.scope_ended", "certificate.revoked"]
    topics = step(world, follower, "2099-01-01T00:00:00Z")
    assert {"qualification.expired", "certificate.revoked"} <= set(topics)
    assert state(world) == "expired"
