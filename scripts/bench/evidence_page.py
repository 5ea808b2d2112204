"""Timing an enclosed ``verify.html`` in Chromium: verified and shown, in real milliseconds.

Used by `scripts.bench.evidence`, where this machine has a browser.
"""

import json
from base64 import b64encode

from scripts import browser

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
    answer = browser.run_script(enclosed, _RUNNER, {"/given": given})
    assert answer["colour"] == "yellow", answer  # noqa: S101 — a benchmark of the good case
    return [float(each) for each in answer["taken"]]
