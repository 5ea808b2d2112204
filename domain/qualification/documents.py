"""The documents of a merchant: kept by digest beside the log (``features.md``, B1).

The log holds kind, SHA-256 and size; the content is in a `DocumentStore`, where whoever has
the digest finds it again, and finds out if it is no longer what was filed.
``tests/domain/qualification/test_b1_documents.py``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Protocol

from chain.errors import MalformedError
from domain.errors import DocumentsMissingError
from domain.payload import Digest, Moment, Units
from domain.qualification.categories import Category, DocumentKind, Rules

MAX_DOCUMENT_SIZE: Final = 20_000_000
"""Bytes."""
MAX_DOCUMENTS: Final = 50


class DocumentStore(Protocol):
    """Keeps documents by their SHA-256; `domain.qualification.store.documents` is the real one."""

    def put(self, content: bytes) -> str:
        """Keep *content*, durably; return its SHA-256, 64 hexadecimal digits."""

    def get(self, digest: str) -> bytes:
        """Return the content that has *digest*.

        Raises:
            NotFoundError: there is none.
            VerificationError: what is kept is not what was put there.
        """


@dataclass(frozen=True, slots=True)
class Paper:
    """A document on its way in."""

    kind: DocumentKind
    content: bytes = field(repr=False)
    category: str | None = None
    """Of the goods that it is about; none where it is about the merchant."""
    valid_until: str | None = None
    """Where the document itself has an end."""


@dataclass(frozen=True, slots=True)
class FiledDocument:
    """A document as the log names it."""

    kind: DocumentKind
    sha256: Digest
    size: Units
    category: Category | None = None
    valid_until: Moment | None = None


def file_papers(
    papers: Sequence[Paper], store: DocumentStore, rules: Rules
) -> tuple[FiledDocument, ...]:
    """Keep *papers* in *store* and return how the log names them.

    Nothing is recorded yet: what a crash leaves in the store is named by nobody.

    Raises:
        MalformedError: a paper is empty or too large, or is about no known category.
    """
    if len(papers) > MAX_DOCUMENTS:
        raise MalformedError(f"documents: {len(papers)} are more than {MAX_DOCUMENTS}")
    for each in papers:
        if not 0 < len(each.content) <= MAX_DOCUMENT_SIZE:
            raise MalformedError(f"{each.kind}: must have 1 to {MAX_DOCUMENT_SIZE:,} bytes")
        if each.category is not None:
            rules.demand(each.category)
    return tuple(_filed(each, store.put(each.content)) for each in papers)


def check_complete(
    categories: Iterable[str], filed: Sequence[FiledDocument], now: str, rules: Rules
) -> None:
    """Check that *filed* holds what every one of *categories* asks for, in force at *now*.

    Raises:
        DocumentsMissingError: something is missing; its list names all of it.
        MalformedError: a category is unknown.
    """
    missing = [kind for kind in rules.general if not _has(filed, kind, None, now)]
    named: list[str] = list(missing)
    for category in categories:
        wanted = rules.demand(category).documents
        named += [f"{category}: {kind}" for kind in wanted if not _has(filed, kind, category, now)]
    if named:
        raise DocumentsMissingError(tuple(named))


def good_until(filed: Iterable[FiledDocument], category: str | None, until: str) -> str:
    """Return the moment at which the first document of *category* ends, at most *until*."""
    ends = [each.valid_until for each in filed if each.category == category and each.valid_until]
    return min([until, *ends])


def _filed(paper: Paper, digest: str) -> FiledDocument:
    if digest != sha256(paper.content).hexdigest():
        raise AssertionError("the document store has kept another content than it was given")
    return FiledDocument(paper.kind, digest, len(paper.content), paper.category, paper.valid_until)


def _has(filed: Iterable[FiledDocument], kind: str, category: str | None, now: str) -> bool:
    return any(
        each.kind == kind
        and each.category == category
        and (each.valid_until is None or now < each.valid_until)
        for each in filed
    )
