"""The screen: plain where there is no terminal, and never too wide."""

import io
from contextlib import redirect_stderr, redirect_stdout

import pytest

from scripts import screen
from scripts.screen import Screen, folded, megabytes


def shown(*, as_json: bool) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        made = Screen(as_json=as_json)
        made.heading("A part")
        made.say("words [with] brackets, " * 10)
        made.check(good=True, text="it holds")
        made.check(good=False, text="it does not")
        made.table(("figure", "expected", ""), [("rows [all]", "1,000", "ok")])
    return out.getvalue(), err.getvalue()


def test_words_go_to_standard_output_and_under_json_to_the_other() -> None:
    assert shown(as_json=False) == tuple(reversed(shown(as_json=True)))
    assert shown(as_json=False)[1] == ""


def test_what_is_piped_is_ascii_without_colours_in_100_columns() -> None:
    text, _ = shown(as_json=False)
    assert text.isascii()
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "words [with] brackets" in text
    assert "rows [all]" in text
    assert "NOT OK it does not" in text


def test_a_word_that_is_longer_than_a_line_is_not_broken() -> None:
    path = "/folder" * 20
    assert path in folded(f"  see {path} for more")


def test_progress_without_a_terminal_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(screen, "LINE_EVERY", 0.0)
    err = io.StringIO()
    with redirect_stderr(err), Screen(as_json=True).progress("auditing") as advance:
        advance(0.5, "10 of 20")
    assert err.getvalue() == "  auditing:  50%  10 of 20\n"


def test_megabytes_are_for_people() -> None:
    assert megabytes(1_234_567_890) == "1,234.6 MB"
