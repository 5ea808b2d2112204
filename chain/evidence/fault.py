"""A fault: one contradiction in an evidence package, by the code that the report gives it."""

from chain.errors import VerificationError


class Fault(VerificationError):  # noqa: N818 — the report's own word; it becomes a verdict
    """Something in the package is not as it claims; `code` is one of ``claims.json``."""

    def __init__(self, code: str, subject: str | None = None) -> None:
        """Name the *code*, and the file or stream it is about."""
        super().__init__(f"{code}: {subject}" if subject else code)
        self.code = code
        self.subject = subject


class Unchecked(Exception):  # noqa: N818 — no error: nobody could tell
    """Something cannot be checked here; `code` says why."""

    def __init__(self, code: str, subject: str | None = None) -> None:
        """Name the *code*, and what it is about."""
        super().__init__(code)
        self.code = code
        self.subject = subject
