"""Types of secrets show nothing: in no text, no JSON, no pickle (``reliability.md``, 4.3)."""

import json
import pickle
from base64 import b64encode

import pytest

from chain import vkey
from domain.identity.person import IndexKey
from domain.outside.hidden import Hidden
from domain.outside.store.client import Endpoint
from domain.qualification.issuer import IssuerKey
from domain.webhooks.signing import HmacKey, SigningKey
from scripts.bench.planted import Search

SECRET = bytes(range(65, 97))
TEXT = SECRET.decode()
SHOWN = [
    Hidden(TEXT),
    HmacKey(SECRET),
    SigningKey(SECRET),
    IndexKey("test", SECRET),
    vkey.SigningKey("issuer", vkey.KeyType.ED25519, SECRET),
    IssuerKey(vkey.SigningKey("issuer", vkey.KeyType.ED25519, SECRET)),
    Endpoint("http://127.0.0.1:1", "us", SECRET),
]
NEVER_PICKLED = [Hidden(TEXT), HmacKey(SECRET), SigningKey(SECRET)]


def names(each: object) -> str:
    return type(each).__name__


@pytest.mark.parametrize("secret", SHOWN, ids=names)
def test_a_secret_is_in_no_text_of_its_type(secret: object) -> None:
    search = Search([TEXT, SECRET])
    said = f"{secret} {secret!r} {secret!s} {[secret]} {secret!a}"
    search.look_at(said.encode(), "text")
    assert search.found == {}


@pytest.mark.parametrize("secret", SHOWN, ids=names)
def test_json_knows_no_secret(secret: object) -> None:
    with pytest.raises(TypeError):
        json.dumps(secret)


@pytest.mark.parametrize("secret", NEVER_PICKLED, ids=names)
def test_pickle_refuses_a_secret(secret: object) -> None:
    with pytest.raises(TypeError, match="neither copied nor pickled"):
        pickle.dumps(secret)


def test_the_search_would_find_it() -> None:
    search = Search([TEXT])
    search.look_at(b64encode(SECRET), "text")
    assert search.found == {TEXT: ["text"]}
