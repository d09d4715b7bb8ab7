"""Edits of proposals: the built-in editor, drafts that survive, and editors outside."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, TextArea

from aura_panel.changes_edits import may_be_edited
from aura_panel.drafts import Drafts
from aura_panel.editors import Editor
from aura_panel.outside import waiting_command
from aura_panel.views.changes import ChangesView
from aura_panel.widgets.dialogs import Choose, Confirm
from aura_panel.widgets.editor import TextEditor, fits_editor
from aura_shared.errors import DaemonDown, EditRefused, NotFound, ServiceDown
from aura_shared.messages.changes import ChangedFile, EditProposal, ShowChange
from aura_shared.messages.code import ProjectStateChanged
from panel_lab import SHOP, PanelLab, app_of, panel_of, proposed, screen_text, until
from panel_lab_changes import Factory, hunk, odd_change

PATH = "shop/app.py"
OLD = "from shop.sessions import SessionStore\n\n\ndef main() -> None:\n    print(SessionStore)\n"
NEW = OLD.replace("import SessionStore", "import Sessions")
DIFF = (
    "@@ -1,4 +1,4 @@\n-from shop.sessions import SessionStore\n+from shop.sessions import Sessions\n \n \n"
    " def main() -> None:\n"
)


def one_file(path: str = PATH, diff: str = DIFF, **fields: Any) -> ChangedFile:  # noqa: ANN401 - any field
    return ChangedFile(path=path, kind="modified", hunks=[hunk("aaaa00000001", path, diff)], **fields)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the project."""
    file = tmp_path / "src" / PATH
    file.parent.mkdir(parents=True)
    file.write_text(OLD, encoding="utf-8")
    return tmp_path / "src"


@pytest.fixture
def factory(lab: PanelLab) -> Factory:
    """A change of one file."""
    return Factory(lab, [proposed(files=[one_file()], file_count=1)])


def view_of(pilot: Pilot[None]) -> ChangesView:
    view = app_of(pilot).screen_stack[0]
    assert isinstance(view, ChangesView)
    return view


def area_of(pilot: Pilot[None]) -> TextArea:
    return app_of(pilot).screen.query_one(TextArea)


def asks(pilot: Pilot[None], kind: type[Any]) -> Callable[[], bool]:
    return lambda: isinstance(app_of(pilot).screen, kind)


async def shown(pilot: Pilot[None], lab: PanelLab, root: Path) -> None:
    await lab.tell(ProjectStateChanged(project=SHOP.model_copy(update={"root": str(root)})))
    world = app_of(pilot).world
    assert world is not None
    await until(pilot, lambda: world.projects[SHOP.id].root == str(root))
    await until(pilot, lambda: view_of(pilot).shown is not None)
    view_of(pilot).diff.go_to_hunk(0)


async def editing(pilot: Pilot[None], lab: PanelLab, root: Path) -> TextArea:
    await shown(pilot, lab, root)
    await pilot.press("e")
    await until(pilot, asks(pilot, TextEditor))
    return area_of(pilot)


@pytest.mark.requirement("U1")
async def test_a_proposal_is_edited_and_saved(lab: PanelLab, factory: Factory, root: Path) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes") as pilot:
        area = await editing(pilot, lab, root)
        assert area.text == NEW
        assert area.language == "python"
        assert "Save" in screen_text(pilot)
        await pilot.press("x", "ctrl+s")
        await until(pilot, lambda: "Saved; hunks that changed are open again" in screen_text(pilot))
        assert [(request.path, request.content) for request in lab.asked_for(EditProposal)] == [(PATH, "x" + NEW)]
        assert (root / PATH).read_text(encoding="utf-8") == OLD, "the file is as it was"


async def test_nothing_changed_is_nothing_saved(lab: PanelLab, factory: Factory, root: Path) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes") as pilot:
        for key in ("ctrl+s", "escape"):
            await editing(pilot, lab, root)
            await pilot.press(key)
            await until(pilot, lambda: app_of(pilot).screen is view_of(pilot))
        assert not lab.asked_for(EditProposal)


