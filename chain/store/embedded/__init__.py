"""PostgreSQL of our own: started when needed, shared, and never left behind.

Specification: design/stack.md, "database, embedded default" and "launcher facts".
Tests: tests/chain/store/test_embedded*.py.

    server.py      EmbeddedPostgres, what an owner holds
    supervisor.py  the process that keeps the server while it has owners
    cluster.py     one data folder: made, cleared, served
    layout.py      what lies where
    account.py     whom the server runs as
    binaries.py    where PostgreSQL's programs are
    processes.py   what the operating system says about processes
    errors.py      what can be wrong, and what to do about it
"""

from chain.store.embedded.errors import (
    BinariesMissingError,
    FolderInUseError,
    FolderUnusableError,
    FolderVersionError,
    ServerError,
    ServerStartError,
    SettingRefusedError,
)
from chain.store.embedded.server import EmbeddedPostgres

__all__ = [
    "BinariesMissingError",
    "EmbeddedPostgres",
    "FolderInUseError",
    "FolderUnusableError",
    "FolderVersionError",
    "ServerError",
    "ServerStartError",
    "SettingRefusedError",
]
