"""How commits are shown, and what a person sees while they wait."""

from __future__ import annotations

import threading

import pytest

from aura_cli import commit_flow, commit_view, commit_waiting
from aura_cli.commit_waiting import patiently
from aura_cli.screen import ProgressLine
from aura_shared.errors import UsageProblem

pytestmark = pytest.mark.requirement("G1")

PLAN: dict[str, object] = {
    "commits": [{"id": "A", "message": "fix: a", "hunks": ["h1"]}, {"id": "B", "message": "fix: b", "hunks": ["h2"]}],
    "hunks": [{"id": "h1", "path": "a.py", "start": 3, "added": 1}, {"id": "h2", "path": "b.py", "symbol": "B.b"}],
}


def test_a_plan_as_text_reads_back() -> None:
    text = commit_view.split_text(PLAN)
    assert "hunk h2  b.py:0  +0 -0  B.b\n" in text
    assert commit_view.read_split(text, PLAN) == [
        {"id": "A", "message": "fix: a", "hunks": ["h1"]},
        {"id": "B", "message": "fix: b", "hunks": ["h2"]},
    ]
    moved = text.replace("commit B\nfix: b", "commit new\nfix: c\n\nWhy it is.").replace("hunk h1", "# hunk h1")
    assert commit_view.read_split(moved, PLAN) == [{"id": "", "message": "fix: c\n\nWhy it is.", "hunks": ["h2"]}]
    assert commit_view.read_split("# all gone\n", PLAN) == []
    with pytest.raises(UsageProblem, match="line 1 stands before"):
        commit_view.read_split("fix: a\ncommit A\n", PLAN)
    with pytest.raises(UsageProblem, match="neither a hunk nor a commit"):
        commit_view.read_split("commit A\nfix: a\nhunk h1\nwhat\n", PLAN)


def test_text_of_a_repository_cannot_move_the_cursor() -> None:
    draft: dict[str, object] = {
        "branch": "x\x1b[2J",
        "files": [{"path": "a\x1b]0;b", "old_path": "c\rd", "status": "R"}],
        "message": {"text": "fix: \x1b[31mred"},
        "left": ["e\x07"],
        "concerns": [{"rule": "r", "path": "p\x1b", "message": "m", "blocks": True, "line": 3}],
    }
    assert not any(sign in "\n".join(commit_view.draft_lines(draft)) for sign in ("\x1b[2J", "\x1b]", "\r", "\x07"))


def test_leaving_while_hooks_run_says_that_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), patiently("committing", commit_flow.GOES_ON):
        raise KeyboardInterrupt
    assert "Aura goes on with it" in capsys.readouterr().err
    with patiently("", "never said"):
        pass
    assert capsys.readouterr().err == ""


def test_a_wait_is_told_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    done = threading.Event()

    def show(_line: ProgressLine, text: str) -> None:
        shown.append(text)
        done.set()

    monkeypatch.setattr(ProgressLine, "show", show)
    monkeypatch.setattr(commit_waiting, "_SOON_S", 0.001)
    with patiently("running hooks"):
        assert done.wait(20)
    assert shown[0].startswith("running hooks … ")
