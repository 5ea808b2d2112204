"""The log as everybody may read it: c2sp.org/tlog-tiles, and single entries and proofs.

Hashes and proofs are everybody's. Entries hold no personal and no secret value (``formats.md``,
section 3), and yet pseudonyms and amounts: they are for auditors and operators
(``reliability.md``, 4.2). ``tests/api/test_log.py``.
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Response

from api.bootstrap import Deployment
from api.numbers import SPELT
from chain.canonical import MAX_INTEGER
from chain.errors import MalformedError
from chain.hashes import leaf_hash
from chain.store.files import MissingFileError
from chain.store.finality import stamp_path
from chain.store.publisher import CHECKPOINT
from chain.tiles import parse_tile_path

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
STAMP_TYPES: Final = {"txt": TEXT, "tsr": "application/timestamp-reply"}
FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
AT_MOST_A_SECOND: Final = {"Cache-Control": "public, max-age=1"}
MAX_INDEX: Final = 2**63 - 2

Index = Annotated[int, Path(ge=0, le=MAX_INDEX), SPELT]
Stamped = Annotated[int, Path(ge=0, le=MAX_INDEX, description="As its file is named: 12 digits.")]
Size = Annotated[int, Query(ge=1, le=MAX_INTEGER, description="Leaves of the earlier tree."), SPELT]
OptionalSize = Annotated[
    int | None, Query(ge=1, le=MAX_INTEGER, description="Leaves of the later tree."), SPELT
]
CONSISTENCY: Final = (
    "xiyou-consistency/1\nold 1\nnew 2\nS2Hr1M0Vf9Yxd5pUx1WQ5bAqTq1y1o3S0b2Yx0nQm0k=\n"
)


def log_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of the published log, straight from its files."""
    router = APIRouter(tags=["log"])

    @router.get("/checkpoint", operation_id="log_checkpoint")
    def checkpoint() -> Response:
        """Return the newest signed checkpoint."""
        note = ledger.files.read(CHECKPOINT)
        return Response(note, media_type=TEXT, headers=AT_MOST_A_SECOND)

    @router.get("/tile/entries/{rest:path}", operation_id="log_bundle")
    def bundle(rest: str) -> Response:
        """Return a bundle of entries; it never changes."""
        path = _tile_path(f"tile/entries/{rest}")
        return Response(ledger.files.read(path), media_type=BYTES, headers=FOR_EVER)

    @router.get("/tile/{rest:path}", operation_id="log_tile")
    def tile(rest: str) -> Response:
        """Return a tile of hashes; it never changes."""
        path = _tile_path(f"tile/{rest}")
        return Response(ledger.files.read(path), media_type=BYTES, headers=FOR_EVER)

    @router.get("/stamps/{size}.{kind}", operation_id="log_stamp")
    def stamp(size: Stamped, kind: Literal["txt", "tsr"]) -> Response:
        """Return a checkpoint as it was stamped, or its time stamp; neither ever changes."""
        content = ledger.files.read(stamp_path(size, kind))
        return Response(content, media_type=STAMP_TYPES[kind], headers=FOR_EVER)

    @router.get("/v1/log/entries/{index}", operation_id="log_entry")
    def entry(index: Index) -> Response:
        """Return the exact bytes of a committed entry."""
        content = ledger.reader.entry(index).entry
        headers = FOR_EVER | {"X-Leaf-Hash": leaf_hash(content).hex()}
        return Response(content, media_type=TEXT, headers=headers)

    @router.get("/v1/log/proofs/{index}", operation_id="log_proof")
    def proof(index: Index) -> Response:
        """Return the tlog-proof of a published entry against the newest checkpoint."""
        try:
            content = ledger.prover.prove(index)
        except MissingFileError:
            raise MissingFileError(f"proof of entry {index}") from None
        return Response(content, media_type=TEXT, headers=AT_MOST_A_SECOND)

    @router.get(
        "/v1/log/consistency",
        operation_id="log_consistency",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"example": CONSISTENCY}}}},
    )
    def consistency(old: Size, new: OptionalSize = None) -> Response:
        """Return the proof that the tree of `old` leaves begins that of `new`.

        As `xiyou-consistency/1`: two sizes, then the hashes of RFC 9162, one a line in base64.
        Whoever holds two checkpoints checks by it that nothing between them was rewritten;
        `new` is by default the size of the published one.
        """
        proof = ledger.prover.consistency(old, new)
        headers = AT_MOST_A_SECOND if new is None else FOR_EVER
        return Response(proof.to_bytes(), media_type=TEXT, headers=headers)

    return router


def _tile_path(path: str) -> str:
    """Return *path*: what no writer writes is refused, so that no other file can be named.

    Raises:
        MalformedError: it is no tile's; what was asked for is not repeated.
    """
    try:
        parse_tile_path(path)
    except MalformedError:
        raise MalformedError("the path is not that of a tile or an entry bundle") from None
    return path
