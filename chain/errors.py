"""What can be wrong with bytes that somebody hands us: malformed, or untrue.

The two roots are kept apart because the blame differs (style.md, section 3.3):
`MalformedError` says that bytes are not in the format at all, `VerificationError`
that they are well formed and claim something false. Our own broken arithmetic is
neither; that is an ``assert``.

Every message names the field, the fault and, where there is one, the remedy.
"""


class ChainError(Exception):
    """Root of every error that the chain floor raises on purpose."""


class MalformedError(ChainError):
    """The input is not in the format: no honest writer would have written it."""


class EntryTooLargeError(MalformedError):
    """An entry would be longer than an entry bundle can hold."""

    def __init__(self, *, stream: str, seq: int, kind: str, size: int, limit: int) -> None:
        """Name the event that does not fit.

        Args:
            stream: the event's stream.
            seq: its version in that stream.
            kind: its type.
            size: bytes that its entry would have.
            limit: bytes that an entry may have.
        """
        super().__init__(
            f"event {kind} (version {seq} of stream {stream}) makes an entry of {size:,} bytes,"
            f" {size - limit:,} over the limit of {limit:,}:"
            " keep large content beside the log and refer to it by digest"
        )
        self.stream = stream
        self.seq = seq
        self.kind = kind
        self.size = size
        self.limit = limit


class VerificationError(ChainError):
    """The input is well formed and untrue."""


class ProofFailedError(VerificationError):
    """A Merkle proof leads to another root than the one it was made for."""


class SignatureFailedError(VerificationError):
    """A signature by a known key does not fit the text that it stands under."""


class QuorumNotMetError(VerificationError):
    """The log has signed, but too few of the witnesses that the policy asks for."""
