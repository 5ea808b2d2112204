"""A search for secrets where none may be: every form of them, in every file of a folder.

A secret may hide as it is, without its hyphens, in lower case, and each of these as UTF-8,
UTF-16, either in hexadecimal, or base64 at any alignment. PostgreSQL's dump spells bytes as
hexadecimal, so that is where entries show. What finds nothing must be shown to find what is
there: plant a control beside. ``tests/scripts/bench/test_planted.py``.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PIECE: Final = 16 << 20


def forms(secret: str) -> list[bytes]:
    """Return the byte strings of which one stands wherever *secret* stands."""
    texts = {secret, secret.replace("-", "")}
    texts |= {each.lower() for each in texts}
    found: dict[bytes, None] = {}
    for text in sorted(texts):
        plain, wide = text.encode(), text.encode("utf-16-le")[:-1]
        # Without its last byte UTF-16 stands in both byte orders.
        for each in (plain, wide):
            found |= dict.fromkeys((each, each.hex().encode(), each.hex().upper().encode()))
        found |= dict.fromkeys(_base64(plain))
    return list(found)


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

    secrets: Iterable[str]
    size: int = 0
    """Bytes looked at."""
    files: int = 0
    found: dict[str, list[str]] = field(default_factory=dict)
    """By secret: the files in which it stands, in some form."""

    def __post_init__(self) -> None:
        self._forms = [(secret, form) for secret in self.secrets for form in forms(secret)]
        self._overlap = max(len(form) for _, form in self._forms) - 1

    def look_into(self, path: Path) -> None:
        """Search one file."""
        self.files += 1
        rest = b""
        with path.open("rb") as opened:
            while piece := opened.read(PIECE):
                self.size += len(piece)
                window = rest + piece
                for secret, form in self._forms:
                    if form in window:
                        places = self.found.setdefault(secret, [])
                        places += [] if path.name in places else [path.name]
                rest = window[-self._overlap :]

    def look_below(self, folder: Path, *, but: Iterable[Path] = ()) -> None:
        """Search every file below *folder*, sockets and the files *but* left out."""
        left_out = {path.resolve() for path in but}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.resolve() not in left_out:
                self.look_into(path)
