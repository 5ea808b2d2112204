"""The use case of asking a key's operator (``features.md``, B5).

``tests/domain/keys/test_upstream.py``.
"""

from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import ReasonMissingError
from domain.keys.key import Key
from domain.keys.upstream import Answer, KeyUpstreamChecked


class UpstreamChecks(Desk):
    """Asking the operator."""

    @use_case
    def check_upstream(self, command: Command, key: str, answer: Answer) -> None:
        """Record the operator's answer about a key.

        Raises:
            ReasonMissingError: a first use is named, and the key is not said to be used.
        """
        if answer.first_used_at is not None and answer.state != "used":
            raise ReasonMissingError(f"{key}: first used at a time, and yet {answer.state}")
        found = self.load(Key, key)
        found.happen(
            command,
            KeyUpstreamChecked(
                *found.follows(command),
                answer.operator,
                answer.state,
                answer.findings,
                answer.first_used_at,
                answer.sandbox,
            ),
        )
