"""Which user the server runs as: ourselves, or another one when we are root.

Specification: design/stack.md, "launcher facts" (PostgreSQL refuses to run as root).
Tests: tests/chain/store/test_embedded.py, test_embedded_refusals.py.

As root the data folder may lie below folders that the server's user cannot
enter (``/root``, pytest's own). No permission is opened for that: the server
inherits a descriptor of its data folder, and calls it ``/proc/self/fd/<n>``,
which leads there without passing through the folders above.
"""

import os
import pwd
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from chain.store.embedded.errors import FolderUnusableError
from chain.store.embedded.processes import HAS_PROC

_NAME_WHEN_ROOT = "nobody"


@dataclass(frozen=True)
class Account:
    """A user and group id; *other* says that they are not our own."""

    uid: int
    gid: int
    other: bool

    @classmethod
    def for_data(cls, data: Path) -> Self:
        """Return the account that the server on *data* must run as.

        Raises:
            FolderUnusableError: *data* belongs to somebody else, or to root.
        """
        try:
            owner = data.stat()
        except FileNotFoundError:
            return cls.default()
        if os.geteuid() == 0:
            if owner.st_uid == 0:
                raise FolderUnusableError(
                    f"data folder {data} belongs to root, as whom PostgreSQL refuses to run; "
                    f"give it to another user with chown -R, or name another folder"
                )
            return cls(owner.st_uid, owner.st_gid, other=True)
        if owner.st_uid != os.geteuid():
            raise FolderUnusableError(
                f"data folder {data} belongs to user id {owner.st_uid}, and we are "
                f"{os.geteuid()}; run as that user, or name another folder"
            )
        return cls.default()

    @classmethod
    def default(cls) -> Self:
        """Return ourselves, or as root ``nobody``.

        Raises:
            FolderUnusableError: we are root and there is no such user.
        """
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), other=False)
        try:
            entry = pwd.getpwnam(_NAME_WHEN_ROOT)
        except KeyError:
            raise FolderUnusableError(
                f"PostgreSQL refuses to run as root and there is no user {_NAME_WHEN_ROOT!r}; "
                f"run as a normal user, or name a database by its URL"
            ) from None
        return cls(entry.pw_uid, entry.pw_gid, other=True)

    def give(self, path: Path) -> None:
        """Make this account the owner of *path*."""
        if self.other:
            os.chown(path, self.uid, self.gid)

    @contextmanager
    def entrance(self, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Give the name of *folder* for a process of this account.

        With it come the descriptors that the process must inherit (``pass_fds``).
        """
        if not (self.other and HAS_PROC):
            yield str(folder), ()
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)

    def process(self) -> dict[str, Any]:
        """Return the arguments of `subprocess` that start a process as this account."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PG", "LC_", "LANG"))
        } | {"LC_ALL": "C"}
        arguments: dict[str, Any] = {
            # PostgreSQL before 16 leaves its folder to find itself, and must come back.
            "cwd": "/",
            "env": environment,
            "stdin": subprocess.DEVNULL,
        }
        if self.other:
            arguments |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return arguments

    def run(
        self,
        command: Sequence[str | Path],
        **arguments: Any,
    ) -> subprocess.CompletedProcess[str]:
        """Run *command* as this account to its end; what it says is captured."""
        options = self.process() | {"capture_output": True, "text": True} | arguments
        if "input" in options:
            del options["stdin"]
        return subprocess.run(command, check=False, **options)  # noqa: S603 — our own programs
