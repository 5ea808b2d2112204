"""The AsyncAPI document is what the code makes, and what is served fits its schemas."""

import json

import pytest
from jsonschema import Draft202012Validator

from api.asyncapi import FILE, document, spelt
from api.bootstrap import Deployment
from api.principal import Kind, Principal
from chain.entry import Entry
from domain.feeds.topics import TOPICS
from domain.webhooks.message import body_of
from tests.api.feeds import AUDITOR, fill, publish, served
from tests.chain.store.writing import Command, Event, write

SCHEMAS = document()["components"]["schemas"]


def test_the_file_is_the_one_that_the_code_makes() -> None:
    """``python -m api.asyncapi`` writes it anew."""
    assert FILE.read_text(encoding="utf-8") == spelt()


def test_every_reference_leads_somewhere_and_every_topic_is_there() -> None:
    made = document()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for name, each in value.items():
                if name == "$ref":
                    found = made
                    for part in each.removeprefix("#/").split("/"):
                        found = found[part]
                else:
                    walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(made)
    assert {*TOPICS, "all", "own", "webhook"} == made["channels"].keys()
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("topic", ["leads", "all", "own"])
def test_what_is_served_fits(ledger: Deployment, topic: str) -> None:
    fill(ledger, 40)
    write(ledger.database, [Command("own", [Event("ord_own", data={"merchant": "M-1"})])])
    publish(ledger)
    who = Principal(Kind.MERCHANT, "M-1") if topic == "own" else AUDITOR
    with served(ledger, who) as client:
        events = json.loads(client.get(f"/v1/feeds/{topic}").body)
    assert len(events) > 1
    for event in events:
        name = {"xiyou.leaves": "leaves", "xiyou.checkpoint": "checkpoint"}.get(event["type"])
        name = name or ("own_entry" if topic == "own" else "entry")
        Draft202012Validator(SCHEMAS[name]).validate(event)


def test_a_webhook_fits() -> None:
    at = "2026-11-22T10:00:00.000000Z"
    entry = Entry(at, None, 1, "ord_1", "order.placed", b"{}").to_bytes()
    Draft202012Validator(SCHEMAS["webhook"]).validate(json.loads(body_of(3, 9, entry)))
