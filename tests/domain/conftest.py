"""What the tests of this floor may ask for: the sandbox of the outside parties, over HTTP."""

from collections.abc import Iterator

import pytest

from scripts.sandbox import SandboxProcess
from tests.domain.identity.enrolling import Loopback


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    """Return a sandbox in a process of its own, for all tests of this one."""
    with SandboxProcess() as process:
        yield process


@pytest.fixture
def loopback(sandbox_process: SandboxProcess) -> Loopback:
    """Return the way to it."""
    return Loopback(sandbox_process)
