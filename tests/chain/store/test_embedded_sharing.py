"""Many processes, one server: it lives as long as one of them does, and no longer."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

from chain.store.embedded import EmbeddedPostgres
from chain.store.embedded.processes import is_alive
from tests.chain.store.owners import FAST_SETTINGS, answers, is_released, owning, until


def test_two_processes_share_a_server_and_the_last_one_out_stops_it(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder, settings=FAST_SETTINGS)
    with owning(server_folder) as other:
        pid = other.server_pid()
        with server:
            assert server.pid == pid
            other.leave()
            assert answers(server)
            assert server.pid == pid
        assert not is_alive(pid)


def test_the_one_who_started_it_may_leave_first(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder, settings=FAST_SETTINGS).start()
    with owning(server_folder) as other:
        assert other.server_pid() == server.pid
        pid = server.pid
        server.stop()
        assert is_alive(pid)
        other.leave()
        assert not is_alive(pid)


def test_two_owners_in_one_process_are_two_owners(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as one:
        with EmbeddedPostgres(server_folder) as two:
            assert one.pid == two.pid
        assert answers(one)


def test_many_that_start_at_once_on_an_empty_folder_get_one_server(server_folder: Path) -> None:
    with ExitStack() as stack:
        owners = [stack.enter_context(owning(server_folder)) for _ in range(4)]
        pids = {each.server_pid() for each in owners}
        assert len(pids) == 1
        for each in owners:
            each.leave()
    assert not is_alive(pids.pop())


def test_a_server_that_is_stopping_is_started_anew_for_who_comes_then(server_folder: Path) -> None:
    with owning(server_folder) as first:
        old = first.server_pid()
        assert first.process.stdin is not None
        first.process.stdin.write("\n")
        first.process.stdin.flush()
        for _ in range(3):
            with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as server:
                assert answers(server)
    assert not is_alive(old)


def test_a_killed_owner_takes_its_server_along(server_folder: Path) -> None:
    with owning(server_folder) as owner:
        pid = owner.server_pid()
        owner.kill()
    until(lambda: not is_alive(pid) and is_released(server_folder), seconds=5)
    with EmbeddedPostgres(server_folder, settings=FAST_SETTINGS) as server:
        assert answers(server)


def test_ctrl_c_in_the_owners_terminal_leaves_the_server_to_the_others(server_folder: Path) -> None:
    with owning(server_folder) as first:
        pid = first.server_pid()
        with EmbeddedPostgres(server_folder) as server:
            first.kill(signal.SIGINT)
            assert server.pid == pid
            assert answers(server)


FORK = """
import os, subprocess, time
child = os.fork()
if child == 0:
    server.stop()
    time.sleep(60)
    os._exit(0)
program = subprocess.Popen(["sleep", "60"], close_fds=False)
print(child, flush=True)
print(program.pid, flush=True)
"""


def test_a_forked_child_neither_stops_the_server_nor_keeps_it(server_folder: Path) -> None:
    with owning(server_folder, FORK) as owner:
        pid = owner.server_pid()
        assert owner.process.stdout is not None
        children = [int(owner.process.stdout.readline()) for _ in range(2)]
        time.sleep(0.3)  # time for the child's stop() to do harm
        assert is_alive(pid)
        os.kill(owner.process.pid, signal.SIGKILL)
        until(lambda: not is_alive(pid), seconds=5)
        assert all(is_alive(each) for each in children)
        owner.kill()