@pytest.mark.requirement("U1")
@pytest.mark.parametrize(("choice", "kept"), [("keep", True), ("drop", False), ("stay", None)])
async def test_unsaved_edits_are_asked_about(
    lab: PanelLab, factory: Factory, root: Path, choice: str, kept: bool | None
) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes") as pilot:
        await editing(pilot, lab, root)
        await pilot.press("x", "escape")
        await until(pilot, asks(pilot, Choose))
        options = app_of(pilot).screen.query_one(OptionList)
        options.highlighted = options.get_option_index(choice)
        await pilot.press("enter")
        drafts = Drafts(view_of(pilot).world.link.paths.data / "panel")
        if kept is None:
            await until(pilot, asks(pilot, TextEditor))
            assert area_of(pilot).text == "x" + NEW
            return
        await until(pilot, lambda: app_of(pilot).screen is view_of(pilot))
        found = drafts.find("5c1f22aa", PATH)
        assert (found is not None) is kept
        area = await editing(pilot, lab, root)
        assert area.text == ("x" + NEW if kept else NEW)
        if kept:
            assert "This is your draft" in screen_text(pilot)
            await pilot.press("ctrl+r")
            assert area.text == NEW
            await pilot.press("ctrl+z")
            assert area.text == "x" + NEW
            await pilot.press("ctrl+s")
            await until(pilot, lambda: drafts.find("5c1f22aa", PATH) is None)


@pytest.mark.requirement("U1")
async def test_a_draft_survives_a_daemon_that_is_gone_and_a_panel_that_is_left(
    lab: PanelLab, factory: Factory, root: Path
) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes") as pilot:
        await editing(pilot, lab, root)
        lab.status = None
        world = view_of(pilot).world
        world.look_again()
        await until(pilot, lambda: world.presence == "down")
        await pilot.press("y", "ctrl+s")
        await until(pilot, asks(pilot, Confirm))
        assert "What you wrote is kept as a draft" in screen_text(pilot)
        await pilot.press("n")
        await until(pilot, asks(pilot, TextEditor))
        assert area_of(pilot).text == "y" + NEW
        paths = world.link.paths
        await pilot.press("z")
    draft = Drafts(paths.data / "panel").find("5c1f22aa", PATH)
    assert draft is not None
    assert draft.text == "yz" + NEW
    assert draft.is_of(NEW)


