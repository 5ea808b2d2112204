"""Dead or alive: what counts as a running PostgreSQL."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chain.store.embedded.processes import is_alive, is_postgres_in, servers_named, signal_all
from tests.chain.store.owners import REPOSITORY, until


def test_we_are_alive_and_an_ended_process_is_not() -> None:
    assert is_alive(os.getpid())
    with subprocess.Popen(["true"]) as process:
        until(lambda: not is_alive(process.pid))  # a zombie: nobody has waited for it
        assert process.returncode is None
    assert not is_alive(process.pid)


def test_a_process_with_brackets_in_its_name_is_alive(tmp_path: Path) -> None:
    odd = tmp_path / "a) Z (b"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "60"]) as process:
        assert is_alive(process.pid)
        process.kill()


@pytest.mark.parametrize("name", ["sleep", "postgres"])
def test_a_server_is_known_by_its_name_and_its_folder(tmp_path: Path, name: str) -> None:
    program, here = tmp_path / name, tmp_path / "here"
    program.symlink_to("/bin/sleep")
    here.mkdir()
    with subprocess.Popen([program, "60"], cwd=here) as process:
        until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == f"{name}\n")
        assert is_postgres_in(process.pid, here) == (name == "postgres")
        assert not is_postgres_in(process.pid, tmp_path)
        assert servers_named(str(program)) == ([process.pid] if name == "postgres" else [])
        process.kill()


def test_a_signal_to_a_process_that_has_gone_is_no_error() -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    with subprocess.Popen(["sleep", "60"]) as process:
        signal_all([gone.pid, process.pid], signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM


PARENT = """
import signal, subprocess, sys
sys.path.insert(0, sys.argv[1])
from chain.store.embedded.processes import dying_with_parent
child = subprocess.Popen(["sleep", "60"], preexec_fn=dying_with_parent(signal.SIGTERM))
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_child_ends_with_its_killed_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, REPOSITORY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    until(lambda: not is_alive(child))
