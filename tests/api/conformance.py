"""Requests that schemathesis makes up from the OpenAPI document, sent to a real server.

Each operation is asked as every kind of principal that the matrix lets have it, in turns with
nobody, with rubbish for a credential, and with a method that is not there. Half of what is
made up fits the document, and half is wrong in one place. Where a path or a body names a
thing, it is one's own in every second request, so that more is met than 404.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from threading import Event, Thread
from time import sleep
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from requests import Session
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.openapi import from_dict
from schemathesis.schemas import APIOperation

from api.access.matrix import OPERATIONS, ROWS, Cell
from api.openapi import OAUTH
from api.principal import Kind
from api.problems import MEDIA_TYPE, TYPE_PREFIX
from projections.store.runner import Runner, catch_up
from tests.api.access.test_matrix import CALLS, changes_standing, scopes_for
from tests.api.access.world import World
from tests.api.exchanges import stock
from tests.api.tales.shop import verified
from tests.api.tales.stage import Stage

Described = APIOperation[Any, Any, Any, Any]
Made = Case[Any]
NAMES: Final = (
    *("status_code_conformance", "content_type_conformance", "response_headers_conformance"),
    *("response_schema_conformance", "negative_data_rejection"),
)
CONFIG: Final = {
    "generation": {"with-security-parameters": False, "allow-x00": False},
}
METHODS: Final = ("PUT", "DELETE", "PATCH", "GET", "POST", "QUERY")
RUBBISH: Final = (
    *("Bearer x", "Bearer", "DPoP x", "Basic eDp4", "Bearer " + "a.b." * 2_000, "bearer\ta.b.c"),
    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJNLUxBTiJ9.",
)
LONGEST: Final = 30
"""Seconds, the most that a caller may ask to wait."""
MAX_INDEX: Final = 2**63 - 1
BEHIND: Final = "view_behind"
"""Code of a 503 that ends when the views have caught up with the log."""


@dataclass
class Tried:
    """What came of it.

    Attributes:
        requests: sent.
        statuses: how many answers of each.
        failures: by operation and what failed: one request of them.
    """

    requests: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, status: int) -> None:
        self.requests += 1
        self.statuses[status] = self.statuses.get(status, 0) + 1


class Conformance:
    """Tries operations of the application that *world* serves.

    Args:
        world: with its outside parties connected.
        document: the application's own.
        patient: wait once an operation for an entry that will not come; takes 2 s each.
    """

    def __init__(self, world: World, document: Mapping[str, Any], *, patient: bool = False) -> None:
        self._world, self._patient = world, patient
        self._waited: set[str] = set()
        self._runner, self._over = Runner(world.ledger.database), Event()
        self._following = Thread(target=self._follow)
        self._following.start()
        self._schema = from_dict(dict(document), config=SchemathesisConfig.from_dict(CONFIG))
        self._schema.config.update(base_url=world.client.base)
        self._session = Session()
        self._checks = [not_a_server_error, *(CHECKS.get_one(each) for each in NAMES), problems]
        self._methods = {
            (path, method.upper())
            for path, item in document["paths"].items()
            for method in item
            if method.upper() in METHODS
        }
        self.tried = Tried()

    def operations(self) -> Iterator[Described]:
        found = []
        for each in self._schema.get_all_operations():
            assert isinstance(each, Ok), each
            found.append(each.ok())
        # Whoever has an account is held against its standing from then on: that comes last.
        yield from sorted(found, key=lambda each: changes_standing(name_of(each)))

    def close(self) -> None:
        """Let the views be, and let go of the database."""
        self._over.set()
        self._following.join()
        self._runner.close()

    def _follow(self) -> None:
        """Move the views on, as their process does in a deployment."""
        while not self._over.wait(0.05):
            catch_up(self._runner)

    def failures(self) -> list[tuple[tuple[str, str], str]]:
        return sorted(self.tried.failures.items())

    def attempt(self, operation: Described, examples: int, salt: int) -> None:
        """Send *examples* requests made up for *operation*, and as many to be turned away."""
        name = name_of(operation)
        row = ROWS[OPERATIONS[name].row]
        kinds = [kind for kind in Kind if row.cell(kind) is not Cell.NONE]
        modes = [GenerationMode.POSITIVE]
        if operation.definition.raw.get("parameters") or operation.body:
            modes.append(GenerationMode.NEGATIVE)
        share = -(-examples // len(modes))
        for mode in modes:
            try:
                self._attempt(operation, name, kinds, mode, share, salt)
            except Unsatisfiable:
                # Whatever a path's text is, it fits: then more of what does.
                self._attempt(operation, name, kinds, modes[0], share, salt + 1)
        self._turn_away(operation, name)

    def _attempt(
        self,
        operation: Described,
        name: str,
        kinds: list[Kind],
        mode: GenerationMode,
        count: int,
        salt: int,
    ) -> None:
        turn = iter(range(10 * count + 10))

        @seed(salt)
        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), own=st.booleans())
        def attempt(case: Made, *, own: bool) -> None:
            kind = kinds[next(turn) % len(kinds)]
            if own and mode is GenerationMode.POSITIVE:
                self._own(case, name, kind)
            self._send(case, name, kind)

        attempt()

    def _own(self, case: Made, name: str, kind: Kind) -> None:
        """Let *case* be about things of the principal's own."""
        call = CALLS.get(name)
        if call is None:
            return
        arguments = call.arguments(self._world, kind, "own")
        for each in case.path_parameters or {}:
            if each in arguments:
                case.path_parameters[each] = arguments[each]
        if isinstance(case.body, dict) and call.body is not None:
            body = call.body(arguments)
            if isinstance(body, dict):
                case.body = case.body | {
                    each: value for each, value in body.items() if each in case.body
                }

    def _send(self, case: Made, name: str, kind: Kind) -> None:
        beyond = self._hasten(case, name)
        path = case.formatted_path

        def headers() -> dict[str, str]:
            if kind is Kind.ANONYMOUS:
                return {}
            scopes = scopes_for(kind, "own", name)
            return self._world.headers(kind, case.method.upper(), path, scopes=scopes)

        response = self._ask(case, name, headers, self._checks[beyond:])
        if response.status_code == 503:
            self._expect(name, case, response, 200, "does not end", holds=not beyond)

    def _hasten(self, case: Made, name: str) -> bool:
        """Let *case* not ask to wait; say whether it waits still, for what will not come."""
        query = case.query or {}
        if type(query.get("timeout")) is int and 0 <= query["timeout"] <= LONGEST:
            query["timeout"] = 0
        wanted, size = query.get("min_index"), self._world.ledger.reader.size()
        if type(wanted) is not int or not size <= wanted <= MAX_INDEX:
            return False
        if self._patient and name not in self._waited:
            self._waited.add(name)
            return True
        query["min_index"] = wanted % size
        return False

    def _ask(
        self,
        case: Made,
        name: str,
        headers: Callable[[], Mapping[str, str]],
        checks: list[Callable[..., Any]],
    ) -> Response:
        sent = dict(headers())
        response = case.call(session=self._session, headers=sent, timeout=20)
        self.tried.note(response.status_code)
        if response.status_code == 503 and response.json().get("code") == BEHIND:
            # As whoever asks is told to: once more when the views have come there.
            sleep(float(response.headers["retry-after"][0]))
            sent = dict(headers())
            response = case.call(session=self._session, headers=sent, timeout=20)
            self.tried.note(response.status_code)
        try:
            case.validate_response(response, checks=checks, headers=sent)
        except FailureGroup as group:
            for each in group.exceptions:
                self._fail(name, case, response, each)
        except Failure as failure:
            self._fail(name, case, response, failure)
        return response

    def _fail(self, name: str, case: Made, response: Response, failure: Exception) -> None:
        title = getattr(failure, "title", type(failure).__name__)
        sent = f"{case.method} {case.formatted_path} {case.query} {case.headers} {case.body!r}"
        said = f"{response.status_code} {response.content[:300]!r}"
        told = f"{str(failure)[:600]}\n  sent {sent[:800]}\n  got {said}"
        self.tried.failures.setdefault((name, title), told)

    def _turn_away(self, operation: Described, name: str) -> None:
        """Ask with no credential, with rubbish, without a key, and by what is no method."""
        case = operation.Case(**self._example(operation))
        guarded = ROWS[OPERATIONS[name].row].cell(Kind.ANONYMOUS) is Cell.NONE
        signed = OPERATIONS[name].row == "signed"
        for rubbish in (None, *RUBBISH):
            headers = {} if rubbish is None else {"Authorization": rubbish}
            response = self._ask(case, name, headers.copy, [not_a_server_error, problems])
            refused = guarded or (rubbish is not None and not signed)
            self._expect(name, case, response, 401, "answered a bad credential", holds=refused)
        for method in METHODS:
            if (operation.path, method) not in self._methods and method != "GET":
                case = operation.Case(**self._example(operation))
                case.method = method
                response = self._ask(case, name, dict, [problems])
                self._expect(name, case, response, 405, "answered another method", holds=True)
                if "allow" not in {each.lower() for each in response.headers}:
                    self._fail(name, case, response, AssertionError("405 without Allow"))

    def _expect(
        self, name: str, case: Made, response: Response, status: int, what: str, *, holds: bool
    ) -> None:
        if holds and response.status_code != status:
            self._fail(name, case, response, Failure(operation=name, title=what, message=what))

    def _example(self, operation: Described) -> dict[str, Any]:
        found: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
        for each in operation.definition.raw.get("parameters", []):
            example = each.get("example", (each["schema"].get("examples") or [None])[0])
            if example is None and each["in"] == "path":
                example = "x"
            if example is not None and each["in"] in found:
                found[each["in"]][each["name"]] = example
        if "Idempotency-Key" in found["header"]:
            found["header"]["Idempotency-Key"] = token_hex(12)
        return {
            "method": operation.method.upper(),
            "path_parameters": found["path"],
            "headers": found["header"],
        }


def equip(stage: Stage) -> None:
    """Let there be what operations ask for, and the merchant be who it says."""
    stock(stage.world)
    verified(stage, "M-LAN")


def name_of(operation: Described) -> str:
    """Return the operation's id."""
    name = operation.definition.raw["operationId"]
    assert isinstance(name, str)
    return name


def problems(ctx: Any, response: Response, case: Made) -> None:  # noqa: ANN401 — schemathesis's
    """Refuse an error that is no problem document of ours, whatever it is about."""
    if response.status_code < 400:
        return
    name = case.operation.definition.raw["operationId"]
    if name in OAUTH and response.status_code in (400, 401):
        return
    media = next(iter(response.headers.get("content-type", [""]))).split(";")[0]
    body = response.json() if media == MEDIA_TYPE else {}
    wanted = {"type", "title", "status", "code", "detail", "instance", "retry", "request_id"}
    told = body.get("type") == f"{TYPE_PREFIX}{body.get('code')}"
    if not (wanted <= body.keys() and told and body["status"] == response.status_code):
        raise Failure(operation=name, title="no problem document", message=f"as {media}: {body}")
