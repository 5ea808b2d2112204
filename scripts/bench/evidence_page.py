"""Timing an enclosed ``verify.html`` in Chromium: verified and shown, in real milliseconds.

The page forbids itself every network, so the copy that is timed is served from loopback
without that line, and hands its figures back. Used by `scripts.bench.evidence`.
"""

import json
import shutil
import subprocess
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final

BROWSER: Final = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS: Final = 120

_RUNNER = """
<script>
(async () => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const { policy, rounds } = await (await fetch("/given")).json();
  xiyouPage.chosen.policy = bytes(policy);
  const taken = [];
  for (let n = 0; n < rounds; n++) {
    const began = performance.now();
    await xiyouPage.run();
    document.body.getBoundingClientRect();
    taken.push(performance.now() - began);
  }
  const colour = xiyouPage.last.report.colour;
  await fetch("/done", { method: "POST", body: JSON.stringify({ taken, colour }) });
})();
</script></body>
"""


def milliseconds_of(enclosed: bytes, policy: bytes, rounds: int) -> list[float]:
    """Return what each of *rounds* took the page *enclosed* to verify and show what it holds."""
    given = json.dumps({"policy": b64encode(policy).decode(), "rounds": rounds}).encode()
    lines = enclosed.split(b"\n")
    kept = [each for each in lines if b"Content-Security-Policy" not in each]
    page = b"\n".join(kept).replace(b"</body>\n", _RUNNER.encode())
    answers: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = given if self.path == "/given" else page
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            answers.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.timeout = SECONDS
        process = _browse(f"http://127.0.0.1:{server.server_port}/")
        try:
            while not answers:
                server.handle_request()
        finally:
            process.terminate()
            process.wait(10)
    answer = json.loads(answers[0])
    assert answer["colour"] == "yellow", answer  # noqa: S101 — a benchmark of the good case
    return [float(each) for each in answer["taken"]]


def _browse(address: str) -> "subprocess.Popen[bytes]":
    command = [str(BROWSER), "--headless=new", "--no-sandbox", "--disable-gpu", "--incognito"]
    return subprocess.Popen(  # noqa: S603 — a browser of this machine on our own page
        [*command, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
