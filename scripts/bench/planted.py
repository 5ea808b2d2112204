"""A search for secrets where none may be: every form of them, in every file of a folder.

A secret may hide as it is, without its hyphens, in lower case, in groups of four; each of
these as UTF-8, as UTF-16 of either byte order, both of them in hexadecimal, in base64 at any
alignment, percent-encoded, or escaped as JSON has it; a key of bytes, as bytes, in hexadecimal
or in base64. PostgreSQL's dump spells bytes as hexadecimal, so that is where entries show.
What is compressed is unpacked before (`scripts.bench.unpacked`). What finds nothing must be
shown to find what is there: plant a control beside. ``tests/scripts/bench/test_planted.py``.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

PIECE: Final = 16 << 20
NOTHING: Final = bytes(64)


def forms(secret: str | bytes) -> list[bytes]:
    """Return the byte strings of which one stands wherever *secret* stands."""
    found: dict[bytes, None] = {}
    if isinstance(secret, bytes):
        found |= dict.fromkeys((secret, secret.hex().encode(), secret.hex().upper().encode()))
        return list(found | dict.fromkeys(_base64(secret)))
    for text in sorted(_spellings(secret)):
        plain, wide = text.encode(), text.encode("utf-16-le")[:-1]
        # Without its last byte ASCII in UTF-16 stands in both byte orders.
        orders = (wide,) if text.isascii() else (wide, text.encode("utf-16-be"))
        for each in (plain, *orders):
            found |= dict.fromkeys((each, each.hex().encode(), each.hex().upper().encode()))
        found |= dict.fromkeys(_base64(plain))
        found |= dict.fromkeys(_escaped(text))
    return list(found)


def _spellings(secret: str) -> set[str]:
    """Return how people and programs write *secret*."""
    bare = secret.replace("-", "")
    texts = {secret, bare} | {each.lower() for each in (secret, bare)}
    if bare[:-1].isdecimal():  # the last symbol of an identity number may be an X
        for each, mark in product((bare, bare.lower()), " -"):
            texts.add(mark.join(each[start : start + 4] for start in range(0, len(each), 4)))
    return texts


def _escaped(text: str) -> Iterator[bytes]:
    """Give *text* as it stands in URLs, in JSON, and in JSON within JSON."""
    once = json.dumps(text)[1:-1]
    for each in (quote(text, safe=""), quote_plus(text), once, json.dumps(once)[1:-1]):
        yield each.encode()
    yield quote(text, safe="").lower().encode()
    yield once.replace("/", "\\/").encode()
    # All of it spelt out, as some do with whatever is no letter.
    yield "".join(f"%{byte:02X}" for byte in text.encode()).encode()
    yield "".join(f"\\u{ord(each):04x}" for each in text).encode()


def _base64(plain: bytes) -> Iterator[bytes]:
    """Give what is the same of *plain* in base64, whatever stands before and behind it."""
    for before in range(3):
        encoded = b64encode(bytes(before) + plain)
        skipped = -(-before * 8 // 6)
        end = (before + len(plain)) * 8 // 6
        part = encoded[skipped:end]
        yield part
        yield part.translate(bytes.maketrans(b"+/", b"-_"))


@dataclass
class Search:
    """What a search for some secrets has come to."""

    secrets: Iterable[str | bytes]
    size: int = 0
    """Bytes looked at."""
    files: int = 0
    found: dict[str | bytes, list[str]] = field(default_factory=dict)
    """By secret: the files, or other places, in which it stands in some form."""

    def __post_init__(self) -> None:
        self._forms = [(secret, form) for secret in self.secrets for form in forms(secret)]
        self._overlap = max(len(form) for _, form in self._forms) - 1

    def look_at(self, content: bytes, place: str) -> None:
        """Search *content*, which stands in *place*."""
        self.size += len(content)
        # Most of a database's files is nothing at all.
        content = content.replace(NOTHING, b"")
        for secret, form in self._forms:
            if form in content:
                places = self.found.setdefault(secret, [])
                places += [] if place in places else [place]

    def look_into(self, path: Path) -> None:
        """Search one file."""
        self.files += 1
        rest = b""
        with path.open("rb") as opened:
            while piece := opened.read(PIECE):
                self.look_at(rest + piece, path.name)
                self.size -= len(rest)
                rest = (rest + piece)[-self._overlap :]

    def look_below(self, folder: Path, *, but: Iterable[Path] = ()) -> None:
        """Search every file below *folder*, sockets and the files *but* left out."""
        left_out = {path.resolve() for path in but}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.resolve() not in left_out:
                self.look_into(path)
