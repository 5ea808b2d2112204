"""kill -9 of each process at each moment: nothing committed is lost, nothing is left behind."""

import os
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest

from chain.store.embedded import EmbeddedPostgres, ServerError
from chain.store.embedded.processes import is_alive
from tests.chain.store.owners import (
    FAST_SETTINGS,
    answers,
    ask,
    is_released,
    owning,
    supervisor_pid,
    until,
)

SAFE_SETTINGS = {"shared_buffers": "64MB"}


def test_a_killed_postmaster_comes_back_with_every_committed_row(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, settings=SAFE_SETTINGS) as server:
        ask(server, "CREATE TABLE kept (a int)")
        address = server.conninfo()
        with psycopg.connect(address, autocommit=True) as connection:
            for each in range(100):
                connection.execute("INSERT INTO kept VALUES (%s)", (each,))
            old = server.pid
            os.kill(old, signal.SIGKILL)
        until(lambda: _has_new_server(server, old))
        assert server.conninfo() == address
        assert ask(server, "SELECT count(*) FROM kept") == 100


def test_a_killed_child_of_the_server_is_the_servers_own_affair(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as server:
        old = server.pid
        os.kill(_a_child(server), signal.SIGKILL)
        until(lambda: answers(server))
        assert server.pid == old


def _a_child(server: EmbeddedPostgres) -> int:
    found = ask(server, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    assert isinstance(found, int)
    return found


def test_a_killed_supervisor_is_replaced_while_there_is_an_owner(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, settings=SAFE_SETTINGS) as server:
        ask(server, "CREATE TABLE kept AS SELECT 1 AS one")
        address, pid, old = server.conninfo(), server.pid, supervisor_pid(server_folder)
        os.kill(old, signal.SIGKILL)
        until(lambda: supervisor_pid(server_folder) not in {0, old} and _answers_at_all(server))
        assert not is_alive(pid)
        assert server.conninfo() == address
        assert ask(server, "SELECT one FROM kept") == 1


def test_the_server_ends_when_all_who_know_it_are_killed_together(server_folder: Path) -> None:
    with owning(server_folder) as owner:
        pid = owner.server_pid()
        os.kill(supervisor_pid(server_folder), signal.SIGKILL)
        owner.kill()
    until(lambda: not is_alive(pid), seconds=5)
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as server:
        assert answers(server)


def test_everything_killed_at_once_leaves_nothing_in_the_way(server_folder: Path) -> None:
    with owning(server_folder) as owner:
        pid = owner.server_pid()
        for each in (supervisor_pid(server_folder), pid):
            os.kill(each, signal.SIGKILL)
        owner.kill()
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as server:
        assert answers(server)
        assert server.pid != pid


def test_a_server_that_dies_again_and_again_is_given_up_until_the_next_start(
    server_folder: Path,
) -> None:
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as server:
        for _ in range(6):
            pid = server.pid
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: _has_new_server(server, pid) or is_released(server_folder))  # type: ignore[misc]
        until(lambda: is_released(server_folder))
        assert not _answers_at_all(server)
        assert answers(server.start())


def _has_new_server(server: EmbeddedPostgres, old: int) -> bool:
    try:
        return server.pid != old and answers(server)
    except ServerError:
        return False


def _answers_at_all(server: EmbeddedPostgres) -> bool:
    try:
        return answers(server)
    except ServerError:
        return False


@pytest.mark.parametrize("victim", ["supervisor", "owner"])
def test_a_death_in_initdb_leaves_nothing_in_the_way(server_folder: Path, victim: str) -> None:
    with owning(server_folder) as owner:
        until(lambda: list(server_folder.glob("data.new-*/base")))
        assert not (server_folder / "data").exists()
        if victim == "owner":
            owner.kill()
        else:
            subprocess.run(["fuser", "-k", server_folder / "supervisor.lock"], check=True)
            owner.process.communicate(timeout=30)
    until(lambda: is_released(server_folder))
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as server:
        assert ask(server, "SELECT 1", user="xiyou_app", database="xiyou") == 1
        assert not list(server_folder.glob("data.new-*"))


@pytest.mark.parametrize("whose", ["a stranger's", "a zombie's", "nobody's"])
def test_a_left_postmaster_pid_is_taken_for_dead(server_folder: Path, whose: str) -> None:
    server = EmbeddedPostgres(server_folder, settings=FAST_SETTINGS)
    with server:
        left = (server_folder / "data" / "postmaster.pid").read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as other:
        if whose != "a stranger's":
            other.kill()
            until(lambda: not is_alive(other.pid))
        if whose == "nobody's":
            other.wait()
        pid_file = server_folder / "data" / "postmaster.pid"
        pid_file.write_text("\n".join([str(other.pid), *left[1:]]) + "\n")
        with server:
            assert answers(server)
        other.kill()


def test_backends_in_the_middle_of_work_do_not_keep_a_killed_server_away(
    server_folder: Path,
) -> None:
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as server:
        busy = psycopg.connect(server.conninfo())
        backend = busy.info.backend_pid
        busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not is_alive(backend) and _answers_at_all(server))
        busy.close()
