"""The page of error codes, ``docs/errors.md``, from the table of answers.

``xiyou errors --out docs/errors.md`` writes it; ``tests/api/test_error_page.py`` keeps it so.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from api.errors import ANSWERS, INTERNAL, Answer

NO_METHOD: Final = Answer(
    HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "The path has no such method"
)
"""The framework's own."""

HEAD: Final = """\
# Errors

Made by `xiyou errors` from the one table in `api/errors.py`; change it there.

Every error is a problem document (RFC 9457, `application/problem+json`). Its `code` is stable
for ever; `detail` is for people and may change. `errors` names each fault of a request that
does not fit its schema, with the JSON pointer of its place. `request_id` is what to tell us.

`retry.when` says what helps:

- `never`: nothing; this request stays refused.
- `same_key`: the same request with the same Idempotency-Key, now or in a moment.
- `new_key`: the request again, mended or later, with a new key: for its own it is answered.
- `after`: wait, `retry.seconds` if it says so.

| Code | Status | Meaning | Retry |
|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    return HEAD + "".join(_lines())


def _lines() -> Iterator[str]:
    codes: dict[tuple[str, int], list[Answer]] = {}
    for answer in (*ANSWERS.values(), INTERNAL):
        codes.setdefault((answer.code, int(answer.status)), []).append(answer)
    codes["method_not_allowed", 405] = [NO_METHOD]
    for (code, status), answers in sorted(codes.items()):
        titles = "; ".join(dict.fromkeys(each.title for each in answers))
        retries = ", ".join(dict.fromkeys(f"`{each.retry}`" for each in answers))
        yield f"| `{code}` | {status} | {titles} | {retries} |\n"
