"""``xiyou schemas``: publish the JSON Schema of every event type and payload version.

The same program publishes the same bytes; a file that is there already is left as it is if
it holds them, and refused if it does not. Proved by ``tests/scripts/test_schemas.py``.
"""

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from chain.errors import VerificationError
from domain.schemas import INDEX, published
from domain.store.superseded import read_superseded
from scripts.options import Json
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def schemas(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the files here.", file_okay=False),
    ] = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Publish what every event's body looks like: JSON Schema 2020-12, and an index.

    Without --out, only says what there is.
    """
    del as_json
    files = published(read_superseded())
    if out is not None:
        _write(files, out)
    facts: dict[str, Any] = {
        "ok": True,
        "schemas": len(files) - 1,
        "index_sha256": sha256(files[INDEX]).hexdigest(),
        "files": sorted(files),
        "out": str(out) if out else None,
    }
    if out is None:
        names = [name.removesuffix(".json") for name in files if name != INDEX]
        return Outcome(facts, "\n".join(names))
    return Outcome(facts, f"{out}: {len(files) - 1} schemas and {INDEX}")


def _write(files: dict[str, bytes], out: Path) -> None:
    """Write *files* into *out*; the index, which names them all, comes last.

    Raises:
        VerificationError: a schema there is another than ours of the same name.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name, data in sorted(files.items(), key=lambda each: (each[0] == INDEX, each[0])):
        path = out / name
        if name != INDEX and path.exists() and path.read_bytes() != data:
            raise VerificationError(
                f"{path}: differs from what this program publishes under that name, and a"
                " published schema never changes: choose an empty folder, or find out who wrote it"
            )
        path.write_bytes(data)
