"""``xiyou sandbox``: says its port, answers whoever has the secret, ends with its input."""

import json
import os
import subprocess
import sys

import pytest

from domain.identity.sandbox import citizen
from domain.identity.store.http_parties import HttpParties
from domain.outside.party import PartyDownError
from domain.outside.store.client import Endpoint, Patience
from scripts.sandbox import SandboxProcess

COMMAND = [sys.executable, "-m", "scripts", "sandbox"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
SECRET = bytes(range(32))


def test_it_answers_until_its_input_ends() -> None:
    with subprocess.Popen(
        [*COMMAND, "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{SECRET.hex()}\n")
        process.stdin.flush()
        said = json.loads(process.stdout.readline())
        parties = HttpParties.at(Endpoint(f"http://127.0.0.1:{said['port']}", "t", SECRET))
        who = citizen(3)
        assert parties.check_name(who.person(), "a").matches
        assert parties.check_card(who.person(), who.bank_card(), "b").matches
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.mark.parametrize("secret", ["", "zz", "00" * 31, "00" * 33])
def test_it_does_not_start_without_a_secret(secret: str) -> None:
    done = subprocess.run(
        COMMAND,
        input=f"{secret}\n",
        env=ENVIRONMENT,
        text=True,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "64 hexadecimal digits" in done.stderr


def test_a_process_that_was_stopped_answers_nobody() -> None:
    with SandboxProcess() as process:
        parties = HttpParties.at(process.endpoint, Patience(1, 1))
        assert parties.check_name(citizen(3).person(), "a").matches
    with pytest.raises(PartyDownError):
        parties.check_name(citizen(3).person(), "b")
