"""The game operator over HTTP, and the sandbox's side of the same protocol (B5).

``POST /v1/operator/key`` with the signatures of `domain.outside.signing`; canonical JSON both
ways, never a key in a URL:

    {key, operator, product}
    -> {findings, first_used_at, operator, sandbox, state}

``findings`` is an array; ``first_used_at`` is null where nobody has used the key. An answer
with a missing, unknown or ill-typed member, or about another operator, is not trusted.
Proved by ``tests/domain/qualification/test_b5_operator.py`` against the sandbox's process.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from chain.errors import MalformedError
from domain.keys.upstream import Answer, Finding, UpstreamState
from domain.outside.hidden import Hidden
from domain.outside.party import UntrustedAnswerError
from domain.outside.store.client import Endpoint, Patience, SignedClient
from domain.outside.store.sandbox import Answering
from domain.payload import Moment, payload_fields, read_object
from domain.qualification.operator import KeyQuestion, UpstreamOperator

CHECK: Final = "/v1/operator/key"


@dataclass(frozen=True, slots=True)
class _Said:
    """The members of an answer, as they travel."""

    operator: str
    state: UpstreamState
    findings: tuple[Finding, ...]
    sandbox: bool
    first_used_at: Moment | None = None


_SAID: Final = payload_fields(_Said)


@dataclass(frozen=True, slots=True)
class HttpOperator:
    """An operator's system, behind a client and circuit of its own."""

    client: SignedClient

    @classmethod
    def at(cls, endpoint: Endpoint, patience: Patience | None = None) -> Self:
        """Return the system that answers at *endpoint*."""
        return cls(SignedClient(endpoint, patience or Patience()))

    def check_key(self, question: KeyQuestion, key: str) -> Answer:
        """See `UpstreamOperator.check_key`."""
        asked = {
            "key": question.raw_key.reveal(),
            "operator": question.operator,
            "product": question.product,
        }
        return _read(self.client.ask(CHECK, asked, key), question.operator)


def operator_answers(system: UpstreamOperator) -> Mapping[str, Answering]:
    """Return what a sandbox server answers, by path, in the name of *system*."""

    def answer(asked: dict[str, Any]) -> Mapping[str, object]:
        texts = [asked.get(name) for name in ("key", "product", "operator")]
        if asked.keys() != {"key", "product", "operator"} or not all(
            isinstance(each, str) for each in texts
        ):
            raise MalformedError("question: must have the texts key, operator and product")
        raw_key, product, operator = map(str, texts)
        found = system.check_key(KeyQuestion(Hidden(raw_key), product, operator), "")
        return asdict(found) | {
            "findings": list(found.findings),
            "sandbox": bool(found.sandbox),
        }

    return {CHECK: answer}


def _read(members: dict[str, Any], operator: str) -> Answer:
    """Return the answer that *members* spell, exactly.

    Raises:
        UntrustedAnswerError: they do not spell one, or one about another operator's key.
    """
    if "first_used_at" not in members:
        raise UntrustedAnswerError("answer: first_used_at: is missing")
    if members["first_used_at"] is None:
        members = {name: value for name, value in members.items() if name != "first_used_at"}
    try:
        said = _Said(**read_object(_SAID, members))
    except MalformedError as error:
        raise UntrustedAnswerError(f"answer: {error}") from None
    if said.operator != operator:
        raise UntrustedAnswerError("answer: operator: is another than was asked")
    return Answer(said.operator, said.state, said.findings, said.first_used_at, said.sandbox)
