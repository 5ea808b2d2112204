"""The publisher's process: what it leaves signed, and that it never outlives its parent."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chain.store.embedded import EmbeddedPostgres
from chain.store.embedded.processes import is_alive
from scripts.outcome import Exit, exit_code
from scripts.publish import PublisherEndedError, PublisherProcess
from tests.chain.store.owners import until
from tests.scripts.calling import REPOSITORY, call, command_line, environment, spawn
from tests.scripts.conftest import Demo

PARENT = """
import sys
from pathlib import Path
from scripts.outcome import Exit, exit_code
from scripts.publish import PublisherProcess
publisher = PublisherProcess(Path(sys.argv[1]))
print(publisher.pid, flush=True)
sys.stdin.readline()
"""


def test_publishing_once_signs_what_is_there(server_home: Path) -> None:
    with EmbeddedPostgres(server_home / "postgres"):
        assert call("migrate", "--home", server_home).code == 0
        called = spawn("publish", "--once", "--home", server_home, "--json")
    assert called.code == 0, called.err
    assert called.json["size"] == 0


def test_a_publisher_ends_by_a_signal_and_says_how_far_it_came(demo: Demo) -> None:
    with subprocess.Popen(
        command_line("publish", "--home", demo.home, "--json"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert "publishing to" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f'"size": {demo.facts["size"]}' in out


def test_a_second_publisher_is_refused_with_3(demo: Demo) -> None:
    with PublisherProcess(demo.home) as first:
        lock = demo.home / "signer" / "publishing"
        until(lambda: lock.read_text() == f"{first.pid}\n", 30)
        second = spawn("publish", "--once", "--home", demo.home, "--json")
        assert second.code == 3
        assert str(first.pid) in second.json["message"]
        first.finish()


def test_a_publisher_dies_with_its_parent_however_that_dies(demo: Demo) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(demo.home)],
        cwd=REPOSITORY,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        publisher = int(parent.stdout.readline())
        assert is_alive(publisher)
        parent.kill()
    until(lambda: not is_alive(publisher), 30)


def test_what_the_publisher_failed_with_is_told_by_its_parent(tmp_path: Path) -> None:
    with PublisherProcess(tmp_path) as publisher:
        time.sleep(0.1)
        with pytest.raises(PublisherEndedError, match="there is no log here") as failed:
            publisher.finish()
    assert exit_code(failed.value) is Exit.ENVIRONMENT
    assert exit_code(PublisherEndedError(1, "error: refused to sign")) is Exit.UNTRUE