@pytest.mark.parametrize("starts", [True, False])
async def test_aura_is_started_from_the_editor(
    lab: PanelLab, factory: Factory, root: Path, *, starts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes") as pilot:
        await editing(pilot, lab, root)
        editor = app_of(pilot).screen
        assert isinstance(editor, TextEditor)
        tries: list[str] = []

        async def save(text: str) -> None:
            tries.append(text)
            if len(tries) == 1:
                raise DaemonDown("Aura is not running")

        async def start() -> None:
            if not starts:
                raise NotFound("there is no aura")

        monkeypatch.setattr(editor, "_save", save)
        monkeypatch.setattr(editor, "_start", start)
        await pilot.press("x", "ctrl+s")
        await until(pilot, asks(pilot, Confirm))
        await pilot.press("y")
        if starts:
            await until(pilot, lambda: app_of(pilot).screen is view_of(pilot))
            assert tries == ["x" + NEW] * 2
        else:
            await until(pilot, lambda: "there is no aura" in screen_text(pilot))


async def test_what_was_typed_is_kept_after_a_pause(lab: PanelLab, factory: Factory, root: Path) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes") as pilot:
        await editing(pilot, lab, root)
        await pilot.press("k")
        drafts = Drafts(view_of(pilot).world.link.paths.data / "panel")
        await until(pilot, lambda: drafts.find("5c1f22aa", PATH) is not None)
        await pilot.press("backspace")
        await until(pilot, lambda: drafts.find("5c1f22aa", PATH) is None)


async def test_a_text_that_is_refused_is_told_in_the_editor(lab: PanelLab, factory: Factory, root: Path) -> None:
    assert factory.changes
    lab.answer(EditProposal, EditRefused("shop/app.py would not parse: line 1 [b]", hint="Mend it."))
    async with panel_of(lab, view="changes") as pilot:
        await editing(pilot, lab, root)
        await pilot.press("(", "ctrl+s")
        await until(pilot, lambda: "✗ shop/app.py would not parse: line 1 [b]" in screen_text(pilot))
        assert "Mend it." in screen_text(pilot)
        await pilot.press("backspace", "escape")
        await until(pilot, lambda: app_of(pilot).screen is view_of(pilot))


async def test_long_files_have_no_colours_and_say_so(lab: PanelLab, root: Path) -> None:
    long = "".join(f"value_{n} = {n}\n" for n in range(700))
    (root / PATH).write_text(long, encoding="utf-8")
    Factory(lab, [proposed(files=[one_file(diff="@@ -1,1 +1,1 @@\n-value_0 = 0\n+value_0 = 1\n")], file_count=1)])
    async with panel_of(lab, view="changes") as pilot:
        area = await editing(pilot, lab, root)
        assert area.language is None
        assert "701 lines: shown without colours" in screen_text(pilot)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (one_file(standing="moved-on"), "is not as it was when the change was made"),
        (one_file(path="gone.py"), "cannot read gone.py"),
        (one_file(diff=DIFF.replace("+from", "+\x0cfrom")), "has characters that hide or end lines"),
        (one_file().model_copy(update={"kind": "deleted"}), "is deleted by this change"),
    ],
    ids=["moved-on", "gone", "form-feed", "deleted"],
)
async def test_what_cannot_be_edited_is_told(lab: PanelLab, root: Path, file: ChangedFile, said: str) -> None:
    Factory(lab, [proposed(files=[file], file_count=1)])
    async with panel_of(lab, view="changes", size=(160, 40)) as pilot:
        await shown(pilot, lab, root)
        await pilot.press("e")
        await until(pilot, lambda: said in screen_text(pilot))


async def test_a_project_that_is_not_known_is_told(lab: PanelLab) -> None:
    Factory(lab, [odd_change(project="other-1")])
    async with panel_of(lab, view="changes") as pilot:
        await pilot.press("l")
        await until(pilot, lambda: view_of(pilot).shown is not None)
        view_of(pilot).diff.go_to_hunk(0)
        await pilot.press("e", "o", "E")
        await until(pilot, lambda: "other-1 is not known" in screen_text(pilot))


@pytest.mark.parametrize(
    ("text", "fits"),
    [("", True), ("a\n\nb\n", True), ("a\tb", True), ("a\r\nb", False), ("a\x0cb", False), ("\u2028", False)],
)
def test_only_texts_that_come_back_as_they_were_fit(text: str, *, fits: bool) -> None:
    assert fits_editor(text) is fits


def test_a_damaged_draft_is_none(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path)
    assert drafts.find("a", "b") is None
    drafts.keep("a", "b", "old", "new\ud800")
    found = drafts.find("a", "b")
    assert found is not None
    assert (found.text, found.is_of("old"), found.is_of("other")) == ("new\ud800", True, False)
    file = next((tmp_path / "drafts").iterdir())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("{", encoding="utf-8")
    assert drafts.find("a", "b") is None
    drafts.forget("a", "b")
    drafts.forget("a", "b")


