"""``xiyou config check``: whether the settings are good, without starting anything.

Exits with 2 and names every fault at once. Values are not shown: some are secret.
``tests/scripts/test_config.py``.
"""

import os
from typing import Any

import typer

from api.settings import PREFIX, Settings, load_settings
from scripts.options import Home, Json
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.callback()
def config() -> None:
    """Look at the settings: xiyou config check."""


@app.command()
def check(home: Home = None, *, as_json: Json = False) -> Outcome:
    """Check every XIYOU_ variable; say which are set, and all that is wrong."""
    del as_json
    settings = load_settings(os.environ, home)
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    given = sorted(name for name in os.environ if name in known and os.environ[name])
    facts: dict[str, Any] = {
        "ok": True,
        "home": str(settings.home),
        "set": given,
        "default": sorted(known - set(given)),
        "embedded": settings.is_embedded,
        "witnesses": len(settings.witnesses),
    }
    words = f"settings are good; home {settings.home}; set: {', '.join(given) or 'none'}"
    return Outcome(facts, words)
