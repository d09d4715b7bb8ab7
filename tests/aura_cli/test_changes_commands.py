"""`aura changes` over HTTP, with the real store and real files behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from aura_cli import change_view
from aura_cli.commands import changes as command
from aura_cli_running import Aura, JsonObject, StandIn
from aura_factory.changes.desk import ChangeDesk
from aura_shared.errors import AuraError
from aura_shared.messages.changes import (
    ApplyChange,
    DecideHunks,
    EditProposal,
    ListChanges,
    ProposeChange,
    ProposedFile,
    ShowChange,
    UndoChange,
)
from aura_shared.messages.core import Reply
from aura_shared.paths import find_paths
from aura_shared.projects import Project, ProjectRegistry
from aura_shared.settings import ChangesSettings
from changes_lab import Lab, write

COUNT = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n"
LOUD = COUNT.replace("one", "ONE").replace("eight", "EIGHT")


@pytest.fixture
def project(folder: Path, aura_home: Path) -> Project:
    return ProjectRegistry(find_paths().prepare().projects).add(folder)[0]


@pytest.fixture
def shop(project: Project, gateway: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The desk behind the routes of the gateway."""
    with ChangeDesk(find_paths().changes, ChangesSettings()) as desk:
        routes: dict[str, Callable[[JsonObject], Reply]] = {
            "": lambda body: desk.list(str(body["project"]), ListChanges.model_validate(body)),
            "/show": lambda body: desk.show("", ShowChange.model_validate(body)),
            "/decide": lambda body: desk.decide("", DecideHunks.model_validate(body)),
            "/edit": lambda body: desk.edit("", EditProposal.model_validate(body)),
            "/apply": lambda body: desk.apply("", ApplyChange.model_validate(body)),
            "/undo": lambda body: desk.undo("", UndoChange.model_validate(body)),
        }

        def answer(method: str, path: str, token: str, body: JsonObject) -> tuple[int, JsonObject]:
            gateway.asked.append((f"{method} {path}", body))
            try:
                return 200, routes[path.removeprefix("/v1/changes")](body).model_dump(mode="json")
            except (AuraError, ValidationError) as error:
                code, hint = (error.code, error.hint) if isinstance(error, AuraError) else ("invalid_request", "")
                return 409, {"error": {"code": code, "message": str(error), "hint": hint, "request_id": "1"}}

        monkeypatch.setattr(gateway, "answer", answer)
        lab = Lab(Path(project.root), desk)
        write(lab.root, {"count.txt": COUNT})
        yield lab


@pytest.fixture
def change(shop: Lab, project: Project) -> str:
    """A change of two hunks."""
    return propose(shop, project, shop.whole("count.txt", LOUD))


def propose(shop: Lab, project: Project, *files: ProposedFile, title: str = "Speak up") -> str:
    request = ProposeChange(project=project.id, title=title, why="To be heard.", source="refactor", files=list(files))
    return shop.desk.propose(shop.root, project.id, request).change.id


@pytest.mark.requirement("C5", "P10")
def test_changes_are_listed(aura: Aura, shop: Lab, change: str, gateway: StandIn, project: Project) -> None:
    ran = aura("changes")
    header, row = ran.out.splitlines()
    assert header.split() == ["ID", "STATE", "FILES", "LINES", "FROM", "WHEN", "WHAT"]
    assert row.split()[:6] == [change, "proposed", "1", "+2", "-2", "refactor"]
    assert row.endswith("Speak up")
    assert ran.err.startswith("1 change · ")
    assert gateway.asked[-1][1] == {"project": project.id, "states": [], "limit": 20}
    assert f"{project.id}: " in aura("changes", "list", "--all").out
    assert gateway.asked[-1][1]["project"] == ""
    assert aura("changes", "--state", "rejected", "--state", "undone").out == "There is no such change.\n"
    listed = aura("changes", "--json").json()["changes"]
    assert isinstance(listed, list)
    assert len(listed) == 1


