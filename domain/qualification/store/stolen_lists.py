"""Lists of stolen keys in files, one a list (``features.md``, B3).

The first line of a file is canonical JSON, the others are fingerprints in order, each once:

    {"fingerprints":2,"index_key":"5f0c…","list":"bank-2026","version":"7"}
    <64 hexadecimal digits>
    <64 hexadecimal digits>

``index_key`` is the first 16 digits of the HMAC-SHA256 of ``xiyou-stolen-list-1`` under the
index key that the fingerprints were made with: a list made with another key would find
nothing and say nothing, so it is refused. What is not in this form is refused whole; a list
that cannot be read stops the application from starting, as it must not list what it would
have refused. ``tests/domain/qualification/test_b3_stolen.py``.
"""

import hmac
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from chain.canonical import parse, to_bytes
from chain.errors import MalformedError
from chain.store.files import Folder
from domain.keys.fingerprint import fingerprint
from domain.payload import Count, kind_of
from domain.qualification.stolen import Listing, StolenSet

SUFFIX: Final = ".stolen"
_MARK = re.compile(r"[0-9a-f]{64}")
_HEAD = {"fingerprints", "index_key", "list", "version"}
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_COUNT = kind_of(Count)


class StolenLists:
    """All lists of a folder, in memory: 64 MB a million fingerprints.

    Args:
        folder: holds the lists; where it is not there, nothing is known to be stolen.
        index_key: 32 bytes, the fingerprints' own key.

    Raises:
        MalformedError: a list is not in its format, or was made with another index key.
    """

    def __init__(self, folder: Path, index_key: bytes) -> None:
        self._folder = folder
        self._index_key = index_key
        self.reload()

    def reload(self) -> None:
        """Take in what the folder holds now, all of it or, if a list is refused, none of it.

        Raises:
            MalformedError: a list is not in its format; what was known before stays.
        """
        paths = [each for each in sorted(self._folder.glob(f"*{SUFFIX}")) if each.is_file()]
        self._lists = [_read(path, self._index_key) for path in paths]

    def find(self, fingerprint: str) -> Listing | None:
        """See `StolenList.find`."""
        return next((found for each in self._lists if (found := each.find(fingerprint))), None)


def write_list(folder: Path, listing: Listing, raw_keys: Iterable[str], index_key: bytes) -> None:
    """Make or replace a list from raw keys, which are kept nowhere.

    Args:
        folder: of the lists.
        listing: name, of small letters, digits, dots and hyphens, and version.
        raw_keys: that are stolen.
        index_key: 32 bytes.

    Raises:
        MalformedError: the name is none, or a raw key is empty.
    """
    if not _NAME.fullmatch(listing.name):
        raise MalformedError(f"list: must match {_NAME.pattern}")
    marks = sorted({mark for each in raw_keys for mark in fingerprint(each, index_key)})
    head = {
        "fingerprints": len(marks),
        "index_key": _key_id(index_key),
        "list": listing.name,
        "version": listing.version,
    }
    content = b"".join([to_bytes(head), b"\n", *(f"{mark}\n".encode() for mark in marks)])
    Folder(folder).replace(f"{listing.name}{SUFFIX}", content)


def _read(path: Path, index_key: bytes) -> StolenSet:
    try:
        head, *marks = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise MalformedError(f"{path.name}: not UTF-8") from None
    members = parse(head.encode())
    if not isinstance(members, dict) or set(members) != _HEAD:
        raise MalformedError(f"{path.name}: must begin with {', '.join(sorted(_HEAD))}")
    name, version = str(members["list"]), str(members["version"])
    if path.name != f"{name}{SUFFIX}":
        raise MalformedError(f"{path.name}: holds the list {name}")
    if members["index_key"] != _key_id(index_key):
        raise MalformedError(f"{path.name}: made with another index key; have it made anew")
    if _COUNT.read(members["fingerprints"]) != len(marks):
        raise MalformedError(f"{path.name}: cut short, or longer than it says")
    if marks != sorted(set(marks)) or not all(_MARK.fullmatch(each) for each in marks):
        raise MalformedError(f"{path.name}: fingerprints must be in order, each once")
    return StolenSet(name, version, marks)


def _key_id(index_key: bytes) -> str:
    return hmac.digest(index_key, b"xiyou-stolen-list-1", "sha256").hex()[:16]
