"""The key that our access tokens are signed with, in ``keys/token-ed25519.jwk`` of the home.

Its own key: who may ask is another question than what the log holds. During a rotation
``keys/token-former.jwk`` is still believed. ``tests/api/access/test_asking.py``.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from chain.errors import MalformedError
from chain.store.files import read_private, write_private

KEY_FILE: Final = "token-ed25519.jwk"
FORMER_FILE: Final = "token-former.jwk"


def open_token_keys(home: Path) -> list[OKPKey]:
    """Return the key that signs, made if there is none yet, and after it the former one.

    Raises:
        VerificationError: others may read a file.
        MalformedError: a file does not hold such a key.
    """
    path = home / "keys" / KEY_FILE
    if not path.exists():
        made = OKPKey.generate_key("Ed25519").as_dict(private=True)
        # Two processes may both be first: the one that was faster has made the key.
        with suppress(FileExistsError):
            write_private(path, f"{json.dumps(made, sort_keys=True)}\n".encode())
    former = home / "keys" / FORMER_FILE
    return [_read(each) for each in (path, former) if each.exists()]


def _read(path: Path) -> OKPKey:
    try:
        members = json.loads(read_private(path))
        key = OKPKey.import_key({name: members[name] for name in ("kty", "crv", "x", "d")})
    except (ValueError, KeyError, TypeError, JoseError):
        raise MalformedError(f"{path}: no Ed25519 key as a JWK: restore it from backup") from None
    return key
