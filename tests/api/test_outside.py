"""The file of outside parties: read as it was written, and never quoted."""

from pathlib import Path

import pytest

from api.outside import FILE, Name, read_parties, write_parties
from chain.errors import MalformedError, VerificationError
from domain.outside.store.client import Endpoint

ENDPOINT = Endpoint("https://source.example", "us", bytes(range(32)))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_parties(tmp_path) == {}
    (tmp_path / "keys").mkdir()
    named: dict[Name, Endpoint] = {("source", None): ENDPOINT, ("operator", "op"): ENDPOINT}
    write_parties(tmp_path, named)
    assert read_parties(tmp_path) == named


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"source"', b'"oracle"'),
        (b'"source"', b'"operator"'),
        (b'"operator":"op",', b'"operator":"op","role":"face"'),
        (b"https", b"gopher"),
    ],
)
def test_another_file_is_refused_and_no_secret_is_shown(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    (tmp_path / "keys").mkdir()
    write_parties(tmp_path, {("source", None): ENDPOINT, ("operator", None): ENDPOINT})
    content = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content.replace(old, new) if old in content else content[5:])
    with pytest.raises(MalformedError) as refused:
        read_parties(tmp_path)
    assert ENDPOINT.secret.hex() not in str(refused.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    write_parties(tmp_path, {("source", None): ENDPOINT})
    (tmp_path / FILE).chmod(0o644)
    with pytest.raises(VerificationError):
        read_parties(tmp_path)
