"""The witnesses of a log: each is sent every checkpoint, and none can hold the others up.

c2sp.org/tlog-witness, the log's side. Every witness has a thread of its own while it is asked,
and one question at a time. A witness that is slow is waited for no longer than the deadline;
what it says later is taken later. A cosignature counts only if it verifies: by the key that
was configured, over the very checkpoint that was sent. A 409 with another size is followed by
a proof from that size, a few times. Proved by ``tests/chain/store/test_finality.py``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from threading import Condition, Thread
from time import monotonic
from typing import Final, NamedTuple

from chain.cosignature import cosigned_at
from chain.errors import ChainError, MalformedError
from chain.hashes import TreeHash
from chain.note import Note, Signature
from chain.quorum import PolicyWitness
from chain.store.http import post
from chain.witness import (
    PATH,
    SIZE_TYPE,
    Submission,
    cosignature_in,
    known_size_in,
)

ATTEMPTS: Final = 3
"""Of one submission: a witness may say one other size, and another log's process may be ahead."""

EXCHANGE_TIMEOUT: Final = 10.0
"""Seconds of one exchange, however long the caller waits for it."""

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0

Prove = Callable[[int, int], list[TreeHash]]
"""Returns the consistency proof from the older size to the newer."""


class Cosigned(NamedTuple):
    """A cosignature that has verified."""

    witness: str
    """Its name in the policy."""

    size: int
    signature: Signature


class Standing(NamedTuple):
    """How a witness does."""

    name: str
    size: int | None
    """Of the last checkpoint that it cosigned for us since we started."""

    cosigned_at: str | None
    """When that was, by the witness's clock."""

    error: str | None
    """What was wrong with its last answer; None if nothing was."""

    ahead: int | None
    """The size that it says it has cosigned, where that is more than we have."""


@dataclass
class _Witness:
    name: str
    witness: PolicyWitness
    known: int = 0
    """The size that it has cosigned last, as far as we know."""

    busy: int | None = None
    """Size of the checkpoint that it is being asked about."""

    asked_at: float = 0.0

    cosigned: Cosigned | None = None
    error: str | None = None
    ahead: int | None = None
    failures: int = 0
    ask_again: float = 0.0


class RefusedByWitnessError(ChainError):
    """A witness has refused a checkpoint, or its answer cannot be used."""


class Witnesses:
    """Sends checkpoints to witnesses and gathers what they cosign.

    Args:
        witnesses: by name, each with a URL.
        prove: makes consistency proofs; called by several threads.
        deadline: seconds that `gather` waits at most.

    Raises:
        MalformedError: a witness has no URL.
    """

    def __init__(
        self, witnesses: Mapping[str, PolicyWitness], prove: Prove, *, deadline: float = 2.0
    ) -> None:
        for name, each in witnesses.items():
            if each.url is None:
                raise MalformedError(f"witness {name}: has no URL to send checkpoints to")
        self._witnesses = [_Witness(name, each) for name, each in witnesses.items()]
        self._prove = prove
        self._deadline = deadline
        self._changed = Condition()
        self._arrived: list[Cosigned] = []

    def gather(
        self,
        size: int,
        note: bytes,
        have: frozenset[str],
        is_enough: Callable[[frozenset[str]], bool],
        *,
        wait: bool = True,
    ) -> list[Cosigned]:
        """Offer the checkpoint, and return what has been cosigned by now, also of earlier ones.

        Ends when *is_enough*, when nobody is left to answer, or at the deadline.

        Args:
            size: of the checkpoint.
            note: signed by the log; with cosignatures or without.
            have: names of the witnesses that have cosigned it before.
            is_enough: whether these names make up the quorum.
            wait: for answers; otherwise only what is there is returned.
        """
        end = monotonic() + self._deadline
        with self._changed:
            while True:
                # Again on each turn: who has just answered about an earlier one is free now.
                self._offer(size, note, have)
                names = have | {each.witness for each in self._arrived if each.size == size}
                if not wait or is_enough(names) or not self._wait(end):
                    break
            arrived, self._arrived = self._arrived, []
        return arrived

    def standings(self) -> list[Standing]:
        """Return how each witness does, in the policy's order."""
        with self._changed:
            return [
                Standing(
                    each.name,
                    each.cosigned.size if each.cosigned else None,
                    _time_of(each.cosigned.signature) if each.cosigned else None,
                    each.error,
                    each.ahead,
                )
                for each in self._witnesses
            ]

    def _wait(self, end: float) -> bool:
        """Wait for an answer; say whether one may have come before *end*.

        Whoever was asked longer ago than the deadline is not waited for any more.
        """
        asked = [each.asked_at for each in self._witnesses if each.busy is not None]
        left = min(end, max(asked, default=0.0) + self._deadline) - monotonic()
        return left > 0 and self._changed.wait(left)

    def _offer(self, size: int, note: bytes, have: Iterable[str]) -> None:
        for each in self._witnesses:
            done = each.name in have or (each.cosigned is not None and each.cosigned.size >= size)
            if done or each.busy is not None or monotonic() < each.ask_again:
                continue
            each.busy, each.asked_at = size, monotonic()
            # A daemon: a witness that never answers must not keep this process from ending.
            Thread(
                target=self._ask, args=(each, size, note), name=f"witness {each.name}", daemon=True
            ).start()

    def _ask(self, each: _Witness, size: int, note: bytes) -> None:
        """Ask one witness; in a thread of its own."""
        cosigned: Cosigned | None = None
        error: str | None = None
        try:
            cosigned = Cosigned(each.name, size, self._submit(each, size, note))
        except ChainError as failed:
            error = str(failed)
        except Exception as failed:  # noqa: BLE001 — whatever it was, the next round must go on
            error = f"{type(failed).__name__}: {failed}"
        with self._changed:
            each.busy, each.error = None, error
            if cosigned is not None:
                each.cosigned, each.failures, each.ahead = cosigned, 0, None
                self._arrived.append(cosigned)
            else:
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(each.failures, 10))
                each.failures += 1
                each.ask_again = monotonic() + pause
            self._changed.notify_all()

    def _submit(self, each: _Witness, size: int, note: bytes) -> Signature:
        """Return the witness's cosignature.

        Raises:
            ChainError: it has refused, or there is no answer that can be used.
        """
        text = Note.parse(note).text
        url = f"{(each.witness.url or '').rstrip('/')}{PATH}"
        for _ in range(ATTEMPTS):
            old = each.known
            proof = self._prove(old, size) if 0 < old < size else []
            body = Submission(old, tuple(proof), note).to_bytes()
            reply = post(url, body, "text/plain; charset=utf-8", EXCHANGE_TIMEOUT)
            if reply.status == HTTPStatus.OK:
                signature = cosignature_in(reply.body, text, each.witness.key)
                each.known = size
                return signature
            if reply.status != HTTPStatus.CONFLICT or reply.content_type != SIZE_TYPE:
                said = reply.body[:200].decode(errors="replace")
                raise RefusedByWitnessError(f"answered {reply.status}: {' '.join(said.split())}")
            known = known_size_in(reply.body)
            if known > size:
                with self._changed:
                    each.ahead = known
                raise RefusedByWitnessError(
                    f"says that it has cosigned {known} entries, and the log has {size}"
                )
            if known == old:
                raise RefusedByWitnessError(f"refuses to go on from size {old}, which it names")
            each.known = known
        raise RefusedByWitnessError(f"named {ATTEMPTS} sizes and would go on from none")


def _time_of(signature: Signature) -> str | None:
    try:
        return f"{datetime.fromtimestamp(cosigned_at(signature), UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ChainError, OverflowError, ValueError, OSError):
        return None
