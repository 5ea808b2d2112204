"""A headless Chromium, where there is one, that runs the published page on many packages."""

import json
import shutil
import subprocess
import threading
from base64 import b64encode
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from chain.evidence.claims import published
from chain.evidence.verification import Trust

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
LONGEST = 120
"""Seconds that a page may take."""
WHY_NOT = "no chromium here: the page was not run"
POLICY_LINE = b'<meta http-equiv="Content-Security-Policy"'

RUNNER = """
<script>
(async () => {
  const bytes = (text) => (text === null ? null : Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  const cases = await (await fetch("/cases.json")).json();
  const reports = [];
  for (let n = 0; n < cases.length; n++) {
    const given = cases[n], body = new Uint8Array(await (await fetch("/case/" + n)).arrayBuffer());
    const source = given.inline ? { inline: new TextDecoder().decode(body) } : { archive: body };
    const options = { policy: bytes(given.policy), roots: bytes(given.roots), known: bytes(given.known),
      knownProof: bytes(given.knownProof), now: given.now, allowTestAuthority: given.allowTestAuthority,
      receipts: given.receipts.map(([index, entry, proof]) => ({ index, entry: bytes(entry), proof: bytes(proof) })) };
    const began = performance.now();
    try { reports.push({ ...(await xiyou.verify(source, options)).report, milliseconds: performance.now() - began }); }
    catch (error) { reports.push({ crashed: String(error.stack || error) }); }
  }
  await fetch("/done", { method: "POST", body: JSON.stringify(reports) });
})();
</script></body>
"""  # noqa: E501 — a program of another language


def run_page(sources: Sequence[tuple[bytes, Trust]], *, inline: bool = False) -> list[Any]:
    """Return the page's reports on *sources*, each a package and what its reader brings."""
    options = json.dumps([_options(trust, inline=inline) for _, trust in sources]).encode()
    files = {f"/case/{number}": package for number, (package, _) in enumerate(sources)}
    found = run_script(published("verify.html"), RUNNER, {"/cases.json": options, **files})
    if not isinstance(found, list):
        raise TypeError("the page answers with a list of reports")
    return found


def run_script(page: bytes, script: str, files: Mapping[str, bytes]) -> Any:  # noqa: ANN401 — JSON
    """Return what *script*, at the end of *page*, posts to ``/done``.

    The page forbids itself every network: the copy that is run is served from loopback without
    that line, and may ask for *files* by their paths.

    Raises:
        FileNotFoundError: there is no browser here.
        TimeoutError: the script has not finished in `LONGEST` seconds.
    """
    lines = [each for each in page.split(b"\n") if not each.startswith(POLICY_LINE)]
    shown = b"\n".join(lines).replace(b"</body>\n", script.encode())
    done: list[bytes] = []
    finished = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path, shown)
            self.send_response(200)
            kind = "text/html; charset=utf-8" if body is shown else "application/octet-stream"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            done.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()
            finished.set()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    process = subprocess.Popen(  # noqa: S603 — a browser of this machine, no shell
        [*command(), f"http://127.0.0.1:{server.server_port}/"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not finished.wait(LONGEST):
            raise TimeoutError(f"{PROGRAM}: the page has not finished in {LONGEST} s")
    finally:
        process.terminate()
        process.wait(10)
        server.shutdown()
        server.server_close()
    return json.loads(done[0])


def command(profile: Path | None = None) -> list[str]:
    """Return what starts the browser without a window, a sandbox of its own or a network."""
    if PROGRAM is None:
        raise FileNotFoundError(WHY_NOT)
    folder = [f"--user-data-dir={profile}"] if profile else []
    return [
        PROGRAM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--incognito",
        *folder,
    ]


def dump(page: Path, profile: Path, *more: str) -> str:
    """Return the document that opening *page* from disk ends in."""
    done = subprocess.run(  # noqa: S603 — as above
        [*command(profile), "--virtual-time-budget=20000", *more, "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=True,
    )
    return done.stdout


def _options(trust: Trust, *, inline: bool) -> dict[str, Any]:
    def spelt(data: bytes | None) -> str | None:
        return None if data is None else b64encode(data).decode()

    return {
        "policy": spelt(trust.policy),
        "roots": spelt(trust.tsa_roots),
        "known": spelt(trust.known),
        "knownProof": spelt(trust.known_proof),
        "receipts": [[r.place, spelt(r.entry), spelt(r.proof)] for r in trust.receipts],
        "now": trust.now,
        "allowTestAuthority": trust.allow_test_authority,
        "inline": inline,
    }
