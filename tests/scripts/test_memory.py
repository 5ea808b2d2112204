"""The peak of a process is its own, not that of whoever started it."""

import subprocess
import sys

from scripts.memory import peak_memory

SMALL = "from scripts.memory import peak_memory; print(peak_memory())"


def test_a_program_started_by_a_big_one_is_not_thought_to_be_big() -> None:
    held = bytearray(400_000_000)
    held[::4_096] = b"x" * len(held[::4_096])
    assert peak_memory() > 400_000_000
    said = subprocess.run(
        [sys.executable, "-c", SMALL], capture_output=True, text=True, check=True
    ).stdout
    assert 1_000_000 < int(said) < 200_000_000
