"""The canaries: one unique value of each secret class (``reliability.md``, 4.3).

Some are typed by people and programs, some are made by the house and read from where it may
keep them: its vault, its folder of keys. ``tests/scripts/bench/test_canaries.py``.
"""

import json
import re
import secrets
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api.bootstrap import Deployment
from chain.entry import Entry
from chain.store.vault import UnknownValueError
from domain.identity.sandbox import Citizen, citizen

SYMBOLS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
SHORTEST: Final = 9
"""Bytes: what is shorter may stand somewhere by chance."""
KEPT_OPEN: Final = re.compile(r"^(\d{4}-\d{2}-\d{2}T|[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$|M-)")
"""Moments, identifiers and merchants' names: open wherever they stand, sealed among others."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What people type, by class; every run has its own."""

    who: Citizen
    raw_keys: tuple[str, ...]
    wrong_code: str
    phone: str
    password: str

    @classmethod
    def made(cls) -> "Typed":
        """Return new ones."""
        keys = tuple("-".join(_drawn(5) for _ in range(4)) for _ in range(6))
        phone = f"139{secrets.randbelow(10**8):08}"
        return cls(citizen(700 + secrets.randbelow(300)), keys, _drawn(20), phone, _drawn(24))

    def by_class(self) -> dict[str, str]:
        """Return them by the name of their class."""
        keys = {f"raw_key_{number}": key for number, key in enumerate(self.raw_keys)}
        return keys | {
            "identity_number": self.who.number,
            "bank_card": self.who.card,
            "phone": self.phone,
            "typed_code": self.wrong_code,
            "database_password": self.password,
        }


def sealed_in(ledger: Deployment) -> dict[str, str]:
    """Return a text of each place of the log that holds sealed ones: the newest there is.

    Among them platform keys, alias codes, names and numbers of persons, and payers.
    """
    found: dict[str, str] = {}
    for each in ledger.reader.entries(0, ledger.reader.size()):
        for place, digest in _references(
            json.loads(Entry.parse(each.entry).body).get("data", {}), each.type
        ):
            try:
                value = json.loads(ledger.vault.open(digest).content)["value"]
            except UnknownValueError:
                continue
            found |= {
                name: text
                for name, text in _texts(value, place)
                if len(text.encode()) >= SHORTEST and not KEPT_OPEN.match(text)
            }
    return found


def keys_of(home: Path) -> dict[str, str | bytes]:
    """Return every private key and secret in *home*, as its file spells it and as bytes."""
    found: dict[str, str | bytes] = {}
    for path in sorted((home / "keys").iterdir()):
        if path.suffix in (".vkey", ".vkeys", ".pem"):
            continue  # public halves, and certificates
        text = path.read_text(encoding="ascii").strip()
        if "PRIVATE KEY-----" in text:
            found[f"{path.name}/0"] = _private_number(text)
            continue
        if path.suffix == ".jwk":
            # Its other members are public; base64 of any alignment stands for its text, too.
            private = json.loads(text)["d"]
            found[f"{path.name}/0"] = urlsafe_b64decode(private + "=")
            continue
        for number, word in enumerate(re.findall(r"[0-9a-f]{64}|[A-Za-z0-9+/]{43,}=*", text)):
            name = f"{path.name}/{number}"
            is_hex = re.fullmatch("[0-9a-f]{64}", word)
            found[name] = bytes.fromhex(word) if is_hex else word
            if not is_hex:
                # A signing key's first byte is its type.
                found[f"{name}/raw"] = b64decode(word + "=" * (-len(word) % 4))[-32:]
    return found


def _private_number(pem: str) -> bytes:
    """Return what is secret of an elliptic or RSA key: its file holds its public half, too."""
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey)  # noqa: S101 — what seals are
    if isinstance(key, RSAPrivateKey):
        return key.private_numbers().p.to_bytes(key.key_size // 16)
    return key.private_numbers().private_value.to_bytes(key.key_size // 8)


def _references(data: object, place: str) -> Iterator[tuple[str, bytes]]:
    """Give where *data* refers to sealed values, and their digests."""
    if isinstance(data, dict):
        if data.keys() == {"sealed"}:
            yield place, bytes.fromhex(data["sealed"])
            return
        for name, each in data.items():
            yield from _references(each, f"{place}/{name}")
    elif isinstance(data, list):
        for each in data:
            yield from _references(each, place)


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 — JSON
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _texts(each, f"{place}/{name}")
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, place)


def _drawn(size: int) -> str:
    return "".join(secrets.choice(SYMBOLS) for _ in range(size))
