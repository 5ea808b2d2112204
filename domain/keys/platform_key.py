"""From a platform key to the one raw key that it opens (``features.md``, E1; section 6, 1).

For the platform's own delivery to providers alone: no staff role and no arbitrator has a
way to it (section 6, rule 10), and what shows a raw key to its buyer is ``key.revealed``.
``tests/domain/keys/test_e1_reencoding.py``.
"""

from chain.sealed import parse_reference, unseal
from domain.desk import Desk
from domain.errors import NotFoundError
from domain.keys.code import PLATFORM_KEY_SYMBOLS, read_code
from domain.keys.events import KeySealed
from domain.keys.fingerprint import IndexRing, platform_tag
from domain.keys.stock import PLATFORM_KEYS
from domain.sealing import Sealer


def find_key(desk: Desk, platform_key: str, ring: IndexRing) -> str:
    """Return the id of the key to which *platform_key*, in whatever spelling, belongs.

    Raises:
        MalformedError: it is no platform key; the register is not asked.
        NotFoundError: no key has it.
    """
    spelt = read_code(platform_key, PLATFORM_KEY_SYMBOLS)
    for each in ring.keys:
        rows = desk.rows_of(PLATFORM_KEYS, 1, index_key=each.id, tag=platform_tag(spelt, each))
        if rows:
            return str(rows[0][2])
    raise NotFoundError("no key has this platform key")


def open_raw_key(desk: Desk, sealer: Sealer, platform_key: str, ring: IndexRing) -> str:
    """Return the raw key that *platform_key* opens, after checking its commitment.

    Raises:
        MalformedError: it is no platform key.
        NotFoundError: no key has it.
        VerificationError: what is kept is not what was committed to at intake.
    """
    key = find_key(desk, platform_key, ring)
    for each in desk.recorder.select_events(key):
        event = desk.mapper.to_domain_event(each)
        if isinstance(event, KeySealed):
            digest = parse_reference(event.raw_key)
            value = unseal(sealer.open(digest).content, digest)
            return str(value)
    raise NotFoundError(f"{key}: was never sealed")