def test_outside_of_projects_all_changes_are_listed(
    aura: Aura, shop: Lab, change: str, gateway: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert change in aura("changes").out
    assert gateway.asked[-1][1]["project"] == ""
    assert aura("changes", "show", change[:6]).code == 0


@pytest.mark.requirement("C5")
def test_a_change_is_shown_hunk_by_hunk(aura: Aura, shop: Lab, change: str) -> None:
    first, second = shop.show(change).files[0].hunks
    assert aura("changes", "reject", change, second.id[:6], "--comment", "not so loud").code == 0
    ran = aura("changes", "show", change[:7])
    lines = ran.out.splitlines()
    assert lines[0] == f"{change}  Speak up"
    assert lines[1].startswith("proposed · 1 file · +2 -2 · refactor · 20")
    assert lines[2:6] == ["", "To be heard.", "skipped parse  no file is in a language whose syntax is known", ""]
    assert lines[6:] == [
        "count.txt  modified",
        f"? {first.id}  open",
        "@@ -1,4 +1,4 @@",
        "-one",
        "+ONE",
        " two",
        " three",
        " four",
        f"✗ {second.id}  rejected",
        "  » not so loud",
        "@@ -5,4 +5,4 @@",
        " five",
        " six",
        " seven",
        "-eight",
        "+EIGHT",
    ]
    write(shop.root, {"count.txt": COUNT.replace("four", "vier")})
    assert "count.txt  modified  changed since; it can be merged" in aura("changes", "show", change).out
    write(shop.root, {"count.txt": COUNT.replace("one", "uno")})
    assert "does not fit: count.txt changed since in the same places (line 1)" in aura("changes", "show", change).out
    shown = aura("changes", "show", change, "--json").json()["change"]
    assert isinstance(shown, dict)
    assert shown["id"] == change


def test_what_hides_in_a_diff_is_made_visible(aura: Aura, shop: Lab, project: Project) -> None:
    change = propose(shop, project, ProposedFile(path="a.txt", content="a\u202eb\x1b[31mc\r\n"), title="b\u202ea")
    shown = aura("changes", "show", change).out
    assert "+a\\u202eb\\u001b[31mc\n" in shown
    assert shown.startswith(f"{change}  b\\u202ea\n")


def test_moves_and_applied_hunks_are_shown(aura: Aura, shop: Lab, project: Project) -> None:
    text = shop.read("src/cart.py").decode()
    change = propose(shop, project, shop.move("src/cart.py", "src/basket.py", text.replace("    pass", "    x = 1")))
    assert aura("changes", "apply", change, "--all", "--yes").out.splitlines() == ["src/basket.py", "src/cart.py"]
    lines = aura("changes", "show", change).out.splitlines()
    move, hunk = shop.show(change).files[0].hunks
    assert lines[lines.index("src/basket.py (from src/cart.py)  moved") :] == [
        "src/basket.py (from src/cart.py)  moved",
        f"✓ {move.id}  applied",
        "@@ moved @@",
        "rename from src/cart.py",
        "rename to src/basket.py",
        f"✓ {hunk.id}  applied, in Cart",
        "@@ -1,2 +1,2 @@ Cart",
        " class Cart:",
        "-    pass",
        "+    x = 1",
    ]


@pytest.mark.requirement("C5", "P10")
def test_accepted_hunks_are_applied_and_undone(aura: Aura, shop: Lab, change: str) -> None:
    second = shop.show(change).files[0].hunks[1]
    ran = aura("changes", "accept", change, second.id)
    assert ran.out == f"{change}  1 accepted, 1 open of 2 hunks\n"
    assert f"aura changes apply {change}" in ran.err
    ran = aura("changes", "apply", change)
    assert ran.out == "count.txt\n"
    assert ran.err == f"partly-applied · 1 file · aura changes undo {change} takes it back\n"
    assert shop.read("count.txt").decode() == COUNT.replace("eight", "EIGHT")
    ran = aura("changes", "undo", change)
    assert (ran.code, ran.out, ran.err) == (0, "count.txt\n", "undone · 1 file\n")
    assert shop.read("count.txt").decode() == COUNT
    assert aura("changes", "apply", change, "--all", "--json").json()["written"] == ["count.txt"]
    assert shop.read("count.txt").decode() == LOUD


@pytest.mark.requirement("C5")
def test_a_merge_is_shown_and_nothing_written_until_it_is_confirmed(aura: Aura, shop: Lab, change: str) -> None:
    write(shop.root, {"count.txt": COUNT.replace("four", "vier")})
    ran = aura("changes", "apply", change, "--all")
    assert ran.code == 5
    assert "+EIGHT" in ran.out
    assert "Changed since: count.txt" in ran.err
    assert "Nothing was written; --merge writes this." in ran.err
    assert shop.read("count.txt").decode() == COUNT.replace("four", "vier")
    assert aura("changes", "apply", change, "--all", "--json").code == 5
    assert aura("changes", "apply", change, "--all", "--merge").code == 0
    assert shop.read("count.txt").decode() == LOUD.replace("four", "vier")
    write(shop.root, {"count.txt": LOUD.replace("four", "vier").replace("five", "fünf")})
    assert aura("changes", "undo", change).code == 5
    assert aura("changes", "undo", change, "--merge").code == 0
    assert shop.read("count.txt").decode() == COUNT.replace("four", "vier").replace("five", "fünf")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What a person at the terminal says, in order."""
    given: list[bool] = []
    monkeypatch.setattr(command, "asks", lambda: True)
    monkeypatch.setattr(command, "ask", lambda question, **_: given.pop(0))  # pyright: ignore[reportUnknownLambdaType]
    return given


def test_a_person_is_asked_before_anything_is_written(aura: Aura, shop: Lab, change: str, answers: list[bool]) -> None:
    answers += [False]
    aura("changes", "apply", change, "--all")
    assert shop.read("count.txt").decode() == COUNT
    answers += [True]
    aura("changes", "apply", change, "--all")
    assert shop.read("count.txt").decode() == LOUD
    answers += [False]
    aura("changes", "undo", change)
    assert shop.read("count.txt").decode() == LOUD
    write(shop.root, {"count.txt": LOUD.replace("four", "vier")})
    answers += [True, False]
    assert aura("changes", "undo", change).code == 5
    assert shop.read("count.txt").decode() == LOUD.replace("four", "vier")
    answers += [True, True]
    assert aura("changes", "undo", change).code == 0
    assert shop.read("count.txt").decode() == COUNT.replace("four", "vier")
    assert answers == []


def test_errors_of_the_desk_arrive_with_their_exit_codes(aura: Aura, shop: Lab, change: str) -> None:
    assert aura("changes", "show", "zzzz").code == 4
    ran = aura("changes", "apply", change)
    assert ran.code == 5
    assert "no hunk of change" in ran.err
    assert aura("changes", "accept", change, "nowhere.py").code == 4
    assert aura("changes", "undo", change).code == 5
    assert aura("changes", "show", change, "--project", "unknown").code == 4


def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An editor that runs a script over its file."""
    program = tmp_path / "editor"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(program))


