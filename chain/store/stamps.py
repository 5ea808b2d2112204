"""Time stamps over published checkpoints: asked for, checked by two tools, kept beside them.

``evidence.md``, section 7. What is stamped are the exact bytes of the published checkpoint,
cosignatures included; since those may grow later, the bytes are kept with the token:

    stamps/<n>.txt    the checkpoint of size n as it was when it was stamped
    stamps/<n>.tsr    the RFC 3161 response, as it was received

``<n>`` has twelve digits. Authorities are asked in their order; what does not verify is
discarded and the next one is asked. Proved by ``tests/chain/store/test_stamps.py``.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Event
from typing import Final, NamedTuple

from cryptography import x509
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from chain.checkpoint import Checkpoint
from chain.errors import ChainError
from chain.note import Note
from chain.store.files import MissingFileError, PublishedFiles
from chain.store.finality import CHECKPOINT, STAMPS, stamp_path
from chain.store.http import UnreachableError, post
from chain.store.openssl import check_with_openssl, has_openssl
from chain.timestamp import QUERY_TYPE, REPLY_TYPE, Timestamp, check_imprint, check_timestamp

TIMEOUT: Final = 20.0
"""Seconds that an authority is waited for."""

RETRY: Final = 60.0
"""Seconds until authorities are asked again after all have failed."""

_NAME = re.compile(r"([0-9]{12,19})\.tsr")


class StampAuthority(NamedTuple):
    """A time-stamp authority: where it is asked, and the roots that it is trusted by."""

    url: str
    roots: Sequence[x509.Certificate]


class Stamp(NamedTuple):
    """A checkpoint with its time stamp."""

    size: int
    note: bytes
    """The exact bytes that the token is over."""

    token: bytes
    said: Timestamp


class NoStampError(ChainError):
    """No authority has given a time stamp that holds; the text says what each was at fault of."""


class Stamper:
    """Stamps the published checkpoint. One at a time may work on a place.

    Args:
        files: where the log is published.
        authorities: asked in this order; at least one.
    """

    def __init__(self, files: PublishedFiles, authorities: Sequence[StampAuthority]) -> None:
        self._files = files
        self._authorities = authorities
        self.last_error: Exception | None = None
        """What the last round of `run` failed with, None if it did not."""

    def sizes(self) -> list[int]:
        """Return the sizes of the stamped checkpoints, in order."""
        found = (_NAME.fullmatch(name) for name in self._files.list(STAMPS))
        return sorted(int(match[1]) for match in found if match)

    def read(self, size: int) -> Stamp:
        """Return the stamp of the checkpoint of *size*; only its imprint was looked at.

        Raises:
            MissingFileError: it is not stamped.
            VerificationError: the token is over other bytes.
        """
        note, token = (self._files.read(stamp_path(size, kind)) for kind in ("txt", "tsr"))
        return Stamp(size, note, token, check_imprint(token, note))

    def first_after(self, index: int) -> Stamp | None:
        """Return the stamp that dates the entry at *index* best: the first that covers it."""
        size = next((each for each in self.sizes() if each > index), None)
        return None if size is None else self.read(size)

    def stamp(self) -> Stamp:
        """Return the stamp of the published checkpoint, which is stamped if it was not.

        Raises:
            MissingFileError: nothing is published yet.
            NoStampError: no authority gives one that holds.
            OSError: it cannot be kept.
        """
        note = self._files.read(CHECKPOINT)
        size = Checkpoint.parse(Note.parse(note).text).size
        try:
            return self.read(size)
        except MissingFileError:
            pass
        try:
            # A crash came between the two files, or the checkpoint has grown by a cosignature.
            note = self._files.read(stamp_path(size, "txt"))
        except MissingFileError:
            self._files.write([(stamp_path(size, "txt"), note)])
        token, said = self._ask_all(note)
        # A crash before this line: the next call stamps the same bytes. After it: it is done.
        self._files.write([(stamp_path(size, "tsr"), token)])
        return Stamp(size, note, token, said)

    def token_over(self, content: bytes) -> bytes:
        """Return a token over *content*, which is kept by whoever asks.

        Raises:
            NoStampError: no authority gives one that holds.
        """
        return self._ask_all(content)[0]

    def is_due(self, now: datetime, interval: timedelta) -> bool:
        """Say whether the published checkpoint is new and the last stamp older than *interval*."""
        sizes = self.sizes()
        try:
            published = Checkpoint.parse(Note.parse(self._files.read(CHECKPOINT)).text).size
        except MissingFileError:
            return False
        if published == 0 or (sizes and sizes[-1] >= published):
            return False
        return not sizes or now - self.read(sizes[-1]).said.at >= interval

    def run(
        self, stop: Event, interval: timedelta, clock: Callable[[], datetime], pause: float = 1.0
    ) -> None:
        """Stamp what is published every *interval* until *stop* is set; never raises.

        Authorities that fail are asked again after `RETRY` seconds, see `last_error`.
        """
        while not stop.is_set():
            wait = pause
            try:
                if self.is_due(clock(), interval):
                    self.stamp()
                self.last_error = None
            except (ChainError, OSError) as error:
                self.last_error, wait = error, RETRY
            stop.wait(wait)

    def _ask_all(self, note: bytes) -> tuple[bytes, Timestamp]:
        faults = []
        for authority in self._authorities:
            try:
                return ask_authority(authority, note)
            except ChainError as error:
                faults.append(f"{authority.url}: {error}")
        said = "; ".join(faults) or "none is configured: set XIYOU_STAMP_AUTHORITIES"
        raise NoStampError(f"no time stamp: {said}")


def ask_authority(authority: StampAuthority, note: bytes) -> tuple[bytes, Timestamp]:
    """Return the token that *authority* gives over *note*, checked by two tools.

    The second one is ``openssl``, where this machine has it. A test authority's token is
    taken if its operator has configured it, and says of itself that it is one.

    Raises:
        UnreachableError: there is no answer, or none that is a time stamp.
        TimestampError: it does not hold.
    """
    builder = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256)
    query = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    reply = post(authority.url, query.as_bytes(), QUERY_TYPE, TIMEOUT)
    if reply.status != HTTPStatus.OK or reply.content_type.partition(";")[0] != REPLY_TYPE:
        raise UnreachableError(f"answered {reply.status} {reply.content_type[:80]}")
    said = check_timestamp(
        reply.body, note, authority.roots, allow_test_authority=True, nonce=query.nonce
    )
    if has_openssl():
        check_with_openssl(reply.body, note, authority.roots)
    return reply.body, said
