"""The options that many commands share, so that they read alike everywhere."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object on stdout; progress goes to stderr."),
]
Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of the deployment: keys, published files, embedded database."
        " Default: XIYOU_HOME, or ~/.xiyou.",
        file_okay=False,
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="Write to this file instead of stdout.", dir_okay=False),
]
