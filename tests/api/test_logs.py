"""The lines: JSON, without a secret, and never in the way of a sale."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from api.logs import JsonLines, Lossy


class Broken(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError("no space left on device")


@pytest.fixture
def out() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = Lossy(stream)
    handler.setFormatter(JsonLines(lambda: datetime(2026, 11, 24, tzinfo=UTC)))
    logger = logging.getLogger("xiyou.test")
    logger.handlers[:], logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    yield logger, stream
    logger.handlers.clear()
    logger.propagate = True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_object_with_the_members_it_was_given(
    out: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = out
    logger.info("request", extra={"status": 201, "request_id": "req_1", "body": "hunter2"})
    assert lines(stream) == [
        {
            "time": "2026-11-24T00:00:00.000000Z",
            "level": "info",
            "event": "request",
            "logger": "xiyou.test",
            "request_id": "req_1",
            "status": 201,
        }
    ]


def test_of_an_error_stands_its_class_and_place_and_none_of_its_words(
    out: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = out

    def fail(error: Exception, cause: Exception | None = None) -> None:
        raise error from cause

    try:
        fail(RuntimeError("hunter3"), ValueError("hunter2"))
    except RuntimeError:
        logger.exception("failed")
    assert "hunter" not in stream.getvalue()
    [line] = lines(stream)
    assert [each["class"] for each in line["error"]] == ["RuntimeError", "ValueError"]
    assert "test_logs.py" in line["error"][0]["at"][0]


def test_new_lines_do_not_make_lines(out: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = out
    logger.info('a\n{"level": "forged"}\r\u2028b')
    assert len(stream.getvalue().split("\n")) == 2


def test_a_message_that_does_not_fit_its_arguments_is_a_line_too() -> None:
    record = logging.LogRecord("x", logging.INFO, "p", 1, "%d things", ("many",), None)
    assert json.loads(JsonLines().format(record))["event"].startswith("unreadable")


def test_a_line_that_cannot_be_written_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    handler = Lossy(Broken())
    handler.setFormatter(JsonLines())
    handler.handle(logging.LogRecord("x", logging.INFO, "p", 1, "m", (), None))
    assert capsys.readouterr().err == ""
