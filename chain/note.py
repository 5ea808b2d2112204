"""Signed notes: a text and the signatures under it.

c2sp.org/signed-note: a text that ends in a newline, an empty line, and lines
``— <key name> <base64 of key ID and signature>``. The text is split off at the *last*
empty line. Signatures by unknown keys are ignored; one by a known key that fails rejects
the whole note; the text must be ignored unless a known key has signed it, which is why
`open_note` is the way to read one. ``tests/chain/test_note.py`` runs
``tests/vectors/signed_notes.json``.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from chain.errors import MalformedError, SignatureFailedError
from chain.vkey import KEY_ID_SIZE, SigningKey, VerifierKey, check_key_name, decode_base64

MAX_SIGNATURES = 100
"""The specification asks for 16 at least."""

MAX_NOTE_SIZE = 1_000_000
"""Bytes; a hundred ML-DSA-44 lines need a third of it."""

_LINE_HEAD = "\u2014 "  # an em dash
_FIRST_PRINTABLE = " "


class Signature(NamedTuple):
    """One signature line."""

    name: str
    key_id: bytes
    data: bytes
    """The signature, after the key ID; timestamped kinds begin with 8 bytes of time."""

    def line(self) -> str:
        """Return the line, with its newline."""
        return f"{_LINE_HEAD}{self.name} {b64encode(self.key_id + self.data).decode()}\n"


class Signer(Protocol):
    """Signs notes with one key; `chain.cosignature.signer_of` makes one."""

    @property
    def key(self) -> SigningKey:
        """The key, whose name and ID stand in the signature line."""

    def sign(self, text: str, seconds: int) -> bytes:
        """Return the signature over *text*; kinds without a time ignore *seconds*.

        Raises:
            MalformedError: *text* or *seconds* is nothing that this kind can sign.
        """


class Verifier(Protocol):
    """Verifies the signatures of one key; `chain.cosignature.verifier_of` makes one."""

    @property
    def key(self) -> VerifierKey:
        """The key, whose name and ID pick the signature line."""

    def verify(self, text: str, signature: bytes) -> None:
        """Check *signature* over *text*.

        Raises:
            SignatureFailedError: it is not by this key over this text.
        """


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, none of them verified."""

    text: str
    signatures: tuple[Signature, ...]

    def to_bytes(self) -> bytes:
        """Return the note.

        Raises:
            MalformedError: there is no such note.
        """
        _check_text(self.text)
        if not 0 < len(self.signatures) <= MAX_SIGNATURES:
            raise MalformedError(
                f"note: must have 1 to {MAX_SIGNATURES} signatures, not {len(self.signatures)}"
            )
        for each in self.signatures:
            check_key_name(each.name)
            if len(each.key_id) != KEY_ID_SIZE or not each.data:
                raise MalformedError(f"note: the signature by {each.name} is incomplete")
        data = (self.text + "\n" + "".join(each.line() for each in self.signatures)).encode()
        _check_size(data)
        return data

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the note in *data*. Do not use its text: see `open_note`.

        Raises:
            MalformedError: `to_bytes` would not have written *data*.
        """
        _check_size(data)
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise MalformedError(f"note: not UTF-8 at byte {error.start}") from None
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise MalformedError("note: must be a text, an empty line and signature lines")
        text += "\n"
        _check_text(text)
        listed = lines[:-1].split("\n")
        if len(listed) > MAX_SIGNATURES:
            raise MalformedError(f"note: has more than {MAX_SIGNATURES} signatures")
        return cls(text, tuple(parse_signature(line) for line in listed))

    def with_signatures(self, added: Iterable[Signature]) -> "Note":
        """Return this note with *added* below the signatures it has."""
        return Note(self.text, (*self.signatures, *added))


class OpenedNote(NamedTuple):
    """What verified keys have signed."""

    text: str
    verified: tuple[Signature, ...]
    """The signatures by known keys, in the order of their lines, one for each key."""


def parse_signature(line: str) -> Signature:
    """Return the signature that *line*, without its newline, spells.

    Raises:
        MalformedError: *line* is not a signature line.
    """
    parts = line.removeprefix(_LINE_HEAD).split(" ")
    if not line.startswith(_LINE_HEAD) or len(parts) != len(("name", "signature")):
        raise MalformedError(f"note: {line[:80]!r} is not a signature line")
    name, encoded = parts
    check_key_name(name)
    data = decode_base64(f"signature by {name}", encoded)
    if len(data) <= KEY_ID_SIZE:
        raise MalformedError(f"signature by {name}: must be a key ID and a signature")
    return Signature(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])


def open_note(data: bytes, verifiers: Iterable[Verifier]) -> OpenedNote:
    """Return the text of the note in *data* once one of *verifiers* has vouched for it.

    Raises:
        MalformedError: *data* is not a note, or two verifiers have one name and ID.
        SignatureFailedError: a signature by a known key is false, or no known key has
            signed.
    """
    note = Note.parse(data)
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.key.name, verifier.key.id), verifier) is not verifier:
            raise MalformedError(f"verifiers: two keys are named {verifier.key.name} with one ID")
    verified: dict[tuple[str, bytes], Signature] = {}
    for signature in note.signatures:
        place = (signature.name, signature.key_id)
        if place in known:
            known[place].verify(note.text, signature.data)
            verified.setdefault(place, signature)
    if not verified:
        wanted = ", ".join(sorted(name for name, _ in known)) or "nobody"
        raise SignatureFailedError(f"the note has no signature by a known key ({wanted})")
    return OpenedNote(note.text, tuple(verified.values()))


def sign_note(text: str, signers: Sequence[Signer], *, seconds: int = 0) -> bytes:
    """Return the note of *text* signed by each of *signers*.

    Args:
        text: ends in a newline.
        signers: at least one.
        seconds: POSIX time for the kinds of signature that carry one.

    Raises:
        MalformedError: there is no such note, or a signer cannot sign *text*.
    """
    _check_text(text)
    return Note(text, tuple(make_signature(text, each, seconds) for each in signers)).to_bytes()


def make_signature(text: str, signer: Signer, seconds: int) -> Signature:
    """Return the line that *signer* adds to a note of *text*."""
    key = signer.key
    return Signature(key.name, key.verifier_key.id, signer.sign(text, seconds))


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise MalformedError("note: the text must end in a newline")
    control = next((c for c in text if c < _FIRST_PRINTABLE and c != "\n"), None)
    if control is not None:
        raise MalformedError(f"note: the text must not hold the control character {control!r}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise MalformedError("note: the text holds a lone surrogate") from None


def _check_size(data: bytes) -> None:
    if len(data) > MAX_NOTE_SIZE:
        raise MalformedError(f"note: {len(data)} bytes are more than {MAX_NOTE_SIZE}")
