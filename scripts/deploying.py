"""Opening the deployment that a command works on, from its ``--home`` and the environment."""

import os
from pathlib import Path

from api.bootstrap import Deployment
from api.settings import load_settings


def deployment(home: Path | None, *, make: bool = False) -> Deployment:
    """Return the deployment in *home*, to be entered; *make* brings it into being first.

    Raises:
        SettingsError: a variable of the environment is wrong.
    """
    settings = load_settings(os.environ, home)
    if not make:
        return Deployment(settings)
    # Alembic is imported by those who migrate alone.
    from scripts.migrate import migrate  # noqa: PLC0415 — see above

    return Deployment(settings, migrate)