def test_a_proposal_is_edited_in_an_editor(
    aura: Aura, shop: Lab, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, f'cp "$1" {tmp_path}/seen; sed -i s/EIGHT/LAST/ "$1"; touch -d 2001-01-01 "$1"')
    ran = aura("changes", "edit", change, "count.txt")
    assert (tmp_path / "seen").read_text(encoding="utf-8") == LOUD
    assert "+LAST" in ran.out.splitlines()
    aura("changes", "apply", change, "--all")
    assert shop.read("count.txt").decode() == LOUD.replace("EIGHT", "LAST")


def test_an_editor_that_saves_nothing_changes_nothing(
    aura: Aura, shop: Lab, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, "exit 0")
    assert "Nothing was saved" in aura("changes", "edit", change, "count.txt").err
    assert "+EIGHT" in aura("changes", "show", change).out


def test_a_proposal_is_taken_from_a_file(aura: Aura, shop: Lab, project: Project, tmp_path: Path) -> None:
    change = propose(shop, project, ProposedFile(path="new.txt", content="new\n"), shop.delete("count.txt"))
    (tmp_path / "better.txt").write_text("better\n", encoding="utf-8")
    assert aura("changes", "edit", change, "new.txt", "--from", str(tmp_path / "better.txt"), "--json").code == 0
    assert shop.show(change).files[0].hunks[0].diff == "@@ -0,0 +1,1 @@\n+better\n"
    (tmp_path / "odd.txt").write_bytes(b"\xff\xff")
    assert aura("changes", "edit", change, "new.txt", "--from", str(tmp_path / "odd.txt")).code == 2
    assert aura("changes", "edit", change, "count.txt").code == 2
    assert aura("changes", "edit", change, "gone.txt").code == 4


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (COUNT.encode(), LOUD),
        (COUNT.replace("\n", "\r\n").encode(), LOUD),
        (b"\xef\xbb\xbf" + COUNT.encode(), LOUD),
        (COUNT.rstrip().encode(), LOUD.rstrip()),
        (COUNT.encode("utf-16"), "ONE\n" + LOUD[4:].replace("two\n", "").replace("six", "six\n\x0bsix\u2028")),
        (b"a\x0bb\nc\n", "a\x0bb\nC\n"),
    ],
    ids=["plain", "windows", "mark", "no-end", "wide", "odd-characters"],
)
def test_the_proposed_text_is_put_together_from_file_and_hunks(
    shop: Lab, project: Project, before: bytes, after: str
) -> None:
    write(shop.root, {"count.txt": before})
    change = propose(shop, project, shop.whole("count.txt", after))
    shown: JsonObject = shop.show(change).model_dump(mode="json")
    assert change_view.proposed_text(shown, "count.txt", shop.root) == after


def test_a_file_that_moved_on_cannot_be_put_together(aura: Aura, shop: Lab, change: str) -> None:
    write(shop.root, {"count.txt": COUNT.replace("four", "vier")})
    ran = aura("changes", "edit", change, "count.txt")
    assert ran.code == 5
    assert "--from FILE" in ran.err
    (shop.root / "count.txt").unlink()
    assert aura("changes", "edit", change, "count.txt").code == 5
