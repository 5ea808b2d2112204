"""The witness protocol over HTTP, by a real server: methods, limits, types."""

import http.client
import socket
from collections.abc import Iterator
from random import Random

import pytest

from chain.note import Note
from chain.store.witness import create_witness, watch_log
from chain.witness import MAX_SUBMISSION_SIZE, PATH, SIZE_TYPE, Submission, cosignature_in
from scripts.witness import WitnessProcess
from tests.chain.keys import LOG
from tests.chain.store.test_witness import OTHER, submission


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WitnessProcess]:
    home = tmp_path_factory.mktemp("witness")
    create_witness(home, "witness.example/http", Random(3).randbytes)
    watch_log(home, (LOG.verifier_key,))
    with WitnessProcess(home) as process:
        yield process


def post(
    witness: WitnessProcess, body: bytes, *, method: str = "POST", path: str = PATH
) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", witness.port, timeout=10)
    connection.request(method, path, body)
    response = connection.getresponse()
    answer = response.status, response.getheader("Content-Type") or "", response.read()
    connection.close()
    return answer


def test_a_log_is_cosigned_over_http_and_told_the_size(witness: WitnessProcess) -> None:
    body = submission(0, 5)
    status, _, answer = post(witness, body)
    assert status == 200
    text = Note.parse(Submission.parse(body).note).text
    cosignature_in(answer, text, witness.vkey)
    assert post(witness, submission(0, 9)) == (409, SIZE_TYPE, b"5\n")
    status, kind, _ = post(witness, submission(5, 5, "fork"))
    assert status == 409
    assert kind.startswith("text/plain")
    assert post(witness, submission(5, 9, "fork"))[0] == 422
    assert post(witness, b"hello")[0] == 400
    assert post(witness, submission(0, 5, by=OTHER))[0] == 404


def test_nothing_but_the_call_is_served(witness: WitnessProcess) -> None:
    assert post(witness, b"", method="GET")[0] == 405
    assert post(witness, b"", path="/")[0] == 404
    assert post(witness, b"", method="GET", path="/health/live") == (
        200, "text/plain; charset=utf-8", b"live\n",
    )  # fmt: skip


def test_a_body_that_is_too_long_is_refused_while_it_comes(witness: WitnessProcess) -> None:
    status, _, answer = post(witness, bytes(MAX_SUBMISSION_SIZE + 1))
    assert (status, answer) == (400, b"submission: too long\n")


def test_a_caller_that_leaves_half_way_harms_nobody(witness: WitnessProcess) -> None:
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", witness.port)) as half:
            head = b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"
            half.sendall(head + b"old")
    assert post(witness, b"hello")[0] == 400