async def test_drafts_of_changes_that_are_gone_or_past_editing_are_removed(
    lab: PanelLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = one_file()
    written.hunks[0] = written.hunks[0].model_copy(update={"applied": True})
    past = proposed(id="aaaa1111", files=[written], state="applied", can_undo=False)
    Factory(lab, [proposed(files=[one_file()]), past])
    drafts = Drafts(lab.link().paths.data / "panel")
    old = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    with monkeypatch.context() as patched:
        patched.setattr("aura_panel.drafts.now_iso", lambda: old)
        for change, path in (
            ("5c1f22aa", PATH), ("5c1f22aa", "other.py"), ("aaaa1111", PATH), ("dddd4444", PATH),
            (f"commit {SHOP.id}", "message"),
        ):  # fmt: skip
            drafts.keep(change, path, OLD, "mine")
    drafts.keep("eeee5555", PATH, OLD, "typed a moment ago")
    async with panel_of(lab, view="changes") as pilot:
        await until(pilot, lambda: drafts.find("dddd4444", PATH) is None)
        await until(pilot, lambda: drafts.find("aaaa1111", PATH) is None)
        await until(pilot, lambda: drafts.find("5c1f22aa", "other.py") is None)
    assert drafts.find("5c1f22aa", PATH) is not None, "it can be edited"
    assert drafts.find(f"commit {SHOP.id}", "message") is not None, "the message of a commit is no edit of a change"
    assert drafts.find("eeee5555", PATH) is not None, "somebody may look for it"


async def test_no_draft_is_removed_while_the_service_does_not_answer(
    lab: PanelLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    Factory(lab, [])
    lab.answer(ShowChange, ServiceDown("factory does not answer"))
    drafts = Drafts(lab.link().paths.data / "panel")
    with monkeypatch.context() as patched:
        patched.setattr("aura_panel.drafts.now_iso", lambda: "2020-01-01T00:00:00+00:00")
        drafts.keep("dddd4444", PATH, OLD, "mine")
    async with panel_of(lab, view="changes") as pilot:
        await until(pilot, lambda: bool(lab.asked_for(ShowChange)))
    assert drafts.find("dddd4444", PATH) is not None


@pytest.mark.parametrize(
    ("applied", "can_undo", "kind", "path", "may"),
    [
        (False, False, "modified", PATH, True),
        (True, True, "modified", PATH, True),
        (True, False, "modified", PATH, False),
        (False, False, "deleted", PATH, False),
        (False, False, "modified", "other.py", False),
    ],
    ids=["open", "can be taken back", "written for good", "deleted", "not in it"],
)
def test_a_file_of_a_change_may_be_edited(*, applied: bool, can_undo: bool, kind: str, path: str, may: bool) -> None:
    file = one_file()
    file = file.model_copy(
        update={"kind": kind, "hunks": [hunk.model_copy(update={"applied": applied}) for hunk in file.hunks]}
    )
    assert may_be_edited(proposed(files=[file], can_undo=can_undo), path) is may


# Outside


@contextmanager
def no_suspending() -> Generator[None]:
    yield


def script(folder: Path, body: str) -> str:
    file = folder / "my editor.py"
    file.write_text(f"import sys\nfile = sys.argv[-1]\n{body}\n", encoding="utf-8")
    return f"{sys.executable} '{file}'"


@pytest.mark.requirement("U1")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("text = open(file).read(); open(file, 'w').write('# mine\\n' + text)", "Saved"),
        ("pass", "Nothing was changed"),
        ("sys.exit(3)", "ended with 3"),
        ("open(file, 'wb').write(bytes([255]))", "is not UTF-8"),
    ],
    ids=["edited", "left", "failed", "no-text"],
)
async def test_a_proposal_is_edited_outside(
    lab: PanelLab, factory: Factory, root: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    assert factory.changes
    monkeypatch.setattr("tempfile.tempdir", str(root.parent))
    monkeypatch.setenv("VISUAL", script(root, body))
    async with panel_of(lab, view="changes") as pilot:
        monkeypatch.setattr(app_of(pilot), "suspend", no_suspending)
        await shown(pilot, lab, root)
        await pilot.press("E")
        await until(pilot, lambda: said in screen_text(pilot))
        left = list(root.parent.glob("aura-edit-*"))
        assert len(left) == (said == "is not UTF-8"), "what cannot be read is kept"
        if said == "Saved":
            assert lab.asked_for(EditProposal)[-1].content == "# mine\n" + NEW


async def test_what_was_written_outside_is_kept_when_it_is_refused(
    lab: PanelLab, factory: Factory, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert factory.changes
    lab.answer(EditProposal, EditRefused("it would not parse"))
    monkeypatch.setenv("VISUAL", script(root, "open(file, 'w').write('(')"))
    async with panel_of(lab, view="changes") as pilot:
        monkeypatch.setattr(app_of(pilot), "suspend", no_suspending)
        await shown(pilot, lab, root)
        await pilot.press("E")
        await until(pilot, lambda: "kept as a draft; e opens it" in screen_text(pilot))
        area = await editing(pilot, lab, root)
        assert area.text == "("


async def test_a_terminal_that_cannot_be_left_is_told(
    lab: PanelLab, factory: Factory, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert factory.changes
    monkeypatch.setenv("VISUAL", script(root, "pass"))
    async with panel_of(lab, view="changes") as pilot:
        await shown(pilot, lab, root)
        await pilot.press("E")
        await until(pilot, lambda: "an editor of the terminal cannot be opened" in screen_text(pilot))


@pytest.mark.parametrize("value", ["no-such-editor-here", "'", "{folder}"])
async def test_an_editor_that_cannot_be_run_is_told(
    lab: PanelLab, factory: Factory, root: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    assert factory.changes
    monkeypatch.setenv("VISUAL", value.format(folder=root))
    async with panel_of(lab, view="changes") as pilot:
        monkeypatch.setattr(app_of(pilot), "suspend", no_suspending)
        await shown(pilot, lab, root)
        await pilot.press("E")
        await until(
            pilot, lambda: "no editor could be" in screen_text(pilot) or "$VISUAL must be" in screen_text(pilot)
        )


async def test_a_window_is_waited_for(
    lab: PanelLab, factory: Factory, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert factory.changes
    window = tmp_path / "code"
    window.write_text('#!/bin/sh\n[ "$1" = --wait ] && echo "# from a window" >> "$2"\n', encoding="utf-8")
    window.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(window))
    async with panel_of(lab, view="changes") as pilot:
        await shown(pilot, lab, root)
        await pilot.press("E")
        await until(pilot, lambda: bool(lab.asked_for(EditProposal)))
        assert lab.asked_for(EditProposal)[-1].content == NEW + "# from a window\n"


async def test_the_file_itself_is_opened_at_the_line(
    lab: PanelLab, factory: Factory, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[Path, int]] = []

    async def opening(_app: Any, path: Path, line: int) -> bool:  # noqa: ANN401 - the panel
        opened.append((path, line))
        return True

    monkeypatch.setattr("aura_panel.changes_edits.open_in_editor", opening)
    async with panel_of(lab, view="changes") as pilot:
        await shown(pilot, lab, root)
        await pilot.press("o")
        await until(pilot, lambda: bool(opened))
        assert opened == [(root / PATH, 1)]
        factory.changes["5c1f22aa"] = proposed(files=[one_file(path="shop/gone.py")], file_count=1)
        await pilot.press("r")
        await until(pilot, lambda: "shop/gone.py" in screen_text(pilot))
        await pilot.press("o")
        await until(pilot, lambda: "is not in the project now" in screen_text(pilot))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("vim", "-n"), ["vim", "-n", "/x"]),
        (("code",), ["code", "--wait", "/x"]),
        (("code", "--wait"), ["code", "--wait", "/x"]),
        (("kate",), ["kate", "--block", "/x"]),
        (("gvim",), ["gvim", "-f", "/x"]),
    ],
)
def test_every_editor_is_told_to_wait(command: tuple[str, ...], expected: list[str]) -> None:
    assert waiting_command(Editor(command, "VISUAL"), Path("/x")) == expected


async def test_an_editor_that_is_usually_there_is_taken(
    lab: PanelLab, factory: Factory, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert factory.changes
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    found = {"vi": str(tmp_path / "vi")}
    monkeypatch.setattr("aura_panel.outside.shutil.which", found.get)
    (tmp_path / "vi").write_text('#!/bin/sh\necho "# by vi" >> "$1"\n', encoding="utf-8")
    (tmp_path / "vi").chmod(0o700)
    async with panel_of(lab, view="changes") as pilot:
        monkeypatch.setattr(app_of(pilot), "suspend", no_suspending)
        await shown(pilot, lab, root)
        await pilot.press("E")
        await until(pilot, lambda: bool(lab.asked_for(EditProposal)))
        found.clear()
        await pilot.press("E")
        await until(pilot, lambda: "no editor is set" in screen_text(pilot))
