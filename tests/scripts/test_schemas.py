"""The command that publishes the schemas."""

from pathlib import Path

from domain.schemas import INDEX, published
from domain.store.superseded import read_superseded
from scripts.outcome import Exit
from tests.scripts.calling import call, spawn


def test_it_writes_every_schema_and_the_index(tmp_path: Path) -> None:
    out = tmp_path / "new" / "schemas"
    called = call("schemas", "--out", out, "--json")
    assert called.code == Exit.GOOD, called.err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == published(read_superseded())
    assert called.json["schemas"] == len(list(out.iterdir())) - 1
    assert (out / INDEX).exists()


def test_another_process_writes_the_same_bytes_over_them(tmp_path: Path) -> None:
    assert call("schemas", "--out", tmp_path).code == Exit.GOOD
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert spawn("schemas", "--out", tmp_path, PYTHONHASHSEED="7").code == Exit.GOOD
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_published_schema_that_somebody_changed_is_not_written_over(tmp_path: Path) -> None:
    changed = tmp_path / "order.placed-1.json"
    changed.write_bytes(b"{}\n")
    called = call("schemas", "--out", tmp_path)
    assert called.code == Exit.UNTRUE
    assert str(changed) in called.err
    assert changed.read_bytes() == b"{}\n"
    assert not (tmp_path / INDEX).exists()


def test_without_a_folder_it_lists_what_there_is() -> None:
    called = call("schemas")
    assert called.code == Exit.GOOD
    assert {"order.placed-1", "dispute.opened-1", "dispute.opened-2"} <= set(called.out.split())
