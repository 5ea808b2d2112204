"""The search finds a secret in every form that it is said to find, across any boundary."""

import json
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

import pytest

from scripts.bench import planted
from scripts.bench.planted import Search, forms

SECRET = "QZXJ7-WVKPH"
PLAIN = "QZXJ7WVKPH"


@pytest.mark.parametrize(
    "hidden",
    [
        SECRET.encode(),
        PLAIN.encode(),
        PLAIN.lower().encode(),
        SECRET.encode("utf-16-le"),
        SECRET.encode("utf-16-be"),
        SECRET.encode().hex().encode(),
        PLAIN.encode().hex().upper().encode(),
        PLAIN.encode("utf-16-be").hex().encode(),
        *(b64encode(b"x" * before + SECRET.encode() + b"tail") for before in range(5)),
        *(urlsafe_b64encode(b"~" * before + PLAIN.encode()) for before in range(3)),
        json.dumps({"raw": SECRET}).encode().hex().encode(),
    ],
)
def test_every_form_is_found(tmp_path: Path, hidden: bytes) -> None:
    (tmp_path / "file").write_bytes(b"before" + hidden + b"behind")
    search = Search([SECRET])
    search.look_below(tmp_path)
    assert search.found == {SECRET: ["file"]}


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"QZXJ7-WVKP " * 1_000)
    search = Search([SECRET])
    search.look_below(tmp_path)
    assert (search.found, search.files, search.size) == ({}, 1, 11_000)


def test_a_secret_across_two_pieces_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planted, "PIECE", 64)
    for start in range(64):
        (tmp_path / "file").write_bytes(b"." * start + SECRET.encode() + b"." * 99)
        search = Search([SECRET])
        search.look_below(tmp_path)
        assert search.found == {SECRET: ["file"]}


def test_files_that_are_named_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "mine").write_text(SECRET)
    search = Search([SECRET])
    search.look_below(tmp_path, but=[tmp_path / "deep" / "mine"])
    assert search.files == 0


def test_no_form_is_so_short_that_chance_makes_it() -> None:
    assert min(len(each) for each in forms(SECRET)) >= 10


@pytest.mark.parametrize(
    ("secret", "hidden"),
    [
        ("6222021234567890123", b"6222 0212 3456 7890 123"),
        ("6222021234567890123", b"6222-0212-3456-7890-123"),
        ("whsec_ab+/cd==efgh", b"whsec_ab%2B%2Fcd%3D%3Defgh"),
        ("whsec_ab+/cd==efgh", b"whsec_ab%2b%2fcd%3d%3defgh"),
        ("whsec_ab+/cd==efgh", rb"whsec_ab+\/cd==efgh"),
        ("王小明住北京市海淀区", json.dumps("王小明住北京市海淀区").encode()),
        ("王小明住北京市海淀区", json.dumps(json.dumps("王小明住北京市海淀区")).encode()),
        ("王小明住北京市海淀区", "王小明住北京市海淀区".encode("utf-16-be")),
        (SECRET, "".join(f"%{byte:02X}" for byte in SECRET.encode()).encode()),
        (bytes(range(7, 39)), bytes(range(7, 39))),
        (bytes(range(7, 39)), bytes(range(7, 39)).hex().upper().encode()),
        *((bytes(range(7, 39)), b64encode(b"+" * n + bytes(range(7, 39)))) for n in range(3)),
    ],
)
def test_every_kind_of_secret_has_its_forms(secret: str | bytes, hidden: bytes) -> None:
    search = Search([secret])
    search.look_at(b"before" + hidden + b"behind", "there")
    assert search.found == {secret: ["there"]}


def test_an_identity_number_that_ends_in_x_is_found_in_groups_of_four(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"..1101 0119 9003 0700 1x..")
    search = Search(["11010119900307001X"])
    search.look_below(tmp_path)
    assert search.found == {"11010119900307001X": ["f"]}
