"""What the embedded server refuses: whose fault it is and what to do about it."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from chain.store.embedded import (
    BinariesMissingError,
    EmbeddedPostgres,
    FolderInUseError,
    FolderUnusableError,
    FolderVersionError,
    ServerError,
    ServerStartError,
)
from chain.store.embedded.account import Account
from chain.store.embedded.binaries import find_binaries
from chain.store.embedded.cluster import Cluster
from chain.store.embedded.errors import error_named
from chain.store.embedded.layout import Layout
from tests.chain.store.owners import FAST_SETTINGS, answers, is_released, until


def test_data_of_another_major_version_is_refused(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder, settings=FAST_SETTINGS)
    with server:
        pass
    version = server_folder / "data" / "PG_VERSION"
    ours = version.read_text()
    version.write_text("14\n")
    with pytest.raises(FolderVersionError, match=r"made by PostgreSQL 14 and ours is .*pg_upgrade"):
        server.start()
    version.write_text(ours)
    with server:
        assert answers(server)


def test_a_server_that_is_not_ours_is_not_touched(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder, settings=FAST_SETTINGS)
    with server:
        pass
    account = Account.default()
    data, sockets = server_folder / "data", Path(tempfile.mkdtemp(dir="/tmp"))
    account.give(sockets)
    with account.entrance(data) as (name, inherited):
        foreign = subprocess.Popen(
            [
                *(find_binaries(account) / "postgres", "-D", name, "-k", sockets),
                *("-c", "listen_addresses="),
            ],
            stderr=subprocess.DEVNULL,
            pass_fds=inherited,
            **account.process(),
        )
    try:
        until(lambda: (Layout(server_folder).postmaster() or (0, ""))[1] == "ready")
        with pytest.raises(FolderInUseError, match=f"process {foreign.pid}, which is not ours"):
            server.start()
        assert foreign.poll() is None
    finally:
        foreign.send_signal(signal.SIGINT)
        foreign.wait()
        shutil.rmtree(sockets)
    with server:
        assert answers(server)


def test_a_data_folder_that_we_did_not_make_is_refused(server_folder: Path) -> None:
    server_folder.mkdir()
    (server_folder / "PG_VERSION").write_text("18\n")
    with pytest.raises(FolderUnusableError, match="not one that we made; name another folder"):
        EmbeddedPostgres(server_folder).start()


def test_somebody_elses_files_are_not_written_over(server_folder: Path) -> None:
    data = server_folder / "data"
    data.mkdir(parents=True)
    (data / "thesis.txt").write_text("seven years of work")
    Account.default().give(data)
    with pytest.raises(FolderUnusableError, match="is not PostgreSQL's; move it away"):
        EmbeddedPostgres(server_folder).start()
    assert (data / "thesis.txt").read_text() == "seven years of work"


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnusableError, match="cannot be written"):
        EmbeddedPostgres(tmp_path / "file").start()


def test_a_place_where_not_even_root_can_write_is_refused() -> None:
    with pytest.raises(FolderUnusableError, match=r"cannot be written.*mend its permissions"):
        EmbeddedPostgres(Path("/proc/xiyou")).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_data_that_belongs_to_root_is_refused_with_the_reason(server_folder: Path) -> None:
    (server_folder / "data").mkdir(parents=True)
    with pytest.raises(FolderUnusableError, match=r"belongs to root.*chown"):
        EmbeddedPostgres(server_folder).start()


def test_programs_that_are_not_there_are_named(server_folder: Path) -> None:
    with pytest.raises(BinariesMissingError, match=r"/nowhere cannot be run by user id"):
        EmbeddedPostgres(server_folder, binaries=Path("/nowhere")).start()


def test_a_setting_that_postgresql_refuses_is_told_in_its_own_words(server_folder: Path) -> None:
    wrong = EmbeddedPostgres(server_folder, settings=FAST_SETTINGS | {"work_mem": "plenty"})
    with pytest.raises(ServerStartError, match='invalid value for parameter "work_mem": "plenty"'):
        wrong.start()
    until(lambda: is_released(server_folder))
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as right:
        assert answers(right)


def test_a_stopped_server_has_no_address(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder, settings=FAST_SETTINGS)
    for look in (lambda: server.pid, lambda: server.socket_folder, server.url, server.conninfo):
        with pytest.raises(ServerError, match=r"no server runs on .* now; call start\(\)"):
            look()


def test_an_error_keeps_its_class_on_the_way_from_the_supervisor() -> None:
    assert type(error_named("FolderInUseError", "why")) is FolderInUseError
    assert type(error_named("SystemExit", "why")) is ServerError


def test_an_initialisation_that_fails_leaves_no_data(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    programs = tmp_path / "programs"
    programs.mkdir()
    shutil.copy("/bin/false", programs / "initdb")
    account = Account(os.geteuid(), os.getegid(), other=False)
    with pytest.raises(ServerStartError, match="initdb ended with 1"):
        Cluster(layout, account, programs, {}).initialise()
    assert not layout.data.exists()
