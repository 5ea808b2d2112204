"""Calling the command as a user does: in this process, or in one of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from scripts.__main__ import main

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Called:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        answer = json.loads(self.out)
        assert isinstance(answer, dict)
        return answer


def call(*arguments: object) -> Called:
    """Run ``xiyou`` with *arguments* in this process, from its arguments to its exit."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True) for _ in "oe")
    texts = [str(each) for each in arguments]
    with (
        patch.object(sys, "argv", ["xiyou", *texts]),
        patch.object(sys, "stdout", out),
        patch.object(sys, "stderr", err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    code = ended.value.code
    return Called(int(code or 0), _text(out), _text(err))


def spawn(*arguments: object, cwd: Path | None = None, **variables: str) -> Called:
    """Run ``xiyou`` with *arguments* in a process of its own, its output piped."""
    done = subprocess.run(
        command_line(*arguments),
        capture_output=True,
        check=False,
        cwd=cwd,
        env=environment(**variables),
        text=True,
        timeout=240,
    )
    return Called(done.returncode, done.stdout, done.stderr)


def command_line(*arguments: object) -> list[str]:
    """Return what starts ``xiyou`` with *arguments*."""
    return [sys.executable, "-m", "scripts", *(str(each) for each in arguments)]


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without settings of ours, and with *variables*."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("XIYOU_")}
    return kept | {"PYTHONPATH": str(REPOSITORY)} | variables


def _text(stream: TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue().decode()
