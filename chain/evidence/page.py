"""``verify.html`` with a package's data inside (``evidence.md``, 2.5).

The published page has an empty data block; a package encloses the same page with its own
files in the block, so that it opens from a disk where a browser may read nothing else. Proved
by ``tests/chain/evidence/test_page.py``.
"""

from base64 import b64encode
from collections.abc import Mapping

import orjson

from chain.errors import MalformedError
from chain.evidence.claims import INLINE_FORMAT, MAX_MEMBER
from chain.evidence.names import is_inlined

_OPEN = b'<script id="package" type="application/json">'
_CLOSE = b"</script>"
_TEXTS = (".txt", ".json", ".tlog-proof", ".consistency")


def enclosed_page(template: bytes, files: Mapping[str, bytes]) -> bytes | None:
    """Return *template* with *files* in its data block; None where they are too large.

    Raises:
        MalformedError: *template* is no page with an empty block.
    """
    start, end = _block(template)
    if start != end:
        raise MalformedError("page: its data block must be empty")
    if size_of(files) > MAX_MEMBER:
        return None
    data = inline_data(files)
    page = template[:start] + data + template[start:]
    return page if len(data) <= MAX_MEMBER and len(page) <= MAX_MEMBER else None


def split_page(page: bytes) -> tuple[bytes, bytes]:
    """Return *page* with an empty data block, and what its block held.

    Raises:
        MalformedError: it has no such block.
    """
    start, end = _block(page)
    return page[:start] + page[end:], page[start:end]


def size_of(files: Mapping[str, bytes]) -> int:
    """Return how many bytes those of *files* have that a page carries; its data have no fewer."""
    return sum(len(files[name]) for name in files if is_inlined(name))


def inline_data(files: Mapping[str, bytes]) -> bytes:
    """Return the data block for those of *files* that a page carries."""
    members = {name: _spelt(name, files[name]) for name in files if is_inlined(name)}
    text = orjson.dumps(
        {"files": members, "format": INLINE_FORMAT}, option=orjson.OPT_SORT_KEYS
    ).decode()
    for each in ("<", "\u2028", "\u2029"):
        text = text.replace(each, f"\\u{ord(each):04x}")
    return text.encode()


def _spelt(name: str, content: bytes) -> dict[str, str]:
    if name.endswith(_TEXTS):
        try:
            text = content.decode()
        except UnicodeDecodeError:
            pass
        else:
            return {"t": text}
    return {"b": b64encode(content).decode()}


def _block(page: bytes) -> tuple[int, int]:
    place = page.find(_OPEN)
    end = page.find(_CLOSE, place)
    if place < 0 or end < 0:
        raise MalformedError("page: has no data block")
    return place + len(_OPEN), end
