"""How an outside party fails us: five causes, none of which is ever an answer.

Whoever asks a party records that it waits, with the cause; a party that does not answer, or
whose answer cannot be believed, never counts as consent. ``tests/domain/outside/test_client.py``.
"""

from typing import ClassVar, Literal

WaitCause = Literal["down", "slow", "resting", "untrusted", "refused"]
"""Why there is no answer yet."""


class PartyError(Exception):
    """An outside party gave no answer that can be used."""

    cause: ClassVar[WaitCause]


class PartyDownError(PartyError):
    """It cannot be reached, cut the line, or says itself that it is out of order."""

    cause = "down"


class PartySlowError(PartyError):
    """It did not answer in time."""

    cause = "slow"


class PartyRestingError(PartyError):
    """It has failed too often of late: it is not asked before its rest is over."""

    cause = "resting"


class UntrustedAnswerError(PartyError):
    """Its answer is unsigned, signed by another, to another question, or in no format."""

    cause = "untrusted"


class PartyRefusedError(PartyError):
    """It does not accept our question: a wrong key, clock or format of ours."""

    cause = "refused"
