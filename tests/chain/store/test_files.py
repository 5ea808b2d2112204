"""Published files: whole or absent, never changed, and nothing left behind."""

import multiprocessing
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import VerificationError
from chain.store import files
from chain.store.files import (
    STAGING,
    DifferentFileError,
    Folder,
    LockedError,
    MissingFileError,
    exclusive,
    first_difference,
    read_private,
    write_private,
)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "log")
    folder.write([("tile/0/000", b"one"), ("tile/entries/x001/000", b"two")])
    assert folder.read("tile/0/000") == b"one"
    assert folder.read("tile/entries/x001/000") == b"two"
    assert folder.list(STAGING) == []


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write([("a/b", b"one")])
    before = (tmp_path / "a/b").stat()
    folder.write([("a/b", b"one")])
    assert (tmp_path / "a/b").stat().st_ino == before.st_ino


def test_a_written_file_never_changes(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write([("a/b", b"one")])
    with pytest.raises(DifferentFileError, match=r"a/b: byte 2") as caught:
        folder.write([("a/c", b"new"), ("a/b", b"onE")])
    assert (caught.value.path, caught.value.offset) == ("a/b", 2)
    assert folder.read("a/b") == b"one"
    assert folder.list("a") == ["b"]
    assert folder.list(STAGING) == []


def test_a_replaced_file_holds_the_new_content(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.replace("checkpoint", b"one")
    folder.replace("checkpoint", b"two")
    assert folder.read("checkpoint") == b"two"
    assert folder.list(STAGING) == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="tile/0/000: is missing"):
        Folder(tmp_path).read("tile/0/000")


def test_removing_what_is_not_there_does_nothing(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write([("tile/0/000.p/1", b"one")])
    folder.remove("tile/0/000.p")
    folder.remove("tile/0/000.p")
    assert folder.list("tile/0") == []
    assert folder.list("nowhere") == []


def test_what_a_crash_left_half_written_is_cleaned_away(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write([("a", b"one")])
    (tmp_path / STAGING / "77-0").write_bytes(b"hal")
    assert folder.clean() == 1
    assert folder.list(STAGING) == []
    assert folder.read("a") == b"one"
    assert Folder(tmp_path / "fresh").clean() == 0


def test_every_folder_that_gained_a_name_is_synced_after_the_renames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = files.sync_folder, Path.rename

    def noting_sync(folder: Path) -> None:
        steps.append(str(folder.relative_to(tmp_path)))
        sync(folder)

    def noting_rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    monkeypatch.setattr(files, "sync_folder", noting_sync)
    monkeypatch.setattr(Path, "rename", noting_rename)
    Folder(tmp_path / "log").write([("tile/0/000", b"one"), ("tile/0/001", b"two")])
    assert steps[:2] == ["rename", "rename"]
    assert {"log/tile/0", "log/tile", "log"} <= set(steps[2:])


@given(st.binary(max_size=20), st.binary(max_size=20), st.binary(max_size=20))
def test_the_first_difference_is_the_first(start: bytes, one: bytes, other: bytes) -> None:
    one, other = start + one, start + other
    found = first_difference(one, other)
    assert one[:found] == other[:found]
    assert one[found : found + 1] != other[found : found + 1] or one == other


def test_a_private_file_is_its_owners_alone_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.key"
    write_private(path, b"secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_private(path) == b"secret"
    with pytest.raises(FileExistsError):
        write_private(path, b"other")
    assert read_private(path) == b"secret"
    assert [each.name for each in path.parent.iterdir()] == ["log.key"]


def test_a_private_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    write_private(path, b"secret")
    path.chmod(0o640)
    with pytest.raises(VerificationError, match=r"mode 0640 .* chmod 600"):
        read_private(path)


def _try_lock(path: Path) -> None:
    with exclusive(path, "publishing"):
        pass


def test_two_processes_do_not_hold_one_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with exclusive(path, "publishing"):
        process = multiprocessing.get_context("spawn").Process(target=_try_lock, args=(path,))
        with pytest.raises(LockedError, match=f"process {os.getpid()} is already publishing"):
            _try_lock(path)
        process.start()
        process.join()
        assert process.exitcode == 1
    _try_lock(path)
