"""What can keep the embedded PostgreSQL from running, each with its remedy.

Specification: design/stack.md, "launcher facts".
Tests: tests/chain/store/test_embedded_refusals.py.

The supervisor is another process: it names an error by its class name, and
`error_named` makes the same error again on the owner's side.
"""

from chain.errors import ChainError


class ServerError(ChainError):
    """The embedded PostgreSQL cannot be had; the text says what to do about it."""


class BinariesMissingError(ServerError):
    """No PostgreSQL binaries that we can run were found on this machine."""


class FolderUnusableError(ServerError):
    """The data folder cannot be written, or holds something else."""


class FolderVersionError(ServerError):
    """The data folder was made by another major version of PostgreSQL."""


class FolderInUseError(ServerError):
    """A server that is not ours runs on the data folder."""


class ServerStartError(ServerError):
    """PostgreSQL was started and did not become ready."""


class SettingRefusedError(ServerError):
    """A setting was given that the launcher must choose itself."""


_ERRORS: dict[str, type[ServerError]] = {
    each.__name__: each
    for each in (
        BinariesMissingError,
        FolderUnusableError,
        FolderVersionError,
        FolderInUseError,
        ServerStartError,
        SettingRefusedError,
    )
}


def error_named(name: str, text: str) -> ServerError:
    """Return the error whose class is called *name*, or a plain `ServerError`."""
    return _ERRORS.get(name, ServerError)(text)
