"""What is kept of an issued package holds no opened value, and is that package with them."""

import pytest

from chain.errors import VerificationError
from chain.evidence import names
from chain.evidence.archive import read_archive, write_archive
from chain.evidence.kept import kept_form, opened_in, rebuilt
from tests.chain.evidence.making import golden


def opened() -> list[bytes]:
    return [each for name, each in read_archive(golden()).items() if name.startswith("opened/")]


def test_what_is_kept_holds_no_opened_value_anywhere() -> None:
    kept = kept_form(golden())
    assert opened()
    for value in opened():
        salt = value[9:31]
        assert salt in golden()
        assert salt not in kept
    assert not [name for name in read_archive(kept) if name.startswith("opened/")]


def test_with_the_values_it_is_the_issued_package_to_the_byte() -> None:
    assert rebuilt(kept_form(golden()), opened()) == golden()
    shown = {name[7:71] for name in read_archive(golden()) if name.startswith("opened/")}
    assert {digest for digest, _, _ in opened_in(kept_form(golden()))} == shown


def test_without_a_value_or_with_another_it_is_not_handed_out() -> None:
    for values in ([], [*opened(), b'{"salt":"AAECAwQFBgcICQoLDA0ODw","value":1}']):
        with pytest.raises(VerificationError, match="not the package that was issued"):
            rebuilt(kept_form(golden()), values)


@pytest.mark.parametrize("name", [names.CUSTODY, names.BUNDLE, names.ISSUE_ENTRY, names.PAGE])
def test_what_was_changed_while_it_was_kept_is_not_handed_out(name: str) -> None:
    members = dict(read_archive(kept_form(golden())))
    members[name] = members[name].replace(b"e", b"f", 1)
    with pytest.raises(VerificationError):
        rebuilt(write_archive(members), opened())
