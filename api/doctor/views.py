"""The check of what is read: D21."""

from functools import partial
from typing import Final

from api.doctor.finding import GOOD, Exam, Skipped, check
from projections.errors import ViewOutdatedError
from projections.listing import fold_again
from projections.store.platform import as_platform
from projections.store.reader import ViewReader
from projections.store.slots import held_slot
from projections.views import READABLE, VIEWS

NEAR: Final = 10_000
"""Entries by which a view may lag: some seconds of the runner."""


@check(
    21,
    "views are near the head, and a random order replays equal",
    why="reads are old, or are not what the log says",
    fix="run xiyou work or xiyou views run; xiyou views rebuild NAME",
)
def views(exam: Exam) -> str:
    """D21."""
    reader = ViewReader(exam.ledger.database, partial(as_platform, exam.ledger.database))
    live = {each.view: each for each in reader.slots() if each.live}
    if not live:
        raise Skipped("nothing has followed the log yet: xiyou work")
    late = [f"{name} by {lag:,}" for name, lag in reader.lag().items() if lag > NEAR]
    if late:
        return f"behind: {', '.join(late)} entries"
    try:
        for view in VIEWS.values():
            reader.position(view)
    except ViewOutdatedError as error:
        return str(error)
    return _replayed(exam, reader)


def _replayed(exam: Exam, reader: ViewReader) -> str:
    view, table = READABLE["orders"]
    with as_platform(exam.ledger.database) as connection:
        schema = held_slot(connection, view).schema
        query = (
            f"SELECT id FROM {schema}.orders WHERE created >="  # noqa: S608 — our own table
            f" (SELECT floor(random() * (max(created) + 1)) FROM {schema}.orders)"
            " ORDER BY created, id LIMIT 1"
        )
        found = connection.execute(query).fetchone()
    if found is None:
        return GOOD
    row, size = reader.get("orders", found[0])
    # As if it had changed since: so it is folded from the log's own entries.
    again = fold_again(view, table, {**row, "changed": size}, reader.history, size)
    if again is None or dict(again) != dict(row):
        return f"{found[0]} is another order when it is replayed"
    return GOOD
