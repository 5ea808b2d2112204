"""``xiyou errors``: the page of error codes. ``tests/api/test_error_page.py``."""

import typer

from api.error_page import page
from scripts.options import Json, Out
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def errors(out: Out = None, *, as_json: Json = False) -> Outcome:
    """Write what every error code means and when it is worth trying again."""
    del as_json
    text = page()
    if out is None:
        return Outcome({"ok": True, "page": text}, text.rstrip("\n"))
    out.write_text(text, encoding="utf-8")
    return Outcome({"ok": True, "out": str(out)}, f"{out}: written")
