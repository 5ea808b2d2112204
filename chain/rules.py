"""What a witness may hold a log's entries to, beyond their being where they were signed.

The rules are the business's, and a floor above says what they are; here is how they are asked:
every entry in the log's order, with a memory for what has to be known of those before. What
they judge is what the entries say in the clear; what is sealed they see as its commitment.
``tests/domain/witnessing/test_invariants.py``.
"""

from collections.abc import Callable
from typing import Protocol

from chain.entry import Entry
from chain.errors import ChainError


class BrokenRuleError(ChainError):
    """An entry is one that an honest log does not have; ``rule`` is the rule's stable name."""

    def __init__(self, index: int, rule: str, words: str) -> None:
        """Name the entry's leaf *index* and the *rule*, and say it in *words*."""
        super().__init__(f"entry {index}: {rule}: {words}")
        self.index = index
        self.rule = rule


class Memory(Protocol):
    """What is known of the entries before: texts by kind and name."""

    def get(self, kind: str, name: str) -> str | None:
        """Return what was put, None if nothing was."""

    def put(self, kind: str, name: str, value: str | None) -> None:
        """Keep *value*; None forgets what was there."""


class Rules(Protocol):
    """Judges entries, each once and in order."""

    def take(self, index: int, entry: Entry) -> None:
        """Judge the *entry* at leaf *index*, and remember what later ones depend on.

        Raises:
            BrokenRuleError: it breaks a rule.
        """


MakeRules = Callable[[Memory], Rules]
"""Makes rules that remember in the memory that they are given."""
