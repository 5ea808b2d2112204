"""The private file of connections: read back as written, or refused without showing a key."""

from pathlib import Path
from typing import Any

import pytest

from chain.canonical import parse, to_bytes
from chain.errors import MalformedError, VerificationError
from domain.outside.store.client import Endpoint
from domain.payments.channel import CallbackKey, Connection, Route, connections_of
from domain.payments.store.connections import (
    FILE,
    read_channels,
    read_connections,
    write_connections,
)
from tests.domain.payments.paying import BANK, MAIN, connections, key_of


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with our connections."""
    (tmp_path / "keys").mkdir(mode=0o700)
    write_connections(tmp_path, connections())
    return tmp_path


def test_what_was_written_is_read(home: Path) -> None:
    assert read_connections(home) == connections()
    assert (home / FILE).stat().st_mode & 0o777 == 0o600


def test_who_is_asked_stands_there_too_and_who_only_calls_does_not(home: Path) -> None:
    assert read_channels(home) == {}
    asked = {BANK: Endpoint("https://bank.example/pay", "xiyou", bytes(range(32)))}
    write_connections(home, connections(), asked)
    assert set(read_channels(home)) == {BANK}
    assert read_connections(home) == connections()


@pytest.mark.parametrize("url", ["ftp://bank.example", "https://", "bank.example", "https://a b"])
def test_a_place_that_cannot_be_asked_is_refused(home: Path, url: str) -> None:
    write_connections(home, connections(), {BANK: Endpoint(url, "xiyou", bytes(32))})
    with pytest.raises(MalformedError):
        read_channels(home)


def test_it_is_written_anew(home: Path) -> None:
    one = connections_of([connections()[BANK]])
    write_connections(home, one)
    assert read_connections(home) == one


def test_without_the_file_there_is_no_connection(tmp_path: Path) -> None:
    assert read_connections(tmp_path) == {}


def test_a_file_that_others_may_read_is_refused(home: Path) -> None:
    (home / FILE).chmod(0o644)
    with pytest.raises(VerificationError):
        read_connections(home)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("paylink", "Paylink"),
        ("hmac-sha256", "none"),
        ("hmac-sha256", "rsa"),
        ('"id":"k1"', '"id":""'),
        ('"connections"', '"connection"'),
        ("acct-paylink-main", "acct paylink"),
        ("acct-paylink-second", ""),
        ("second", "main"),
        ("{", "["),
        ("}", "} "),
    ],
)
def test_a_file_of_another_form_is_refused_and_no_key_is_shown(
    home: Path, old: str, new: str
) -> None:
    text = (home / FILE).read_text()
    assert old in text
    (home / FILE).write_text(text.replace(old, new))
    with pytest.raises(MalformedError) as caught:
        read_connections(home)
    assert key_of(MAIN).material.hex() not in str(caught.value)


@pytest.mark.parametrize("keys", [0, 3])
def test_a_connection_has_one_key_or_two(home: Path, keys: int) -> None:
    members: Any = parse((home / FILE).read_bytes().removesuffix(b"\n"))
    row = members["connections"][0]
    row["keys"] = [{**row["keys"][0], "id": f"k{n}"} for n in range(keys)]
    (home / FILE).write_bytes(to_bytes({"connections": [row]}) + b"\n")
    with pytest.raises(MalformedError):
        read_connections(home)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_has_32_bytes_and_shows_none_of_them(size: int) -> None:
    with pytest.raises(MalformedError):
        CallbackKey("k1", "hmac-sha256", bytes(size))
    assert "material" not in repr(key_of(MAIN))


def test_a_route_has_one_connection() -> None:
    one = connections()[MAIN]
    with pytest.raises(MalformedError, match="twice"):
        connections_of([one, one])
    with pytest.raises(MalformedError, match="two names"):
        connections_of([Connection(Route("a/b", "main"), "acct", one.keys)])
