"""What of a released OpenAPI document a later one has broken: ``/v1`` grows only by addition.

Broken is whoever was written against the released one: an operation or a media type is gone,
a member of an answer is gone, is no longer always there or has another type, a request needs
what it did not need or may no longer have what it had, or a value of a choice is refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from api.openapi import placed_operations

Schema = Mapping[str, Any]


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what *new* has broken of *old*, each by operation and place."""
    now = {(path, method): each for path, method, each in placed_operations(new)}
    found = []
    for path, method, operation in placed_operations(old):
        place = f"{method.upper()} {path}"
        later = now.get((path, method))
        if later is None:
            found.append(f"{place}: gone")
            continue
        if later["operationId"] != operation["operationId"]:
            found.append(f"{place}: is called otherwise")
        comparison = _Comparison(old, new)
        found += [f"{place}: {each}" for each in _operation(comparison, operation, later)]
    return found


def _operation(comparison: "_Comparison", old: Schema, new: Schema) -> Iterator[str]:
    yield from _parameters(comparison, old, new)
    known, later = old.get("requestBody", {}), new.get("requestBody", {})
    if later.get("required") and not known.get("required"):
        yield "body: is needed now"
    for media, content in known.get("content", {}).items():
        if media not in later.get("content", {}):
            yield f"body: {media} is gone"
        else:
            taken = later["content"][media].get("schema", {})
            yield from comparison.request(content.get("schema", {}), taken, "body")
    for status, response in old["responses"].items():
        if not status.startswith("2"):
            continue
        if status not in new["responses"]:
            yield f"{status}: gone"
            continue
        for media, content in response.get("content", {}).items():
            given = new["responses"][status].get("content", {})
            if media not in given:
                yield f"{status}: {media} is gone"
            else:
                shown = given[media].get("schema", {})
                yield from comparison.answer(content.get("schema", {}), shown, status)


def _parameters(comparison: "_Comparison", old: Schema, new: Schema) -> Iterator[str]:
    known = {(each["in"], each["name"]): each for each in old.get("parameters", [])}
    later = {(each["in"], each["name"]): each for each in new.get("parameters", [])}
    for (where, name), each in later.items():
        was = known.get((where, name))
        if each.get("required") and not (was or {}).get("required"):
            yield f"{where} {name}: is needed now"
        if was is not None:
            yield from comparison.request(was["schema"], each["schema"], f"{where} {name}")
    for where, name in known.keys() - later.keys():
        yield f"{where} {name}: is gone"


class _Comparison:
    """Compares schemas of two documents; each reference is followed once."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str, bool]] = set()

    def request(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        """Yield what a request that *old* allows may no longer be."""
        yield from self._compare(old, new, place, answer=False)

    def answer(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        """Yield what an answer that *old* promises may now be."""
        yield from self._compare(old, new, place, answer=True)

    def _compare(self, old: Schema, new: Schema, place: str, *, answer: bool) -> Iterator[str]:
        names = str(old.get("$ref")), str(new.get("$ref")), answer
        if "$ref" in old and names in self._seen:
            return
        self._seen.add(names)
        old, new = _followed(self._old, old), _followed(self._new, new)
        yield from _values(old, new, place, answer=answer)
        yield from _members(old, new, place, answer=answer)
        for name, schema in old.get("properties", {}).items():
            if name in new.get("properties", {}):
                inner = new["properties"][name]
                yield from self._compare(schema, inner, f"{place}/{name}", answer=answer)
        if "items" in old and "items" in new:
            yield from self._compare(old["items"], new["items"], f"{place}/*", answer=answer)


def _followed(document: Mapping[str, Any], schema: Schema) -> Schema:
    name = schema.get("$ref")
    found: Schema = (
        schema if name is None else document["components"]["schemas"][name.rpartition("/")[2]]
    )
    return found


def _values(old: Schema, new: Schema, place: str, *, answer: bool) -> Iterator[str]:
    if _types(old) and _types(new):
        wider, narrower = (old, new) if answer else (new, old)
        if not _types(narrower) <= _types(wider):
            yield f"{place}: has another type"
    if not answer and "enum" in new and not {*old.get("enum", ["?"])} <= {*new["enum"]}:
        yield f"{place}: a value is refused now"


def _types(schema: Schema) -> frozenset[str]:
    """Return the types that *schema* allows; none where it does not say."""
    found = schema.get("type", [])
    types = {found} if isinstance(found, str) else {*found}
    for each in schema.get("anyOf", []):
        types |= _types(each) or {str(each.get("$ref", "?"))}
    return frozenset(types | {"integer"} if "number" in types else types)


def _members(old: Schema, new: Schema, place: str, *, answer: bool) -> Iterator[str]:
    known, later = old.get("properties", {}), new.get("properties", {})
    if answer:
        for name in known.keys() - later.keys():
            yield f"{place}/{name}: is gone"
        for name in (
            {*old.get("required", ())} - {*new.get("required", ())} - (known.keys() - later.keys())
        ):
            yield f"{place}/{name}: is not always there now"
        return
    for name in {*new.get("required", ())} - {*old.get("required", ())}:
        yield f"{place}/{name}: is needed now"
    if new.get("additionalProperties") is False:
        for name in known.keys() - later.keys():
            yield f"{place}/{name}: is refused now"
