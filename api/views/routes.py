"""The two routes that every view's resource has: a list and one row.

    add_list(router, viewing, ORDERS, Route("/orders", "orders_list", "List orders."))

Both take ``min_index`` and wait for their own writes; a list is pinned to one tree size, and
its filters are the table's. ``tests/api/views/``.
"""

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends

from api.access.asking import Asked
from api.access.reach import Granted
from api.lists import Fresh, Page
from api.views.filters import Filters, Wanted
from api.views.reading import Find, Viewing
from api.views.resource import Resource

JSON: Final = "application/json"
Names = Mapping[str, str]
"""The path's parameters."""


class Route(NamedTuple):
    """Where a route is, what it is called, and what it does."""

    path: str
    operation_id: str
    words: str


def add_list(
    router: APIRouter,
    viewing: Viewing,
    resource: Resource,
    route: Route,
) -> None:
    """Add the list of *resource*."""
    filters = Filters(resource)

    @router.get(
        route.path,
        operation_id=route.operation_id,
        description=route.words,
        dependencies=[Depends(Fresh(resource.view.name))],
        responses={200: list_answer(resource)},
    )
    def listed(
        asked: Asked, page: Page, wanted: Annotated[Wanted, Depends(filters)]
    ) -> dict[str, Any]:
        return viewing.page(asked, resource, page, wanted)


def add_one(
    router: APIRouter,
    viewing: Viewing,
    resource: Resource,
    route: Route,
    *,
    named: Mapping[str, Any],
    row_id: Callable[[Names], str],
    find: Callable[[Granted, str], Find] | None = None,
) -> None:
    """Add the route of one row of *resource*.

    Args:
        router: to add it to.
        viewing: reads.
        resource: what is read.
        route: its path, with parameters in braces, its name and its description.
        named: the annotation of each parameter of the path.
        row_id: returns the row's id, of the parameters.
        find: returns what finds whose a row is; the row says it itself by default.
    """
    take = _Names(named)
    whose = find or (lambda asked, row: viewing.parties(asked, resource, row))

    @router.get(
        route.path,
        operation_id=route.operation_id,
        description=route.words,
        dependencies=[Depends(Fresh(resource.view.name))],
        responses={200: one_answer(resource)},
    )
    def read(asked: Asked, names: Annotated[Names, Depends(take)]) -> dict[str, Any]:
        row = row_id(names)
        return viewing.one(asked, resource, row, whose(asked, row))


class _Names:
    """Takes a path's parameters, each checked by its annotation."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        asked = [
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind) for name, kind in named.items()
        ]
        self.__signature__ = Signature(asked)

    def __call__(self, **names: str) -> Names:
        return names


def one_answer(resource: Resource) -> dict[str, Any]:
    """Return what the document says of one row's answer."""
    schema = resource.schema()
    schema["properties"] = schema["properties"] | {"size": {"type": "integer"}}
    content: dict[str, Any] = {"schema": schema}
    if resource.example:
        content["example"] = {**resource.example, "size": 4_711}
    return {"description": "As of the tree size that it names.", "content": {JSON: content}}


def list_answer(resource: Resource) -> dict[str, Any]:
    """Return what the document says of a list's answer."""
    properties = {
        "items": {"type": "array", "items": resource.schema()},
        "size": {"type": "integer", "description": "The tree size that all pages are as of."},
        "next": {"type": "string", "description": "Follow it for the next page, if it is there."},
        "pinned": {"type": "boolean", "description": "False: rows are as of `as_of`."},
        "as_of": {"type": "integer"},
    }
    schema = {"type": "object", "properties": properties, "required": ["items", "size"]}
    content: dict[str, Any] = {"schema": schema}
    if resource.example:
        content["example"] = {"items": [dict(resource.example)], "size": 4_711}
    return {"description": "A page, pinned to one tree size.", "content": {JSON: content}}
