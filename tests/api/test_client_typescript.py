"""A TypeScript client whose types are made from the document works, compiled strictly.

Skipped where there is no node, or where npm cannot be reached and has nothing at hand.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from api.app import create_app
from api.bootstrap import Deployment
from api.principal import Kind
from tests.api.asking import serving, token_of

PACKAGES = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3")
STEP_SECONDS = 60
PROGRAM = """
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const [base, token, key] = process.argv.slice(2) as [string, string, string];
const headers = { Authorization: `Bearer ${token}` };
const client = createClient<paths>({ baseUrl: base, headers });
const header = { "Idempotency-Key": key };
const body = { merchant: "M-LAN", code: "SKU-1", price: 2500, currency: "CNY" as const };
const made = await client.POST("/v1/products", { params: { header }, body });
if (made.data === undefined) throw new Error(JSON.stringify(made.error));
const product: string = made.data.product;
const index: number = made.data.index;
const stock = await client.GET("/v1/products/{product}/stock", { params: { path: { product } } });
const orderable: boolean | undefined = stock.data?.orderable;
const other = { ...body, code: "x" };
const again = await client.POST("/v1/products", { params: { header }, body: other });
const problem: components["schemas"]["Problem"] | undefined = again.error;
console.log(JSON.stringify({ product, index, orderable, code: problem?.code }));
"""
WRONG = 'import type { paths } from "./api";\nexport const x: keyof paths = "/v1/nothing";\n'
COMPILE = (
    *("npx", "--no-install", "tsc", "--strict", "--target", "es2022", "--module", "esnext"),
    *("--moduleResolution", "bundler", "--skipLibCheck", "--lib", "es2022,dom"),
)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=STEP_SECONDS, check=False
    )


@pytest.fixture
def folder(ledger: Deployment, tmp_path: Path) -> Path:
    """A package with the generator, the compiler, and the types."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("there is no node here")
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}')
    options = ("--silent", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts")
    try:
        installed = run(tmp_path, "npm", "install", *options, *PACKAGES)
    except subprocess.TimeoutExpired:
        pytest.skip("npm cannot be reached")
    if installed.returncode:
        pytest.skip(f"npm cannot be reached: {installed.stderr[-200:]}")
    (tmp_path / "openapi.json").write_text(json.dumps(create_app(ledger).openapi()))
    made = run(
        tmp_path, "npx", "--no-install", "openapi-typescript", "openapi.json", "-o", "api.d.ts"
    )
    assert made.returncode == 0, made.stderr
    return tmp_path


def test_a_typed_client_is_compiled_and_asks(ledger: Deployment, folder: Path) -> None:
    # The program's own declaration of what node gives it, instead of a package of types.
    (folder / "node.d.ts").write_text("declare const process: { argv: string[] };\n")
    (folder / "program.ts").write_text(PROGRAM)
    compiled = run(folder, *COMPILE, "program.ts", "node.d.ts")
    assert compiled.returncode == 0, compiled.stdout
    app = create_app(ledger)
    token = token_of(app.state.gate, Kind.MERCHANT, "M-LAN")
    with serving(app) as served:
        asked = run(folder, "node", "program.js", served.base, token, "typed-0123456789ab")
    assert asked.returncode == 0, asked.stderr
    said = json.loads(asked.stdout)
    assert ledger.reader.entry(said["index"]).stream == said["product"]
    assert (said["orderable"], said["code"]) == (False, "idempotency_body_changed")


def test_the_types_refuse_what_is_not_there(folder: Path) -> None:
    (folder / "wrong.ts").write_text(WRONG)
    refused = run(folder, *COMPILE, "--noEmit", "wrong.ts")
    assert "not assignable" in refused.stdout
