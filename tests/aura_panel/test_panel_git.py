"""The git view: state, what waits, operations and undo, branches, health, the watch, and a commit."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, TextArea

from aura_panel import git_rows
from aura_panel.git_book import GitBook
from aura_panel.git_details import branch_details, details
from aura_panel.views import git as git_view
from aura_panel.views.git import GitView
from aura_panel.widgets.commit import CommitScreen
from aura_panel.widgets.listing import Listing
from aura_shared.errors import Conflict, NoRepository, ServiceDown
from aura_shared.messages.branches import ListBranches
from aura_shared.messages.bus import BusJournal, BusJournalAnswer, JournalledEvent
from aura_shared.messages.code import IndexUpdated
from aura_shared.messages.commits import (
    DraftCommit,
    LintAnswer,
    LintedMessage,
    LintMessages,
    MakeCommit,
    MessageProblem,
)
from aura_shared.messages.core import wrap
from aura_shared.messages.git import (
    AbandonOperation,
    GitChanged,
    GitOperations,
    GitStatus,
    ListOperations,
    ShowGitStatus,
    UndoOperation,
)
from aura_shared.messages.git_health import CheckHealth, HealthReport, MendAnswer, MendGit, SetWatch
from aura_shared.messages.merges import AbortOperation, ContinueOperation, MergeAnswer, MergeForecast, SimulateMerge
from panel_lab import (
    SHOP,
    SIZES,
    PanelLab,
    app_of,
    asked_over,
    assert_looks,
    panel_of,
    running_status,
    screen_text,
    told,
    until,
)
from panel_lab_git import (
    BRANCHES,
    COMMITTED,
    DONE,
    DRAFT,
    FORECAST,
    INTERRUPTED,
    MERGING,
    PROPOSAL,
    STATUS,
    WAITING,
    with_git,
)

COLOURS: dict[str, str] = dict.fromkeys(
    ("muted", "primary", "error", "warning", "success", "accent", "foreground"), "#888888"
)


def view_of(pilot: Pilot[None]) -> GitView:
    screen = app_of(pilot).screen
    assert isinstance(screen, GitView), screen
    return screen


def rows_of(pilot: Pilot[None]) -> Listing:
    return view_of(pilot).query_one(Listing)


async def filled(pilot: Pilot[None]) -> Listing:
    await until(pilot, lambda: "watch" in rows_of(pilot).keys)
    return rows_of(pilot)


async def back(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(app_of(pilot).screen, GitView))


@pytest.mark.requirement("U1")
async def test_the_state_says_branch_upstream_changes_and_what_stands_in_the_way(lab: PanelLab) -> None:
    with_git(lab)
    async with panel_of(lab, view="git", size=(110, 40)) as pilot:
        rows = await filled(pilot)
        text = screen_text(pilot)
        assert "main · protected · 2 ahead of and 1 behind origin/main · 2 staged, 1 unstaged, 3 untracked" in text
        assert ".git/index.lock is held" in text
        assert "shallow: a part of the history is missing" in text
        for key, said in (
            ("upstream", "aura sync"),
            ("changes", "c drafts a commit"),
            ("concerns", "names each with its file"),
            ("lock:.git/index.lock", "remove the file"),
            ("watch", ".git/config"),
            (f"last:{COMMITTED.id}", "refs/heads/main"),
        ):
            rows.move_to(key)
            await told(pilot, said)
        assert "Go on" not in screen_text(pilot)


@pytest.mark.requirement("U1")
async def test_what_waits_goes_on_or_back_by_key_and_button_after_a_yes(lab: PanelLab) -> None:
    with_git(lab, MERGING)
    async with panel_of(lab, view="git", size=(110, 40)) as pilot:
        await filled(pilot)
        await told(pilot, "1 conflict in shop/[cart].py")
        await asked_over(pilot, "g")
        await told(pilot, "One with markers left is")
        assert "merge feature/pay into main" in screen_text(pilot)
        await pilot.press("n")
        await back(pilot)
        assert not lab.asked_for(ContinueOperation)
        await asked_over(pilot, "g")
        await pilot.press("y")
        await told(pilot, "merged feature/pay")
        view = view_of(pilot)
        await pilot.click("#abort")
        await until(pilot, lambda: app_of(pilot).screen is not view)
        await told(pilot, "What you resolved")
        await pilot.press("y")
        await told(pilot, "merge taken back")
        assert len(lab.asked_for(AbortOperation)) == 1
        left = MergeAnswer(standing="waiting", left=["a.py"], notes=["a hook [said] so"])
        lab.answer(ContinueOperation, left)
        await pilot.click("#continue")
        await pilot.press("y")
        await told(pilot, "1 file left to you: a.py")
        lab.answer(ContinueOperation, Conflict("shop/cart.py has markers in line 4", hint="Resolve them."))
        await asked_over(pilot, "g")
        await pilot.press("y")
        await told(pilot, "Resolve them.")


async def test_an_interrupted_operation_is_taken_back_with_its_edits_kept(lab: PanelLab) -> None:
    with_git(lab, MERGING.model_copy(update={"operation": INTERRUPTED}))
    async with panel_of(lab, view="git", size=(110, 40)) as pilot:
        await filled(pilot)
        await told(pilot, "its process died in the middle")
        await asked_over(pilot, "x")
        await told(pilot, "Edits since")
        await pilot.press("y")
        await told(pilot, "Taken back: merge feature/pay")
        assert lab.asked_for(AbandonOperation)[0].operation == WAITING.id
        await back(pilot)
        view_of(pilot).query_one("#undo", Button).press()
        await until(pilot, lambda: bool(lab.asked_for(UndoOperation)))
        assert lab.asked_for(UndoOperation)[0] == UndoOperation(project=SHOP.id, operation=WAITING.id, dry_run=True)
        await until(pilot, lambda: not isinstance(app_of(pilot).screen, GitView))
        await pilot.press("n")


@pytest.mark.requirement("U1")
async def test_undo_shows_the_dry_run_first(lab: PanelLab) -> None:
    with_git(lab)
    async with panel_of(lab, view="git", size=(110, 40)) as pilot:
        rows = await filled(pilot)
        await pilot.press("o")
        await told(pilot, "refs/heads/main")
        assert rows.keys == [f"operation:{COMMITTED.id}", "operation:1k147zf7a2b"]
        await asked_over(pilot, "u")
        text = screen_text(pilot)
        assert "It was pushed: the remote keeps it." in text
        assert "1 file written or deleted" in text
        await pilot.press("escape")
        await back(pilot)
        assert [asked.dry_run for asked in lab.asked_for(UndoOperation)] == [True]
        await asked_over(pilot, "u")
        await pilot.press("y")
        await told(pilot, "Taken back: feat(cart)")
        assert lab.asked_for(UndoOperation)[-1] == UndoOperation(project=SHOP.id, operation=COMMITTED.id)
        lab.answer(UndoOperation, Conflict("main moved since", hint="Look at it."))
        await pilot.press("s", "u")
        await told(pilot, "main moved since")
        assert lab.asked_for(UndoOperation)[-1].operation == ""


async def test_without_operations_it_says_so(lab: PanelLab) -> None:
    with_git(lab)
    lab.answer(ListOperations, GitOperations())
    async with panel_of(lab, view="git") as pilot:
        await filled(pilot)
        await pilot.press("o")
        await told(pilot, "Aura did nothing in this repository yet")


@pytest.mark.requirement("U1")
async def test_branches_say_how_far_apart_they_are_and_what_a_merge_would_do(lab: PanelLab) -> None:
    with_git(lab)
    async with panel_of(lab, view="git", size=(120, 50)) as pilot:
        rows = await filled(pilot)
        await pilot.press("b")
        await until(pilot, lambda: rows.keys[:1] == ["branch:main"])
        assert "✓ merged -14" in screen_text(pilot)
        view_of(pilot).goto("feature/pay")
        await told(pilot, "3 commits that main does not have")
        await pilot.press("m")
        await told(pilot, "Merging it into main: ! conflicts")
        text = screen_text(pilot)
        assert "shop/[cart].py  content, 1 left to you" in text
        assert "Nothing was changed." in text
        assert lab.asked_for(SimulateMerge)[0].ref == "feature/pay"
        lab.answer(SimulateMerge, ServiceDown("git does not answer"))
        await pilot.press("m")
        await told(pilot, "git does not answer")


def test_a_merge_that_is_refused_or_clean_is_told() -> None:
    branch = BRANCHES.branches[1]

    def said(forecast: MergeForecast) -> str:
        return branch_details(branch, BRANCHES, forecast, COLOURS).plain

    assert "histories have nothing in common" in said(
        MergeForecast(outcome="refused", into="main", reason="histories have nothing in common")
    )
    clean = FORECAST.model_copy(update={"outcome": "clean", "conflicts": [], "obstacles": [], "warnings": []})
    assert "  shop/pay.py\n" in said(clean)
    assert "Simulating" in branch_details(branch, BRANCHES, None, COLOURS, asking=True).plain


def test_ages_are_said_in_one_unit() -> None:
    assert git_rows.age("no day") == ""
    assert git_rows.age("2026-11-24T10:00:00+00:00") == "2 d"
    assert git_rows.age("2026-11-27T09:29:30+00:00") == "1 min"


@pytest.mark.requirement("U1")
async def test_health_is_looked_at_and_mended_after_a_look(lab: PanelLab) -> None:
    with_git(lab)
    async with panel_of(lab, view="git", size=(110, 40)) as pilot:
        rows = await filled(pilot)
        await pilot.press("h")
        await told(pilot, "data/[all].bin")
        assert "Not checked: signatures: gpg is not installed" in screen_text(pilot)
        await pilot.press("f")
        await told(pilot, "Aura does not mend this by itself")
        await pilot.press("down")
        assert rows.key == "finding:missing-ignore"
        await asked_over(pilot, "f")
        await told(pilot, "+__pycache__/")
        await pilot.press("y")
        await told(pilot, "Mended: 1 thing")
        assert [asked.dry_run for asked in lab.asked_for(MendGit)] == [True, False]
        lab.answer(MendGit, MendAnswer(rule="missing-ignore"))
        await back(pilot)
        await pilot.press("f")
        await told(pilot, "nothing to mend any more")
        lab.answer(CheckHealth, HealthReport(project=SHOP.id))
        await pilot.press("r")
        await told(pilot, "Nothing is wrong")


@pytest.mark.requirement("U1", "P4")
async def test_the_watch_is_set_and_its_proposals_are_listed(lab: PanelLab) -> None:
    with_git(lab)
    past = JournalledEvent(seq=3, at_ms=1, envelope=wrap(DONE, src="git", project=SHOP.id, id="past"))
    past = past.model_copy(update={"envelope": past.envelope.model_copy(update={"ts": "2026-11-26T08:00:00Z"})})
    known = BusJournalAnswer(from_seq=1, upto_seq=3, earlier=False, later=False, events=[past])
    nothing = BusJournalAnswer(from_seq=1, upto_seq=0, earlier=False, later=False)
    lab.answer(BusJournal, lambda asked: known if asked.types == ["git.proposal"] else nothing)
    async with panel_of(lab, view="git", size=(110, 40)) as pilot:
        rows = await filled(pilot)
        await pilot.press("w")
        await until(pilot, lambda: rows.keys == ["mode", "proposal:past"])
        await lab.tell(PROPOSAL, service="git")
        await told(pilot, "ask the [bank]")
        assert len(rows.keys) == 3
        await pilot.press("down")
        await told(pilot, "aura commit --all")
        await pilot.press("down")
        await told(pilot, f"aura git undo {COMMITTED.id}")
        await asked_over(pilot, "u")
        assert lab.asked_for(UndoOperation)[0].operation == COMMITTED.id
        await pilot.press("n")
        await back(pilot)
        await pilot.press("home")
        await asked_over(pilot, "enter")
        await pilot.press("down", "enter")
        await told(pilot, "Each can be undone")
        await pilot.press("y")
        await told(pilot, "The watch commits by itself")
        assert lab.asked_for(SetWatch)[-2:][0].mode == "commit" or lab.asked_for(SetWatch)[-1].mode == "commit"
        await back(pilot)
        await asked_over(pilot, "enter")
        await pilot.press("escape")
        await back(pilot)


async def commit_screen(pilot: Pilot[None]) -> TextArea:
    await until(pilot, lambda: isinstance(app_of(pilot).screen, CommitScreen))
    return app_of(pilot).screen.query_one(TextArea)


@pytest.mark.requirement("U1", "P7")
async def test_a_commit_shows_what_it_holds_and_asks_about_what_holds_it_back(lab: PanelLab) -> None:
    with_git(lab)
    async with panel_of(lab, view="git", size=(110, 44)) as pilot:
        await filled(pilot)
        await asked_over(pilot, "c")
        await told(pilot, "What is staged")
        await pilot.press("enter")
        area = await commit_screen(pilot)
        text = screen_text(pilot)
        for said in (
            "shop/[cart].py  +12 -3", "12 MB (large-file)", "Cart.sum", "it has no body", "Not in it: 1 file",
            "Task #12", "main is protected",
        ):  # fmt: skip
            assert said in text, said
        area.text = " "
        await pilot.press("ctrl+s")
        await told(pilot, "A commit needs a message")
        await pilot.press("ctrl+r")
        assert area.text == "feat(cart): sum all lines\n"
        area.text = "feat: mine"
        await pilot.press("ctrl+s")
        await told(pilot, "Commit all the same?")
        await pilot.press("n")
        area = await commit_screen(pilot)
        assert area.text == "feat: mine"
        lab.answer(MakeCommit, Conflict("what is staged changed since", hint="Draft it again."))
        await pilot.press("ctrl+s")
        await told(pilot, "Commit all the same?")
        await pilot.press("y")
        await told(pilot, "what is staged changed since Draft it again.")
        area = await commit_screen(pilot)
        await pilot.press("escape")
        await back(pilot)
        with_git(lab)
        await asked_over(pilot, "c")
        await pilot.press("enter")
        area = await commit_screen(pilot)
        assert area.text == "feat: mine", "a message that was not committed is kept"
        app_of(pilot).screen.query_one("#yes", Button).press()
        await told(pilot, "Commit all the same?")
        await pilot.press("y")
        await told(pilot, "7777777777 feat(cart)")
        made = lab.asked_for(MakeCommit)[-1]
        assert (made.draft, made.message, made.allow) == ("d1", "feat: mine", ["large-file:shop/new.bin"])
        assert made.protected_ok is True


async def test_a_harmless_commit_is_made_at_once_and_its_message_is_not_kept(lab: PanelLab) -> None:
    quiet = {"concerns": [], "protected": False, "branch": "", "worded_by": "model", "model": "qwen"}
    with_git(lab, STATUS.model_copy(update={"unstaged": 0, "untracked": 0}))
    lab.answer(DraftCommit, DRAFT.model_copy(update=quiet))
    async with panel_of(lab, view="git", size=(130, 40)) as pilot:
        await filled(pilot)
        for name in ("#no", "#yes"):
            await asked_over(pilot, "c")
            await commit_screen(pilot)
            assert "No branch is checked out" in screen_text(pilot)
            app_of(pilot).screen.query_one("#proposed", Button).press()
            app_of(pilot).screen.query_one(name, Button).press()
            await back(pilot)
        await told(pilot, "u takes it back")
        assert lab.asked_for(DraftCommit)[-1].what == "staged"


def linted(asked: LintMessages) -> LintAnswer:
    """A message is right when it has a type."""
    missing = MessageProblem(rule="type-empty", level="error", line=1, message="it has no [type]")
    others = [MessageProblem(rule=f"rule-{number}", level="warning", line=2, message="so") for number in range(4)]
    problems = [] if asked.text is not None and asked.text.startswith("fix: ") else [missing, *others]
    return LintAnswer(range="", commits=[LintedMessage(commit="", subject="", problems=problems)])


@pytest.mark.requirement("U1")
async def test_what_is_wrong_with_an_edited_message_is_shown_before_it_is_committed(lab: PanelLab) -> None:
    with_git(lab, STATUS.model_copy(update={"unstaged": 0, "untracked": 0}))
    lab.answer(DraftCommit, DRAFT.model_copy(update={"concerns": [], "protected": False}))
    lab.answer(LintMessages, linted)
    async with panel_of(lab, view="git", size=(110, 40)) as pilot:
        await filled(pilot)
        await asked_over(pilot, "c")
        area = await commit_screen(pilot)
        area.text = "sum lines"
        await pilot.press("ctrl+s")
        await told(pilot, "✗ message, line 1: it has no [type] (type-empty)")
        assert "and 2 others. Edit it, or commit it so: Ctrl-S again." in screen_text(pilot)
        assert app_of(pilot).focused is area
        lab.answer(LintMessages, ServiceDown("git does not answer"))
        area.text = "sum all lines"
        await pilot.press("ctrl+s")
        await told(pilot, "The message could not be checked: git does not answer.")
        assert not lab.asked_for(MakeCommit)
        area.text = "sum lines"
        await pilot.press("ctrl+s")
        await told(pilot, "u takes it back")
        assert lab.asked_for(MakeCommit)[-1].message == "sum lines", "the same message again is a yes"
        lab.answer(LintMessages, linted)
        await back(pilot)
        await asked_over(pilot, "c")
        area = await commit_screen(pilot)
        area.text = "fix: sum lines"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: lab.asked_for(MakeCommit)[-1].message == "fix: sum lines")
        assert [asked.text for asked in lab.asked_for(LintMessages)] == ["sum lines", "sum all lines", "fix: sum lines"]


async def test_nothing_to_commit_is_said(lab: PanelLab) -> None:
    with_git(lab, STATUS.model_copy(update={"staged": 0, "unstaged": 0, "untracked": 0}))
    async with panel_of(lab, view="git") as pilot:
        await filled(pilot)
        await pilot.press("c")
        await told(pilot, "no file changed")
        lab.answer(ShowGitStatus, STATUS.model_copy(update={"staged": 0}))
        lab.answer(DraftCommit, DRAFT.model_copy(update={"message": None}))
        await pilot.press("r")
        await told(pilot, "1 unstaged")
        rows_of(pilot).move_to("changes")
        await pilot.press("enter")
        await told(pilot, "There is nothing to commit.")
        assert lab.asked_for(DraftCommit)[-1].what == "all"


@pytest.mark.requirement("U1", "P4")
async def test_events_update_in_place_and_leave_cursor_and_focus(lab: PanelLab) -> None:
    with_git(lab)
    async with panel_of(lab, view="git") as pilot:
        rows = await filled(pilot)
        rows.move_to("changes")
        lab.answer(ShowGitStatus, MERGING)
        await lab.tell(GitChanged(project=SHOP.id, what="merged"), GitChanged(project="x", what="refs"), service="git")
        await told(pilot, "Waits for you")
        assert rows.key == "changes"
        assert app_of(pilot).focused is rows
        view_of(pilot).goto(WAITING.id)
        assert rows.key == "waiting"
        view_of(pilot).goto("health")
        assert view_of(pilot).section == "health"
        view_of(pilot).goto(COMMITTED.id)
        assert view_of(pilot).section == "operations"
        await pilot.press("1")
        await until(pilot, lambda: not isinstance(app_of(pilot).screen, GitView))
        lab.answer(ShowGitStatus, STATUS.model_copy(update={"branch": "other", "last": []}))
        await lab.tell(GitChanged(project=SHOP.id, what="switched"), service="git")
        await pilot.press("7")
        await told(pilot, "other · protected")
        lab.answer(ShowGitStatus, STATUS.model_copy(update={"staged": 41}))
        await lab.tell(IndexUpdated(project=SHOP.id, generation=2))
        await told(pilot, "41 staged")


@pytest.mark.requirement("U1")
async def test_without_a_repository_it_says_what_to_do(lab: PanelLab) -> None:
    with_git(lab)
    lab.answer(ShowGitStatus, NoRepository("/src/shop is not in a git repository"))
    async with panel_of(lab, view="git") as pilot:
        await told(pilot, "git init makes one")
        await pilot.press("b", "c", "u", "g", "E")
        await told(pilot, "there is none here")
        lab.answer(ShowGitStatus, STATUS)
        await pilot.press("s", "r")
        await filled(pilot)


@pytest.mark.requirement("U1", "P7")
async def test_it_keeps_what_it_showed_while_the_daemon_is_away(lab: PanelLab) -> None:
    with_git(lab)
    async with panel_of(lab, view="git") as pilot:
        rows = await filled(pilot)
        lab.status = None
        await told(pilot, "not running")
        await pilot.press("r")
        await told(pilot, "✗ Aura is not running")
        assert "changes" in rows.keys
        await pilot.press("b")
        await told(pilot, "Nothing is known of the repository")
        lab.status = running_status()
        await told(pilot, "feature/pay")


async def test_a_conflict_opens_in_the_editor(lab: PanelLab, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    async def open_in_editor(_app: object, path: Path, _line: int) -> bool:
        opened.append(path)
        return True

    monkeypatch.setattr(git_view, "open_in_editor", open_in_editor)
    with_git(lab, MERGING)
    async with panel_of(lab, view="git") as pilot:
        rows = await filled(pilot)
        await pilot.press("E")
        rows.move_to("conflict:shop/[cart].py")
        await told(pilot, "Both sides changed it")
        await pilot.press("enter")
        await until(pilot, lambda: len(opened) == 2)
        assert opened == [Path("/src/shop/shop/[cart].py")] * 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"branch": "", "detached": True}, "No branch, at 4f5e6d7c8b"),
        ({"branch": "", "head": ""}, "No branch ·"),
        ({"upstream_gone": True}, "origin/main is gone"),
        ({"ahead": 0, "behind": 0}, "up to date with origin/main"),
        ({"staged": 0, "unstaged": 0, "untracked": 0}, "no changes"),
        ({"unmerged": ["a"], "in_progress": "rebase"}, "! in the middle of a rebase · ! 1 conflict"),
    ],
)
def test_the_line_above_says_how_the_repository_is(fields: dict[str, object], said: str) -> None:
    status = GitStatus.model_validate({**STATUS.model_dump(), **fields})
    assert said in git_rows.state_line(status, COLOURS).plain


def test_what_is_not_known_is_nothing() -> None:
    book = GitBook("p")
    assert (book.operation("a"), book.branch("a"), book.finding("a"), book.waiting) == (None, None, None, None)
    for section in ("state", "branches", "operations", "health"):
        assert not details(book, section, "branch:a", "", COLOURS)[1]
    book.status = STATUS.model_copy(update={"in_progress": "merge", "unborn": True})
    assert "Finish the merge" in details(book, "state", "fact:progress", "", COLOURS)[1].plain
    rows = git_rows.state_rows(book.status, None, COLOURS)
    assert "no commit yet" in rows["branch"][1].plain
    assert "merge" in rows["fact:progress"][1].plain


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_it_looks_as_it_should(lab: PanelLab, width: int, height: int, theme: str) -> None:
    with_git(lab, MERGING)
    async with panel_of(lab, view="git", size=(width, height), theme=theme) as pilot:
        rows = await filled(pilot)
        rows.move_to("changes")
        await told(pilot, "in the next commit as they are")
        await until(pilot, lambda: len(app_of(pilot).needs()) == 2)  # Each project's repository waits.
        await assert_looks(pilot, f"git-{theme}-{width}x{height}")


@pytest.mark.requirement("U1")
@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_branches_look_as_they_should(lab: PanelLab, width: int, height: int) -> None:
    with_git(lab)
    async with panel_of(lab, view="git", size=(width, height)) as pilot:
        rows = await filled(pilot)
        await pilot.press("b")
        await until(pilot, lambda: len(rows.keys) == len(BRANCHES.branches))
        rows.move_to("branch:feature/pay")
        await pilot.press("m")
        await told(pilot, "Merging it into main")
        assert lab.asked_for(ListBranches)
        await assert_looks(pilot, f"git-branches-dark-{width}x{height}")
