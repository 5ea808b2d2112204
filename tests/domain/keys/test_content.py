"""A file's keyed digest: of all its bytes, for one batch, and no bare hash."""

from hashlib import sha256
from io import BytesIO

from domain.identity.person import IndexKey
from domain.keys.content import WatchedFile, digest_of
from tests.domain.given import RING, SECRET

KEY = RING.current
CONTENT = b"AAAA-BBBB\r\nCCCC"


def test_a_digest_hangs_on_content_batch_and_key() -> None:
    digest = digest_of(BytesIO(CONTENT), "bat_1", KEY)
    assert digest == digest_of(BytesIO(CONTENT), "bat_1", KEY)
    assert digest != digest_of(BytesIO(CONTENT), "bat_2", KEY)
    assert digest != digest_of(BytesIO(CONTENT), "bat_1", IndexKey("test", SECRET[::-1]))
    assert digest != digest_of(BytesIO(CONTENT + b"\n"), "bat_1", KEY)
    assert digest != sha256(CONTENT).hexdigest()


def test_reading_line_by_line_gives_the_digest_of_the_whole() -> None:
    file = BytesIO(CONTENT)
    watched = WatchedFile(file, "bat_1", KEY)
    while watched.readline(4):
        pass
    assert watched.digest() == digest_of(file, "bat_1", KEY)
