"""Filters of a list, out of the query: all that the resource has, and no others.

A filter is given once, or several times for any of several values. One that the list does not
have is refused and never ignored: ignored, it would show more than was asked for.
``tests/api/views/test_filters.py``.
"""

from inspect import Parameter, Signature
from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError

from api.views.resource import Resource
from projections.listing import Value

MOST: Final = 20
"""Values of one filter."""
PAGING: Final = frozenset({"limit", "next", "min_index"})
Text = Annotated[str, Query(pattern=r"^[^\x00-\x1f]+$", min_length=1, max_length=120)]
Wanted = dict[str, tuple[Value, ...]]
"""By column: the values of which a row must have one."""


class Filters:
    """Reads a resource's filters: ``wanted: Annotated[Wanted, Depends(Filters(resource))]``.

    Args:
        resource: whose.
        fixed: names of filters that the path has said already.
    """

    def __init__(self, resource: Resource, fixed: tuple[str, ...] = ()) -> None:
        self._columns = {
            name: column for name, column in resource.filters.items() if name not in fixed
        }
        asked = [
            Parameter(
                name, Parameter.KEYWORD_ONLY, default=None, annotation=_kind(resource, column)
            )
            for name, column in self._columns.items()
        ]
        request = Parameter("request", Parameter.KEYWORD_ONLY, annotation=Request)
        self.__signature__ = Signature([request, *asked])

    def __call__(self, request: Request, **asked: list[Value] | None) -> Wanted:
        """Return what is asked for, by column.

        Raises:
            RequestValidationError: the list has no such filter.
        """
        unknown = request.query_params.keys() - self._columns.keys() - PAGING
        if unknown:
            known = ", ".join(self._columns) or "none"
            raise RequestValidationError(
                [
                    _fault(each, f"no filter of this list: it has {known}")
                    for each in sorted(unknown)
                ]
            )
        return {self._columns[name]: tuple(values) for name, values in asked.items() if values}


def _kind(resource: Resource, column: str) -> Any:  # noqa: ANN401 — an annotation
    item: Any = bool if resource.table.type_of(column) == "boolean" else Text
    words = "Only rows with this value; several times: with any of them."
    return Annotated[list[item] | None, Query(description=words, max_length=MOST)]


def missing(name: str, words: str) -> RequestValidationError:
    """Return the error that says which filter this principal must name."""
    return RequestValidationError([_fault(name, words)])


def _fault(name: str, words: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": ("query", name), "msg": words, "input": None}
